import type { ObservedSecret } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Announcement, Ledger } from '../model/ledger-shape.ts'
import { type DeliveryEvidence, isUntouched } from './delivery-evidence.ts'
import { announcementAge, lease, lostAfter } from './lease.ts'
import { listedHints } from './ledger-entries.ts'

/**
 * The knowledge about one live secret.
 *
 *   current    the places hold it, as far as the ledger tells
 *   retiring   it was current; its grace began at `since`
 *   suspect    this action issued it; a place may hold it. Suspected at `since`
 *   orphan     a dead run issued it, and may have delivered it
 *   lost       a dead run issued it, certainly never delivered it, and it may be retired now
 *   foreign    this action did not issue it, as far as anybody can tell
 */
export type LiveSecret = ObservedSecret &
  (
    | { kind: 'current' }
    | { kind: 'retiring'; since: number }
    | { kind: 'suspect'; since: number }
    | { kind: 'orphan' }
    | { kind: 'lost' }
    | { kind: 'foreign' }
  )

/** Classifies each live secret, in the tenant's order. */
export function classifySecrets(live: ObservedSecret[], evidence: DeliveryEvidence): LiveSecret[] {
  const listed = live.map((secret) => listedAs(secret, evidence.ledger))
  const unlisted = live.filter((_, index) => listed[index] === undefined)
  const orphans = orphansAmong(unlisted, live, evidence)
  const lost = lostAmong(orphans, live, evidence)
  return live.map((secret, index): LiveSecret => {
    if (lost.includes(secret)) return { ...secret, kind: 'lost' }
    if (orphans.includes(secret)) return { ...secret, kind: 'orphan' }
    return listed[index] ?? { ...secret, kind: 'foreign' }
  })
}

/** The hints of one kind. */
export function hintsOfKind(secrets: LiveSecret[], kind: LiveSecret['kind']): string[] {
  return secrets.filter((secret) => secret.kind === kind).map(({ hint }) => hint)
}

/**
 * Hints that several live secrets have: five characters can be the same by chance. The tenant deletes a secret by its hint, and nobody
 * knows which of them it would delete, so none is retired.
 */
export function sharedHints(live: ObservedSecret[]): Set<string> {
  const hints = live.map(({ hint }) => hint)
  return new Set(hints.filter((hint, index) => hints.indexOf(hint) !== index))
}

/** Live secrets that this action did not issue, as the tenant lists them. */
export function foreignAmong(live: ObservedSecret[], evidence: DeliveryEvidence): ObservedSecret[] {
  const secrets = classifySecrets(live, evidence)
  return live.filter((_, index) => secrets[index]?.kind === 'foreign')
}

/**
 * Is this a person's secret with the same hint as ours? Hints have five characters, so that can happen by chance: a secret that was made
 * long after ours began to retire is theirs. The tenant may date secrets by another clock, so one that was made a little later still counts
 * as ours.
 */
function listedAs(secret: ObservedSecret, ledger: Ledger | undefined): LiveSecret | undefined {
  const { hint, createdAt = 0 } = secret
  if (ledger?.current?.hint === hint) return { ...secret, kind: 'current' }
  const suspected = ledger?.suspects[hint]
  if (suspected !== undefined) return { ...secret, kind: 'suspect', since: suspected }
  const since = ledger?.retiring[hint]
  return since === undefined || createdAt > since + lease ? undefined : { ...secret, kind: 'retiring', since }
}

/** The secrets that the run of a dead announcement may have issued, among those that the ledger does not list. */
function orphansAmong(
  unlisted: ObservedSecret[],
  live: ObservedSecret[],
  { ledger }: DeliveryEvidence,
): ObservedSecret[] {
  const announced = ledger?.announced
  if (ledger === undefined || announced === undefined) return []
  const possible = unlisted.filter((secret) => mayBeOf(announced, secret))
  const makers = knownMakers(ledger, announced, possible, live)
  const isNobodysElse = ({ createdBy }: ObservedSecret) => createdBy === undefined || makers.has(createdBy)
  if (makers.size > 0) return possible.filter(isNobodysElse)
  // Nobody knows who we are: a secret with a named maker may be somebody else's. One announcement issues one secret, so of several people's
  // secrets at most one is ours, and no fact shows which.
  return possible.every(isNobodysElse) ? possible : []
}

/** The users who issued for this client, as far as the ledger and the tenant show. */
function knownMakers(
  ledger: Ledger,
  { by, known }: Announcement,
  possible: ObservedSecret[],
  live: ObservedSecret[],
): Set<string> {
  if (by !== undefined) return new Set([by])
  const makers = makersOfOurs(ledger, live)
  const isOfCreation = ledger.owner.origin === 'made' && known.length === 0 && listedHints(ledger).size === 0
  if (makers.size > 0 || !isOfCreation) return makers
  // The request that created the client made its first secret, before anybody else knew the client.
  const [first] = possible.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0))
  return new Set(first?.createdBy === undefined ? [] : [first.createdBy])
}

/** An announced run issues within its lease, so a secret that was made outside of that time is somebody else's. */
function mayBeOf(announced: Announcement, { hint, createdAt, createdBy }: ObservedSecret): boolean {
  // An announcement has the hint of its key, so there is no doubt.
  if (isKeyHint(hint)) return hint === announced.issuing
  const inTime = createdAt === undefined || (createdAt > announced.at - 1 && createdAt < announced.at + lease)
  const isNew = inTime && !announced.known.includes(hint)
  // The tenant may make an unrequested secret beside a key. The announcement then says only who made it and when.
  const isSure = createdAt !== undefined && createdBy !== undefined && createdBy === announced.by
  return isNew && (announced.issuing === undefined || isSure)
}

/** The makers of the secrets that the ledger lists: announcements by earlier versions do not say who issues. */
export function makersOfOurs(ledger: Ledger | undefined, live: ObservedSecret[]): Set<string> {
  const listed = listedHints(ledger)
  return new Set(
    live.flatMap(({ hint, createdBy }) => (listed.has(hint) && createdBy !== undefined ? [createdBy] : [])),
  )
}

/**
 * Was the dead run's secret certainly never delivered? Yes if ten minutes have passed and every place is as it was at the announcement.
 */
function lostAmong(orphans: ObservedSecret[], live: ObservedSecret[], evidence: DeliveryEvidence): ObservedSecret[] {
  const announced = evidence.ledger?.announced
  if (announced === undefined || announcementAge(announced, evidence.now) < lostAfter) return []
  if (!Object.keys(announced.stamps).every((key) => isUntouched(key, evidence))) return []
  // Some tenants refuse to delete a client's last secret: it is retired when it has a successor.
  const isOfKind = ({ hint }: ObservedSecret) => isKeyHint(hint) === (announced.issuing !== undefined)
  const ofKind = orphans.filter(isOfKind)
  const last = ofKind.length === live.filter(isOfKind).length ? ofKind[0] : undefined
  const mayGo = orphans.filter((secret) => secret !== last)
  return mayGo.filter(({ hint, createdAt }) => createdAt !== undefined || isKeyHint(hint))
}
