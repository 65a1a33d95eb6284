import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { otherRunAtWork } from '../ledger/lease.ts'
import { isOwner } from '../ledger/ownership.ts'
import { isRecordedBy, writersOf } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import { type ClientSpec, isPlan } from '../spec/client-spec.ts'
import { valueKey } from '../spec/value-keys.ts'
import { refuseInUse } from './client-in-use.ts'
import type { ClientPlan, Observed, PlanContext } from './client-plan.ts'
import { nothingToDeleteWarnings } from './client-warnings.ts'
import { clientLabel, type FoundClient, ownedElsewhere } from './find-client.ts'
import { clientIsAdmin, protectTwin, requireDestinationsRead } from './refused-plans.ts'
import { leftBehind, outOfReach, placesOf, valuesToRemove } from './values-to-delete.ts'

type Found = FoundClient & { kind: 'found' }

/**
 * Deletes a client that this action made or that `client-id` pins, with the values that its ledger records and that no other client
 * serves. Throws `CLIENT_OWNED_ELSEWHERE`, `CLIENT_IS_ADMIN`, `CLIENT_IN_USE`, and `DELIVERY_FAILED` if a successor has not been delivered
 * yet. If there is no client to delete, a warning says so.
 */
export function planDestroy(
  spec: ClientSpec,
  identity: FoundClient,
  observed: Observed,
  context: PlanContext,
): ClientPlan {
  const { run } = context.actor
  const nothing = { spec, client: undefined, adopted: false, run, steps: [], drift: false, foreign: [] }
  if (identity.kind === 'none') return { ...nothing, warnings: [nothingToDeleteWarnings(spec, observed, context)] }
  const { client, twins } = identity
  refuseDestruction(spec, identity, observed, context)
  const places = placesOf(spec, client.description.ledger, context.actor)
  const reachable = places.filter((destination) => !outOfReach(destination, spec, observed, context.actor))
  requireDestinationsRead(reachable, observed, true)
  if (!isPlan(context.policy.mode)) refuseHeld(spec, client, reachable, observed)
  const removals = reachable.flatMap((destination) => {
    const parts = valuesToRemove(destination, spec, client, observed)
    return parts.length === 0 ? [] : [{ kind: 'remove-values' as const, destination, parts }]
  })
  return {
    ...nothing,
    client,
    // The client is deleted last: if this run stops early, its ledger still lists the places.
    steps: [
      ...removals,
      ...twins.map(({ id, name }) => ({ kind: 'delete' as const, clientId: id, name, places: [] })),
      { kind: 'delete' as const, clientId: client.id, name: client.name, places: reachable },
    ],
    wait: otherRunAtWork(client.description.ledger, observed.now, run),
    drift: true,
    warnings: leftBehind(places, spec, client, { observed, actor: context.actor }),
  }
}

/** Refuses to delete a client that is not ours, that we sign in with, or that somebody else uses. */
function refuseDestruction(spec: ClientSpec, { client, by, twins }: Found, observed: Observed, context: PlanContext) {
  const { actor, policy } = context
  if (client.id === policy.adminClientId) throw clientIsAdmin(client, 'would be deleted')
  protectTwin(twins, policy.adminClientId)
  const ours = isOwner(client.description.ledger, spec, actor)
  const isMade = client.description.ledger?.owner.origin === 'made'
  if (by !== 'pin' && !(ours && isMade)) throw ownedElsewhere(client, actor, ours)
  refuseInUse(client, observed, context)
}

/**
 * Throws `DELIVERY_FAILED` if another client of the file takes over a place and was not delivered there yet: the place would keep a dead
 * secret.
 */
function refuseHeld(spec: ClientSpec, client: ObservedClient, places: Destination[], observed: Observed): void {
  const held = places.find(
    (destination) => spec.spared?.has(valueKey(destination, 'secret')) && mayHoldOurs(destination, client, observed),
  )
  if (held === undefined) return
  throw new ActionError(
    'DELIVERY_FAILED',
    `${plain(destinationLabel(held))} may still hold a secret of ${clientLabel(client)}, because the client that takes over this place has not been delivered yet`,
    'So the client is kept for now. Fix the problem that keeps the other client from being delivered, and run again for both.',
  )
}

/**
 * Does a place of this client hold a value that no other client's ledger records? A run may have died before it noted its own. If both
 * ledgers record it, the two wrote within one second.
 */
function mayHoldOurs(destination: Destination, client: ObservedClient, { clients, destinations }: Observed): boolean {
  const stamp = destinations.get(destinationKey(destination))?.secretStamp
  if (stamp === undefined) return false
  const value = valueKey(destination, 'secret')
  return isRecordedBy(client, value, stamp) || writersOf(value, stamp, clients, client.id).length === 0
}
