import type { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { recalledDestination } from '../ledger/ledger-entries.ts'
import { clientsAnnouncing, clientsClaiming, clientsServing, isRecordedBy, writersOf } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, type Repository, scopeLabel } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { Actor, ClientSpec } from '../spec/client-spec.ts'
import { valueKey } from '../spec/value-keys.ts'
import type { Observed } from './client-plan.ts'

// The values on GitHub of a client that this run deletes: the places that may have them, the values that are certainly its own, and the
// values that will stay behind.

type Part = 'id' | 'secret'

// --- its places ------------------------------------------------------------------------------------------------------

/**
 * The places that the ledger of a client names, and those to which a run was about to deliver. A place that the spec names too is returned
 * as the spec has it, because it was read in that form.
 */
export function placesOf(spec: ClientSpec, ledger: Ledger | undefined, actor: Actor): Destination[] {
  if (ledger === undefined) return []
  const named = new Map(spec.destinations.map((destination) => [destinationKey(destination), destination]))
  const places = { ...ledger.leaving, ...ledger.destinations }
  const delivered = Object.entries(places).flatMap(([key, entry]) => {
    const recalled = underNewName(recalledDestination(key, entry, ledger.owner), spec, actor)
    const written = named.get(key)
    return written === undefined ? [recalled] : [written, ...formerId(recalled, written)]
  })
  const keys = new Set(Object.keys(places))
  const announced = Object.keys(ledger.announced?.stamps ?? {}).flatMap((key) => {
    if (keys.has(key)) return []
    const written = named.get(key)
    if (written !== undefined) return [written]
    const recalled = recalledDestination(key, { hint: '', stamp: -1 }, ledger.owner)
    // Of another repository an announcement has only the id, and GitHub's addresses need the name.
    const isAddress = recalled.repository === undefined || recalled.repository.id === ledger.owner.repository
    return isAddress ? [underNewName(recalled, spec, actor)] : []
  })
  return [...delivered, ...announced]
}

/** The client id under the name that it had when it was delivered, as a place of its own: it is read and deleted beside the other. */
function formerId(recalled: Destination, { idAs, idName }: Destination): Destination[] {
  if (recalled.idAs === 'none' || (recalled.idAs === idAs && recalled.idName === idName)) return []
  return [{ ...recalled, secretName: recalled.idName }]
}

/** A repository keeps its id when it is renamed: requests use its present name, if that is known. */
function underNewName(destination: Destination, spec: ClientSpec, actor: Actor): Destination {
  const { repository } = destination
  const now = knownRepositories(spec, actor).find(({ id }) => id === repository?.id)
  return repository === undefined || now === undefined ? destination : { ...destination, repository: now }
}

/** The repositories whose present names and ids are known. */
function knownRepositories({ destinations }: ClientSpec, actor: Actor): Repository[] {
  return [actor.repository, ...destinations.flatMap(({ repository }) => repository ?? [])]
}

/** Another repository that now has the name of this one: this one was deleted, or gave up its name. */
export function repositoryOfSameName(
  { repository }: Destination,
  spec: ClientSpec,
  actor: Actor,
): Repository | undefined {
  if (repository === undefined || !isId(repository)) return undefined
  return knownRepositories(spec, actor).find(
    (other) => isId(other) && other.id !== repository.id && fullName(other) === fullName(repository),
  )
}

/** If GitHub did not show a repository, its name is used in place of its id. */
function isId({ id }: Repository): boolean {
  return /^\d+$/.test(id)
}

function fullName({ owner, name }: Repository): string {
  return `${owner}/${name}`.toLowerCase()
}

/** Why nothing can be read or deleted in a place, whatever permissions the token has; undefined if it can. */
export function outOfReach(
  destination: Destination,
  spec: ClientSpec,
  { unread }: Pick<Observed, 'unread'>,
  actor: Actor,
): string | undefined {
  const other = repositoryOfSameName(destination, spec, actor)
  if (other !== undefined)
    return `this client was delivered to the repository with the id ${destination.repository!.id}, and the repository with that name now has the id ${other.id}`
  const error = unread.get(destinationKey(destination))
  return error !== undefined && isOutOfReach(error) ? plain(error.message, 300) : undefined
}

/** Does GitHub refuse for a reason that no permission can change: the place is missing, hidden, archived, blocked or locked? */
export function isOutOfReach({ code, status, message, absence }: ActionError): boolean {
  if (code === 'DESTINATION_MISSING') return absence === undefined || absence === 'unseen'
  return code === 'DESTINATION_FORBIDDEN' && (status === 451 || status === 423 || /\barchived\b/i.test(message))
}

// --- the owners of its values ----------------------------------------------------------------------------------------

/** The owner of the value in a place: this client, somebody else, nobody known, or no value at all. */
type ValueOwner = 'ours' | 'theirs' | 'unknown' | 'nothing'

/** The values in a place that are certainly this client's, without those that another client of the file serves. */
export function valuesToRemove(
  destination: Destination,
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
): Part[] {
  const isSpared = (part: Part) => spec.spared?.has(valueKey(destination, part)) === true
  return partsOf(destination).filter(
    (part) => !isSpared(part) && ownerOfValue(destination, part, client, observed) === 'ours',
  )
}

function partsOf({ secretName, idName, idAs }: Destination): Part[] {
  if (idAs === 'none') return ['secret']
  return secretName === idName ? ['id'] : ['secret', 'id']
}

function ownerOfValue(destination: Destination, part: Part, client: ObservedClient, observed: Observed): ValueOwner {
  const seen = observed.destinations.get(destinationKey(destination))
  if (part === 'id' && destination.idAs === 'variable') return ownerOfVariable(destination, client, observed)
  // A client id under a former name was read as the secret of a place of its own.
  const isAlone = destination.secretName === destination.idName
  const stamp = part === 'secret' || isAlone ? seen?.secretStamp : seen?.idStamp
  if (stamp === undefined) return 'nothing'
  const value = valueKey(destination, part)
  if (writersOf(value, stamp, observed.clients, client.id).length > 0) return 'theirs'
  if (isRecordedBy(client, value, stamp)) return 'ours'
  if (clientsAnnouncing(value, observed.clients, client.id).length > 0) return 'unknown'
  return mayBeUnnoted(destination, client, observed) ? 'ours' : 'unknown'
}

/**
 * A variable can be read: it belongs to the client whose id it shows, unless another client serves the place and keeps its id there too.
 */
function ownerOfVariable(destination: Destination, client: ObservedClient, observed: Observed): ValueOwner {
  const seen = observed.destinations.get(destinationKey(destination))
  if (seen?.idValue === undefined) return 'nothing'
  if (seen.idValue !== client.id) return 'theirs'
  const value = valueKey(destination, 'id')
  const servers = clientsServing(valueKey(destination, 'secret'), seen.secretStamp, observed.clients, client.id)
  const claimants = clientsClaiming(value, observed.clients, client.id)
  const isShared = servers.some((server) => claimants.includes(server))
  return isShared ? 'theirs' : 'ours'
}

/**
 * May a run of this client have written there and died before it noted that? Yes if a run announced the place and it was written since,
 * and if the ledger knows the place and has something unsettled.
 */
function mayBeUnnoted(destination: Destination, { description }: ObservedClient, { destinations }: Observed): boolean {
  const { ledger } = description
  const key = destinationKey(destination)
  if (ledger === undefined) return false
  const announced = ledger.announced?.stamps[key]
  if (announced !== undefined && announced !== (destinations.get(key)?.secretStamp ?? null)) return true
  const isUnsettled = ledger.unproven || ledger.announced !== undefined || Object.keys(ledger.suspects).length > 0
  if (ledger.destinations[key] !== undefined) return Boolean(isUnsettled)
  return (ledger.leaving?.[key]?.stamp ?? 0) < 0
}

// --- values that stay behind -----------------------------------------------------------------------------------------

/** A warning for each place with values that stay although the client is deleted. It names each value. */
export function leftBehind(
  places: Destination[],
  spec: ClientSpec,
  client: ObservedClient,
  { observed, actor }: { observed: Observed; actor: Actor },
): string[] {
  const isSpared = (destination: Destination, part: Part) => spec.spared?.has(valueKey(destination, part)) === true
  return places.flatMap((destination) => {
    const parts = partsOf(destination).filter((part) => !isSpared(destination, part))
    const why = outOfReach(destination, spec, observed, actor)
    if (why !== undefined) return [leftBehindText(destination, parts, why)]
    const unknown = parts.filter((part) => ownerOfValue(destination, part, client, observed) === 'unknown')
    return unknown.length === 0
      ? []
      : [
          leftBehindText(
            destination,
            unknown,
            `somebody wrote ${unknown.length === 1 ? 'it' : 'them'} after this client was delivered`,
          ),
        ]
  })
}

/** `QLIK_CLIENT_SECRET and QLIK_CLIENT_ID are left behind in acme/app: … .` */
export function leftBehindText(destination: Destination, parts: Part[], why: string): string {
  const names = parts.map((part) => (part === 'secret' ? destination.secretName : destination.idName))
  const verb = names.length > 1 ? 'are' : 'is'
  return `${names.join(' and ')} ${verb} left behind in ${plain(scopeLabel(destination))}: ${why}`
}
