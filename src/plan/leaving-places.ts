import { plain } from '../base/text.ts'
import { secretHeldIn } from '../ledger/delivery-evidence.ts'
import { roomBeside } from '../ledger/description.ts'
import { listedHints, recalledDestination } from '../ledger/ledger-entries.ts'
import { clientsServing, successorAt } from '../ledger/served-places.ts'
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
  if (spec.destinations.length === 0) return { leaving: ledger.leaving ?? {}, letGo: {} }
  const named = new Set(spec.destinations.map(destinationKey))
  const taken = placesOfOthers(spec, context)
  const { dropDestinations } = context.policy
  const given = Object.entries(ledger.destinations).filter(
    ([key]) => taken.has(key) && !named.has(key) && dropDestinations,
  )
  const givenUpNow = given.map(([key, entry]): [string, LedgerDelivery] => [
    key,
    withCertainStamp(key, entry, client, observed),
  ])
  const isGivenAgain = new Set(given.map(([key]) => key))
  const fate = ([key, entry]: [string, LedgerDelivery]): Fate => {
    const service = serviceAfter(key, entry, { client, observed })
    // Runs may be queued with the secret that was there.
    if (service.kind === 'empty') return 'let go'
    if (service.kind === 'served') return (service.age ?? spec.rotation.grace) >= spec.rotation.grace ? 'over' : 'kept'
    if (named.has(key) || taken.has(key)) return 'kept'
    return dropDestinations || service.kind === 'served unread' ? 'let go' : 'kept'
  }
  const fates = Map.groupBy(Object.entries(ledger.leaving ?? {}), (it) =>
    isGivenAgain.has(it[0]) ? 'let go' : fate(it),
  )
  const kept = [...(fates.get('kept') ?? []), ...givenUpNow.filter((it) => fate(it) === 'kept')]
  // Without a grace there is nothing to begin.
  const letGo = spec.rotation.grace > 0 ? (fates.get('let go') ?? []) : []
  return { leaving: Object.fromEntries(kept), letGo: Object.fromEntries(letGo) }
}

type Fate = 'kept' | 'over' | 'let go'

/** The places of the other present clients of the run's files. */
export function placesOfOthers(spec: ClientSpec, { fleet }: Pick<PlanContext, 'fleet'>): ReadonlySet<string> {
  const others = fleet.filter(({ name, state }) => state === 'present' && name !== spec.name)
  return new Set(others.flatMap(({ destinations }) => destinations.map(destinationKey)))
}

/** The ledger's entry, without its stamp if it is not certain that the place holds the recorded secret. */
function withCertainStamp(
  key: string,
  entry: LedgerDelivery,
  client: ObservedClient,
  observed: Observed,
): LedgerDelivery {
  const { kind } = secretHeldIn(key, evidenceOf(client, observed))
  const isSure = kind === 'recorded' || (kind === 'unread' && !client.description.ledger?.unproven)
  return isSure ? entry : { ...entry, stamp: -1 }
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
  const servers = clientsServing(valueKey(destination, 'secret'), secretStamp, observed.clients, client.id)
  return isOurs || servers.length > 0 ? { kind: 'served', age: secretAge } : { kind: 'nobody' }
}

/** Warnings of places that no client of these files takes over any more: the secret there lives on until a run may let it go. */
export function notTakenOver(
  spec: ClientSpec,
  client: ObservedClient,
  leaving: Places,
  { observed, context }: { observed: Observed; context: PlanContext },
): string[] {
  const taken = new Set([...placesOfOthers(spec, context), ...spec.destinations.map(destinationKey)])
  return Object.entries(leaving).flatMap(([key, entry]) => {
    if (taken.has(key) || serviceAfter(key, entry, { client, observed }).kind !== 'nobody') return []
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
