import { type Destination, destinationKey, withUsualKeyName } from '../model/destination.ts'
import type { ClientSpec } from './client-spec.ts'

/**
 * The same specs, each with the belongings of other clients, in this run or outside it: the clients that others pin; and, for an
 * absent client, the values of present clients.
 */
export function withValuesOfOthers(specs: ClientSpec[], beside: ClientSpec[]): ClientSpec[] {
  // The auth-method of clients outside this run is not read: their values may have the usual name of a key.
  const served = new Set([...valuesOf([...specs, ...beside]), ...valuesOf(beside.map(asIfKey))])
  const pins = new Set([...specs, ...beside].flatMap(({ clientId }) => clientId ?? []))
  return specs.map((spec) => ({
    ...apartByName(spec, served),
    ...(spec.clientId === undefined && pins.size > 0 ? { pinnedByOthers: pins } : {}),
    ...(spec.state === 'absent' ? { spared: served } : {}),
  }))
}

/** The same specs, once the places of all clients are known: absent clients spare those values too. */
export function sparingValuesOfAll(specs: ClientSpec[]): ClientSpec[] {
  const values = valuesOf(specs)
  return specs.map((spec) =>
    spec.spared === undefined ? spec : { ...spec, spared: new Set([...spec.spared, ...values]) },
  )
}

/** The values of the clients that are present. */
function valuesOf(specs: ClientSpec[]): string[] {
  const places = specs.filter(({ state }) => state === 'present').flatMap(({ destinations }) => destinations)
  return places.flatMap((destination) => [valueKey(destination, 'secret'), valueKey(destination, 'id')])
}

function asIfKey(spec: ClientSpec): ClientSpec {
  return spec.fields.authMethods === undefined
    ? { ...spec, destinations: spec.destinations.map(withUsualKeyName) }
    : spec
}

/** If another client has a place under the usual name of a key, that name is never used as a default. */
function apartByName(spec: ClientSpec, served: ReadonlySet<string>): ClientSpec {
  const named = (destination: Destination) =>
    served.has(valueKey(withUsualKeyName(destination), 'secret')) ? { ...destination, isUsual: undefined } : destination
  return { ...spec, destinations: spec.destinations.map(named) }
}

/** One value at a destination: two destinations with different secrets may share a variable. */
export function valueKey(destination: Destination, part: 'id' | 'secret'): string {
  const { secretName, idName, idAs } = destination
  return part === 'id' && idAs !== 'secret'
    ? `${idAs} ${destinationKey({ ...destination, secretName: idName })}`
    : `secret ${destinationKey({ ...destination, secretName: part === 'id' ? idName : secretName })}`
}
