import { type Destination, destinationKey } from '../model/destination.ts'
import type { ClientSpec } from './client-spec.ts'

/** The values on GitHub of the clients that are present. */
export function valuesOf(specs: ClientSpec[]): string[] {
  const places = specs.filter(({ state }) => state === 'present').flatMap(({ destinations }) => destinations)
  return places.flatMap((destination) => [valueKey(destination, 'secret'), valueKey(destination, 'id')])
}

/** One value at a destination: two destinations with different secrets may share a variable. */
export function valueKey(destination: Destination, part: 'id' | 'secret'): string {
  const { secretName, idName, idAs } = destination
  return part === 'id' && idAs !== 'secret'
    ? `${idAs} ${destinationKey({ ...destination, secretName: idName })}`
    : `secret ${destinationKey({ ...destination, secretName: part === 'id' ? idName : secretName })}`
}
