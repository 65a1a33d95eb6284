import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, withUsualKeyName } from '../model/destination.ts'
import type { ClientSpec, ManagingRepository } from '../spec/client-spec.ts'
import { valueKey, valuesOf } from '../spec/value-keys.ts'
import { credentialKindOf } from './auth-method.ts'
import { clientOf } from './client-order.ts'
import type { Observed } from './client-plan.ts'

/**
 * Completes the specs of a run, once, with facts from its first reading. A client that signs in with a key gets the usual name for keys,
 * if its spec names neither the method nor the secret. An absent client spares the values of all clients that are present. `beside`:
 * clients of the same files that the run leaves alone.
 */
export function completeSpecs(
  { clients, beside, actor }: { clients: ClientSpec[]; beside: ClientSpec[]; actor: ManagingRepository },
  first: Pick<Observed, 'clients' | 'now'>,
): ClientSpec[] {
  // The methods of the clients beside are unknown, so their values may have either usual name.
  const taken = new Set([...valuesOf([...clients, ...beside]), ...valuesOf(beside.map(withUsualKeyNames))])
  const named = clients.map((spec) => namedByMethod(spec, clientOf(spec, first, actor), taken))
  const spared = new Set([...taken, ...valuesOf(named)])
  return named.map((spec) => (spec.state === 'absent' ? { ...spec, spared } : spec))
}

function withUsualKeyNames(spec: ClientSpec): ClientSpec {
  return spec.fields.authMethods === undefined
    ? { ...spec, destinations: spec.destinations.map(withUsualKeyName) }
    : spec
}

function namedByMethod(spec: ClientSpec, client: ObservedClient | undefined, taken: ReadonlySet<string>): ClientSpec {
  if (spec.fields.authMethods !== undefined || credentialKindOf(spec.fields, client) === 'secret') return spec
  // A place that is already served under the usual name of secrets keeps that name.
  const isServed = (destination: Destination) =>
    client?.description.ledger?.destinations[destinationKey(destination)] !== undefined
  const isTaken = (destination: Destination) => taken.has(valueKey(withUsualKeyName(destination), 'secret'))
  const isOther = (destination: Destination) =>
    destination.isUsual === true && !isServed(destination) && !isTaken(destination)
  if (!spec.destinations.some(isOther)) return spec
  const named = (destination: Destination) => (isOther(destination) ? withUsualKeyName(destination) : destination)
  return { ...spec, destinations: spec.destinations.map(named) }
}
