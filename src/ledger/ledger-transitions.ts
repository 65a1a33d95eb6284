import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint, unmadeKey } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { runKey } from '../spec/client-spec.ts'
import { lostAfter, superseded } from './delivery-evidence.ts'
import { added, listedHints } from './ledger.ts'
import { sameLedger } from './ledger-codec.ts'
import type { Rotation, RotationInput } from './rotation-decision.ts'

/** The ledger that announces an issue, resting on what was read. Orphans become suspects in the same write. */
export function announcing(
  base: Ledger,
  rotation: Pick<Rotation, 'orphans' | 'retire'>,
  input: Pick<RotationInput, 'live' | 'now' | 'run' | 'kind' | 'destinations' | 'observed'>,
): Ledger {
  const gone = new Set(rotation.retire.map(({ hint }) => hint))
  const alive = input.live.map(({ hint }) => hint).filter((hint) => !gone.has(hint))
  const keys = input.destinations.map(destinationKey)
  const past = superseded(base, input.observed, keys, input.now)
  const suspects = Object.fromEntries(Object.entries(base.suspects).filter(([hint]) => !past.includes(hint)))
  return {
    ...base,
    retiring: only(added(base.retiring, past, Math.floor(input.now)), alive),
    suspects: only(added(suspects, rotation.orphans, base.announced?.at ?? input.now), alive),
    announced: {
      run: runKey(input.run),
      at: Math.floor(input.now),
      known: alive.filter((hint) => !isKeyHint(hint)),
      ...(input.kind === 'key' ? { issuing: unmadeKey } : {}),
      stamps: Object.fromEntries(keys.map((key) => [key, input.observed.get(key)?.secretStamp ?? null])),
    },
  }
}

function only(times: Record<string, number>, hints: string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(times).filter(([hint]) => hints.includes(hint)))
}

/** A delivery as it was confirmed: the stamp that GitHub shows, and whether it is surely that of our own write. */
export type Delivery = { destination: Destination; stamp: number; idStamp?: number | undefined; proven: boolean }

/** What is known when a fresh secret has been delivered everywhere. */
export type Commit = {
  announced: Ledger
  hint: string
  issuedAt: number
  deliveries: Ledger['destinations']
  /** Every stamp is that of our own write, and nobody wrote between announcement and delivery. */
  proven: boolean
  /** Who issued our secret: a live secret by somebody else is not ours. */
  issuedBy?: string | undefined
}

/** The description's ledger and the live secrets as read just before a write. */
export type Reread = { ledger: Ledger | undefined; live: ObservedSecret[]; now: number }

/**
 * The ledger that commits a delivery. Where nobody else was at work, the previous current and the suspects that are old enough
 * begin to retire. Where somebody was, nothing does: our hint and the unknown ones become suspects, and the next run settles it.
 */
export function committing(commit: Commit, seen: Reread): { ledger: Ledger; settled: boolean } {
  const { announced, hint } = commit
  const untouched = sameLedger(seen.ledger, announced)
  const strangers = strangersIn(seen, [announced, seen.ledger], commit, untouched && commit.proven)
  const isLive = seen.live.some((secret) => secret.hint === hint)
  if (!untouched || strangers.length > 0 || !commit.proven || !isLive) {
    const base = seen.ledger ?? announced
    // Another run's announcement stays: it is what its secret will be recognised by, should it die. Ours is over.
    const ours = base.announced?.run === announced.announced?.run
    const suspects = added(
      base.suspects,
      [...(isLive && !listedHints(base).has(hint) ? [hint] : []), ...strangers],
      Math.floor(seen.now),
    )
    return {
      ledger: { ...base, announced: ours ? undefined : base.announced, suspects, unproven: true },
      settled: false,
    }
  }
  const retiring = { ...announced.retiring }
  const suspects: Record<string, number> = {}
  const alive = new Set(seen.live.map((secret) => secret.hint))
  for (const [suspect, since] of Object.entries(announced.suspects)) {
    if (!alive.has(suspect)) continue
    if (seen.now - since >= lostAfter) retiring[suspect] ??= Math.floor(seen.now)
    else suspects[suspect] = since
  }
  const previous = announced.current?.hint
  if (previous !== undefined && previous !== hint && alive.has(previous) && suspects[previous] === undefined)
    retiring[previous] ??= Math.floor(seen.now)
  return {
    ledger: {
      ...announced,
      current: { hint, since: Math.floor(commit.issuedAt) },
      announced: undefined,
      unproven: undefined,
      retiring,
      suspects,
      destinations: commit.deliveries,
    },
    settled: true,
  }
}

/**
 * Live hints that nobody accounts for. Where no other run was at work, those that somebody else than us made are not ours; where
 * one was, it may have signed in as somebody else.
 */
function strangersIn(
  { live }: Pick<Reread, 'live'>,
  ledgers: (Ledger | undefined)[],
  { hint, issuedBy }: Pick<Commit, 'hint' | 'issuedBy'>,
  alone: boolean,
): string[] {
  const accounted = new Set(ledgers.flatMap((ledger) => [...listedHints(ledger), ...(ledger?.announced?.known ?? [])]))
  // Keys are announced by their names: one that nobody announced is not ours.
  const unknown = live.filter(
    (secret) => secret.hint !== hint && !accounted.has(secret.hint) && !isKeyHint(secret.hint),
  )
  const byUs = (createdBy: string | undefined) =>
    !alone || createdBy === undefined || issuedBy === undefined || createdBy === issuedBy
  return unknown.filter(({ createdBy }) => byUs(createdBy)).map((secret) => secret.hint)
}

/**
 * The ledger to write after one look back at a commit, or undefined where all is as it was written: what another run left
 * out, or an unknown hint that appeared meanwhile, becomes a suspect.
 */
export function lookingBack(commit: Commit, written: Ledger, seen: Reread): { ledger: Ledger } | undefined {
  const untouched = sameLedger(seen.ledger, written)
  const strangers = strangersIn(seen, [commit.announced, written, seen.ledger], commit, untouched && commit.proven)
  if (untouched && strangers.length === 0) return undefined
  const base = seen.ledger ?? written
  const isLive = seen.live.some(({ hint }) => hint === commit.hint)
  const missing = isLive && !listedHints(base).has(commit.hint) ? [commit.hint] : []
  return {
    ledger: {
      ...base,
      suspects: added(base.suspects, [...strangers, ...missing], Math.floor(seen.now)),
      unproven: true,
    },
  }
}

/** The ledger that announces a key that has been made by now. */
export function announcingKey(ledger: Ledger, hint: string | undefined): Ledger {
  return hint === undefined ? ledger : { ...ledger, announced: { ...ledger.announced!, issuing: hint } }
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
  const strangers = us === undefined ? [] : strangersIn({ live }, [announced], { hint: hint ?? '', issuedBy: us }, true)
  const suspects = added(announced.suspects, [...(hint === undefined ? [] : [hint]), ...strangers], Math.floor(now))
  return { ...announced, announced: undefined, suspects, destinations: { ...announced.destinations, ...delivered } }
}
