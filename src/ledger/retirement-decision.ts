import { isKeyHint, secretSlots } from '../model/credential.ts'
import { destinationKey } from '../model/destination.ts'
import { hintsOfKind, sharedHints } from './classify-secrets.ts'
import { heldNowhereFor, secretHeldIn } from './delivery-evidence.ts'
import { announcementAge, lostAfter } from './lease.ts'
import type { IssueReason, Retirement, RotationSituation } from './rotation-situation.ts'

/**
 * The secrets to retire before anything is issued. Usually those with a grace that is over, if nothing is unsettled; otherwise only those
 * that must go to free a slot.
 */
export function retirements(situation: RotationSituation, reasons: IssueReason[]): Retirement[] {
  const { secrets, undelivered, awaited, currentIsLive, retireHints, grace } = situation
  const lost = hintsOfKind(secrets, 'lost')
  const placesHoldCurrent = currentIsLive && !awaited && undelivered.length === 0
  const isUsual = placesHoldCurrent && isNothingUnsettled(situation)
  const due = isUsual ? whileSettled(situation, lost, reasons) : toMakeRoom(situation, lost, reasons)
  const why = grace === 0 ? ('no grace' as const) : ('grace is over' as const)
  const named = hintsOfKind(secrets, 'foreign').filter((hint) => retireHints.includes(hint))
  const mayRetireNamed =
    placesHoldCurrent || (isCrowded(situation, [...lost, ...due], reasons) && holdNoneOfOthers(situation))
  const shared = sharedHints(situation.live)
  const retired = [
    ...lost.map((hint) => ({ hint, why: 'never delivered' as const })),
    ...due.map((hint) => ({ hint, why })),
    ...(mayRetireNamed ? named : []).map((hint) => ({ hint, why: 'named in retire-hints' as const })),
  ]
  return retired.filter(({ hint }) => !shared.has(hint))
}

/** Secrets whose grace is over. One whose grace begins anew with this run's write stays, if there is a slot for the write. */
function whileSettled(situation: RotationSituation, lost: string[], reasons: IssueReason[]): string[] {
  const all = outOfGrace(situation)
  const due = all.filter((hint) => !situation.graceAnew.has(hint))
  return isCrowded(situation, [...lost, ...due], reasons) ? all : due
}

/** Is no run at work, and is it known of each secret whether a place holds it? */
function isNothingUnsettled({ ledger, now, secrets }: RotationSituation): boolean {
  const isOver = ledger?.announced === undefined || announcementAge(ledger.announced, now) >= lostAfter
  const isSuspected = Object.keys(ledger?.suspects ?? {}).length > 0
  return isOver && !isSuspected && !secrets.some(({ kind }) => kind === 'orphan' || kind === 'lost')
}

/**
 * Secrets that may be retired although something is unsettled, because otherwise all slots would stay taken. First, hints with a grace
 * that is over: every place was written after them, by a proven delivery or after a later announcement. Second, secrets that certainly no
 * place has held for the length of the grace.
 */
function toMakeRoom(situation: RotationSituation, lost: string[], reasons: IssueReason[]): string[] {
  const { ledger, live, destinations, grace, neededElsewhere } = situation
  if (ledger === undefined || !isCrowded(situation, lost, reasons)) return []
  const held = new Set(Object.values(ledger.destinations).map(({ hint }) => hint))
  const followed = outOfGrace(situation).filter((hint) => !held.has(hint))
  const nowhere = heldNowhereFor(destinations, situation, grace)
  return [...new Set([...followed, ...nowhere])].filter(
    (hint) =>
      !lost.includes(hint) &&
      !neededElsewhere.has(hint) &&
      !isKeyHint(hint) &&
      live.some((secret) => secret.hint === hint),
  )
}

/** Is there no slot for the secret that must be issued, even after these are retired? */
export function isCrowded({ live, kind }: RotationSituation, gone: string[], reasons: IssueReason[]): boolean {
  const left = live.filter(({ hint }) => !isKeyHint(hint) && !gone.includes(hint))
  return kind === 'secret' && reasons.length > 0 && left.length >= secretSlots
}

/** Does every place certainly hold nothing, or a secret that this action issued? Then no place needs a secret that somebody else made. */
export function holdNoneOfOthers(situation: RotationSituation): boolean {
  const held = situation.destinations.map((destination) => secretHeldIn(destinationKey(destination), situation))
  return held.every(({ kind }) => kind === 'nothing' || kind === 'recorded' || kind === 'written')
}

/** Hints of the retiring secrets whose grace is over, and that no place of another client needs. */
export function outOfGrace({
  secrets,
  now,
  grace,
  neededElsewhere,
}: Pick<RotationSituation, 'secrets' | 'now' | 'grace' | 'neededElsewhere'>): string[] {
  return secrets.flatMap((it) =>
    it.kind === 'retiring' && now - it.since >= grace && !neededElsewhere.has(it.hint) ? [it.hint] : [],
  )
}
