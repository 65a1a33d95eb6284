import { describe, expect, it } from 'vitest'
import { lostAfter } from '../../src/ledger/lease.ts'
import {
  announcedLedger,
  type CommitFacts,
  committedLedger,
  correctedLedger,
  type LedgerBeforeWrite,
  ledgerAfterGivingUp,
} from '../../src/ledger/ledger-transitions.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import { actor, destination, key, ledgerOf, now } from '../support/values.ts'

const live = (...hints: string[]) => hints.map((hint) => ({ hint, createdAt: now - 9, createdBy: 'us' }))
const input = {
  kind: 'secret' as const,
  live: live('aaaaa'),
  now,
  run: actor.run,
  destinations: [destination],
  observed: new Map([[key, { secretStamp: 500 }]]),
}
const announced = announcedLedger(ledgerOf(), { orphans: [], retire: [] }, input)
const deliveries: Ledger['destinations'] = { [key]: { hint: 'nnnnn', stamp: 900, id: 'variable:QLIK_CLIENT_ID' } }
const commit: CommitFacts = {
  announced,
  hint: 'nnnnn',
  issuedAt: now - 1,
  deliveries,
  proof: 'exact',
  written: [900, 0],
  issuedBy: 'us',
  earlierMakers: [],
}
const seen = (ledger: Ledger | undefined = announced, ...hints: string[]) => ({
  ledger,
  live: live('aaaaa', 'nnnnn', ...hints),
  now,
})

describe('the announced ledger', () => {
  it('notes the run, the time, the hints and the stamps, and keeps the rest', () => {
    expect(announced).toEqual({
      ...ledgerOf(),
      announced: { run: '9.1.p', at: now, known: ['aaaaa'], stamps: { [key]: 500 } },
    })
    const empty = announcedLedger(ledgerOf(), { orphans: [], retire: [] }, { ...input, observed: new Map() })
    expect(empty.announced?.stamps).toEqual({ [key]: null })
  })

  it('turns orphans into suspects in the same write, since their announcement, and drops hints that are gone', () => {
    const ledger = ledgerOf({
      suspects: { gone: now - 5, sssss: now - 5 },
      retiring: { gone2: 3, rrrrr: 4 },
      announced: { run: 'x', at: 77, known: [], stamps: {} },
    })
    const next = announcedLedger(
      ledger,
      { orphans: ['ooooo'], retire: [{ hint: 'rrrrr', why: 'grace is over' }] },
      { ...input, live: live('aaaaa', 'sssss', 'rrrrr', 'ooooo') },
    )
    expect(next).toMatchObject({ suspects: { sssss: now - 5, ooooo: 77 }, retiring: {} })
    expect(next.announced?.known).toEqual(['aaaaa', 'sssss', 'ooooo'])
  })
})

describe('the committed ledger', () => {
  it('makes the fresh secret the current one, and lets the previous begin to retire', () => {
    const { ledger, isProven } = committedLedger(commit, seen())
    expect(isProven).toBe(true)
    expect(ledger).toEqual({
      ...ledgerOf(),
      announced: undefined,
      current: { hint: 'nnnnn', since: now - 1 },
      retiring: { aaaaa: now },
      destinations: deliveries,
    })
  })

  it('lets suspects retire if they are ten minutes old, and keeps younger ones', () => {
    const base = { ...announced, suspects: { older: now - lostAfter, young: now - lostAfter + 1, gone: 1 } }
    const { ledger } = committedLedger(
      { ...commit, announced: base },
      { ...seen(base, 'older', 'young'), ledger: base },
    )
    expect(ledger).toMatchObject({ suspects: { young: now - lostAfter + 1 }, retiring: { aaaaa: now, older: now } })
    expect(ledger.suspects).not.toHaveProperty('gone')
  })

  it.each<[string, Partial<CommitFacts>, LedgerBeforeWrite]>([
    ['the ledger is not what was announced', {}, seen(ledgerOf())],
    ['the ledger is gone', {}, { ...seen(), ledger: undefined }],
    ['an unknown hint is there', {}, seen(announced, 'xxxxx')],
    ['a stamp is not that of our own write', { proof: 'none' }, seen()],
  ])('begins to retire nothing where %s: the next run settles it', (_what, more, reread) => {
    const { ledger, isProven } = committedLedger({ ...commit, ...more }, reread)
    expect(isProven).toBe(false)
    expect(ledger.retiring).toEqual({})
    expect(ledger.current?.hint).toBe('aaaaa')
    expect(ledger.suspects).toHaveProperty('nnnnn')
    expect(ledger.unproven).toBe(true)
    expect(ledger.announced).toBeUndefined()
  })

  it('records all places again, after a ledger that had lost them', () => {
    const announcedUnproven = { ...announced, unproven: true as const }
    const proven = committedLedger({ ...commit, announced: announcedUnproven }, seen(announcedUnproven))
    expect(proven).toMatchObject({ isProven: true, ledger: { destinations: deliveries } })
    expect(proven.ledger.unproven).toBeUndefined()
  })

  it('turns an unknown hint into a suspect, but not somebody else’s', () => {
    const stranger = { ...seen(announced, 'xxxxx') }
    expect(committedLedger(commit, stranger).ledger.suspects).toHaveProperty('xxxxx')
    const theirs = { ...seen(), live: [...live('aaaaa', 'nnnnn'), { hint: 'xxxxx', createdAt: now, createdBy: 'ann' }] }
    expect(committedLedger(commit, theirs)).toMatchObject({ isProven: true, ledger: { suspects: {} } })
  })

  it('knows the maker of our own secret from the list too: somebody else’s is no suspect (P4)', () => {
    const { issuedBy: _untold, ...untold } = commit
    const theirs = { hint: 'fffff', createdAt: now - 5, createdBy: 'them' }
    const reading = { ...seen(), live: [...seen().live, theirs] }
    const { ledger, isProven } = committedLedger({ ...untold, proof: 'none' }, reading)
    expect(isProven).toBe(false)
    expect(Object.keys(ledger.suspects)).toEqual(['nnnnn'])
    expect(committedLedger(untold, reading).isProven).toBe(true)
  })

  it('leaves another run’s announcement, which identifies its secret', () => {
    const theirs = { ...announced, announced: { ...announced.announced!, run: '7.1.x' } }
    expect(committedLedger(commit, seen(theirs)).ledger.announced?.run).toBe('7.1.x')
  })
})

describe('looking back', () => {
  const { ledger: written } = committedLedger(commit, seen())

  it('writes nothing if the ledger is as it was written', () => {
    expect(correctedLedger(commit, written, seen(written))).toBeUndefined()
  })

  it('adds secrets that another run left out, and secrets that appeared meanwhile', () => {
    const other = ledgerOf({ current: { hint: 'ttttt', since: now } })
    expect(correctedLedger(commit, written, seen(other, 'ttttt'))?.ledger.suspects).toHaveProperty('nnnnn')
    expect(correctedLedger(commit, written, seen(written, 'xxxxx'))?.ledger.suspects).toEqual({ xxxxx: now })
  })
})

describe('giving up', () => {
  it('takes only the announcement back if no place can hold the secret', () => {
    expect(ledgerAfterGivingUp(announced, undefined, {}, { live: [], now })).toEqual({
      ...ledgerOf(),
      announced: undefined,
    })
  })

  it('keeps a secret that another run of ours issued meanwhile, and ignores those of others', () => {
    const theirs = { hint: 'fffff', createdAt: now, createdBy: 'ann' }
    const { suspects } = ledgerAfterGivingUp(
      announced,
      undefined,
      {},
      { live: [...live('aaaaa', 'ooooo'), theirs], now },
    )
    expect(suspects).toEqual({ ooooo: now })
  })

  it('keeps a secret that a place may hold as a suspect, and records its places', () => {
    expect(ledgerAfterGivingUp(announced, 'nnnnn', deliveries, { live: [], now })).toMatchObject({
      suspects: { nnnnn: now },
      current: { hint: 'aaaaa' },
      destinations: deliveries,
      announced: undefined,
    })
  })
})
