import { describe, expect, it } from 'vitest'
import { classifySecrets, foreignAmong, hintsOfKind, makersOfOurs } from '../../src/ledger/classify-secrets.ts'
import type { DeliveryEvidence } from '../../src/ledger/delivery-evidence.ts'
import { lease, lostAfter } from '../../src/ledger/lease.ts'
import type { Announcement, Ledger } from '../../src/model/ledger-shape.ts'
import { key, ledgerOf, now } from '../support/values.ts'

const secret = (hint: string, age: number, createdBy?: string) => ({ hint, createdAt: now - age, createdBy })
const evidence = (ledger: Ledger | undefined, more: Partial<DeliveryEvidence> = {}): DeliveryEvidence => ({
  ledger,
  observed: new Map([[key, { secretStamp: 500 }]]),
  now,
  ...more,
})
const announced = (age: number, more: Partial<Announcement> = {}): Announcement => ({
  run: '8.1.x',
  at: now - age,
  known: ['aaaaa'],
  stamps: { [key]: 500 },
  ...more,
})
const kinds = (live: ReturnType<typeof secret>[], given: DeliveryEvidence) =>
  Object.fromEntries(classifySecrets(live, given).map(({ hint, kind }) => [hint, kind]))

describe('each live secret', () => {
  it('is what the ledger lists it as, else foreign', () => {
    const ledger = ledgerOf({ retiring: { rrrrr: now - 9 }, suspects: { sssss: now - 8 } })
    const live = ['aaaaa', 'rrrrr', 'sssss', 'fffff'].map((hint) => secret(hint, 99))
    expect(classifySecrets(live, evidence(ledger))).toEqual([
      { ...live[0], kind: 'current' },
      { ...live[1], kind: 'retiring', since: now - 9 },
      { ...live[2], kind: 'suspect', since: now - 8 },
      { ...live[3], kind: 'foreign' },
    ])
    expect(foreignAmong(live, evidence(ledger))).toEqual([live[3]])
    expect(foreignAmong(live, evidence(undefined))).toEqual(live)
  })

  it('that was made long after one of ours with the same hint began to retire is foreign', () => {
    const ledger = ledgerOf({ retiring: { rrrrr: now - 9000 } })
    expect(kinds([secret('rrrrr', 9000 - lease)], evidence(ledger))).toEqual({ rrrrr: 'retiring' })
    expect(kinds([secret('rrrrr', 8999 - lease)], evidence(ledger))).toEqual({ rrrrr: 'foreign' })
  })
})

describe('a secret that a dead run may have issued', () => {
  const died = (more: Partial<Announcement> = {}, ledger: Partial<Ledger> = {}) =>
    evidence(ledgerOf({ announced: announced(lostAfter, more), ...ledger }))
  const live = (...makers: (string | undefined)[]) => [
    secret('aaaaa', 9000, 'us'),
    ...makers.map((maker, index) => secret(`new${index}`, lostAfter - 1, maker)),
  ]
  const { current: _none, ...never } = ledgerOf()

  it('is lost where every place is as announced, and an orphan where one is not', () => {
    expect(kinds(live('us'), died({ by: 'us' }))).toMatchObject({ new0: 'lost' })
    expect(kinds(live('us'), died({ by: 'us', stamps: { [key]: 499 } }))).toMatchObject({ new0: 'orphan' })
    const young = evidence(ledgerOf({ announced: announced(lostAfter - 1) }))
    expect(kinds([secret('aaaaa', 9000), secret('new0', lostAfter - 2)], young)).toMatchObject({ new0: 'orphan' })
  })

  it('is never somebody else’s than whom the announcement names, from a client’s first run on', () => {
    expect(kinds(live('ann'), died({ by: 'us' }))).toMatchObject({ new0: 'foreign' })
    const first = evidence({ ...never, announced: announced(lostAfter, { by: 'us' }) })
    expect(kinds([secret('new0', lostAfter - 1, 'ann')], first)).toEqual({ new0: 'foreign' })
    expect(kinds(live(undefined), died({ by: 'us' }))).toMatchObject({ new0: 'lost' })
  })

  it('is told by who made the listed ones, where the announcement names nobody', () => {
    expect(kinds(live('ann'), died())).toMatchObject({ new0: 'foreign' })
    expect(makersOfOurs(ledgerOf(), live('ann'))).toEqual(new Set(['us']))
  })

  const adopted = { ...never, owner: { ...never.owner, origin: 'adopted' as const } }

  it('is nobody’s whom the tenant names, where nobody is known to be us (P4)', () => {
    const first = evidence({ ...adopted, announced: announced(lostAfter) })
    const [, ...unlisted] = live('ann', 'bob')
    expect(kinds(unlisted, first)).toEqual({ new0: 'foreign', new1: 'foreign' })
    expect(kinds(unlisted.slice(1), first)).toEqual({ new1: 'foreign' })
    expect(kinds([...unlisted, secret('new2', lostAfter - 1)], first)).toMatchObject({ new2: 'foreign' })
  })

  it('is the unknown one, where the tenant names no maker', () => {
    const first = evidence({ ...adopted, announced: announced(lostAfter) })
    expect(hintsOfKind(classifySecrets([secret('new0', lostAfter - 1)], first), 'orphan')).toEqual(['new0'])
  })

  it('is the first one of a client that this action made, and tells who we are', () => {
    const creation = evidence({ ...never, announced: announced(lostAfter, { known: [] }) })
    const [ours, theirs] = [secret('new0', lostAfter - 1, 'us'), secret('new1', lostAfter - 9, 'ann')]
    expect(kinds([theirs, ours], creation)).toEqual({ new1: 'foreign', new0: 'lost' })
  })
})
