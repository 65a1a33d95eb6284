import type { ObservedClient } from './client.ts'
import { type Destination, destinationKey } from './destination.ts'
import { type Identity, isOwner, ownedElsewhere } from './identify.ts'
import { droppedDestinations } from './ledger.ts'
import { isAdmin, requireRead } from './refusals.ts'
import { leaseOfAnother } from './rotation.ts'
import type { ClientSpec } from './spec.ts'
import type { ClientPlan, Observed, PlanContext } from './steps.ts'

/**
 * Deletes what this action made, or what `client-id` pins. Throws `CLIENT_OWNED_ELSEWHERE` for anything else, and
 * `CLIENT_IS_ADMIN`. Nothing there is nothing to do.
 */
export function planDestroy(
  spec: ClientSpec,
  identity: Identity,
  observed: Observed,
  context: PlanContext,
): ClientPlan {
  const { run } = context.actor
  const nothing = { spec, client: undefined, adopted: false, run, steps: [], drift: false, foreign: [], warnings: [] }
  if (identity.kind === 'none') return nothing
  const { client, by, twins } = identity
  if (client.id === context.policy.adminClientId) throw isAdmin(client, 'would be deleted')
  const ledger = client.description.ledger
  const ours = isOwner(ledger, spec, context.actor)
  if (by !== 'pin' && !(ours && ledger?.owner.origin === 'made')) throw ownedElsewhere(client, ours)
  const known = [...spec.destinations, ...droppedDestinations(ledger, spec.destinations)]
  requireRead(known, observed, true)
  const removals = known.flatMap((destination) => {
    const parts = partsToRemove(destination, client, observed).filter(
      (part) => !spec.spared?.has(valueKey(destination, part)),
    )
    return parts.length === 0 ? [] : [{ kind: 'remove-values' as const, destination, parts }]
  })
  return {
    ...nothing,
    client,
    // The client goes last: its ledger knows the places, should this run stop before it is done.
    steps: [
      ...removals,
      ...[...twins, client].map(({ id, name }) => ({ kind: 'delete' as const, clientId: id, name })),
    ],
    wait: leaseOfAnother(ledger, observed.now, context.actor.run),
    drift: true,
    foreign: [],
  }
}

/**
 * Where the variable shows another client's id, it belongs to whoever wrote that, and the secret beside it too, unless its stamp
 * is that of our own delivery.
 */
function partsToRemove(destination: Destination, client: ObservedClient, observed: Observed): ('id' | 'secret')[] {
  const key = destinationKey(destination)
  const seen = observed.destinations.get(key)
  const isAnothers = destination.idAs === 'variable' && seen?.idValue !== undefined && seen.idValue !== client.id
  if (!isAnothers) return destination.idAs === 'none' ? ['secret'] : ['secret', 'id']
  const delivered = client.description.ledger?.destinations[key]
  return delivered !== undefined && delivered.stamp === seen?.secretStamp ? ['secret'] : []
}

/** The same specs, those to be absent with the values that clients to be present have: in this run, or beside it. */
export function spared(specs: ClientSpec[], beside: ClientSpec[]): ClientSpec[] {
  const present = [...specs, ...beside].filter(({ state }) => state === 'present')
  const values = present.flatMap(({ destinations }) =>
    destinations.flatMap((destination) => [valueKey(destination, 'secret'), valueKey(destination, 'id')]),
  )
  const served = new Set(values)
  return specs.map((spec) => (spec.state === 'absent' ? { ...spec, spared: served } : spec))
}

/** One value at a destination: two that differ in the secret may share the variable. */
function valueKey(destination: Destination, part: 'id' | 'secret'): string {
  const { secretName, idName, idAs } = destination
  return part === 'id' && idAs !== 'secret'
    ? `${idAs} ${destinationKey({ ...destination, secretName: idName })}`
    : `secret ${destinationKey({ ...destination, secretName: part === 'id' ? idName : secretName })}`
}
