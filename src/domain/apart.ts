import { type Destination, destinationKey } from './destination.ts'
import type { ClientSpec } from './spec.ts'

/**
 * The same specs, each with what is another's, in this run or beside it: clients that others pin; and for those to be absent the
 * values that clients to be present have.
 */
export function apart(specs: ClientSpec[], beside: ClientSpec[]): ClientSpec[] {
  const present = [...specs, ...beside].filter(({ state }) => state === 'present')
  const values = present.flatMap(({ destinations }) =>
    destinations.flatMap((destination) => [valueKey(destination, 'secret'), valueKey(destination, 'id')]),
  )
  const served = new Set(values)
  const pins = new Set([...specs, ...beside].flatMap(({ clientId }) => clientId ?? []))
  return specs.map((spec) => ({
    ...spec,
    ...(spec.clientId === undefined && pins.size > 0 ? { pinnedByOthers: pins } : {}),
    ...(spec.state === 'absent' ? { spared: served } : {}),
  }))
}

/**
 * One value at a destination: two that differ in the secret may share the variable. GitHub's names of environments don't know
 * upper and lower case.
 */
export function valueKey(written: Destination, part: 'id' | 'secret'): string {
  const destination =
    written.environment === undefined ? written : { ...written, environment: written.environment.toLowerCase() }
  const { secretName, idName, idAs } = destination
  return part === 'id' && idAs !== 'secret'
    ? `${idAs} ${destinationKey({ ...destination, secretName: idName })}`
    : `secret ${destinationKey({ ...destination, secretName: part === 'id' ? idName : secretName })}`
}
