import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Destination, destinationKey, stores } from '../../src/domain/destination.ts'
import {
  deliveredEntry,
  droppedDestinations,
  type Ledger,
  ledgerLine,
  ledgerMarker,
  readDescription,
  recalledDestination,
  requireRoom,
  sameLedger,
  withLedger,
  withLine,
} from '../../src/domain/ledger.ts'
import { destination, key, ledgerOf } from '../support/values.ts'

// No hint is `__proto__`: answers with one are refused.
const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__')
const place = fc
  .tuple(fc.nat(), fc.string({ maxLength: 12 }), fc.constantFrom('A', 'QLIK_CLIENT_SECRET'))
  .map(([id, environment, name]) => `${id}//${encodeURIComponent(environment).replaceAll('.', '-')}/${name}`)
const fullName = fc.constantFrom('acme/app', 'other/x.y')
const time = fc.integer({ min: 0, max: 4_000_000_000 })
// No tenant calls a secret so, and no object of JavaScript keeps it.
const hint = word.filter((text) => text !== '__proto__')
const times = fc.dictionary(hint, time, { maxKeys: 4 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
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
  destinations: fc.dictionary(
    place,
    fc.record({
      hint: word,
      stamp: fc.integer({ min: -1, max: 4_000_000_000 }),
      idStamp: optional(time),
      id: optional(fc.constantFrom('variable:QLIK_CLIENT_ID', 'secret:A')),
      in: optional(fullName),
    }),
    { maxKeys: 3 },
  ),
})
const userText = fc
  .oneof(
    fc.string({ maxLength: 80 }),
    fc.constant('Two lines\n\nof people '),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  .filter((text) => !text.includes(ledgerMarker))

describe('a ledger in a description', () => {
  it('is read back as it was written, whatever stands before it', () => {
    fc.assert(
      fc.property(userText, ledgers, (user, ledger) => {
        const read = readDescription(withLedger(user, ledger))
        expect(sameLedger(read.ledger, ledger)).toBe(true)
        expect(read.note).toBeUndefined()
        expect(read.user).toBe(user.trim() === '' ? '' : user.trimEnd())
      }),
      { numRuns: 500 },
    )
  })

  it('is one line, so that nothing of it can be taken for the user’s', () => {
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
  it('never fails, and finds no ledger where there is none', () => {
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

  it('takes for a ledger only what this action could have written', () => {
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

  it('keeps what people wrote behind our line', () => {
    const text = `Before\n${ledgerLine(ledgerOf())}\nBehind\nit`
    expect(readDescription(text)).toMatchObject({ user: 'Before\nBehind\nit', ledger: ledgerOf() })
  })

  it('reads the first of two ledgers, and keeps the other out of the user’s text only where it is ours', () => {
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

  it('does not mind keys of a later patch of the same version', () => {
    const json = JSON.stringify({ ...ledgerOf(), later: 1 })
    expect(readDescription(`${ledgerMarker}${json}`).ledger).toEqual(ledgerOf())
  })
})

describe('room', () => {
  it('is asked for with the fullest ledger that can follow', () => {
    const ledger = ledgerOf({ destinations: {} })
    expect(() => requireRoom('d'.repeat(3000), ledger, [destination])).not.toThrow()
    expect(() => requireRoom('d'.repeat(3800), ledger, [destination])).toThrow(/leave no room/)
    const many = Array.from({ length: 20 }, (_, index) => ({ ...destination, secretName: `SECRET_${index}` }))
    expect(() => requireRoom('d'.repeat(3000), ledger, many)).toThrow(/leave no room/)
    expect(() => requireRoom('', ledger, many)).not.toThrow()
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
        const entry = deliveredEntry(place, 'aaaaa', 1, undefined, owner)
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

  it('is dropped where it is no longer named', () => {
    expect(droppedDestinations(ledgerOf(), [destination])).toEqual([])
    expect(droppedDestinations(ledgerOf(), [{ ...destination, environment: 'x' }]).map(destinationKey)).toEqual([key])
    expect(droppedDestinations(undefined, [])).toEqual([])
  })
})
