import { type Destination, destinationKey, type ObservedDestination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { lease, lostAfter } from './lease.ts'

// Evidence about the secrets in the places. Secrets can't be read back, so the stamps of the places and the ledger's records are all that
// we have.

/** Seconds between two writes to one place: GitHub's stamps count whole seconds, and two writes in one look like one. */
export const stampGap = 2
/** Seconds by which GitHub's stamp of a write may differ from the `Date` of its answer: both count whole seconds. */
export const stampSlack = 1
/** The same, if the clocks behind the two differ. */
export const clockSlack = 5

export type ObservedPlaces = ReadonlyMap<string, ObservedDestination>

/** `ambiguousPlaces`: keys of places for which another client's ledger records the same stamp that GitHub shows. `now`: the tenant's time. */
export type DeliveryEvidence = {
  ledger: Ledger | undefined
  observed: ObservedPlaces
  now: number
  ambiguousPlaces?: ReadonlySet<string> | undefined
}

/** The secret that a place holds. `written`: one of these suspects; `behind`: GitHub does not show the latest of our writes yet. */
export type HeldSecret =
  | { kind: 'unread' | 'nothing' | 'behind' | 'unknown' }
  | { kind: 'recorded'; hint: string }
  | { kind: 'written'; hints: string[] }

/**
 * Tells by its stamp which secret a place holds. The first matching row applies.
 *
 *   the place …                                                            holds
 *   ────────────────────────────────────────────────────────────────────── ─────────────────────────────
 *   was not looked at                                                      unread
 *   has no secret                                                          nothing
 *   shows a stamp that the ledgers of two clients record as theirs         unknown
 *   shows the stamp of the recorded delivery, and the ledger is sure       recorded: the secret delivered
 *   shows a stamp of the time in which suspects were written there         written: one of these
 *   shows an older stamp than any of these                                 behind
 *   shows another stamp                                                    unknown
 */
export function secretHeldIn(key: string, { ledger, observed, ambiguousPlaces }: DeliveryEvidence): HeldSecret {
  const seen = observed.get(key)
  if (seen === undefined) return { kind: 'unread' }
  const stamp = seen.secretStamp
  if (stamp === undefined) return { kind: 'nothing' }
  if (ambiguousPlaces?.has(key)) return { kind: 'unknown' }
  if (isKnownWrite(stamp, key, ledger)) return { kind: 'recorded', hint: ledger!.destinations[key]!.hint }
  const writes = Object.entries(ledger?.written ?? {})
  const near = (slack: number) =>
    writes.filter(([, written]) => isStampWithin(stamp, written, slack)).map(([hint]) => hint)
  // A stamp of an earlier delivery belongs to none of these writes, however close they were.
  const isEarlier = stamp === ledger?.destinations[key]?.stamp
  const hints = isEarlier ? [] : near(stampSlack).length > 0 ? near(stampSlack) : near(clockSlack)
  if (hints.length > 0) return { kind: 'written', hints }
  const isAfter = writes.length > 0 && writes.every(([, [first]]) => stamp < first)
  return { kind: isAfter ? 'behind' : 'unknown' }
}

/** Does GitHub show an older stamp than that of a write which it has answered? */
function isBehind(key: string, ledger: Ledger | undefined, stamp: number | undefined): boolean {
  const firsts = Object.values(ledger?.written ?? {}).map(([first]) => first)
  return stamp !== undefined && ledger?.destinations[key] !== undefined && stamp < Math.max(...firsts) - clockSlack
}

/** Is this a stamp of a write between the first and the last of these? */
export function isStampWithin(
  stamp: number | undefined,
  [first, seconds]: readonly [number, number, number?],
  slack: number,
): boolean {
  return stamp !== undefined && stamp >= first - slack && stamp <= first + seconds + slack
}

/** Is the recorded stamp still the one that GitHub shows: did nobody else write there since we delivered the current one? */
export function isDelivered(destination: Destination, evidence: DeliveryEvidence): boolean {
  const key = destinationKey(destination)
  const held = secretHeldIn(key, evidence)
  const { idStamp } = evidence.observed.get(key) ?? {}
  const idIsThere =
    destination.idAs !== 'secret' || (idStamp !== undefined && idStamp === evidence.ledger?.destinations[key]?.idStamp)
  return held.kind === 'recorded' && held.hint === evidence.ledger?.current?.hint && idIsThere
}

/** Is this the stamp of the delivery that the ledger records for a place, and is the ledger sure of it? */
function isKnownWrite(stamp: number | undefined, key: string, ledger: Ledger | undefined): boolean {
  return stamp !== undefined && !ledger?.unproven && ledger?.destinations[key]?.stamp === stamp
}

/**
 * A generous bound, in seconds, for the difference between the readings of the two services and between GitHub's clocks: an older write
 * came before both.
 */
const readingSlack = 5 + clockSlack

/**
 * Does a place certainly hold the same value as before the dead run's announcement: nothing, a secret that the ledger knows, or a value
 * that was written well before? A place that the spec no longer names was not read. A place that somebody wrote at that moment, perhaps a
 * run that the announcement overtook, may hold anything. Each age is measured by the clock of its own service.
 */
export function isUntouched(key: string, { ledger, observed, now }: DeliveryEvidence): boolean {
  const seen = observed.get(key)
  const announced = ledger?.announced?.stamps[key] ?? null
  const wasBefore = (seen?.secretAge ?? 0) > now - (ledger?.announced?.at ?? 0) + readingSlack
  const isKnown = announced === null || isKnownWrite(announced, key, ledger) || wasBefore
  return isKnown && seen !== undefined && (seen.secretStamp ?? null) === announced
}

// --- secrets that no place holds any more -----------------------------------------------------------------------------

/** Did every place get the later suspect after the earlier secret, so that no place holds the earlier one any more? */
export function isFollowedBy(earlier: string, later: string, ledger: Ledger): boolean {
  const write = ledger.written?.[later]
  if (write === undefined || earlier === later) return false
  const [firstWrite, , secondsFromAnnouncement] = write
  const before = ledger.written?.[earlier]
  if (before !== undefined) return firstWrite - (before[0] + before[1]) >= stampGap
  if (earlier === ledger.current?.hint) {
    const places = Object.values(ledger.destinations).filter(({ hint }) => hint === earlier)
    const isEarlier = (stamp: number) => stamp >= 0 && firstWrite - stamp > stampGap + clockSlack
    return places.length > 0 && places.every(({ stamp }) => isEarlier(stamp))
  }
  const since = ledger.suspects[earlier]
  const noticed = ledger.suspects[later]
  if (since === undefined || noticed === undefined) return false
  // The later run announced when the lease of the earlier run was over, so it wrote after that run.
  return noticed - secondsFromAnnouncement - since >= lease
}

/** The tenant's time since which no place holds a secret, because each got a suspect after it; undefined if none did. */
export function followedSince(hint: string, ledger: Ledger): number | undefined {
  const since = Object.entries(ledger.suspects)
    .filter(([suspect]) => isFollowedBy(hint, suspect, ledger))
    .map(([, noticed]) => noticed)
  return since.length === 0 ? undefined : Math.min(...since)
}

/** Suspects that certainly no place holds any more, so that their grace begins. `keys`: the places that count. */
export function heldNowhereAnyMore(evidence: DeliveryEvidence, keys: string[]): string[] {
  const { ledger } = evidence
  if (ledger === undefined || keys.length === 0) return []
  const isElsewhere = othersAreHeld(evidence, keys)
  const isRewritten = areRewritten(evidence, keys)
  return Object.entries(ledger.suspects)
    .filter(
      ([hint, since]) => isElsewhere(hint, since) || isRewritten(since) || followedSince(hint, ledger) !== undefined,
    )
    .map(([hint]) => hint)
}

/** Is the run of this suspect over, and is each place known to hold another secret? */
function othersAreHeld(evidence: DeliveryEvidence, keys: string[]): (hint: string, since: number) => boolean {
  const held = keys.map((key) => secretHeldIn(key, evidence))
  const isKnown = held.every(({ kind }) => kind === 'recorded')
  const hints = new Set(held.map((it) => (it.kind === 'recorded' ? it.hint : undefined)))
  return (hint, since) => isKnown && !hints.has(hint) && evidence.now - since >= lostAfter
}

/**
 * Was each place written after an announcement that came when the run of a suspect was over? A place may hold a secret that was suspected
 * later.
 */
function areRewritten({ ledger, observed }: DeliveryEvidence, keys: string[]): (since: number) => boolean {
  const announced = ledger?.announced
  if (announced === undefined) return () => false
  const isNew = (key: string) =>
    key in announced.stamps && (observed.get(key)?.secretStamp ?? null) !== announced.stamps[key]
  const all = keys.every(isNew)
  return (since) => all && announced.at - since >= lease
}

/**
 * The current secret and suspects that certainly no place has held for so many seconds: each place got a suspect after them that long ago,
 * or by GitHub's own time no place was written meanwhile.
 */
export function heldNowhereFor(destinations: Destination[], evidence: DeliveryEvidence, seconds: number): string[] {
  const { ledger, now } = evidence
  if (ledger === undefined) return []
  const listed = [...(ledger.current === undefined ? [] : [ledger.current.hint]), ...Object.keys(ledger.suspects)]
  const keys = [...new Set([...Object.keys(ledger.destinations), ...Object.keys(ledger.announced?.stamps ?? {})])]
  const isQuiet = areQuiet(keys, destinations, evidence, seconds)
  const past = isQuiet ? heldNowhereAnyMore(evidence, keys) : []
  return listed.filter((hint) => {
    const since = followedSince(hint, ledger)
    if (since !== undefined) return now - since >= Math.max(seconds, 1)
    return isQuiet && (hint === ledger.current?.hint ? isOverwritten(hint, evidence) : past.includes(hint))
  })
}

/** Was no place that the ledger knows written for so many seconds, and does no other place hold a secret? */
function areQuiet(
  keys: string[],
  destinations: Destination[],
  { ledger, observed }: DeliveryEvidence,
  seconds: number,
): boolean {
  const asked = destinations.map(destinationKey).filter((key) => !keys.includes(key))
  // A place without a recorded delivery may hold one of these, from a run that another run overtook.
  const isClear = asked.every((key) => observed.get(key)?.secretStamp === undefined)
  return (
    isClear &&
    keys.every((key) => {
      const seen = observed.get(key)
      if (isBehind(key, ledger, seen?.secretStamp)) return false
      // GitHub does not tell when a secret was deleted. But a secret that was never delivered there may be missing.
      if (seen?.secretStamp === undefined) return seen !== undefined && ledger?.destinations[key] === undefined
      return seen.secretAge !== undefined && seen.secretAge >= seconds
    })
  )
}

/** Was every place written again after this secret was delivered there: by its own run, or by another run after that one was over? */
function isOverwritten(hint: string, { ledger, observed }: DeliveryEvidence): boolean {
  const places = Object.entries(ledger?.destinations ?? {})
  // The ledger no longer lists its places, so nobody knows when they were overwritten.
  if (places.length === 0) return false
  return places.every(([key, delivered]) => {
    const stamp = observed.get(key)?.secretStamp
    // A stamp that differs by a second or two may belong to the same delivery, sent again after its answer was lost.
    return (
      delivered.hint !== hint || (stamp !== undefined && delivered.stamp >= 0 && stamp - delivered.stamp > stampGap)
    )
  })
}
