import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, placeholderKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { runKey } from '../spec/client-spec.ts'
import { heldNowhereAnyMore } from './delivery-evidence.ts'
import { lostAfter } from './lease.ts'
import { longestUserId, mostWriteTimes, sameLedger } from './ledger-codec.ts'
import { graceStart, listedHints, withHints } from './ledger-entries.ts'
import type { Rotation } from './rotation-decision.ts'
import type { RotationInput } from './rotation-situation.ts'

/** The ledger that announces an issue, built on the reading. Orphans become suspects in the same write. */
export function announcedLedger(
  base: Ledger,
  rotation: Pick<Rotation, 'orphans' | 'retire'>,
  input: Pick<RotationInput, 'live' | 'now' | 'run' | 'kind' | 'destinations' | 'observed' | 'ambiguousPlaces'>,
): Ledger {
  const { live, now, run, kind, destinations, observed, ambiguousPlaces } = input
  const gone = new Set(rotation.retire.map(({ hint }) => hint))
  const alive = live.map(({ hint }) => hint).filter((hint) => !gone.has(hint))
  const keys = destinations.map(destinationKey)
  const past = heldNowhereAnyMore({ ledger: base, observed, now, ambiguousPlaces }, keys)
  const died = base.announced?.renewed ?? base.announced?.at
  const suspects = only(withHints(without(base.suspects, past), rotation.orphans, died ?? now), alive)
  return {
    ...base,
    retiring: only(withHints(base.retiring, past, graceStart(live, now)), alive),
    suspects,
    written: writesOf(base.written, suspects),
    announced: {
      run: runKey(run),
      at: Math.floor(now),
      known: alive.filter((hint) => !isKeyHint(hint)),
      ...(kind === 'key' ? { issuing: placeholderKeyHint } : {}),
      stamps: Object.fromEntries(keys.map((key) => [key, observed.get(key)?.secretStamp ?? null])),
    },
  }
}

function without(times: Record<string, number>, hints: string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(times).filter(([hint]) => !hints.includes(hint)))
}

/** The write times that are still useful: those of the latest suspects. */
function writesOf(written: Ledger['written'], suspects: Record<string, number>): Ledger['written'] {
  const ofSuspects = Object.entries(written ?? {}).filter(([hint]) => hint in suspects)
  const left = ofSuspects.toSorted(([, [a]], [, [b]]) => b - a).slice(0, mostWriteTimes)
  return left.length === 0 ? undefined : Object.fromEntries(left)
}

function only(times: Record<string, number>, hints: string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(times).filter(([hint]) => hints.includes(hint)))
}

/**
 * How well a stamp proves our own write. `exact`: it is GitHub's own time of the write; `near`: it differs by seconds, as GitHub's clocks
 * may; `none`: GitHub does not show it (yet).
 */
export type StampProof = 'exact' | 'near' | 'none'

/** A confirmed delivery. */
export type ConfirmedDelivery = {
  destination: Destination
  stamp: number
  idStamp?: number | undefined
  proof: StampProof
}

/** The facts about a fresh secret that was delivered everywhere. */
export type CommitFacts = {
  announced: Ledger
  hint: string
  issuedAt: number
  deliveries: Ledger['destinations']
  /** The weakest proof of all deliveries; also `none` if somebody wrote between announcement and delivery. */
  proof: StampProof
  /** By GitHub's time: when it answered the first write, and how many seconds later it answered the last. */
  written: readonly [first: number, seconds: number]
  /** The maker of our secret, as far as known: a live secret by somebody else is not ours … */
  issuedBy?: string | undefined
  /** … unless another run was at work, and somebody who issued here before made it. */
  earlierMakers: string[]
}

/** The description's ledger and the live secrets as read just before a write. */
export type LedgerBeforeWrite = { ledger: Ledger | undefined; live: ObservedSecret[]; now: number }

/**
 * The ledger that commits a delivery. If no other run was at work, the previous current secret and the suspects that are old enough begin
 * to retire. Otherwise nothing retires: our hint and the unknown hints become suspects, and the next run settles them.
 */
export function committedLedger(commit: CommitFacts, seen: LedgerBeforeWrite): { ledger: Ledger; isProven: boolean } {
  const isProven = isAloneAndProven(commit, seen)
  return { ledger: isProven ? withCurrent(commit, seen) : withSuspects(commit, seen, commit.announced), isProven }
}

/** Is the delivery proven, and was no other run of ours at work? */
function isAloneAndProven(commit: CommitFacts, seen: LedgerBeforeWrite): boolean {
  const isLive = seen.live.some(({ hint }) => hint === commit.hint)
  if (!isLive || !sameLedger(seen.ledger, commit.announced)) return false
  const unknown = unknownTo([commit.announced], commit.hint, seen.live)
  // A stamp that is only near may belong to a run that signed in as somebody else.
  if (commit.proof === 'near') return unknown.length === 0
  return commit.proof === 'exact' && oursAmong(unknown, makersOf(commit, seen.live)).length === 0
}

/** Our secret is current; the previous one, and suspects that are ten minutes old, begin to retire. */
function withCurrent({ announced, hint, issuedAt, deliveries }: CommitFacts, { live, now }: LedgerBeforeWrite): Ledger {
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
    retiring: withHints(announced.retiring, past, graceStart(live, now)),
    suspects: young,
    written: writesOf(announced.written, young),
    destinations: deliveries,
  }
}

/**
 * The secrets in the places are uncertain: our secret and the unknown ones become suspects. The times of our writes let a later run
 * decide. `ours`: the ledger that the run wrote last.
 */
function withSuspects(commit: CommitFacts, seen: LedgerBeforeWrite, ours: Ledger): Ledger {
  const { announced, hint, deliveries } = commit
  const base = seen.ledger ?? ours
  const unknown = unknownTo([announced, ours, seen.ledger], hint, seen.live)
  const isUnsure = seen.live.some((secret) => secret.hint === hint) && base.current?.hint !== hint
  // Another run may have begun its grace, but it was delivered just now.
  const { [hint]: _begun, ...retiring } = base.retiring
  const found = [...(isUnsure ? [hint] : []), ...oursAmong(unknown, makersOf(commit, seen.live, seen.ledger))]
  const suspects = withHints(base.suspects, found, Math.floor(seen.now))
  // Another run's announcement stays: if that run dies, the next run recognises its secret by it.
  const isOurAnnouncement = base.announced?.run === announced.announced?.run
  const sinceAnnounced = Math.max(0, Math.floor(seen.now) - (announced.announced?.at ?? seen.now))
  const places = Object.entries(deliveries).map(([key, entry]) => [key, { ...entry, stamp: -1, idStamp: undefined }])
  return {
    ...base,
    announced: isOurAnnouncement ? undefined : base.announced,
    retiring,
    suspects,
    written: writesOf({ ...base.written, [hint]: [...commit.written, sinceAnnounced] }, suspects),
    unproven: true,
    // The entries that are there were written by a run that could prove its delivery, or before ours: they stay.
    destinations: { ...Object.fromEntries(places), ...base.destinations },
  }
}

/** Live secrets that none of these ledgers lists. Announcements have the hints of keys: a key without one is not ours. */
function unknownTo(ledgers: (Ledger | undefined)[], hint: string, live: ObservedSecret[]): ObservedSecret[] {
  const accounted = new Set(ledgers.flatMap((ledger) => [...listedHints(ledger), ...(ledger?.announced?.known ?? [])]))
  return live.filter((secret) => secret.hint !== hint && !accounted.has(secret.hint) && !isKeyHint(secret.hint))
}

/** The secrets that a run of ours may have issued: if the tenant names the makers, only secrets by somebody who announced. */
function oursAmong(unknown: ObservedSecret[], makers: (string | undefined)[]): string[] {
  const isNobodyKnown = makers.every((maker) => maker === undefined)
  const isOurs = ({ createdBy }: ObservedSecret) =>
    createdBy === undefined || isNobodyKnown || makers.includes(createdBy)
  return unknown.filter(isOurs).map(({ hint }) => hint)
}

/** The users who may have issued for this client: we; and if another run was at work, its user and everybody who issued before. */
function makersOf(
  { hint, issuedBy, announced, earlierMakers }: CommitFacts,
  live: ObservedSecret[],
  seen?: Ledger,
): (string | undefined)[] {
  const listed = live.find((secret) => secret.hint === hint)?.createdBy
  const us = [issuedBy ?? listed, announced.announced?.by]
  return seen === undefined ? us : [...us, seen.announced?.by, ...earlierMakers]
}

/**
 * The ledger to write after one look back at a commit; undefined if everything is as it was written. A secret that another run left out,
 * or an unknown hint that appeared meanwhile, becomes a suspect.
 */
export function correctedLedger(
  commit: CommitFacts,
  written: Ledger,
  seen: LedgerBeforeWrite,
): { ledger: Ledger } | undefined {
  const unknown = unknownTo([commit.announced, written, seen.ledger], commit.hint, seen.live)
  const isAsWritten = sameLedger(seen.ledger, written)
  const isAlone = isAsWritten && commit.proof === 'exact'
  const theirs =
    commit.proof === 'near' ? unknown : oursAmong(unknown, makersOf(commit, seen.live, isAlone ? undefined : written))
  if (isAsWritten && theirs.length === 0) return undefined
  return { ledger: withSuspects(commit, seen, written) }
}

/** The announcement as it is sent: with the user who issues, and with the hint of the key. */
export function withIssuer(ledger: Ledger, by: string | undefined, key: string | undefined): Ledger {
  const caller = by !== undefined && by.length <= longestUserId ? { by } : {}
  return { ...ledger, announced: { ...ledger.announced!, ...caller, ...(key === undefined ? {} : { issuing: key }) } }
}

/**
 * The ledger after a run gave up, without its announcement. A secret that it delivered somewhere becomes a suspect, and so does a secret
 * of another run of ours whose announcement this one overtook.
 */
export function ledgerAfterGivingUp(
  announced: Ledger,
  hint: string | undefined,
  delivered: Ledger['destinations'],
  { live, now }: Pick<LedgerBeforeWrite, 'live' | 'now'>,
): Ledger {
  const us = live.find((secret) => secret.hint === announced.current?.hint)?.createdBy
  const makers = [us, announced.announced?.by].filter((maker) => maker !== undefined)
  const unknown = makers.length > 0 ? unknownTo([announced], hint ?? '', live) : []
  const strangers = oursAmong(unknown, makers)
  const suspects = withHints(announced.suspects, [...(hint === undefined ? [] : [hint]), ...strangers], Math.floor(now))
  return { ...announced, announced: undefined, suspects, destinations: { ...announced.destinations, ...delivered } }
}
