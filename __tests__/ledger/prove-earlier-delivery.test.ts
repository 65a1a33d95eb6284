import { describe, expect, it } from 'vitest'
import { type DeliveryEvidence, followedSince, isFollowedBy, secretHeldIn } from '../../src/ledger/delivery-evidence.ts'
import { lostAfter } from '../../src/ledger/lease.ts'
import { proveEarlierDelivery } from '../../src/ledger/prove-earlier-delivery.ts'
import { sameSecondWrites } from '../../src/ledger/same-second-writes.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import { clientOf, destination, key, ledgerOf, now } from '../support/values.ts'

const day = 86_400
const seen = (secretStamp?: number) => new Map([[key, { secretStamp, secretAge: 9 }]])
const unproven = (more: Partial<Ledger> = {}) =>
  ledgerOf({ unproven: true, suspects: { wwwww: now - 60 }, written: { wwwww: [900, 2, 30] }, ...more })
const evidence = (
  ledger: Ledger,
  stamp: number | undefined,
  more: Partial<DeliveryEvidence> = {},
): DeliveryEvidence => ({
  ledger,
  observed: seen(stamp),
  now,
  ...more,
})
const live = ['aaaaa', 'wwwww', 'xxxxx'].map((hint) => ({ hint, createdAt: now - 90 }))

describe('what a place holds', () => {
  it.each<[string, DeliveryEvidence, object]>([
    ['that was not looked at', { ...evidence(unproven(), 900), observed: new Map() }, { kind: 'unread' }],
    ['without a secret', evidence(unproven(), undefined), { kind: 'nothing' }],
    ['with the recorded stamp', evidence(ledgerOf(), 500), { kind: 'recorded', hint: 'aaaaa' }],
    [
      'that another ledger records too',
      evidence(ledgerOf(), 500, { ambiguousPlaces: new Set([key]) }),
      { kind: 'unknown' },
    ],
    ['with a stamp of the time of our writes', evidence(unproven(), 903), { kind: 'written', hints: ['wwwww'] }],
    ['with one five seconds off', evidence(unproven(), 895), { kind: 'written', hints: ['wwwww'] }],
    [
      'with the stamp of before, close to it',
      evidence(unproven({ destinations: { [key]: { hint: 'aaaaa', stamp: 898 } } }), 898),
      { kind: 'behind' },
    ],
    ['with an older stamp', evidence(unproven(), 500), { kind: 'behind' }],
    ['with a later stamp', evidence(unproven(), 950), { kind: 'unknown' }],
  ])('%s', (_what, given, held) => {
    expect(secretHeldIn(key, given)).toEqual(held)
  })
})

describe('a later run', () => {
  const prove = (ledger: Ledger, stamp: number | undefined, more: Partial<DeliveryEvidence> = {}) =>
    proveEarlierDelivery({ live, destinations: [destination], evidence: evidence(ledger, stamp, more) })

  it('settles what GitHub shows by now: the suspect is current, and the previous one begins to retire', () => {
    expect(prove(unproven(), 901)).toEqual({
      kind: 'settled',
      ledger: {
        ...ledgerOf(),
        current: { hint: 'wwwww', since: now - 90 },
        retiring: { aaaaa: now },
        destinations: { [key]: { hint: 'wwwww', stamp: 901, id: 'variable:QLIK_CLIENT_ID' } },
      },
    })
  })

  it('waits for ten minutes for what GitHub does not show yet', () => {
    expect(prove(unproven(), 500)).toEqual({ kind: 'awaited', current: { hint: 'wwwww', since: now - 90 } })
    const older = unproven({ suspects: { wwwww: now - lostAfter } })
    expect(prove(older, 500)).toBeUndefined()
  })

  it('keeps as a suspect what may not have been delivered everywhere', () => {
    const ledger = unproven({ suspects: { wwwww: now - 60, xxxxx: now - 600 } })
    expect(prove(ledger, 901)).toMatchObject({ ledger: { current: { hint: 'wwwww' }, suspects: { xxxxx: now - 600 } } })
  })

  it.each<[string, Ledger, number | undefined]>([
    ['somebody else wrote there', unproven(), 950],
    ['the secret is gone from GitHub', unproven(), undefined],
    ['the ledger is sure', { ...unproven(), unproven: undefined }, 901],
    [
      'another suspect was written within the same second',
      unproven({
        suspects: { wwwww: now - 60, xxxxx: now - 60 },
        written: { wwwww: [900, 0, 30], xxxxx: [901, 0, 30] },
      }),
      901,
    ],
    [
      'another suspect may still have been delivered then',
      unproven({ suspects: { wwwww: now - 60, xxxxx: now - 80 } }),
      901,
    ],
    ['a run is at work', unproven({ announced: { run: '8.1.x', at: now - 5, known: [], stamps: {} } }), 901],
    ['the place is new', unproven({ destinations: {} }), 901],
  ])('settles nothing where %s', (_what, ledger, stamp) => {
    expect(prove(ledger, stamp)).toBeUndefined()
  })

  it('frees slots that suspects fill, once every place surely holds the current one', () => {
    const hints = ['aaaaa', 'bbbbb', 'ccccc', 'ddddd', 'eeeee']
    const full = hints.map((hint) => ({ hint, createdAt: now - day }))
    const ledger = ledgerOf({ suspects: { bbbbb: now - lostAfter, ccccc: now - 5 } })
    const free = (secrets: typeof full, stamp = 500) =>
      proveEarlierDelivery({ live: secrets, destinations: [destination], evidence: evidence(ledger, stamp) })
    expect(free(full)).toMatchObject({ ledger: { suspects: { ccccc: now - 5 }, retiring: { bbbbb: now } } })
    expect(free(full.slice(1))).toBeUndefined()
    expect(free(full, 501)).toBeUndefined()
  })
})

describe('one secret was delivered before another', () => {
  it('if its writes were answered two seconds earlier', () => {
    const at = (first: number) =>
      unproven({ suspects: { wwwww: now, xxxxx: now }, written: { wwwww: [900, 0, 9], xxxxx: [first, 1, 9] } })
    expect(isFollowedBy('xxxxx', 'wwwww', at(897))).toBe(true)
    expect(isFollowedBy('xxxxx', 'wwwww', at(898))).toBe(false)
  })

  it('if its run was over when the other was announced', () => {
    const since = (age: number) => unproven({ suspects: { wwwww: now, xxxxx: now - age } })
    expect(isFollowedBy('xxxxx', 'wwwww', since(90))).toBe(true)
    expect(isFollowedBy('xxxxx', 'wwwww', since(89))).toBe(false)
    expect(followedSince('xxxxx', since(90))).toBe(now)
  })

  it('as the current one was, by its stamp, which another clock than that of the answers may tell', () => {
    const stamp = (at: number) => unproven({ destinations: { [key]: { hint: 'aaaaa', stamp: at } } })
    expect(isFollowedBy('aaaaa', 'wwwww', stamp(892))).toBe(true)
    expect(isFollowedBy('aaaaa', 'wwwww', stamp(893))).toBe(false)
    expect(isFollowedBy('aaaaa', 'wwwww', stamp(-1))).toBe(false)
  })
})

it('a place is contested where two ledgers record the very stamp that it shows', () => {
  const ours = clientOf({ ledger: ledgerOf() })
  const other = (stamp: number) =>
    clientOf({ id: 'c2', ledger: ledgerOf({ destinations: { [key]: { hint: 'zzzzz', stamp } } }) })
  expect(sameSecondWrites(ours, [ours, other(500)], seen(500))).toEqual(new Set([key]))
  expect(sameSecondWrites(ours, [ours, other(499)], seen(500))).toEqual(new Set())
  expect(sameSecondWrites(ours, [ours, other(500)], seen(501))).toEqual(new Set())
})
