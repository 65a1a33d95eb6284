import { describe, expect, it } from 'vitest'
import { readDescription, requireLedgerRoom } from '../../src/ledger/description.ts'
import { lostAfter } from '../../src/ledger/lease.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { decideRotation } from '../../src/ledger/rotation-decision.ts'
import type { RotationInput } from '../../src/ledger/rotation-situation.ts'
import { isKeyHint, keyHint } from '../../src/model/credential.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import { actor, destination, key, ledgerOf, now } from '../support/values.ts'

const [current, next] = ['c', 'n'].map((letter) => letter.repeat(43)) as [string, string]

describe('the hint of a key', () => {
  it('never looks like the hint of a secret, whatever the key is called', () => {
    for (const kid of ['e6815', '2026', 'key of ours', 'c'.repeat(44), '']) expect(isKeyHint(keyHint(kid))).toBe(true)
    expect(keyHint(current)).toBe(current)
    expect(['e6815', '00000', '-----'].filter(isKeyHint)).toEqual([])
  })
})

describe('the ledger of keys', () => {
  const places = Array.from({ length: 20 }, (_, at) => ({ ...destination, environment: `staging-${at}` }))
  const stamps = places.map(({ environment }) => [`123//${environment}/QLIK_CLIENT_SECRET`, 1_793_600_000])
  const full = ledgerOf({
    current: { hint: current, since: now },
    retiring: { [next]: now },
    announced: { run: '12345678901.1.abcdefgh', at: now, known: [], issuing: next, stamps: Object.fromEntries(stamps) },
    destinations: Object.fromEntries(
      stamps.map(([at, stamp]) => [at, { hint: current, stamp: Number(stamp), id: 'variable:QLIK_CLIENT_ID' }]),
    ),
  })

  it('is read as it was written, and has the current key once', () => {
    const other: Ledger = { ...full, destinations: { ...full.destinations, [key]: { hint: next, stamp: 7 } } }
    for (const ledger of [full, other, { ...other, current: undefined }]) {
      const line = ledgerLine(ledger)
      expect(readDescription(line).ledger).toEqual(JSON.parse(JSON.stringify(ledger)))
      expect(line.split(current).length - 1).toBe(ledger.current === undefined ? 20 : 1)
    }
  })

  it('has room for twenty destinations', () => {
    expect(() => requireLedgerRoom('', full, places)).not.toThrow()
  })
})

describe('the leftover of a dead run that announced a key', () => {
  const announced = { run: '8.1.x', at: now - 700, known: [], issuing: next, stamps: { [key]: 500 } }
  const decide = (more: Partial<RotationInput> = {}) =>
    decideRotation({
      ledger: ledgerOf({
        current: { hint: current, since: now - 9 * lostAfter },
        destinations: { [key]: { hint: current, stamp: 500 } },
        announced,
      }),
      live: [current, next, 'key:theirs'].map((hint) => ({ hint })),
      destinations: [{ ...destination, idAs: 'none' }],
      observed: new Map([[key, { secretStamp: 500 }]]),
      now,
      seen: undefined,
      run: actor.run,
      kind: 'key',
      grace: 86_400,
      rotate: 'auto',
      retireHints: [],
      neededElsewhere: new Set<string>(),
      graceAnew: new Set<string>(),
      ...more,
    })

  it('is the announced key, which is retired if it was delivered nowhere; a key that nobody announced is somebody else’s', () => {
    const { retire, orphans, foreign, reasons } = decide()
    expect(retire).toEqual([{ hint: next, why: 'never delivered' }])
    expect([orphans, reasons]).toEqual([[], []])
    expect(foreign).toEqual([{ hint: 'key:theirs' }])
  })

  it('is an orphan if it may have been delivered', () => {
    const { retire, orphans } = decide({ observed: new Map([[key, { secretStamp: 600 }]]) })
    expect([retire, orphans]).toEqual([[], [next]])
  })

  it('is not a secret that appeared at the same time', () => {
    const live = [{ hint: current }, { hint: 'e6815', createdAt: announced.at + 1 }]
    expect(decide({ live }).foreign).toEqual([live[1]])
  })

  it('takes none of the five slots of secrets', () => {
    const live = [current, 'a', 'b', 'c', 'd', 'e'].map((hint) => ({ hint }))
    expect(decide({ live, rotate: 'now' }).reasons).toEqual(['asked'])
  })
})
