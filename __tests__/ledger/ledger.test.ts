import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDescription, requireLedgerRoom, roomBeside, withLedger, withLine } from '../../src/ledger/description.ts'
import { ledgerLine, sameLedger } from '../../src/ledger/ledger-codec.ts'
import { deliveredEntry, droppedDestinations, recalledDestination } from '../../src/ledger/ledger-entries.ts'
import { ledgerMarker, longestDescription } from '../../src/model/client.ts'
import { type Destination, destinationKey, environmentOf, stores } from '../../src/model/destination.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import { destination, key, ledgerOf, now } from '../support/values.ts'

// No hint is `__proto__`: answers with one are refused.
const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__')
const place = fc
  .tuple(fc.nat(), fc.string({ maxLength: 12 }), fc.constantFrom('A', 'QLIK_CLIENT_SECRET'))
  .map(
    ([id, environment, name]) => `${id}//${encodeURIComponent(environment.toLowerCase()).replaceAll('.', '-')}/${name}`,
  )
const fullName = fc.constantFrom('acme/app', 'other/x.y')
const time = fc.integer({ min: 0, max: 4_000_000_000 })
// No tenant calls a secret so, and no object of JavaScript keeps it.
const hint = word.filter((text) => text !== '__proto__')
const times = fc.dictionary(hint, time, { maxKeys: 4 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const places = fc
  .dictionary(
    place,
    fc.record({
      hint: word,
      stamp: fc.integer({ min: -1, max: 4_000_000_000 }),
      idStamp: optional(time),
      id: optional(fc.constantFrom('variable:QLIK_CLIENT_ID', 'secret:A')),
      in: optional(fullName),
    }),
    { maxKeys: 3 },
  )
  .chain(spelt)
const ledgers: fc.Arbitrary<Ledger> = fc.record({
  version: fc.constant(1 as const),
  owner: fc.record({
    repository: word,
    name: fullName,
    client: fc.string({ unit: 'binary', maxLength: 60 }),
    origin: fc.constantFrom('made', 'adopted'),
  }),
  current: optional(fc.record({ hint: word, since: time })),
  retiring: times,
  suspects: times,
  announced: optional(
    fc.record({
      run: word,
      at: time,
      renewed: optional(time),
      known: fc.array(word, { maxLength: 5 }),
      stamps: fc.dictionary(place, fc.option(time), { maxKeys: 3 }),
    }),
  ),
  destinations: places,
  leaving: optional(places.filter((some) => Object.keys(some).length > 0)),
})
/** Some places with their environments as people wrote them. */
function spelt(places: Ledger['destinations']): fc.Arbitrary<Ledger['destinations']> {
  return fc.boolean().map((isLoud) =>
    Object.fromEntries(
      Object.entries(places).map(([at, delivered]) => {
        const loud = environmentOf(at).toUpperCase()
        const isOther = isLoud && loud.toLowerCase() === environmentOf(at) && loud !== environmentOf(at)
        return [at, isOther ? { ...delivered, environment: loud } : delivered]
      }),
    ),
  )
}
const userText = fc
  .oneof(
    fc.string({ maxLength: 80 }),
    fc.constant('Two lines\n\nof people '),
    fc.string({ unit: 'binary', maxLength: 36 }),
  )
  .filter((text) => !text.includes(ledgerMarker))

describe('a ledger in a description', () => {
  it('is read back as it was written, whatever text comes before it', () => {
    fc.assert(
      fc.property(userText, ledgers, (user, ledger) => {
        const read = readDescription(withLedger(user, ledger))
        expect(sameLedger(read.ledger, ledger)).toBe(true)
        expect(read.note).toBeUndefined()
        expect(read.user).toBe(user.trim() === '' ? '' : user)
      }),
      { numRuns: 500 },
    )
  })

  it('is one line, so that no part of it looks like the user’s text', () => {
    fc.assert(
      fc.property(ledgers, (ledger) => {
        expect(ledgerLine(ledger)).not.toMatch(/[\n\r]/)
        expect(ledgerLine(ledger).startsWith(ledgerMarker)).toBe(true)
      }),
    )
  })

  it('stays as it is when it is written again', () => {
    fc.assert(
      fc.property(userText, ledgers, (user, ledger) => {
        const once = withLedger(user, ledger)
        const read = readDescription(once)
        expect(withLedger(read.user, read.ledger!)).toBe(once)
        expect(withLine(read.user, read.line)).toBe(once)
      }),
    )
  })

  it('is the same whatever the order of its parts', () => {
    const ledger = ledgerOf({ retiring: { b: 1, a: 2 } })
    const turned = Object.fromEntries(Object.entries({ ...ledger, retiring: { a: 2, b: 1 } }).reverse()) as Ledger
    expect(sameLedger(ledger, turned)).toBe(true)
    expect(ledgerLine(ledger)).toBe(ledgerLine(turned))
    expect(sameLedger(ledger, ledgerOf())).toBe(false)
    expect(sameLedger(undefined, undefined)).toBe(true)
    expect(sameLedger(ledger, undefined)).toBe(false)
  })

  it('holds no secret and no more than a few hundred characters', () => {
    expect(ledgerLine(ledgerOf()).length).toBeLessThan(400)
  })
})

describe('reading a description', () => {
  it('never fails, and finds no ledger in a text without one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (before, after) => {
        expect(readDescription(before.replaceAll(ledgerMarker, ''))).toEqual({
          user: before.replaceAll(ledgerMarker, ''),
        })
        expect(readDescription(`${before}\n${ledgerMarker}${after}`).line).toBeDefined()
        expect(readDescription(`- ${ledgerMarker}${after}`).line).toBeUndefined()
      }),
    )
  })

  it('accepts only a ledger that this action could have written', () => {
    const odd = (delivered: object, at = key) =>
      `${ledgerMarker} ${JSON.stringify({ ...ledgerOf(), destinations: { [at]: { hint: 'aaaaa', stamp: 1, ...delivered } } })}`
    expect(readDescription(odd({})).ledger).toBeDefined()
    for (const delivered of [
      { id: 'variable:../../x' },
      { id: 'other:A' },
      { in: '../precious' },
      { in: 'a/b/c' },
      { stamp: 1e30 },
    ])
      expect(readDescription(odd(delivered)).note, JSON.stringify(delivered)).toBe('mangled')
    for (const at of ['1//%zz/A', '1///a', '1/x//A', '1//../A', '../../A/A', '1///GITHUB_A', '1///A/B'])
      expect(readDescription(odd({}, at)).note, at).toBe('mangled')
    for (const at of ['@acme//env/A', '@///A', '@Acme///A', '@a.b///A', '@..///A', '@a%2Fb///A', '1/actions//A'])
      expect(readDescription(odd({}, at)).note, at).toBe('mangled')
    for (const at of ['1/dependabot/env/A', '%zz///A', '1/packages//A', '@acme/packages//A', '1/__proto__//A'])
      expect(readDescription(odd({}, at)).note, at).toBe('mangled')
    for (const store of ['dependabot', 'codespaces'])
      expect(readDescription(odd({ id: 'variable:A' }, `1/${store}//A`)).note, store).toBe('mangled')
    for (const at of ['1/agents//A', '@acme///A', '@acme/agents//A'])
      expect(readDescription(odd({ id: 'variable:A' }, at)).ledger, at).toBeDefined()
  })

  it('keeps the text that people wrote after our line', () => {
    const text = `Before\n${ledgerLine(ledgerOf())}\nBehind\nit`
    expect(readDescription(text)).toMatchObject({ user: 'Before\nBehind\nit', ledger: ledgerOf() })
  })

  it('reads the first of two ledgers, and keeps the other out of the user’s text only if it is ours', () => {
    const line = ledgerLine(ledgerOf())
    expect(readDescription(`${line}\n${line}`).ledger).toEqual(ledgerOf())
  })

  it.each([
    ['{"version":1}', 'mangled'],
    ['{', 'mangled'],
    ['', 'mangled'],
    ['null', 'mangled'],
    ['{"version":"2"}', 'mangled'],
    ['{"version":0}', 'mangled'],
    ['{"version":2}', 'newer'],
    ['{"version":99,"anything":true}', 'newer'],
  ])('calls a ledger of %s %s', (json, note) => {
    expect(readDescription(`x\n${ledgerMarker} ${json}`)).toMatchObject({ user: 'x', note })
  })

  it('ignores keys of a later patch of the same version', () => {
    const json = JSON.stringify({ ...ledgerOf(), later: 1 })
    expect(readDescription(`${ledgerMarker}${json}`).ledger).toEqual(ledgerOf())
  })
})

describe('a usual value', () => {
  const places = {
    [key]: { hint: 'aaaaa', stamp: 500, id: 'variable:QLIK_CLIENT_ID' },
    '123//staging/OTHER': { hint: 'bbbbb', stamp: 501 },
    '7/dependabot//QLIK_CLIENT_SECRET': { hint: 'aaaaa', stamp: 502, idStamp: 503, id: 'secret:ID', in: 'acme/other' },
    '8///X': { hint: 'aaaaa', stamp: 504, id: 'variable:QLIK_CLIENT_ID', in: 'evil/app' },
  }
  const announced = { run: '1.1.x', at: now, known: [], stamps: { [key]: 500, '123//staging/OTHER': null } }
  const ledger = ledgerOf({ destinations: places, announced })

  it('is left out of the line, and read back anyway', () => {
    const line = ledgerLine(ledger)
    expect(line).toContain(
      '"destinations":{"123///":{"stamp":500},"123//staging/OTHER":{"hint":"bbbbb","id":"none","stamp":501},',
    )
    expect(line).toContain('"7/dependabot//":{"id":"secret:ID","idStamp":503,"in":"other","stamp":502}')
    expect(line).toContain('"stamps":{"123///":500,')
    expect(readDescription(line).ledger).toEqual(ledger)
  })

  it('may also be written out', () => {
    const inFull = `${ledgerMarker} ${JSON.stringify(ledger)}`
    expect(readDescription(inFull.replace('"stamp":501', '"stamp":501,"id":"none"')).ledger).toEqual(ledger)
  })
})

describe('room', () => {
  it('is checked with the longest ledger that can follow', () => {
    const ledger = ledgerOf({ destinations: {} })
    expect(() => requireLedgerRoom('d'.repeat(3000), ledger, [destination])).not.toThrow()
    expect(() => requireLedgerRoom('d'.repeat(3800), ledger, [destination])).toThrow(/leave no room/)
    const many = Array.from({ length: 20 }, (_, index) => ({ ...destination, secretName: `SECRET_${index}` }))
    expect(() => requireLedgerRoom('d'.repeat(3000), ledger, many)).toThrow(/leave no room/)
    expect(() => requireLedgerRoom('', ledger, many)).not.toThrow()
  })

  it('is enough for twenty places with realistic names', () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      ...destination,
      repository: { owner: 'acme', name: `analytics-platform-service-${index}`, id: String(800_000_000 + index) },
      environment: 'production-eu-west-1',
    }))
    expect(roomBeside(ledgerOf(), many)).toBeGreaterThan(300)
  })

  it('is the same whatever state a ledger is in, and enough for each', () => {
    const hint = fc.integer({ min: 0, max: 0xf_ff_ff }).map((it) => it.toString(16).padStart(5, '0'))
    const time = fc.integer({ min: 0, max: 9_999_999_999 })
    const environments = ['', 'staging', 'a/b']
    const places = environments.map((environment) => ({ ...destination, environment: environment || undefined }))
    const keys = places.map(destinationKey)
    const state = fc.record({
      current: fc.option(fc.record({ hint, since: time }), { nil: undefined }),
      unproven: fc.constantFrom(undefined, true as const),
      retiring: fc.dictionary(hint, time, { maxKeys: 2 }),
      suspects: fc.dictionary(hint, time, { maxKeys: 2 }),
      written: fc.option(fc.dictionary(hint, fc.tuple(time, fc.nat(60), fc.nat(999)), { maxKeys: 2 }), {
        nil: undefined,
      }),
      announced: fc.option(
        fc.record({
          run: fc.constant('12345678901.12.abcdefgh'),
          by: fc.option(fc.string({ minLength: 24, maxLength: 40, unit: fc.constantFrom(...'0123456789abcdef') }), {
            nil: undefined,
          }),
          at: time,
          renewed: fc.option(time, { nil: undefined }),
          known: fc.array(hint, { maxLength: 4 }),
          stamps: fc.record(Object.fromEntries(keys.map((it) => [it, fc.option(time)]))),
        }),
        { nil: undefined },
      ),
      destinations: fc.dictionary(
        fc.constantFrom(...keys),
        fc.record({ hint, stamp: time, id: fc.constant('variable:QLIK_CLIENT_ID') }),
      ),
    })
    const room = roomBeside(ledgerOf({ destinations: {} }), places)
    fc.assert(
      fc.property(state, (more) => {
        const ledger = ledgerOf(more as Partial<Ledger>)
        expect(roomBeside(ledger, places)).toBe(room)
        expect(withLedger('d'.repeat(room), ledger).length).toBeLessThanOrEqual(longestDescription)
      }),
    )
  })
})

describe('a destination in the ledger', () => {
  it('is recalled as it was delivered to', () => {
    const common = {
      secretName: fc.constantFrom('A', 'QLIK_CLIENT_SECRET'),
      idName: fc.constant('QLIK_CLIENT_ID'),
      idAs: fc.constantFrom('variable' as const, 'secret' as const),
    }
    const repository = fc.constantFrom(
      { owner: 'acme', name: 'app', id: '123' },
      { owner: 'other', name: 'x.y', id: '7' },
    )
    const environment = fc.string({ minLength: 1, maxLength: 40 }).filter((name) => name !== '.' && name !== '..')
    const arbitrary: fc.Arbitrary<Destination> = fc.oneof(
      fc.record({ ...common, store: fc.constant('actions' as const), repository, environment: optional(environment) }),
      fc.record({ ...common, store: fc.constantFrom(...stores), repository, environment: fc.constant(undefined) }),
      fc.record({ ...common, store: fc.constantFrom(...stores), organization: fc.constantFrom('acme', 'a-b_c', '42') }),
    )
    fc.assert(
      fc.property(arbitrary, (place) => {
        const { owner } = ledgerOf()
        const entry = deliveredEntry(place, { hint: 'aaaaa', stamp: 1 }, owner)
        expect(recalledDestination(destinationKey(place), entry, owner)).toEqual(place)
      }),
    )
  })

  it('has one key only, and for organizations the same in any case', () => {
    const { repository: _none, ...rest } = destination
    const ofAcme = { ...rest, organization: 'Acme' }
    expect(destinationKey(ofAcme)).toBe('@acme///QLIK_CLIENT_SECRET')
    expect(destinationKey({ ...ofAcme, organization: 'acme', store: 'dependabot' })).toBe(
      '@acme/dependabot//QLIK_CLIENT_SECRET',
    )
    expect(destinationKey(destination)).toBe(key)
    expect(destinationKey({ ...destination, store: 'agents' })).toBe('123/agents//QLIK_CLIENT_SECRET')
    expect(destinationKey({ ...destination, environment: 'eu/prod' })).toBe('123//eu%2Fprod/QLIK_CLIENT_SECRET')
  })

  it('is dropped if the spec no longer names it', () => {
    expect(droppedDestinations(ledgerOf(), [destination])).toEqual([])
    expect(droppedDestinations(ledgerOf(), [{ ...destination, environment: 'x' }]).map(destinationKey)).toEqual([key])
    expect(droppedDestinations(undefined, [])).toEqual([])
  })
})
