import type { ObservedSecret } from '../model/client.ts'
import { type CredentialKind, isKeyHint, secretSlots } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { secretsAreAsAsked } from '../model/visibility.ts'
import { type RunIdentity, runKey } from '../spec/client-spec.ts'
import { announcementAge, classifySecrets, foreignAmong, hintsOf, type LiveSecret } from './classify-secrets.ts'
import { type Evidence, heldIn, isDelivered, lease, longNowhere, lostAfter } from './delivery-evidence.ts'
import { laterProof } from './settle-delivery.ts'

/** Why a fresh secret is issued. */
export type Reason = 'first' | 'method' | 'due' | 'asked' | 'dead' | 'undelivered' | 'visibility' | 'unsettled'

/** Why a secret is retired. */
export type Retirement = {
  hint: string
  why: 'grace is over' | 'never delivered' | 'named in retire-hints' | 'no grace'
}

/** `now`: the tenant's time of the reading, in epoch seconds. */
export type RotationInput = Evidence & {
  live: ObservedSecret[]
  destinations: Destination[]
  /** Hints that were live when this run first read; undefined at that first time. */
  seen: ReadonlySet<string> | undefined
  run: RunIdentity
  /** The kind of a fresh credential of this client. */
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
  /** Empty: nothing is issued. */
  reasons: Reason[]
  /** A fresh secret would settle the suspects of an earlier run, but there is no slot for it: that can wait. */
  postponed?: true | undefined
  /** GitHub does not show yet a delivery that an earlier run just made: nothing is issued meanwhile. */
  awaited?: true | undefined
  /** Destinations that don't hold the current secret, as far as the evidence tells. */
  undelivered: Destination[]
  /** Hints of a dead run's secrets that may have been delivered. */
  orphans: string[]
  /** Live secrets that this action did not issue. */
  foreign: ObservedSecret[]
  /** There is no slot for the secret that must be issued, and no place holds a foreign one: naming one in retire-hints makes room. */
  foreignIsUnused?: true | undefined
}

/** The input of the rules below, with the knowledge about each live secret and the current one. */
type Situation = RotationInput & {
  secrets: LiveSecret[]
  /** The secret that the places hold, or that GitHub will show there in a moment. */
  current: Ledger['current']
  currentIsLive: boolean
  undelivered: Destination[]
  awaited: boolean
}

/**
 * Decides which secrets to retire and whether to issue one, for a client with at least one destination. It uses only the reports of both
 * services, never the runner's clock. docs/secret-lifecycle.md explains the rules.
 */
export function decideRotation(input: RotationInput): Rotation {
  const situation = situationOf(input)
  const { secrets, undelivered, awaited } = situation
  const reasons = reasonsToIssue(situation)
  const retire = retirements(situation, reasons)
  const postponed = reasons.length > 0 && reasons.every((it) => it === 'unsettled') && isFull(input, retire)
  const going = new Set(retire.map(({ hint }) => hint))
  return {
    wait: leaseOfAnother(input.ledger, input.now, input.run),
    retire,
    reasons: postponed ? [] : reasons,
    ...(postponed ? { postponed } : {}),
    ...(awaited ? { awaited } : {}),
    undelivered,
    orphans: hintsOf(secrets, 'orphan'),
    foreign: foreignAmong(input.live, input).filter(({ hint }) => !going.has(hint)),
    ...(isCrowded(situation, [...going], reasons) && holdNoneOfOthers(situation) ? { foreignIsUnused: true } : {}),
  }
}

function situationOf(input: RotationInput): Situation {
  const { live, destinations } = input
  const secrets = classifySecrets(live, input)
  const later = laterProof({ live, destinations, evidence: input })
  // A delivery that GitHub will show in a moment counts as delivered; otherwise each run that asks too early would leave one more suspect.
  const awaited = later?.kind === 'awaited'
  const current = awaited ? later.current : input.ledger?.current
  const currentIsLive = live.some(({ hint }) => hint === current?.hint)
  const undelivered = awaited ? [] : destinations.filter((destination) => !isDelivered(destination, input))
  return { ...input, secrets, current, currentIsLive, undelivered, awaited }
}

/** A fresh announcement of another run. An earlier attempt of this run does not count, because it is over. */
export function leaseOfAnother(ledger: Ledger | undefined, now: number, run: RunIdentity): Rotation['wait'] {
  const announced = ledger?.announced
  if (announced === undefined || announcementAge(announced, now) >= lease || isOver(announced.run, run))
    return undefined
  return { run: announced.run, until: (announced.renewed ?? announced.at) + lease }
}

function isOver(announcedBy: string, run: RunIdentity): boolean {
  const [id, attempt] = announcedBy.split('.')
  return announcedBy === runKey(run) || (id === run.id && Number(attempt) < run.attempt)
}

/** The secrets to retire before anything is issued. */
function retirements(situation: Situation, reasons: Reason[]): Retirement[] {
  const { secrets, undelivered, awaited, currentIsLive, retireHints, grace } = situation
  const lost = hintsOf(secrets, 'lost')
  const proven = currentIsLive && !awaited && undelivered.length === 0
  const why = grace === 0 ? ('no grace' as const) : ('grace is over' as const)
  const past = proven && isSettled(situation) ? outOfGrace(situation) : toMakeRoom(situation, lost, reasons)
  const named = hintsOf(secrets, 'foreign').filter((hint) => retireHints.includes(hint))
  const mayGo = proven || (isCrowded(situation, [...lost, ...past], reasons) && holdNoneOfOthers(situation))
  return [
    ...lost.map((hint) => ({ hint, why: 'never delivered' as const })),
    ...past.map((hint) => ({ hint, why })),
    ...(mayGo ? named : []).map((hint) => ({ hint, why: 'named in retire-hints' as const })),
  ]
}

/** Is no run at work, and is it known of each secret whether a place holds it? */
function isSettled({ ledger, now, secrets }: Situation): boolean {
  const isOver = ledger?.announced === undefined || announcementAge(ledger.announced, now) >= lostAfter
  const isSuspected = Object.keys(ledger?.suspects ?? {}).length > 0
  return isOver && !isSuspected && !secrets.some(({ kind }) => kind === 'orphan' || kind === 'lost')
}

/**
 * Secrets that may be retired although something is unsettled, because otherwise all slots would stay taken. First, hints with a grace
 * that is over: every place was written after them, by a proven delivery or after a later announcement. Second, secrets that certainly no
 * place has held for the length of the grace.
 */
function toMakeRoom(situation: Situation, lost: string[], reasons: Reason[]): string[] {
  const { ledger, live, destinations, grace } = situation
  if (ledger === undefined || !isCrowded(situation, lost, reasons)) return []
  const held = new Set(Object.values(ledger.destinations).map(({ hint }) => hint))
  const followed = outOfGrace(situation).filter((hint) => !held.has(hint))
  const nowhere = longNowhere(destinations, situation, grace)
  return [...new Set([...followed, ...nowhere])].filter(
    (hint) => !lost.includes(hint) && !isKeyHint(hint) && live.some((secret) => secret.hint === hint),
  )
}

/** Is there no slot for the secret that must be issued, even after these are retired? */
function isCrowded({ live, kind }: Situation, gone: string[], reasons: Reason[]): boolean {
  const left = live.filter(({ hint }) => !isKeyHint(hint) && !gone.includes(hint))
  return kind === 'secret' && reasons.length > 0 && left.length >= secretSlots
}

/** Does every place certainly hold nothing, or a secret that this action issued? Then no place needs a secret that somebody else made. */
function holdNoneOfOthers(situation: Situation): boolean {
  const held = situation.destinations.map((destination) => heldIn(destinationKey(destination), situation))
  return held.every(({ kind }) => kind === 'nothing' || kind === 'recorded' || kind === 'written')
}

function isFull({ live, kind }: RotationInput, retire: Retirement[]): boolean {
  const gone = new Set(retire.map(({ hint }) => hint))
  return kind === 'secret' && live.filter(({ hint }) => !isKeyHint(hint) && !gone.has(hint)).length >= secretSlots
}

/** Hints of the retiring secrets whose grace is over. */
function outOfGrace({ secrets, now, grace }: Situation): string[] {
  return secrets.flatMap((it) => (it.kind === 'retiring' && now - it.since >= grace ? [it.hint] : []))
}

function reasonsToIssue({ ledger, current, now, currentIsLive, undelivered, secrets, ...input }: Situation): Reason[] {
  if (ledger === undefined || current === undefined) return ['first']
  const reasons: Reason[] = []
  const issuedAt = secretIssuedAt({ current }, input.live)!
  if (isKeyHint(current.hint) !== (input.kind === 'key')) reasons.push('method')
  if (!currentIsLive) reasons.push('dead')
  if (undelivered.length > 0) reasons.push('undelivered')
  // GitHub does not document that a change of visibility alone keeps a secret's stamp: the visibility is set with a fresh value.
  if (!input.destinations.every((it) => secretsAreAsAsked(it, input.observed.get(destinationKey(it)))))
    reasons.push('visibility')
  if (input.after !== undefined && now - issuedAt >= input.after) reasons.push('due')
  // A secret that another run issued while this one waited for it is enough.
  if (input.rotate === 'now' && input.seen?.has(current.hint) !== false) reasons.push('asked')
  const oldSuspect = Object.values(ledger.suspects).some((since) => now - since >= lostAfter)
  const oldOrphan = hintsOf(secrets, 'orphan').length > 0 && announcementAge(ledger.announced!, now) >= lostAfter
  if (oldSuspect || oldOrphan) reasons.push('unsettled')
  return reasons
}

/** When the current secret was issued, in epoch seconds: by the tenant's record, else by the ledger's. */
export function secretIssuedAt(
  ledger: Pick<Ledger, 'current'> | undefined,
  live: ObservedSecret[],
): number | undefined {
  const current = ledger?.current
  return current === undefined
    ? undefined
    : (live.find(({ hint }) => hint === current.hint)?.createdAt ?? current.since)
}
