import { describe, expect, it } from 'vitest'
import { ledgerMarker } from '../../src/model/client.ts'
import { findClient, isYounger, ownedElsewhere } from '../../src/plan/find-client.ts'
import { actor, clientOf, ledgerOf, now, specOf } from '../support/values.ts'

const announced = { run: '8.1.x', at: now - 5, known: [], stamps: {} }
const mere = (at: number) => {
  const { current: _none, ...rest } = ledgerOf({ destinations: {}, announced: { ...announced, at } })
  return rest
}
const find = (spec = specOf(), clients = [clientOf()]) => findClient(spec, clients, actor, now)

describe('the client that a spec means', () => {
  it('is undefined if nothing matches', () => {
    expect(find(specOf(), [])).toEqual({ kind: 'none' })
    expect(find(specOf(), [clientOf({ name: 'other' }), clientOf({ name: 'Deployer' })])).toEqual({ kind: 'none' })
  })

  it('is the pinned one, whatever its name and its ledger say', () => {
    const pinned = clientOf({
      id: 'pin',
      name: 'x',
      ledger: ledgerOf({ owner: { ...ledgerOf().owner, repository: '9' } }),
    })
    expect(find(specOf({ clientId: 'pin' }), [clientOf({ ledger: ledgerOf() }), pinned])).toMatchObject({
      client: pinned,
      by: 'pin',
    })
    expect(() => find(specOf({ clientId: 'pin' }), [clientOf()])).toThrow(
      expect.objectContaining({ code: 'CLIENT_MISSING' }),
    )
  })

  it('is the one with our ledger, before one with the name', () => {
    const ours = clientOf({ id: 'ours', name: 'renamed', ledger: ledgerOf() })
    expect(find(specOf(), [clientOf({ id: 'named' }), ours])).toMatchObject({ client: ours, by: 'ledger' })
  })

  it('is the one with exactly that name', () => {
    expect(find(specOf(), [clientOf({ name: 'deployer ' }), clientOf({ id: 'named' })])).toMatchObject({
      client: { id: 'named' },
      by: 'name',
    })
  })

  it('is refused if two have that name and neither has our ledger', () => {
    const two = [
      clientOf({ id: 'one', owner: 'ann' }),
      clientOf({
        id: 'two',
        ledger: ledgerOf({ owner: { ...ledgerOf().owner, repository: '7', name: 'acme/other' } }),
      }),
    ]
    expect(() => find(specOf(), two)).toThrow(
      expect.objectContaining({
        code: 'CLIENT_AMBIGUOUS',
        message: expect.stringMatching(
          /one \(created \S+, owner ann\); two \(created \S+, managed by acme\/other as deployer\)/,
        ),
      }),
    )
  })

  it.each([
    ['another repository', { repository: '7' }],
    ['another spec of this repository', { client: 'else' }],
  ])('is refused where it is of %s', (_what, owner) => {
    const client = clientOf({ ledger: ledgerOf({ owner: { ...ledgerOf().owner, ...owner } }) })
    expect(() => find(specOf(), [client])).toThrow(expect.objectContaining({ code: 'CLIENT_OWNED_ELSEWHERE' }))
  })

  it('knows this repository by its id: names change', () => {
    const client = clientOf({ ledger: ledgerOf({ owner: { ...ledgerOf().owner, name: 'acme/before' } }) })
    expect(find(specOf(), [client])).toMatchObject({ by: 'ledger' })
  })

  it.each([
    ['a later ledger', clientOf({ text: `${ledgerMarker} {"version":2}` }), 'LEDGER_NEWER'],
    ['another type', clientOf({ appType: 'spa' }), 'CLIENT_IMMUTABLE'],
    ['no sight of its consent', clientOf({ shownToAdmin: false }), 'TENANT_FORBIDDEN'],
  ])('is refused with %s, pinned or not', (_what, client, code) => {
    expect(() => find(specOf(), [client])).toThrow(expect.objectContaining({ code }))
    expect(() => find(specOf({ clientId: 'c1' }), [client])).toThrow(expect.objectContaining({ code }))
  })
})

describe('of twins', () => {
  const settled = clientOf({ id: 'settled', ledger: ledgerOf(), createdAt: now - 10 })
  const older = clientOf({ id: 'older', ledger: mere(now - 700), createdAt: now - 700 })
  const born = { secrets: [{ hint: 'aaaaa', createdAt: now - 650 }], createdAt: now - 650 }
  const dead = clientOf({ id: 'dead', ledger: mere(now - 650), ...born })
  const fresh = clientOf({ id: 'fresh', ledger: mere(now - 5), createdAt: now - 5 })

  it('the one with a commit is ours, and a younger announcement that died will be deleted', () => {
    const old = { ...settled, createdAt: now - 9000 }
    expect(find(specOf(), [dead, old])).toMatchObject({ client: { id: 'settled' }, twins: [{ id: 'dead' }] })
  })

  it('the oldest is ours if none has a commit', () => {
    expect(find(specOf(), [dead, older])).toMatchObject({ client: { id: 'older' }, twins: [{ id: 'dead' }] })
  })

  it.each<[string, Parameters<typeof clientOf>[0]]>([
    ['was there long before', { ledger: mere(now - 800), createdAt: now - 650 }],
    ['has another name', { name: 'automation' }],
    ['has two secrets', { secrets: [{ hint: 'aaaaa' }, { hint: 'bbbbb' }] }],
    ['has a secret that somebody added later', { secrets: [{ hint: 'aaaaa', createdAt: now - 60 }] }],
    ['serves a place', { ledger: { ...mere(now - 650), destinations: ledgerOf().destinations } }],
    ['has suspects', { ledger: { ...mere(now - 650), suspects: { aaaaa: now - 650 } } }],
  ])('one that %s is none, whatever its description says: people tell them apart, or it stays', (_what, more) => {
    const old = clientOf({ id: 'settled', ledger: ledgerOf(), createdAt: now - 99 * 86_400 })
    const other = clientOf({ id: 'other', ledger: mere(now - 650), ...born, ...more })
    expect(find(specOf(), [old, other])).toMatchObject({ client: { id: 'settled' }, twins: [] })
  })

  it('one with a run that may still live is left to that run', () => {
    expect(find(specOf(), [fresh, older])).toMatchObject({ client: { id: 'older' }, twins: [] })
  })

  it('two with a commit, or an announcement older than the commit, are ambiguous', () => {
    const other = clientOf({ id: 'other', ledger: ledgerOf() })
    for (const pair of [
      [settled, other],
      [older, settled],
    ])
      expect(() => find(specOf(), pair)).toThrow(expect.objectContaining({ code: 'CLIENT_AMBIGUOUS' }))
  })

  it('that were created at the same instant, the one with the greater id counts as the younger', () => {
    expect(isYounger(clientOf({ id: 'b' }), clientOf({ id: 'a' }))).toBe(true)
    expect(isYounger(clientOf({ id: 'a' }), clientOf({ id: 'b' }))).toBe(false)
    expect(isYounger(clientOf(), clientOf())).toBe(false)
  })
})

it('a refusal to touch another owner’s client names the owner, harmlessly', () => {
  const owner = { ...ledgerOf().owner, name: '::error::x\n##[group]', repository: '7' }
  const error = ownedElsewhere(clientOf({ ledger: ledgerOf({ owner }) }), actor)
  expect(error.message).not.toMatch(/\n|##\[/)
  expect(ownedElsewhere(clientOf({ ledger: ledgerOf() }), actor, true).message).toMatch(/existed before/)
  expect(ownedElsewhere(clientOf(), actor).message).toMatch(/was not made by this action/)
})
