import { type Destination, destinationKey, type ObservedDestination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'

// Which secret lies where: what the stamps of the places tell of it, beside what the ledger recorded. Secrets can't be read back, so
// this is all the evidence that there is.

/** Seconds for which an announcement keeps other runs waiting. */
export const lease = 60
/** Seconds after which what a dead run left is certainly nobody's any more. */
export const lostAfter = 600
/** Seconds between two writes to one place: GitHub's stamps count whole seconds, and two writes in one look like one. */
export const stampGap = 2

export type Places = ReadonlyMap<string, ObservedDestination>

/** Is the recorded stamp still the one that GitHub shows: did nobody else write there since we delivered the current one? */
export function isDelivered(destination: Destination, ledger: Ledger | undefined, observed: Places): boolean {
  const key = destinationKey(destination)
  const delivered = ledger?.destinations[key]
  const seen = observed.get(key)
  if (delivered === undefined || seen === undefined || delivered.hint !== ledger?.current?.hint) return false
  const idIsThere = destination.idAs !== 'secret' || (seen.idStamp !== undefined && seen.idStamp === delivered.idStamp)
  return isKnownWrite(seen.secretStamp, key, ledger) && idIsThere
}

/** Is this the stamp of what the ledger says was delivered to a place, and is it sure of that? */
export function isKnownWrite(stamp: number | undefined, key: string, ledger: Ledger | undefined): boolean {
  return stamp !== undefined && !ledger?.unproven && ledger?.destinations[key]?.stamp === stamp
}

/** Seconds that reading both services may lie apart, and more: what was written longer before was written before both. */
const readingSlack = 5

/**
 * Does a place surely hold what it held before the dead run announced: nothing, a secret that the ledger knows, or what was written
 * there a while before? Of a place that is no longer named nothing is known; and one that somebody wrote to just then, perhaps a run
 * that the announcement overtook, may hold anything. How long ago each was is told by the clock of its own service.
 */
export function isUntouched(key: string, ledger: Ledger | undefined, observed: Places, now: number): boolean {
  const seen = observed.get(key)
  const announced = ledger?.announced?.stamps[key] ?? null
  const wasBefore = (seen?.secretAge ?? 0) > now - (ledger?.announced?.at ?? 0) + readingSlack
  const isKnown = announced === null || isKnownWrite(announced, key, ledger) || wasBefore
  return isKnown && seen !== undefined && (seen.secretStamp ?? null) === announced
}

/**
 * Suspects that surely no place holds any more, so that their grace begins: because each place is known to hold another secret,
 * or because each was written after a later announcement, when the run of the suspect was over.
 */
export function superseded(ledger: Ledger, observed: Places, keys: string[], now: number): string[] {
  if (keys.length === 0) return []
  const stampAt = (key: string) => observed.get(key)?.secretStamp
  const isLocated = keys.every((key) => isKnownWrite(stampAt(key), key, ledger))
  const held = new Set(keys.map((key) => ledger.destinations[key]?.hint))
  const { announced } = ledger
  const rewritten =
    announced !== undefined &&
    keys.every((key) => key in announced.stamps && (stampAt(key) ?? null) !== announced.stamps[key])
  return Object.entries(ledger.suspects)
    .filter(([hint, since]) => {
      // One that was suspected later than that may be what was written there.
      const isOver = announced !== undefined && announced.at - since >= lease
      return (rewritten && isOver) || (isLocated && !held.has(hint) && now - since >= lostAfter)
    })
    .map(([hint]) => hint)
}

/**
 * The current secret and suspects that surely no place holds, nor held for so many seconds: by GitHub's own time nothing was written
 * to any place meanwhile.
 */
export function longNowhere(
  ledger: Ledger,
  destinations: Destination[],
  observed: Places,
  { now, seconds }: { now: number; seconds: number },
): string[] {
  const keys = [...new Set([...Object.keys(ledger.destinations), ...Object.keys(ledger.announced?.stamps ?? {})])]
  const asked = destinations.map(destinationKey).filter((key) => !keys.includes(key))
  // What lies where nothing is known to have been delivered may be one of these, from a run that another overtook.
  const isClear = asked.every((key) => observed.get(key)?.secretStamp === undefined)
  const isQuiet = keys.every((key) => {
    const seen = observed.get(key)
    // Nobody can say since when a secret is gone; but one that was never delivered there may well be missing.
    if (seen?.secretStamp === undefined) return seen !== undefined && ledger.destinations[key] === undefined
    return seen.secretAge !== undefined && seen.secretAge >= seconds
  })
  if (!isQuiet || !isClear) return []
  const { current } = ledger
  return [
    ...(current !== undefined && isOverwritten(current.hint, ledger, observed) ? [current.hint] : []),
    ...superseded(ledger, observed, keys, now),
  ]
}

/** Was every place written again after this secret had been delivered there, by its own run or, since that is over, by another? */
function isOverwritten(hint: string, { destinations }: Ledger, observed: Places): boolean {
  const places = Object.entries(destinations)
  // Where it lay is forgotten: nothing tells since when it does no more.
  if (places.length === 0) return false
  return places.every(([key, delivered]) => {
    const stamp = observed.get(key)?.secretStamp
    // A stamp that is a second or two off may be that of the same delivery, sent again where its answer was lost.
    return (
      delivered.hint !== hint || (stamp !== undefined && delivered.stamp >= 0 && stamp - delivered.stamp > stampGap)
    )
  })
}
