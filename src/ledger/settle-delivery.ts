import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Delivered, Ledger } from '../model/ledger-shape.ts'
import { announcementAge, classifySecrets } from './classify-secrets.ts'
import {
  clockSlack,
  type Evidence,
  heldIn,
  isDelivered,
  isFollowedBy,
  isWithin,
  lostAfter,
  superseded,
} from './delivery-evidence.ts'
import { added, deliveredEntry, graceFrom } from './ledger.ts'

// A run that can't prove its own delivery, because GitHub shows its stamps late or another run was at work, leaves the new secret as a
// suspect and notes when GitHub answered its writes. Most such deliveries a later run can settle by that, without a fresh secret.

/**
 * `settled`: this ledger says what is known by now, and has yet to be written: all places hold the same suspect; or all hold the current
 * secret, and suspects that fill the slots begin their grace. `awaited`: GitHub does not show the
 * latest writes yet, those of `current`, but may within the next minutes. Undefined: nothing of that kind is known.
 */
export type LaterProof =
  | { kind: 'settled'; ledger: Ledger }
  | { kind: 'awaited'; current: NonNullable<Ledger['current']> }
  | undefined

type Situation = { live: ObservedSecret[]; destinations: Destination[]; evidence: Evidence }

/** What the stamps that GitHub shows by now tell of a delivery that its own run could not prove. */
export function laterProof(situation: Situation): LaterProof {
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
 * Suspects that surely are in no place begin their grace with the next announcement. Where they fill the slots there can be none: then
 * the ledger is written for that alone.
 */
function slotsToFree({ live, destinations, evidence }: Situation): LaterProof {
  const { ledger, now } = evidence
  const isFull = live.filter(({ hint }) => !isKeyHint(hint)).length >= secretSlots
  if (ledger === undefined || !isFull || ledger.announced !== undefined) return undefined
  if (!destinations.every((destination) => isDelivered(destination, evidence))) return undefined
  const past = superseded(evidence, Object.keys(ledger.destinations))
  if (past.length === 0) return undefined
  const suspects = Object.fromEntries(Object.entries(ledger.suspects).filter(([hint]) => !past.includes(hint)))
  const { written: _over, ...base } = ledger
  return {
    kind: 'settled',
    ledger: { ...base, suspects, retiring: added(ledger.retiring, past, graceFrom(live, now)) },
  }
}

/** The suspect that was delivered after everything else that this action issued; undefined where nobody can tell. */
function latestWritten({ live, evidence }: Situation): string | undefined {
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

function holding(destination: Destination, hint: string, { evidence }: Situation): 'it' | 'behind' | 'other' {
  const key = destinationKey(destination)
  const { ledger, observed } = evidence
  // A place that its run did not know may have got anything just then.
  if (ledger?.destinations[key] === undefined) return 'other'
  const held = heldIn(key, evidence)
  if (held.kind === 'behind') return 'behind'
  if (held.kind !== 'written' || !held.hints.includes(hint)) return 'other'
  const { idStamp } = observed.get(key) ?? {}
  const hasId = destination.idAs !== 'secret' || isWithin(idStamp, ledger.written![hint]!, clockSlack)
  return hasId ? 'it' : 'other'
}

/** The ledger that a run writes which finds that all places hold this suspect: as if its own run had proven that. */
function settledOn(hint: string, situation: Situation): Ledger {
  const { live, destinations, evidence } = situation
  const { observed, now } = evidence
  const { written: _over, unproven: _proven, announced: _dead, ...ledger } = evidence.ledger!
  const alive = new Set(live.map((secret) => secret.hint))
  const others = [ledger.current?.hint, ...Object.keys(ledger.suspects)].filter(
    (other) => other !== undefined && other !== hint && alive.has(other),
  ) as string[]
  const { [hint]: _current, ...retiring } = added(ledger.retiring, others, graceFrom(live, now))
  const entries = destinations.map((destination): [string, Delivered] => {
    const key = destinationKey(destination)
    const seen = observed.get(key)
    const idStamp = destination.idAs === 'secret' ? seen?.idStamp : undefined
    return [key, deliveredEntry(destination, hint, seen?.secretStamp ?? -1, idStamp, ledger.owner)]
  })
  return {
    ...ledger,
    current: currentOf(hint, situation),
    retiring,
    suspects: {},
    destinations: { ...ledger.destinations, ...Object.fromEntries(entries) },
  }
}

function currentOf(hint: string, { live, evidence }: Situation): NonNullable<Ledger['current']> {
  const madeAt = live.find((secret) => secret.hint === hint)?.createdAt
  return { hint, since: Math.floor(madeAt ?? evidence.ledger?.suspects[hint] ?? evidence.now) }
}
