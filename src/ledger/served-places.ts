import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { valueKey } from '../spec/value-keys.ts'
import type { ObservedPlaces } from './delivery-evidence.ts'
import { recalledDestination } from './ledger-entries.ts'

// Finds the client that a value on GitHub belongs to. Secrets can't be read back, so the ledgers of all clients decide: the client that
// wrote a place last serves it, and its ledger has the stamp that GitHub shows.

/**
 * A ledger's claim on one value. `stamp`: the stamp of the recorded delivery; a variable has none. `isAnnounced`: a run of that client is
 * about to write there, or died before it noted that it wrote. `isLeaving`: the client gave the place up.
 */
type Claim = { client: ObservedClient; stamp?: number | undefined; isAnnounced?: true; isLeaving?: true }

type Clients = readonly ObservedClient[]

/** Clients other than `mine` with exactly this stamp for the value in their ledgers: one of them wrote it. */
export function writersOf(value: string, stamp: number | undefined, clients: Clients, mine?: string): ObservedClient[] {
  return claimsAt(value, stamp, clients, mine).map(({ client }) => client)
}

/** The same without clients that gave the place up: one of these wrote the value, and serves the place. */
export function clientsServing(
  value: string,
  stamp: number | undefined,
  clients: Clients,
  mine?: string,
): ObservedClient[] {
  return claimsAt(value, stamp, clients, mine).flatMap(({ client, isLeaving }) => (isLeaving ? [] : [client]))
}

function claimsAt(value: string, stamp: number | undefined, clients: Clients, mine: string | undefined): Claim[] {
  if (stamp === undefined) return []
  return claimsOn(value, clients, mine).filter((claim) => claim.stamp === stamp)
}

/** Did this client's ledger record exactly this stamp for a value? */
export function isRecordedBy(client: ObservedClient, value: string, stamp: number): boolean {
  return claimsOf(client).some(([at, claim]) => at === value && claim.stamp === stamp)
}

/** Clients other than `mine` that a value may belong to: a run delivered them there, or was about to. */
export function clientsClaiming(value: string, clients: Clients, mine?: string): ObservedClient[] {
  return [...new Set(claimsOn(value, clients, mine).map(({ client }) => client))]
}

/** Clients other than `mine` with an announcement that a run would write the value. */
export function clientsAnnouncing(value: string, clients: Clients, mine?: string): ObservedClient[] {
  return claimsOn(value, clients, mine).flatMap(({ client, isAnnounced }) => (isAnnounced ? [client] : []))
}

/**
 * The client that was delivered to a place after `mine`, by GitHub's own stamps; undefined if there is none, or if nobody can tell. A place
 * that was not read is decided by the ledgers alone.
 */
export function successorAt(
  destination: Destination,
  { clients, destinations }: { clients: Clients; destinations: ObservedPlaces },
  mine: ObservedClient,
): ObservedClient | undefined {
  const key = destinationKey(destination)
  const value = valueKey(destination, 'secret')
  const last = lastWrite(key, mine.description.ledger)
  const later = claimsOn(value, clients, mine.id).find((claim) => (claim.stamp ?? 0) > last)
  const stamp = destinations.get(key)?.secretStamp
  if (later !== undefined || stamp === undefined || isRecordedBy(mine, value, stamp)) return later?.client
  return clientsServing(value, stamp, clients, mine.id)[0]
}

/** The stamp of a client's last write to a place; infinite if a run may have written there without noting when. */
function lastWrite(key: string, ledger: Ledger | undefined): number {
  const entry = ledger?.destinations[key] ?? ledger?.leaving?.[key]
  const isUnsure =
    entry === undefined || entry.stamp < 0 || ledger?.unproven || key in (ledger?.announced?.stamps ?? {})
  return isUnsure ? Number.POSITIVE_INFINITY : entry.stamp
}

function claimsOn(value: string, clients: Clients, mine: string | undefined): Claim[] {
  return (indexOf(clients).get(value) ?? []).filter(({ client }) => client.id !== mine)
}

// All clients of a fleet ask about the same reading, so its ledgers are indexed once.
const indexes = new WeakMap<Clients, Map<string, Claim[]>>()

function indexOf(clients: Clients): Map<string, Claim[]> {
  const known = indexes.get(clients)
  if (known !== undefined) return known
  const index = new Map<string, Claim[]>()
  for (const [value, claim] of clients.flatMap(claimsOf)) index.set(value, [...(index.get(value) ?? []), claim])
  indexes.set(clients, index)
  return index
}

function claimsOf(client: ObservedClient): [string, Claim][] {
  const { ledger } = client.description
  if (ledger === undefined) return []
  const entries = (places: Ledger['destinations'], more: Pick<Claim, 'isLeaving'>) =>
    Object.entries(places).flatMap(([key, entry]): [string, Claim][] => {
      const destination = recalledDestination(key, entry, ledger.owner)
      const secret: Claim = { client, stamp: entry.stamp, ...more }
      const id: Claim = { client, stamp: entry.idStamp, ...more }
      return [
        [valueKey(destination, 'secret'), secret],
        ...(entry.id === undefined ? [] : [[valueKey(destination, 'id'), id] satisfies [string, Claim]]),
      ]
    })
  const announced = Object.keys(ledger.announced?.stamps ?? {}).map((key): [string, Claim] => [
    `secret ${key}`,
    { client, isAnnounced: true },
  ])
  return [...entries(ledger.destinations, {}), ...entries(ledger.leaving ?? {}, { isLeaving: true }), ...announced]
}
