import { type Destination, destinationKey } from './destination.ts'
import { type Identity, isOwner, ownedElsewhere } from './identify.ts'
import { droppedDestinations } from './ledger.ts'
import { isAdmin } from './refusals.ts'
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
  const nothing = { spec, client: undefined, adopted: false, steps: [], drift: false, foreign: [], warnings: [] }
  if (identity.kind === 'none') return nothing
  const { client, by, twins } = identity
  if (client.id === context.policy.adminClientId) throw isAdmin(client, 'would be deleted')
  const ledger = client.description.ledger
  const ours = isOwner(ledger, spec, context.actor)
  if (by !== 'pin' && !(ours && ledger?.owner.origin === 'made')) throw ownedElsewhere(client, ours)
  const places = [...spec.destinations, ...droppedDestinations(ledger, spec.destinations)]
  return {
    ...nothing,
    client,
    // The client goes last: its ledger knows the places, should this run stop before it is done.
    steps: [
      ...places.map((destination) => ({
        kind: 'remove-values' as const,
        destination,
        keepId: isAnothersId(destination, client.id, observed),
      })),
      ...[...twins, client].map(({ id, name }) => ({ kind: 'delete' as const, clientId: id, name })),
    ],
    wait: leaseOfAnother(ledger, observed.now, context.actor.run),
    drift: true,
    foreign: [],
  }
}

/** A variable that shows another client's id belongs to whoever wrote that. */
function isAnothersId(destination: Destination, clientId: string, observed: Observed): boolean {
  const value = observed.destinations.get(destinationKey(destination))?.idValue
  return destination.idAs === 'variable' && value !== undefined && value !== clientId
}
