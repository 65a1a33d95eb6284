import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDescription, roomBeside, withLedger } from '../../src/ledger/description.ts'
import { nameMark, withGranted, withoutSpaces } from '../../src/ledger/granted-spaces.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { roomComplaint } from '../../src/ledger/ledger-size.ts'
import { ledgerMarker, longestDescription } from '../../src/model/client.ts'
import { clientSchema } from '../../src/spec/client-spec.ts'
import { ledgerOf } from '../support/values.ts'

const id = (index: number) => String(index).padStart(24, '0')
const bot = '62716f4b39b865ece543cd45'
const parse = (line: string) => readDescription(line)

describe('spaces in a ledger', () => {
  it('are read back as they were written', () => {
    const spaces = { [id(1)]: nameMark('Finance'), [id(2)]: nameMark(undefined) }
    const ledger = withGranted(ledgerOf({}), spaces, bot)
    expect(readDescription(withLedger('For people', ledger)).ledger).toEqual(ledger)
  })

  it('make it version 2, which earlier versions of this action refuse, so that none forgets them', () => {
    const line = (ledger = ledgerOf({})) => JSON.parse(ledgerLine(ledger).slice(ledgerMarker.length))
    const granted = withGranted(ledgerOf({}), { [id(1)]: '' }, bot)
    expect([line().version, line(granted).version]).toEqual([1, 2])
    // What is left when all are revoked is for every version.
    const revoked = withoutSpaces(granted, new Set([id(1)]))
    expect([line(revoked).version, line(revoked).spaces]).toEqual([1, undefined])
  })

  it('are the only thing that version 2 has: another line of that version is a later one', () => {
    const json = JSON.stringify({ ...JSON.parse(ledgerLine(ledgerOf({})).slice(ledgerMarker.length)), version: 2 })
    expect(parse(`${ledgerMarker} ${json}`)).toMatchObject({ note: 'newer' })
    expect(parse(`${ledgerMarker} {"version":3,"spaces":{}}`)).toMatchObject({ note: 'newer' })
  })

  it.each([
    ['an id that leads elsewhere', { spaces: { '../users': '' } }],
    ['a mark that is none', { spaces: { [id(1)]: 'two words' } }],
    ['a bot that is none', { spaces: { [id(1)]: '' }, bot: 'a b' }],
    ['a list', { spaces: [] }],
  ])('are taken only as this action writes them: %s', (_what, part) => {
    const json = JSON.parse(ledgerLine(ledgerOf({})).slice(ledgerMarker.length))
    expect(parse(`${ledgerMarker} ${JSON.stringify({ ...json, ...part, version: 2 })}`).note).toBe('mangled')
  })

  it('are marked by their names, each name by another mark', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 256 }), { maxLength: 20 }), (names) => {
        const marks = names.map(nameMark)
        expect(new Set(marks).size).toBe(names.length)
        for (const mark of marks) expect(mark).toMatch(/^[\da-z]{1,7}$/)
      }),
    )
  })
})

describe('room for spaces', () => {
  const spaces = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [id(index), 'zzzzzzz']))

  it('is there for twenty of them, beside six places', () => {
    const room = roomBeside(withGranted(ledgerOf({}), spaces, undefined), [])
    expect(room).toBeGreaterThan(1500)
    expect(roomBeside(withGranted(ledgerOf({}), spaces, bot), [])).toBe(room)
  })

  it('is checked before any request to a tenant', () => {
    const given = Array.from({ length: 20 }, (_, index) => ({ name: `Space ${index}`, roles: ['consumer'] }))
    const written = (description: string, some: object[]) =>
      clientSchema.parse({ name: 'x', scopes: ['a'], description, spaces: some, deliver: [] })
    const without = longestDescription - 700
    expect(roomComplaint(written('d'.repeat(without - 500), []), 'acme/app')).toBeUndefined()
    expect(roomComplaint(written('d'.repeat(without - 500), given), 'acme/app')).toMatch(/leave no room/)
  })
})
