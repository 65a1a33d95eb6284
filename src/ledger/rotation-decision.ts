import type { ObservedSecret } from '../model/client.ts'
import { type CredentialKind, isKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey, type ObservedDestination } from '../model/destination.ts'
import type { Announcement, Ledger } from '../model/ledger-shape.ts'
import { secretsAreAsAsked } from '../model/visibility.ts'
import { type RunIdentity, runKey } from '../spec/client-spec.ts'
import { isDelivered, isUntouched, lease, longNowhere, lostAfter } from './delivery-evidence.ts'
import { listedHints } from './ledger.ts'

/** Qlik's limit of live secrets per client (API reference of oauth-clients: the sixth is answered with 409). */
export const secretSlots = 5

/** Why a fresh secret is issued. */
export type Reason = 'first' | 'method' | 'due' | 'asked' | 'dead' | 'undelivered' | 'visibility' | 'unsettled'

/** Why a secret is retired. */
export type Retirement = {
  hint: string
  why: 'grace is over' | 'never delivered' | 'named in retire-hints' | 'no grace'
}

export type RotationInput = {
  ledger: Ledger | undefined
  live: ObservedSecret[]
  destinations: Destination[]
  observed: ReadonlyMap<string, ObservedDestination>
  /** The tenant's time of this reading: epoch seconds. */
  now: number
  /** Hints that were live when this run first read; undefined at that first time. */
  seen: ReadonlySet<string> | undefined
  run: RunIdentity
  /** What a fresh credential of this client is. */
  kind: CredentialKind
  after?: number | undefined
  grace: number
  rotate: 'auto' | 'now'
  retireHints: string[]
}

export type Rotation = {
  /** Another run's announcement that is still fresh: wait for its end. */
  wait?: { run: string; until: number } | undefined
  /** Due now, before anything is issued. */
  retire: Retirement[]
  /** None: nothing is issued. */
  reasons: Reason[]
  /** A fresh secret would settle what an earlier run left, and there is no slot for it: that can wait. */
  postponed?: true | undefined
  /** Destinations that don't hold the current secret, as far as can be told. */
  undelivered: Destination[]
  /** Hints of a dead run's secrets that may have been delivered. */
  orphans: string[]
  /** Live secrets that this action did not issue. */
  foreign: ObservedSecret[]
}

/**
 * Which secrets to retire and whether to issue one, for one client with at least one destination. Decides from what both
 * services report, never from the runner's clock. The rules, and why each is needed: docs/secret-lifecycle.md.
 */
export function decideRotation(input: RotationInput): Rotation {
  const { ledger, live, destinations, now } = input
  const undelivered = destinations.filter((destination) => !isDelivered(destination, ledger, input.observed))
  const { orphans, lost, foreign } = sortUnlisted(input)
  const currentIsLive = ledger?.current !== undefined && live.some(({ hint }) => hint === ledger.current!.hint)
  const proven = currentIsLive && undelivered.length === 0
  const quiet =
    ledger?.announced === undefined || (age(ledger.announced, now) >= lostAfter && orphans.length + lost.length === 0)
  const settled = proven && quiet && Object.keys(ledger?.suspects ?? {}).length === 0
  const reasons = reasonsToIssue(input, currentIsLive, undelivered, orphans)
  const named = proven ? foreign.filter(({ hint }) => input.retireHints.includes(hint)) : []
  const retire = [
    ...lost.map((hint) => ({ hint, why: 'never delivered' as const })),
    ...(settled ? outOfGrace(input) : []).map((hint) => ({ hint, why: graceText(input) })),
    ...(settled ? [] : toMakeRoom(input, lost, reasons)),
    ...named.map(({ hint }) => ({ hint, why: 'named in retire-hints' as const })),
  ]
  const postponed = reasons.every((reason) => reason === 'unsettled') && reasons.length > 0 && isFull(input, retire)
  return {
    wait: leaseOfAnother(input.ledger, input.now, input.run),
    retire,
    reasons: postponed ? [] : reasons,
    ...(postponed ? { postponed } : {}),
    undelivered,
    orphans,
    foreign: foreign.filter((secret) => !named.includes(secret)),
  }
}

/** An announcement of another run that is fresh, unless it is of an earlier attempt of this run, which is over. */
export function leaseOfAnother(ledger: Ledger | undefined, now: number, run: RunIdentity): Rotation['wait'] {
  const announced = ledger?.announced
  if (announced === undefined || age(announced, now) >= lease || isOver(announced.run, run)) return undefined
  return { run: announced.run, until: (announced.renewed ?? announced.at) + lease }
}

function isOver(announcedBy: string, run: RunIdentity): boolean {
  const [id, attempt] = announcedBy.split('.')
  return announcedBy === runKey(run) || (id === run.id && Number(attempt) < run.attempt)
}

function age(announced: Announcement, now: number): number {
  return now - (announced.renewed ?? announced.at)
}

/**
 * Live secrets that no ledger lists: those of a dead run that may have been delivered (`orphans`), those that certainly were
 * not (`lost`), and those of other people. An announced run issues within its lease, so what was made outside of that time is
 * somebody else's.
 */
export function sortUnlisted(input: RotationInput): { orphans: string[]; lost: string[]; foreign: ObservedSecret[] } {
  const { ledger, live, now } = input
  const listed = listedHints(ledger)
  const unlisted = live.filter(({ hint }) => !listed.has(hint))
  const announced = ledger?.announced
  if (announced === undefined) return { orphans: [], lost: [], foreign: unlisted }
  const ours = unlisted.filter(({ hint, createdAt, createdBy }) => {
    // A key is announced by its name, so that there is no doubt.
    if (announced.issuing !== undefined || isKeyHint(hint)) return hint === announced.issuing
    const inTime = createdAt === undefined || (createdAt > announced.at - 1 && createdAt < announced.at + lease)
    return inTime && !announced.known.includes(hint) && isByUs(createdBy, input)
  })
  const certain =
    age(announced, now) >= lostAfter &&
    Object.keys(announced.stamps).every((key) => isUntouched(key, ledger, input.observed, now))
  // Some tenants refuse to delete a client's last secret: it goes when it has a successor.
  const isOfKind = ({ hint }: ObservedSecret) => isKeyHint(hint) === (announced.issuing !== undefined)
  const mayGo = ours.length === live.filter(isOfKind).length ? ours.slice(1) : ours
  const lost = certain ? mayGo.filter(({ hint, createdAt }) => createdAt !== undefined || isKeyHint(hint)) : []
  return {
    orphans: ours.filter((secret) => !lost.includes(secret)).map(({ hint }) => hint),
    lost: lost.map(({ hint }) => hint),
    foreign: unlisted.filter((secret) => !ours.includes(secret)),
  }
}

/** Not made by somebody else than the current secret was, where the tenant says who made them. */
function isByUs(createdBy: string | undefined, { ledger, live }: RotationInput): boolean {
  const us = live.find(({ hint }) => hint === ledger?.current?.hint)?.createdBy
  return createdBy === undefined || us === undefined || createdBy === us
}

/**
 * What may go although something is unsettled, where otherwise all slots were taken for good: hints whose grace is over, for
 * each of them was followed in every place by a later write: a proven delivery, or one of a later announcement; and whatever
 * surely is in no place, and was in none for the grace.
 */
function toMakeRoom(input: RotationInput, gone: string[], reasons: Reason[]): Retirement[] {
  const { ledger, live, destinations, observed, now, grace } = input
  const secrets = live.map(({ hint }) => hint).filter((hint) => !isKeyHint(hint) && !gone.includes(hint))
  if (ledger === undefined || reasons.length === 0 || input.kind === 'key' || secrets.length < secretSlots) return []
  const held = new Set(Object.values(ledger.destinations).map(({ hint }) => hint))
  const nowhere = longNowhere(ledger, destinations, observed, { now, seconds: grace }).filter((hint) =>
    secrets.includes(hint),
  )
  const followed = outOfGrace(input).filter((hint) => !held.has(hint))
  return [...new Set([...followed, ...nowhere])].map((hint) => ({ hint, why: graceText(input) }))
}

function isFull({ live, kind }: RotationInput, retire: Retirement[]): boolean {
  const gone = new Set(retire.map(({ hint }) => hint))
  return kind === 'secret' && live.filter(({ hint }) => !isKeyHint(hint) && !gone.has(hint)).length >= secretSlots
}

function graceText({ grace }: RotationInput): Retirement['why'] {
  return grace === 0 ? 'no grace' : 'grace is over'
}

/**
 * Retiring hints whose grace is over and that are still live: the same secret, not a later one that happens to share its hint. The
 * tenant may count fractions of a second, and say by another clock when it was made: a little later is the same one.
 */
function outOfGrace({ ledger, live, now, grace }: RotationInput): string[] {
  // Hints are five characters: one that the current secret happens to share means that one.
  const due = Object.entries(ledger?.retiring ?? {}).filter(
    ([hint, since]) => now - since >= grace && hint !== ledger?.current?.hint,
  )
  return due
    .filter(([hint, since]) => live.some((it) => it.hint === hint && (it.createdAt ?? 0) <= since + lease))
    .map(([hint]) => hint)
}

function reasonsToIssue(
  input: RotationInput,
  currentIsLive: boolean,
  undelivered: Destination[],
  orphans: string[],
): Reason[] {
  const { ledger, now } = input
  if (ledger?.current === undefined) return ['first']
  const reasons: Reason[] = []
  const issuedAt = secretIssuedAt(ledger, input.live)!
  if (isKeyHint(ledger.current.hint) !== (input.kind === 'key')) reasons.push('method')
  if (!currentIsLive) reasons.push('dead')
  if (undelivered.length > 0) reasons.push('undelivered')
  // GitHub says nowhere that a secret's visibility can be changed alone without its stamp moving: it goes with a fresh value.
  if (!input.destinations.every((it) => secretsAreAsAsked(it, input.observed.get(destinationKey(it)))))
    reasons.push('visibility')
  if (input.after !== undefined && now - issuedAt >= input.after) reasons.push('due')
  // Satisfied by a secret that another run issued while this one waited for it.
  if (input.rotate === 'now' && input.seen?.has(ledger.current.hint) !== false) reasons.push('asked')
  const oldSuspect = Object.values(ledger.suspects).some((since) => now - since >= lostAfter)
  if (oldSuspect || (orphans.length > 0 && age(ledger.announced!, now) >= lostAfter)) reasons.push('unsettled')
  return reasons
}

/** When the current secret was issued: the tenant's own record, or the ledger's where the tenant gives none. Epoch seconds. */
export function secretIssuedAt(ledger: Ledger | undefined, live: ObservedSecret[]): number | undefined {
  const current = ledger?.current
  return current === undefined
    ? undefined
    : (live.find(({ hint }) => hint === current.hint)?.createdAt ?? current.since)
}
