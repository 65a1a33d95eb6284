import { beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { repositoryPlace, theClient } from '../support/promises.ts'
import { workspaceOf } from '../support/workspace.ts'

// A place that passes from one client of a file to another holds a secret of the first until the second is delivered there. That may fail
// for days, and nobody may be locked out meanwhile (P1); afterwards nothing may be left (P2).

eachTest()
beforeEach(() => {
  for (const name of ['one', 'two']) simulation.sandbox.github.createEnvironment('acme/app', name)
})

type Spec = { name: string; at: string[]; more?: string }
function write(...clients: Spec[]): void {
  const lines = clients.map(({ name, at, more = '' }) => {
    const places = at.map((environment) => `{ environment: ${environment} }`).join(', ')
    return `  - { name: ${name}, scopes: [apps], ${more}deliver: [${places}] }\n`
  })
  workspaceOf(simulation, { 'clients.yaml': `version: 1\nclients:\n${lines.join('')}` })
}
const named = (name: string): Client => theClient(simulation, name)
const valueAt = (environment: string) =>
  simulation.sandbox.github.secretValue({ ...repositoryPlace, environment }) ?? 'nothing'
const holdsSecretOf = (environment: string, name: string) =>
  simulation.sandbox.tenant.canAuthenticate(named(name).clientId, valueAt(environment))
const drop = { 'drop-destinations': 'true' }

/** All slots of a client are taken by people's secrets, so it can't be delivered anywhere. Returns their end. */
function jam(name: string): () => void {
  const { tenant } = simulation.sandbox
  const { clientId, secrets } = named(name)
  const mine = secrets.map(({ hint }) => hint)
  while (named(name).secrets.length < 5) tenant.addSecret(clientId)
  return () => {
    const client = named(name)
    client.secrets = client.secrets.filter(({ hint }) => mine.includes(hint))
  }
}

const rotations = [
  { grace: '24h', more: '' },
  { grace: '0', more: 'rotation: { grace: 0 }, ' },
  { grace: '24h, rotated every two days', more: 'rotation: { after: 2d }, ' },
]

describe('a place that passes to another client of the file', () => {
  it.each(rotations)(
    'keeps its secret while the other can’t be delivered, for days (P1): grace $grace',
    async ({ more }) => {
      write({ name: 'a', at: ['one'], more }, { name: 'b', at: ['two'], more })
      expectSuccess(await simulation.run())
      simulation.advance(1)
      const unjam = jam('b')
      write({ name: 'a', at: ['two'], more }, { name: 'b', at: ['one'], more })
      expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
      expect(holdsSecretOf('two', 'a')).toBe(true)
      // The flag was set once, as the documentation says.
      for (const hours of [1, 25, 30, 72]) {
        simulation.advance(hours)
        expectFailure(await simulation.run(), 'SECRET_SLOTS_FULL')
        expect(holdsSecretOf('one', 'a')).toBe(true)
        expect(holdsSecretOf('two', 'a')).toBe(true)
      }
      unjam()
      simulation.advance(1)
      expectSuccess(await simulation.run(), { result: 'rotated' })
      expect(holdsSecretOf('one', 'b')).toBe(true)
      for (const hours of [25, 30, 25]) {
        simulation.advance(hours)
        expectSuccess(await simulation.run())
      }
      if (more.includes('after')) return
      for (const name of ['a', 'b']) expect(named(name).secrets).toHaveLength(1)
    },
  )

  it('keeps it for the grace after the other was delivered, for runs that were queued before (P1)', async () => {
    write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] })
    expectSuccess(await simulation.run())
    const unjam = jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    simulation.advance(30)
    unjam()
    const before = valueAt('one')
    expectSuccess(await simulation.run(), { result: 'rotated' })
    const lives = () => simulation.sandbox.tenant.canAuthenticate(named('a').clientId, before)
    simulation.advance(23)
    expectSuccess(await simulation.run())
    expect(lives()).toBe(true)
    simulation.advance(2)
    expectSuccess(await simulation.run())
    expect(lives()).toBe(false)
  })

  it('is kept if the first client goes on with its other place, and rotates later (P1)', async () => {
    write({ name: 'a', at: ['one', 'two'] }, { name: 'b', at: [] })
    expectSuccess(await simulation.run())
    const unjam = jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    simulation.advance(1)
    expectSuccess(await simulation.run({ only: 'a', rotate: 'now' }), { result: 'rotated' })
    for (const hours of [30, 30]) {
      simulation.advance(hours)
      expectFailure(await simulation.run(), 'SECRET_SLOTS_FULL')
      expect(holdsSecretOf('one', 'a')).toBe(true)
    }
    unjam()
    expectSuccess(await simulation.run(), { result: 'rotated' })
    expect(holdsSecretOf('one', 'b')).toBe(true)
  })

  it('writes nothing in a second run while it waits (P6)', async () => {
    write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] })
    expectSuccess(await simulation.run())
    jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    simulation.advance(1)
    for (const inputs of [{}, drop]) expect(writes(await simulation.run(inputs))).toEqual([])
  })

  it('is let go by drop-destinations once no client of the file names it, and only then (P1, P2)', async () => {
    write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] })
    expectSuccess(await simulation.run())
    jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    write({ name: 'a', at: ['two'] })
    simulation.advance(30)
    const kept = await simulation.run()
    expectSuccess(kept)
    expect(kept.log.join('\n')).toMatch(
      /environment one: QLIK_CLIENT_SECRET still holds a secret of a .*drop-destinations: true/,
    )
    expect(holdsSecretOf('one', 'a')).toBe(true)
    // Runs may be queued with this secret: its grace begins now.
    for (const hours of [0, 23]) {
      simulation.advance(hours)
      expectSuccess(await simulation.run(drop))
      expect(holdsSecretOf('one', 'a')).toBe(true)
    }
    simulation.advance(2)
    expectSuccess(await simulation.run())
    expect(holdsSecretOf('one', 'a')).toBe(false)
    expect(writes(await simulation.run(drop))).toEqual([])
  })

  it('is let go by a client that names no place any more, once the other was delivered, and after its grace (P1, P2)', async () => {
    write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] })
    expectSuccess(await simulation.run())
    const unjam = jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    unjam()
    simulation.advance(30)
    const before = valueAt('one')
    write({ name: 'a', at: [] }, { name: 'b', at: ['one', 'two'] })
    const isLive = () => simulation.sandbox.tenant.canAuthenticate(named('a').clientId, before)
    for (const [hours, isExpected] of [
      [0, true],
      [1, true],
      [22, true],
      [25, false],
    ] as const) {
      simulation.advance(hours)
      expectSuccess(await simulation.run(drop))
      expect(isLive()).toBe(isExpected)
    }
    expect(named('a').secrets).toEqual([])
    expect(writes(await simulation.run(drop))).toEqual([])
  })

  it('is taken from the tenant and from GitHub when the first client is destroyed by a workflow of its own', async () => {
    write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] })
    expectSuccess(await simulation.run())
    jam('b')
    write({ name: 'a', at: ['two'] }, { name: 'b', at: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    simulation.advance(1)
    const alone = { 'spec-file': '', name: 'a', mode: 'destroy' }
    expectSuccess(await simulation.run(alone), { result: 'deleted' })
    expect([valueAt('one'), valueAt('two')]).toEqual(['nothing', 'nothing'])
  })
})

it('a client is deleted while the list is read for another: no entry is missed, though the next page moved (P7)', async () => {
  write({ name: 'a', at: ['one'] }, { name: 'b', at: ['two'] }, { name: 'c', at: [] })
  expectSuccess(await simulation.run())
  Object.assign(simulation.sandbox.settings, { pageLimit: 2, cursors: 'by number' })
  const more = 'state: absent, '
  write({ name: 'a', at: [], more }, { name: 'b', at: [], more }, { name: 'c', at: ['one', 'two'] })
  simulation.advance(1)
  const running = simulation.begin()
  // The first deletion goes before the second page of the list that is read for the other client.
  const next = (requests: string[]) => requests.findIndex((request) => request.startsWith('DELETE'))
  while (await running.step(Math.max(0, next(await running.waiting())))) {}
  expectSuccess(running.result)
  expect(holdsSecretOf('two', 'c')).toBe(true)
})
