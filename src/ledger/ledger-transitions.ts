import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, unmadeKey } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { runKey } from '../spec/client-spec.ts'
import { lostAfter, superseded } from './delivery-evidence.ts'
import { added, graceFrom, listedHints } from './ledger.ts'
import { longestCaller, mostWritten, sameLedger } from './ledger-codec.ts'
import type { Rotation, RotationInput } from './rotation-decision.ts'

/** The ledger that announces an issue, resting on what was read. Orphans become suspects in the same write. */
export function announcing(
  base: Ledger,
  rotation: Pick<Rotation, 'orphans' | 'retire'>,
  input: Pick<RotationInput, 'live' | 'now' | 'run' | 'kind' | 'destinations' | 'observed' | 'contested'>,
): Ledger {
  const { live, now, run, kind, destinations, observed, contested } = input
  const gone = new Set(rotation.retire.map(({ hint }) => hint))
  const alive = live.map(({ hint }) => hint).filter((hint) => !gone.has(hint))
  const keys = destinations.map(destinationKey)
  const past = superseded({ ledger: base, observed, now, contested }, keys)
  const died = base.announced?.renewed ?? base.announced?.at
  const suspects = only(added(without(base.suspects, past), rotation.orphans, died ?? now), alive)
  return {
    ...base,
    retiring: only(added(base.retiring, past, graceFrom(live, now)), alive),
    suspects,
    written: writesOf(base.written, suspects),
    announced: {
      run: runKey(run),
      at: Math.floor(now),
      known: alive.filter((hint) => !isKeyHint(hint)),
      ...(kind === 'key' ? { issuing: unmadeKey } : {}),
      stamps: Object.fromEntries(keys.map((key) => [key, observed.get(key)?.secretStamp ?? null])),
    },
  }
}

function without(times: Record<string, number>, hints: string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(times).filter(([hint]) => !hints.includes(hint)))
}

/** The times of writes that are still of use: of suspects, and of those the latest. */
function writesOf(written: Ledger['written'], suspects: Record<string, number>): Ledger['written'] {
  const ofSuspects = Object.entries(written ?? {}).filter(([hint]) => hint in suspects)
  const left = ofSuspects.toSorted(([, [a]], [, [b]]) => b - a).slice(0, mostWritten)
  return left.length === 0 ? undefined : Object.fromEntries(left)
}

function only(times: Record<string, number>, hints: string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(times).filter(([hint]) => hints.includes(hint)))
}

/**
 * How surely a stamp is that of our own write: `exact` by GitHub's own time; `near` it, as where GitHub's clocks differ by seconds; or
 * GitHub does not show it (yet).
 */
export type Proof = 'exact' | 'near' | 'none'

/** A delivery as it was confirmed. */
export type Delivery = { destination: Destination; stamp: number; idStamp?: number | undefined; proof: Proof }

/** What is known when a fresh secret has been delivered everywhere. */
export type Commit = {
  announced: Ledger
  hint: string
  issuedAt: number
  deliveries: Ledger['destinations']
  /** The weakest of all deliveries; `none` also where somebody wrote between announcement and delivery. */
  proof: Proof
  /** By GitHub's time: when it answered the first write, and how many seconds later the last. */
  written: readonly [first: number, seconds: number]
  /** Who issued our secret, as far as known: a live secret by somebody else is not ours … */
  issuedBy?: string | undefined
  /** … unless another run was at work, and that is somebody who issued here before. */
  earlierMakers: string[]
}

/** The description's ledger and the live secrets as read just before a write. */
export type Reread = { ledger: Ledger | undefined; live: ObservedSecret[]; now: number }

/**
 * The ledger that commits a delivery. Where nobody else was at work, the previous current and the suspects that are old enough
 * begin to retire. Where somebody was, nothing does: our hint and the unknown ones become suspects, and the next run settles it.
 */
export function committing(commit: Commit, seen: Reread): { ledger: Ledger; settled: boolean } {
  const settled = isSettled(commit, seen)
  return { ledger: settled ? withCurrent(commit, seen) : withSuspects(commit, seen, commit.announced), settled }
}

function isSettled(commit: Commit, seen: Reread): boolean {
  const isLive = seen.live.some(({ hint }) => hint === commit.hint)
  if (!isLive || !sameLedger(seen.ledger, commit.announced)) return false
  const unknown = unknownTo([commit.announced], commit.hint, seen.live)
  // A stamp that is only near may be that of a run that signed in as somebody else.
  if (commit.proof === 'near') return unknown.length === 0
  return commit.proof === 'exact' && oursAmong(unknown, makersOf(commit, undefined)).length === 0
}

/** Our secret is current; the previous one, and suspects that are ten minutes old, begin to retire. */
function withCurrent({ announced, hint, issuedAt, deliveries }: Commit, { live, now }: Reread): Ledger {
  const alive = new Set(live.map((secret) => secret.hint))
  const suspects = Object.entries(announced.suspects).filter(([suspect]) => alive.has(suspect))
  const isOver = ([, since]: [string, number]) => now - since >= lostAfter
  const young = Object.fromEntries(suspects.filter((it) => !isOver(it)))
  const previous = announced.current?.hint
  const isPast = previous !== undefined && previous !== hint && alive.has(previous) && !(previous in young)
  const past = [...suspects.filter(isOver).map(([suspect]) => suspect), ...(isPast ? [previous] : [])]
  return {
    ...announced,
    current: { hint, since: Math.floor(issuedAt) },
    announced: undefined,
    unproven: undefined,
    retiring: added(announced.retiring, past, graceFrom(live, now)),
    suspects: young,
    written: writesOf(announced.written, young),
    destinations: deliveries,
  }
}

/**
 * Nobody can say yet what the places hold: our secret and unknown ones become suspects, with the times of our writes, by which a later
 * run may tell. `written`: the ledger that the run wrote last.
 */
function withSuspects(commit: Commit, seen: Reread, written: Ledger): Ledger {
  const { announced, hint, deliveries } = commit
  const base = seen.ledger ?? written
  const unknown = unknownTo([announced, written, seen.ledger], hint, seen.live)
  const isOurs = seen.live.some((secret) => secret.hint === hint) && base.current?.hint !== hint
  // Another run may have begun its grace; but it was delivered just now.
  const { [hint]: _begun, ...retiring } = base.retiring
  const found = [...(isOurs ? [hint] : []), ...oursAmong(unknown, makersOf(commit, seen.ledger))]
  const suspects = added(base.suspects, found, Math.floor(seen.now))
  // Another run's announcement stays: by it its secret will be recognised, should it die. Ours is over.
  const isOver = base.announced?.run === announced.announced?.run
  const sinceAnnounced = Math.max(0, Math.floor(seen.now) - (announced.announced?.at ?? seen.now))
  const places = Object.entries(deliveries).map(([key, entry]) => [key, { ...entry, stamp: -1, idStamp: undefined }])
  return {
    ...base,
    announced: isOver ? undefined : base.announced,
    retiring,
    suspects,
    written: writesOf({ ...base.written, [hint]: [...commit.written, sinceAnnounced] }, suspects),
    unproven: true,
    destinations: { ...Object.fromEntries(places), ...base.destinations },
  }
}

/** Live secrets that none of these ledgers accounts for. Keys are announced by their names: one that nobody announced is not ours. */
function unknownTo(ledgers: (Ledger | undefined)[], hint: string, live: ObservedSecret[]): ObservedSecret[] {
  const accounted = new Set(ledgers.flatMap((ledger) => [...listedHints(ledger), ...(ledger?.announced?.known ?? [])]))
  return live.filter((secret) => secret.hint !== hint && !accounted.has(secret.hint) && !isKeyHint(secret.hint))
}

/** Those that a run of ours may have issued: made by somebody who announced, where the tenant tells who made them. */
function oursAmong(unknown: ObservedSecret[], makers: (string | undefined)[]): string[] {
  const isNobodyKnown = makers.every((maker) => maker === undefined)
  const isOurs = ({ createdBy }: ObservedSecret) =>
    createdBy === undefined || isNobodyKnown || makers.includes(createdBy)
  return unknown.filter(isOurs).map(({ hint }) => hint)
}

/** Who may have issued for this client: we; and where another run was at work, who announced and who issued before. */
function makersOf({ issuedBy, announced, earlierMakers }: Commit, seen: Ledger | undefined): (string | undefined)[] {
  const us = [issuedBy, announced.announced?.by]
  return seen === undefined ? us : [...us, seen.announced?.by, ...earlierMakers]
}

/**
 * The ledger to write after one look back at a commit, or undefined where all is as it was written: what another run left
 * out, or an unknown hint that appeared meanwhile, becomes a suspect.
 */
export function lookingBack(commit: Commit, written: Ledger, seen: Reread): { ledger: Ledger } | undefined {
  const unknown = unknownTo([commit.announced, written, seen.ledger], commit.hint, seen.live)
  const isAsWritten = sameLedger(seen.ledger, written)
  const isAlone = isAsWritten && commit.proof === 'exact'
  const theirs = commit.proof === 'near' ? unknown : oursAmong(unknown, makersOf(commit, isAlone ? undefined : written))
  if (isAsWritten && theirs.length === 0) return undefined
  return { ledger: withSuspects(commit, seen, written) }
}

/** The announcement as it is sent: with who issues, and with the key that has been made by now. */
export function completed(ledger: Ledger, by: string | undefined, key: string | undefined): Ledger {
  const caller = by !== undefined && by.length <= longestCaller ? { by } : {}
  return { ...ledger, announced: { ...ledger.announced!, ...caller, ...(key === undefined ? {} : { issuing: key }) } }
}

/**
 * The ledger after a run gave up: without its announcement; what it delivered somewhere, it keeps as a suspect, and so what another
 * run of ours issued meanwhile, whose announcement this one overtook.
 */
export function givingUp(
  announced: Ledger,
  hint: string | undefined,
  delivered: Ledger['destinations'],
  { live, now }: Pick<Reread, 'live' | 'now'>,
): Ledger {
  const us = live.find((secret) => secret.hint === announced.current?.hint)?.createdBy
  const makers = [us, announced.announced?.by].filter((maker) => maker !== undefined)
  const unknown = makers.length > 0 ? unknownTo([announced], hint ?? '', live) : []
  const strangers = oursAmong(unknown, makers)
  const suspects = added(announced.suspects, [...(hint === undefined ? [] : [hint]), ...strangers], Math.floor(now))
  return { ...announced, announced: undefined, suspects, destinations: { ...announced.destinations, ...delivered } }
}
