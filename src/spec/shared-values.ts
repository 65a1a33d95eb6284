import { calledAsKey, type Destination, destinationKey } from '../model/destination.ts'
import type { ClientSpec } from './client-spec.ts'

/**
 * The same specs, each with what is another's, in this run or beside it: clients that others pin; and for those to be absent the
 * values that clients to be present have.
 */
export function apart(specs: ClientSpec[], beside: ClientSpec[]): ClientSpec[] {
  // What clients beside this run sign in with is not read: theirs may be called as usual for a key.
  const served = new Set([...valuesOf([...specs, ...beside]), ...valuesOf(beside.map(asIfKey))])
  const pins = new Set([...specs, ...beside].flatMap(({ clientId }) => clientId ?? []))
  return specs.map((spec) => ({
    ...apartByName(spec, served),
    ...(spec.clientId === undefined && pins.size > 0 ? { pinnedByOthers: pins } : {}),
    ...(spec.state === 'absent' ? { spared: served } : {}),
  }))
}

/** The same specs, once it is known what places they have: what those to be absent spare too. */
export function sparingAll(specs: ClientSpec[]): ClientSpec[] {
  const values = valuesOf(specs)
  return specs.map((spec) =>
    spec.spared === undefined ? spec : { ...spec, spared: new Set([...spec.spared, ...values]) },
  )
}

/** What clients that are to be present have. */
function valuesOf(specs: ClientSpec[]): string[] {
  const places = specs.filter(({ state }) => state === 'present').flatMap(({ destinations }) => destinations)
  return places.flatMap((destination) => [valueKey(destination, 'secret'), valueKey(destination, 'id')])
}

function asIfKey(spec: ClientSpec): ClientSpec {
  return spec.fields.authMethods === undefined ? { ...spec, destinations: spec.destinations.map(calledAsKey) } : spec
}

/** A place that another has by the usual name of a key is never taken for a name that was not said. */
function apartByName(spec: ClientSpec, served: ReadonlySet<string>): ClientSpec {
  const named = (destination: Destination) =>
    served.has(valueKey(calledAsKey(destination), 'secret')) ? { ...destination, isUsual: undefined } : destination
  return { ...spec, destinations: spec.destinations.map(named) }
}

/** One value at a destination: two that differ in the secret may share the variable. */
export function valueKey(destination: Destination, part: 'id' | 'secret'): string {
  const { secretName, idName, idAs } = destination
  return part === 'id' && idAs !== 'secret'
    ? `${idAs} ${destinationKey({ ...destination, secretName: idName })}`
    : `secret ${destinationKey({ ...destination, secretName: part === 'id' ? idName : secretName })}`
}
