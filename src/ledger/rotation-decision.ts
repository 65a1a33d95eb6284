import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { secretsAreAsAsked } from '../model/visibility.ts'
import { classifySecrets, foreignAmong, hintsOfKind } from './classify-secrets.ts'
import { isDelivered } from './delivery-evidence.ts'
import { announcementAge, lostAfter, type OtherRun, otherRunAtWork } from './lease.ts'
import { proveEarlierDelivery } from './prove-earlier-delivery.ts'
import { holdNoneOfOthers, isCrowded, retirements } from './retirement-decision.ts'
import type { IssueReason, Retirement, RotationInput, RotationSituation } from './rotation-situation.ts'

export type Rotation = {
  /** Another run's announcement that is still fresh: wait for its end. */
  wait?: OtherRun | undefined
  /** Due now, before anything is issued. */
  retire: Retirement[]
  /** Empty: nothing is issued. */
  reasons: IssueReason[]
  /** A fresh secret would settle the suspects of an earlier run, but there is no slot for it: that can wait. */
  postponed?: true | undefined
  /** GitHub does not show yet a delivery that an earlier run just made: nothing is issued meanwhile. */
  awaited?: true | undefined
  /** Destinations that don't hold the current secret, as far as the evidence shows. */
  undelivered: Destination[]
  /** Hints of a dead run's secrets that may have been delivered. */
  orphans: string[]
  /** Live secrets that this action did not issue. */
  foreign: ObservedSecret[]
  /** There is no slot for the secret that must be issued, and no place holds a foreign one: naming one in retire-hints makes room. */
  foreignIsUnused?: true | undefined
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
    wait: otherRunAtWork(input.ledger, input.now, input.run),
    retire,
    reasons: postponed ? [] : reasons,
    ...(postponed ? { postponed } : {}),
    ...(awaited ? { awaited } : {}),
    undelivered,
    orphans: hintsOfKind(secrets, 'orphan'),
    foreign: foreignAmong(input.live, input).filter(({ hint }) => !going.has(hint)),
    ...(isCrowded(situation, [...going], reasons) && holdNoneOfOthers(situation) ? { foreignIsUnused: true } : {}),
  }
}

function situationOf(input: RotationInput): RotationSituation {
  const { live, destinations } = input
  const secrets = classifySecrets(live, input)
  const later = proveEarlierDelivery({ live, destinations, evidence: input })
  // A delivery that GitHub will show in a moment counts as delivered; otherwise each run that asks too early would leave one more suspect.
  const awaited = later?.kind === 'awaited'
  const current = awaited ? later.current : input.ledger?.current
  const currentIsLive = live.some(({ hint }) => hint === current?.hint)
  const undelivered = awaited ? [] : destinations.filter((destination) => !isDelivered(destination, input))
  return { ...input, secrets, current, currentIsLive, undelivered, awaited }
}

function isFull({ live, kind }: RotationInput, retire: Retirement[]): boolean {
  const gone = new Set(retire.map(({ hint }) => hint))
  return kind === 'secret' && live.filter(({ hint }) => !isKeyHint(hint) && !gone.has(hint)).length >= secretSlots
}

function reasonsToIssue({
  ledger,
  current,
  now,
  currentIsLive,
  undelivered,
  secrets,
  ...input
}: RotationSituation): IssueReason[] {
  if (ledger === undefined || current === undefined) return ['first']
  const reasons: IssueReason[] = []
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
  const oldOrphan = hintsOfKind(secrets, 'orphan').length > 0 && announcementAge(ledger.announced!, now) >= lostAfter
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
