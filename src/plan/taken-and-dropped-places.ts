import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { droppedDestinations } from '../ledger/ledger-entries.ts'
import { clientsClaiming, clientsServing, isRecordedBy, successorAt } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { valueKey } from '../spec/value-keys.ts'
import { clientOf } from './client-order.ts'
import type { Observed, PlanContext } from './client-plan.ts'
import { clientLabel } from './find-client.ts'
import { isTaken } from './leaving-places.ts'
import { repositoryOfSameName } from './values-to-delete.ts'

// Decides when one client may take over a place from another.

/** Throws `DESTINATION_DROPPED` if the spec no longer names a place that the client serves, and no other client has taken it over. */
export function refuseDropped(
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
  context: PlanContext,
): void {
  const dropped = droppedPlaces(spec, client, observed)
  if (dropped.length === 0 || context.policy.dropDestinations || spec.reconcileOnly) return
  const others = dropped.map((destination) => repositoryOfSameName(destination, spec, context.actor))
  const list = dropped.map((destination, index) => {
    const now = others[index]
    const ids =
      now === undefined
        ? ''
        : ` (in the repository of that name with the id ${destination.repository!.id}; the id is ${now.id} now)`
    return `${plain(destinationLabel(destination))}${ids}`
  })
  const isNone = spec.destinations.length === 0
  const usual = isNone
    ? 'A run that delivers nothing can neither rotate nor retire a secret. Name these places again; or, if they are no longer needed, set drop-destinations: true once: the secrets of this action then end after their grace period.'
    : 'The usual cause is one client name shared by a matrix of environments: give each its own name. If the client has moved, or those places are no longer needed, set drop-destinations: true once.'
  const isMadeAnew = others.every((other) => other !== undefined)
  throw new ActionError(
    'DESTINATION_DROPPED',
    isNone
      ? `${clientLabel(client)} serves ${list.join('; ')}, and the spec names no place any more: the secret there would never be rotated or retired`
      : `${clientLabel(client)} also serves ${list.join('; ')}, which the spec no longer names: the secret there would stop working with the next rotation`,
    isMadeAnew && !isNone
      ? 'The repository was deleted and created again, or another repository took its name. Set drop-destinations: true once to deliver to the repository that has the name now.'
      : usual,
  )
}

/**
 * Throws `DESTINATION_TAKEN` if another client serves a place that the spec names, and the run's files do not list that client as absent.
 */
export function refuseTaken(
  spec: ClientSpec,
  client: ObservedClient | undefined,
  observed: Observed,
  context: PlanContext,
): void {
  if (context.policy.dropDestinations) return
  const taken = spec.destinations.flatMap(secretsAt).flatMap(({ destination, part, named }) => {
    const seen = observed.destinations.get(destinationKey(destination))
    const stamp = part === 'id' ? seen?.idStamp : seen?.secretStamp
    const value = valueKey(destination, part)
    // If both wrote within one second, the stamps can't tell who serves the place.
    if (stamp === undefined || (client !== undefined && isRecordedBy(client, value, stamp))) return []
    return clientsServing(value, stamp, observed.clients, client?.id).map((server) => ({ named, server }))
  })
  const going = taken.length === 0 ? new Set() : clientsToGo(observed, context)
  const staying = taken.filter(({ server }) => !going.has(server.id))
  if (staying.length === 0) return
  const list = staying.map(({ named, server }) => `${plain(destinationLabel(named))} (${clientLabel(server)})`)
  const { server } = staying[0]!
  throw new ActionError(
    'DESTINATION_TAKEN',
    `${plain(spec.name)} would take over places that another client serves: ${list.join('; ')}`,
    `If that client was renamed, pin it with client-id: ${plain(server.id)}: then name renames it. If it is no longer needed, list it with state: absent in the same file: then this client takes over at once. If both are needed, give this client another place, or other names in client-secret-name and client-id-name. To take the place over and keep the other client, set drop-destinations: true once.`,
  )
}

/** The secrets that a delivery writes: the client's secret, and its id where that is a secret too. */
function secretsAt(destination: Destination) {
  const { idAs, idName } = destination
  const secret = { destination, part: 'secret' as const, named: destination }
  const id = { destination, part: 'id' as const, named: { ...destination, secretName: idName } }
  return idAs === 'secret' ? [secret, id] : [secret]
}

/** The clients that the same files list as absent. */
function clientsToGo(observed: Observed, { fleet, actor }: PlanContext): Set<string> {
  const absent = fleet.filter(({ state }) => state === 'absent')
  return new Set(absent.flatMap((spec) => clientOf(spec, observed, actor)?.id ?? []))
}

/**
 * Places that the client serves and the spec does not name. A place to which another client was delivered since belongs to that client.
 */
export function droppedPlaces(
  { destinations }: ClientSpec,
  client: ObservedClient | undefined,
  observed: Observed,
): Destination[] {
  if (client === undefined) return []
  const dropped = droppedDestinations(client.description.ledger, destinations)
  return dropped.filter((destination) => successorAt(destination, observed, client) === undefined)
}

/** Warnings of secrets in places that are no longer served. They occur only with drop-destinations: without it the run refuses. */
export function noLongerServed(
  spec: ClientSpec,
  client: ObservedClient | undefined,
  observed: Observed,
  { fleet, actor, policy }: PlanContext,
): string[] {
  const dropped = droppedPlaces(spec, client, observed)
  if (dropped.length === 0 || !policy.dropDestinations) return []
  const end = spec.destinations.length === 0 ? 'the grace period' : 'the grace period of the next rotation'
  const written = new Set(
    fleet.filter(({ state }) => state === 'present').flatMap(({ destinations }) => destinations.flatMap(valuesAt)),
  )
  return dropped.map((destination) => {
    const label = plain(destinationLabel(destination))
    const now = repositoryOfSameName(destination, spec, actor)
    if (now !== undefined)
      return `${label} of the repository with the id ${destination.repository!.id} is no longer served: the repository with that name now has the id ${now.id}. It was deleted and created again, or another repository took its name.`
    if (isTaken(destinationKey(destination), spec, { fleet }))
      return `${label} passes to another client: the secret of this client there stays valid until that one was delivered, and for the grace period after that.`
    const value = valueKey(destination, 'secret')
    const isNeeded = written.has(value) || clientsClaiming(value, observed.clients, client?.id).length > 0
    const stays = `${label} is no longer served by this client: the secret there stops working when ${end} is over.`
    return isNeeded ? stays : `${stays} Delete it if nobody needs it.`
  })
}

function valuesAt(destination: Destination): string[] {
  return [valueKey(destination, 'secret'), valueKey(destination, 'id')]
}
