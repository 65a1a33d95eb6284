import { bugError } from '../base/errors.ts'
import type { ObservedSecret } from '../model/client.ts'
import { type Destination, destinationKey, readDestinationKey } from '../model/destination.ts'
import type { Ledger, LedgerDelivery } from '../model/ledger-shape.ts'
import { lease } from './lease.ts'

/**
 * The time of a suspect that is the last secret of a client which is delivered nowhere, in place of the time of the suspicion: the tenant
 * may have refused to delete it, and that is not tried again.
 */
export const keptLast = -1

/** Hints that the ledger lists as issued by this action. */
export function listedHints(ledger: Ledger | undefined): Set<string> {
  if (ledger === undefined) return new Set()
  return new Set([
    ...(ledger.current ? [ledger.current.hint] : []),
    ...Object.keys(ledger.retiring),
    ...Object.keys(ledger.suspects),
  ])
}

/** Adds hints to a map of times. A hint that is already there keeps its earlier time. */
export function withHints(
  times: Record<string, number>,
  hints: Iterable<string>,
  since: number | ((hint: string) => number),
): Record<string, number> {
  const result = { ...times }
  for (const hint of hints) result[hint] ??= typeof since === 'number' ? since : since(hint)
  return result
}

/**
 * The start of a grace period that begins now. A tenant may date its secrets by a clock that is far ahead of its `Date`: an entry much
 * older than its secret would look like the entry of another secret, and ours would never be retired.
 */
export function graceStart(live: ObservedSecret[], now: number): (hint: string) => number {
  const made = new Map(live.map(({ hint, createdAt }) => [hint, createdAt]))
  return (hint) => Math.max(Math.floor(now), Math.ceil(made.get(hint) ?? 0) - lease)
}

/** The ledger's entry for one delivery. */
export function deliveredEntry(
  destination: Destination,
  { hint, stamp, idStamp }: { hint: string; stamp: number; idStamp?: number | undefined },
  owner: Ledger['owner'],
): LedgerDelivery {
  const { repository, environment } = destination
  const isOwners = repository === undefined || repository.id === owner.repository
  return {
    hint,
    stamp,
    ...(idStamp === undefined ? {} : { idStamp }),
    ...(destination.idAs === 'none' ? {} : { id: `${destination.idAs}:${destination.idName}` }),
    ...(isOwners ? {} : { in: `${repository.owner}/${repository.name}` }),
    ...(environment === undefined || environment === environment.toLowerCase() ? {} : { environment }),
  }
}

/** A destination in the ledger, as it was at its delivery. */
export function recalledDestination(key: string, delivered: LedgerDelivery, owner: Ledger['owner']): Destination {
  const parts = readDestinationKey(key)
  if (parts === undefined) throw bugError('a key of the ledger is malformed')
  const [idAs, idName = ''] = (delivered.id ?? 'none:').split(':') as [Destination['idAs'], string?]
  const { store, secretName, organization } = parts
  if (organization !== undefined) return { store, organization, secretName, idName, idAs }
  const [repositoryOwner = '', name = ''] = (delivered.in ?? owner.name).split('/')
  const repository = { owner: repositoryOwner, name, id: parts.repositoryId }
  return { store, repository, environment: delivered.environment ?? parts.environment, secretName, idName, idAs }
}

/** Destinations in the ledger that are not among the named ones. */
export function droppedDestinations(ledger: Ledger | undefined, named: Destination[]): Destination[] {
  const keys = new Set(named.map(destinationKey))
  return Object.entries(ledger?.destinations ?? {})
    .filter(([key]) => !keys.has(key))
    .map(([key, delivered]) => recalledDestination(key, delivered, ledger!.owner))
}
