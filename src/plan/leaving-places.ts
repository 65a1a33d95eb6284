import { plain } from '../base/text.ts'
import { classifySecrets } from '../ledger/classify-secrets.ts'
import { isUntouched, secretHeldIn } from '../ledger/delivery-evidence.ts'
import { roomBeside } from '../ledger/description.ts'
import { deliveredEntry, listedHints, recalledDestination } from '../ledger/ledger-entries.ts'
import { successorAt, writersOf } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { destinationKey, destinationLabel } from '../model/destination.ts'
import type { Ledger, LedgerDelivery } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { valueKey } from '../spec/value-keys.ts'
import type { Observed, PlanContext } from './client-plan.ts'
import { clientLabel } from './find-client.ts'
import { evidenceOf } from './place-evidence.ts'

// A client may give up a place to another client of the same files: two clients swap their places, or one moves and another follows. The
// place holds a secret of the first client until the second is delivered there, and that may fail for days. So the ledger keeps the place
// as `leaving`, and its secret is not retired meanwhile.

type Places = Ledger['destinations']

/**
 * The places that the client's next ledger keeps as leaving: places that it gave up earlier or gives up now, as long as a secret there is
 * needed. It also keeps a place that the spec names again, until the grace of the secret that the place held before is over. `letGo`: places
 * that the ledger forgets although their secrets were needed until now, so the grace of these secrets begins.
 */
export function leavingPlaces(
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
  context: PlanContext,
): { leaving: Places; letGo: Places } {
  const { ledger } = client.description
  if (ledger === undefined) return { leaving: {}, letGo: {} }
  const { leaving: earlier = {} } = ledger
  if (spec.destinations.length === 0) return { leaving: earlier, letGo: {} }
  const named = new Set(spec.destinations.map(destinationKey))
  const about = { spec, client, observed, context, ledger, named }
  const now = givenUpNow(about)
  const fates = Map.groupBy(Object.entries(earlier), (it) => (it[0] in now ? 'let go' : fateOf(it, about)))
  const added = [...Object.entries(now), ...Object.entries(unnotedEntries(about))]
  const kept = [...(fates.get('kept') ?? []), ...added.filter((it) => fateOf(it, about) === 'kept')]
  // Without a grace there is nothing to begin.
  const letGo = spec.rotation.grace > 0 ? (fates.get('let go') ?? []) : []
  return { leaving: Object.fromEntries(kept), letGo: Object.fromEntries(letGo) }
}

/** `named`: keys of the places in the spec. */
type About = {
  spec: ClientSpec
  client: ObservedClient
  observed: Observed
  context: PlanContext
  ledger: Ledger
  named: ReadonlySet<string>
}

/** The places that the client served until now, and that another client of the files takes over. */
function givenUpNow({ spec, client, observed, context, ledger, named }: About): Places {
  if (!context.policy.dropDestinations) return {}
  const given = Object.entries(ledger.destinations).filter(([key]) => !named.has(key) && isTaken(key, spec, context))
  return Object.fromEntries(given.map(([key, entry]) => [key, withCertainStamp(key, entry, client, observed)]))
}

/** Places that only a dead run's announcement names: the next announcement would forget them. */
function unnotedEntries({ client, observed, context, ledger, named }: About): Places {
  const keys = unnotedPlaces(client, observed).filter((key) => !named.has(key))
  const entries = keys.flatMap((key): [string, LedgerDelivery][] => {
    const earlier = ledger.leaving?.[key]
    return earlier === undefined ? unnotedEntry(key, ledger, context) : [[key, { ...earlier, stamp: -1 }]]
  })
  return Object.fromEntries(entries)
}

function fateOf([key, entry]: [string, LedgerDelivery], { spec, client, observed, context, named }: About): Fate {
  const service = serviceAfter(key, entry, { client, observed })
  // Runs may be queued with the secret that was there.
  if (service.kind === 'empty') return 'let go'
  if (service.kind === 'served') return (service.age ?? spec.rotation.grace) >= spec.rotation.grace ? 'over' : 'kept'
  if (named.has(key) || isTaken(key, spec, context)) return 'kept'
  return context.policy.dropDestinations || service.kind === 'served unread' ? 'let go' : 'kept'
}

type Fate = 'kept' | 'over' | 'let go'

/** Does another present client of the run's files name this place? */
export function isTaken(key: string, { name }: ClientSpec, { fleet }: Pick<PlanContext, 'fleet'>): boolean {
  return fleet.some(
    (other) =>
      other.state === 'present' && other.name !== name && other.destinations.some((it) => destinationKey(it) === key),
  )
}

/** The ledger's entry, without its stamp if it is not certain that the place holds the recorded secret. */
function withCertainStamp(
  key: string,
  entry: LedgerDelivery,
  client: ObservedClient,
  observed: Observed,
): LedgerDelivery {
  const { kind } = secretHeldIn(key, evidenceOf(client, observed))
  const { ledger } = client.description
  const destination = recalledDestination(key, entry, ledger!.owner)
  const stamp = observed.destinations.get(key)?.secretStamp
  // Another client wrote last, so until then the place held the secret that the entry names.
  const isTheirs = writersOf(valueKey(destination, 'secret'), stamp, observed.clients, client.id).length > 0
  const mayBeAnother =
    ledger?.unproven || ledger?.announced?.stamps[key] !== undefined || Object.keys(ledger?.suspects ?? {}).length > 0
  const isSure = kind === 'recorded' || ((kind === 'unread' || isTheirs) && !mayBeAnother)
  return isSure ? entry : { ...entry, stamp: -1 }
}

/** Places that only a dead run's announcement names, and that may hold a secret of that run. */
export function unnotedPlaces(client: ObservedClient, observed: Observed): string[] {
  const { ledger } = client.description
  if (ledger?.announced === undefined) return []
  const evidence = evidenceOf(client, observed)
  const secrets = classifySecrets(client.secrets, evidence)
  if (!secrets.some(({ kind }) => kind === 'orphan' || kind === 'suspect')) return []
  return Object.keys(ledger.announced.stamps).filter((key) => {
    if (ledger.destinations[key] !== undefined || isUntouched(key, evidence)) return false
    return successorAt(recalledDestination(key, unnoted, ledger.owner), observed, client) === undefined
  })
}

const unnoted = { hint: '', stamp: -1 }

/** An announcement has only the ids of repositories: the name is known of the ledger's own, and of the places of other clients. */
function unnotedEntry(key: string, { owner }: Ledger, { fleet }: PlanContext): [string, LedgerDelivery][] {
  const place = fleet.flatMap(({ destinations }) => destinations).find((it) => destinationKey(it) === key)
  if (place !== undefined) {
    const { id: _theirs, ...entry } = deliveredEntry(place, unnoted, owner)
    return [[key, entry]]
  }
  const { repository } = recalledDestination(key, unnoted, owner)
  return repository === undefined || repository.id === owner.repository ? [[key, unnoted]] : []
}

/** `age`: seconds since the delivery, if GitHub tells. `served unread`: by the ledgers alone, so nothing tells since when. */
type Service = { kind: 'empty' | 'nobody' | 'served unread' } | { kind: 'served'; age: number | undefined }

/** Tells who was delivered to a place after this entry: another client, or this one again. */
function serviceAfter(
  key: string,
  entry: LedgerDelivery,
  { client, observed }: { client: ObservedClient; observed: Observed },
): Service {
  const ledger = client.description.ledger!
  const destination = recalledDestination(key, entry, ledger.owner)
  const seen = observed.destinations.get(key)
  if (seen === undefined)
    return { kind: successorAt(destination, observed, client) === undefined ? 'nobody' : 'served unread' }
  const { secretStamp, secretAge } = seen
  if (secretStamp === undefined) return { kind: 'empty' }
  // If both wrote in one second, the stamp can't tell whose secret is there.
  if (secretStamp === entry.stamp) return { kind: 'nobody' }
  const isOurs = !ledger.unproven && ledger.destinations[key]?.stamp === secretStamp
  // Also one that gave the place up since: its own ledger keeps its secret alive.
  const writers = writersOf(valueKey(destination, 'secret'), secretStamp, observed.clients, client.id)
  return isOurs || writers.length > 0 ? { kind: 'served', age: secretAge } : { kind: 'nobody' }
}

/** Warnings of places that no client of these files takes over any more: the secret there lives on until a run may let it go. */
export function notTakenOver(
  spec: ClientSpec,
  client: ObservedClient,
  leaving: Places,
  { observed, context }: { observed: Observed; context: PlanContext },
): string[] {
  const named = new Set(spec.destinations.map(destinationKey))
  return Object.entries(leaving).flatMap(([key, entry]) => {
    if (
      named.has(key) ||
      isTaken(key, spec, context) ||
      serviceAfter(key, entry, { client, observed }).kind !== 'nobody'
    )
      return []
    const label = plain(destinationLabel(recalledDestination(key, entry, client.description.ledger!.owner)))
    return [
      `${label} still holds a secret of ${clientLabel(client)}, which gave this place up, and no client of these files takes it over: that secret is not retired. To let it go, set drop-destinations: true once.`,
    ]
  })
}

/** Warnings of leaving places that the ledger has no room for. `ledgers`: those that the plan writes. */
export function leftOutOfLedger(
  spec: ClientSpec,
  client: ObservedClient,
  leaving: Places,
  ledgers: Ledger[],
): string[] {
  if (spec.destinations.length === 0 || ledgers.every((ledger) => ledger.leaving !== undefined)) return []
  return Object.entries(leaving).map(([key, entry]) => {
    const label = plain(destinationLabel(recalledDestination(key, entry, client.description.ledger!.owner)))
    return `${label} passes to another client, and the description of ${clientLabel(client)} has no room to note that: the secret of this client there stops working after the grace period, whether the other client was delivered by then or not. Shorten the description before you move the place.`
  })
}

/** Hints of the secrets that leaving places hold, or may hold: none of these is retired. */
export function neededElsewhere(leaving: Places, ledger: Ledger | undefined): ReadonlySet<string> {
  const entries = Object.values(leaving)
  const isUnsure = entries.some(({ stamp }) => stamp < 0)
  return new Set(isUnsure ? listedHints(ledger) : entries.map(({ hint }) => hint))
}

/** The ledger in which the grace of the secrets of these places begins now. */
export function withGraceAnew(ledger: Ledger, letGo: Places, graceStart: (hint: string) => number): Ledger {
  const hints = neededElsewhere(letGo, ledger)
  const retiring = Object.entries(ledger.retiring).map(([hint, since]) => [
    hint,
    hints.has(hint) ? graceStart(hint) : since,
  ])
  return { ...ledger, retiring: Object.fromEntries(retiring) }
}

/** More characters than a space takes in the ledger. */
const roomOfSpace = 64

/**
 * The ledger with these leaving places. Without them, if the description has no room for both: the spaces and places of the spec must fit
 * whatever happens.
 */
export function withLeaving(ledger: Ledger, leaving: Places, user: string, spec: ClientSpec): Ledger {
  const { leaving: _before, ...without } = ledger
  if (Object.keys(leaving).length === 0) return without
  const both = { ...without, leaving }
  const room = roomBeside(both, spec.destinations, spec.rotation) - roomOfSpace * ((spec.spaces?.length ?? 0) + 1)
  return user.length <= room ? both : without
}
