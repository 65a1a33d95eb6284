import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger, LedgerDelivery } from '../model/ledger-shape.ts'
import { classifySecrets } from './classify-secrets.ts'
import {
  clockSlack,
  type DeliveryEvidence,
  heldNowhereAnyMore,
  isDelivered,
  isFollowedBy,
  isStampWithin,
  secretHeldIn,
} from './delivery-evidence.ts'
import { announcementAge, lostAfter } from './lease.ts'
import { deliveredEntry, graceStart, withHints } from './ledger-entries.ts'

// A run that can't prove its own delivery, because GitHub shows its stamps late or another run was at work, leaves the new secret as a
// suspect and notes when GitHub answered its writes. With these times a later run can settle most of these deliveries without a fresh
// secret.

/**
 * `settled`: all places hold the same suspect; or all hold the current secret, and suspects that fill the slots begin their grace. The
 * ledger records that, and must still be written. `awaited`: GitHub does not show the latest writes yet, those of `current`, but may within
 * the next minutes. Undefined: neither is the case.
 */
export type EarlierDelivery =
  | { kind: 'settled'; ledger: Ledger }
  | { kind: 'awaited'; current: NonNullable<Ledger['current']> }
  | undefined

type UnprovenDelivery = { live: ObservedSecret[]; destinations: Destination[]; evidence: DeliveryEvidence }

/** Decides by the present stamps on GitHub about a delivery that its own run could not prove. */
export function proveEarlierDelivery(situation: UnprovenDelivery): EarlierDelivery {
  const { destinations, evidence } = situation
  const { ledger, now } = evidence
  if (ledger === undefined || destinations.length === 0) return undefined
  const latest = latestWritten(situation)
  if (latest === undefined) return slotsToFree(situation)
  const held = destinations.map((destination) => holding(destination, latest, situation))
  if (held.includes('other')) return undefined
  if (!held.includes('behind')) return { kind: 'settled', ledger: settledOn(latest, situation) }
  if (now - ledger.suspects[latest]! >= lostAfter) return undefined
  return { kind: 'awaited', current: currentOf(latest, situation) }
}

/**
 * Suspects that certainly no place holds begin their grace with the next announcement. If they fill the slots, there can be no
 * announcement: then the ledger is written for that alone.
 */
function slotsToFree({ live, destinations, evidence }: UnprovenDelivery): EarlierDelivery {
  const { ledger, now } = evidence
  const isFull = live.filter(({ hint }) => !isKeyHint(hint)).length >= secretSlots
  if (ledger === undefined || !isFull || ledger.announced !== undefined) return undefined
  if (!destinations.every((destination) => isDelivered(destination, evidence))) return undefined
  const past = heldNowhereAnyMore(evidence, Object.keys(ledger.destinations))
  if (past.length === 0) return undefined
  const suspects = Object.fromEntries(Object.entries(ledger.suspects).filter(([hint]) => !past.includes(hint)))
  const { written: _over, ...base } = ledger
  return {
    kind: 'settled',
    ledger: { ...base, suspects, retiring: withHints(ledger.retiring, past, graceStart(live, now)) },
  }
}

/** The suspect that was delivered after all other secrets of this action; undefined if the evidence can't tell. */
function latestWritten({ live, evidence }: UnprovenDelivery): string | undefined {
  const { ledger, now } = evidence
  if (ledger?.written === undefined || !ledger.unproven) return undefined
  const { announced } = ledger
  if (announced !== undefined && announcementAge(announced, now) < lostAfter) return undefined
  const secrets = classifySecrets(live, evidence)
  if (secrets.some(({ kind }) => kind === 'orphan' || kind === 'lost')) return undefined
  const suspects = secrets.filter(({ kind }) => kind === 'suspect').map(({ hint }) => hint)
  return suspects.find(
    (hint) =>
      ledger.written?.[hint] !== undefined &&
      suspects.every((other) => other === hint || isFollowedBy(other, hint, ledger)),
  )
}

function holding(destination: Destination, hint: string, { evidence }: UnprovenDelivery): 'it' | 'behind' | 'other' {
  const key = destinationKey(destination)
  const { ledger, observed } = evidence
  // A place that its run did not serve may have been written by anybody at that moment.
  if (ledger?.destinations[key] === undefined) return 'other'
  const held = secretHeldIn(key, evidence)
  const [first] = ledger.written![hint]!
  const isEarlier = held.kind === 'written' && !held.hints.includes(hint) && observed.get(key)!.secretStamp! < first
  if (held.kind === 'behind' || isEarlier) return 'behind'
  if (held.kind !== 'written' || !held.hints.includes(hint)) return 'other'
  const { idStamp } = observed.get(key) ?? {}
  const hasId = destination.idAs !== 'secret' || isStampWithin(idStamp, ledger.written![hint]!, clockSlack)
  return hasId ? 'it' : 'other'
}

/** The ledger after a run found that all places hold this suspect: the same as if its own run had proven the delivery. */
function settledOn(hint: string, situation: UnprovenDelivery): Ledger {
  const { live, destinations, evidence } = situation
  const { observed, now } = evidence
  const { written = {}, unproven: _proven, announced: _dead, ...ledger } = evidence.ledger!
  // A secret that was not written to every place stays a suspect: its run may have died, or been slower than it thought.
  const isPast = (other: string) => other !== hint && (other === ledger.current?.hint || other in written)
  const others = live.map((secret) => secret.hint).filter(isPast)
  const left = Object.entries(ledger.suspects).filter(([other]) => other !== hint && !others.includes(other))
  const { [hint]: _current, ...retiring } = withHints(ledger.retiring, others, graceStart(live, now))
  const entries = destinations.map((destination): [string, LedgerDelivery] => {
    const key = destinationKey(destination)
    const seen = observed.get(key)
    const idStamp = destination.idAs === 'secret' ? seen?.idStamp : undefined
    return [key, deliveredEntry(destination, { hint, stamp: seen?.secretStamp ?? -1, idStamp }, ledger.owner)]
  })
  return {
    ...ledger,
    current: currentOf(hint, situation),
    retiring,
    suspects: Object.fromEntries(left),
    destinations: { ...ledger.destinations, ...Object.fromEntries(entries) },
  }
}

function currentOf(hint: string, { live, evidence }: UnprovenDelivery): NonNullable<Ledger['current']> {
  const madeAt = live.find((secret) => secret.hint === hint)?.createdAt
  return { hint, since: Math.floor(madeAt ?? evidence.ledger?.suspects[hint] ?? evidence.now) }
}
