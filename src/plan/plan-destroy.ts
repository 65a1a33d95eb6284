import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { isKnownWrite } from '../ledger/delivery-evidence.ts'
import { droppedDestinations, recalledDestination } from '../ledger/ledger.ts'
import { isOwner } from '../ledger/ownership.ts'
import { leaseOfAnother } from '../ledger/rotation-decision.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { valueKey } from '../spec/shared-values.ts'
import { clientLabel, type Identity, ownedElsewhere } from './find-client.ts'
import { isAdmin, protectTwin, requireRead } from './refusals.ts'
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
  protectTwin(twins, context.policy.adminClientId)
  const ledger = client.description.ledger
  const ours = isOwner(ledger, spec, context.actor)
  if (by !== 'pin' && !(ours && ledger?.owner.origin === 'made')) throw ownedElsewhere(client, ours)
  const known = placesOf(spec, ledger)
  requireRead(known, observed, true)
  if (context.policy.mode !== 'plan') refuseHeld(spec, client, known, observed)
  const removals = known.flatMap((destination) => {
    const parts = partsToRemove(destination, spec, client, observed).filter(
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

/** Where something of a client may lie: what the spec names, what the ledger names, and where a run was about to deliver. */
export function placesOf({ destinations }: ClientSpec, ledger: Ledger | undefined): Destination[] {
  const places = [...destinations, ...droppedDestinations(ledger, destinations)]
  const keys = new Set(places.map(destinationKey))
  const announced = Object.keys(ledger?.announced?.stamps ?? {}).filter((key) => !keys.has(key))
  const recalled = announced.map((key) => recalledDestination(key, { hint: '', stamp: -1 }, ledger!.owner))
  // Of another repository an announcement knows the id alone, and so no address.
  return [
    ...places,
    ...recalled.filter(({ repository }) => (repository?.id ?? ledger!.owner.repository) === ledger!.owner.repository),
  ]
}

/** Where another client of the file is to follow and did not yet, the place would be left with a dead secret. */
function refuseHeld(spec: ClientSpec, client: ObservedClient, known: Destination[], observed: Observed): void {
  const held = known.find(
    (destination) => spec.spared?.has(valueKey(destination, 'secret')) && mayHoldOurs(destination, client, observed),
  )
  if (held === undefined) return
  throw new ActionError(
    'DELIVERY_FAILED',
    `${plain(destinationLabel(held))} may still hold a secret of ${clientLabel(client)}, for the client that is to be delivered there instead was not yet`,
    'So the client stays for now. Mend what keeps the other one from being delivered, and run again for both.',
  )
}

/** Does a place that this client was delivered to hold what nobody else's ledger accounts for? A run may have died before it noted it. */
function mayHoldOurs(destination: Destination, { id, description: { ledger } }: ObservedClient, observed: Observed) {
  const key = destinationKey(destination)
  const stamp = observed.destinations.get(key)?.secretStamp
  const wasOurs = ledger?.destinations[key] !== undefined || ledger?.announced?.stamps[key] !== undefined
  return stamp !== undefined && wasOurs && !isNotedElsewhere(key, id, observed)
}

/** Does another client's ledger say that what lies there is its own delivery? */
function isNotedElsewhere(key: string, id: string, { clients, destinations }: Observed): boolean {
  const stamp = destinations.get(key)?.secretStamp
  return clients
    .filter((other) => other.id !== id)
    .some(({ description: { ledger } }) =>
      Object.keys(ledger?.destinations ?? {}).some(
        (at) => at.toLowerCase() === key.toLowerCase() && isKnownWrite(stamp, at, ledger),
      ),
    )
}

/**
 * Where the variable shows another client's id, it belongs to whoever wrote that, and the secret beside it too, unless its stamp
 * is that of our own delivery. Of a place that only the ledger names, nothing else goes than what surely is ours: whoever may edit
 * the description on the tenant could name any secret there.
 */
function partsToRemove(
  destination: Destination,
  { destinations }: ClientSpec,
  client: ObservedClient,
  observed: Observed,
): ('id' | 'secret')[] {
  const key = destinationKey(destination)
  const seen = observed.destinations.get(key)
  const delivered = client.description.ledger?.destinations[key]
  const isOurs =
    delivered !== undefined &&
    isKnownWrite(seen?.secretStamp, key, client.description.ledger) &&
    !isNotedElsewhere(key, client.id, observed)
  if (seen !== undefined && !destinations.includes(destination)) {
    const isOurId =
      destination.idAs === 'secret' ? isSame(delivered?.idStamp, seen.idStamp) : seen.idValue === client.id
    return [...(isOurs ? (['secret'] as const) : []), ...(isOurId ? (['id'] as const) : [])]
  }
  const isAnothers = destination.idAs === 'variable' && seen?.idValue !== undefined && seen.idValue !== client.id
  if (isAnothers) return isOurs ? ['secret'] : []
  return destination.idAs === 'none' ? ['secret'] : ['secret', 'id']
}

function isSame(recorded: number | undefined, seen: number | undefined): boolean {
  return recorded !== undefined && recorded === seen
}
