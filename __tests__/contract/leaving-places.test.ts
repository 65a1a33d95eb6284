import { beforeEach, describe, expect, it } from 'vitest'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import {
  createEnvironments,
  drop,
  isLiveOf,
  jam,
  named,
  swapHalfway,
  valueAt,
  write,
} from '../support/passing-places.ts'

// A place that passes from one client of a file to another holds a secret of the first until the second is delivered there. That may fail
// for days, and nobody may be locked out meanwhile (P1); afterwards nothing may be left (P2).

eachTest()
beforeEach(createEnvironments)

const rotations = [
  { grace: '24h', more: '' },
  { grace: '0', more: 'rotation: { grace: 0 }, ' },
  { grace: '24h, rotated every two days', more: 'rotation: { after: 2d }, ' },
]

describe('a place that passes to another client of the file', () => {
  it.each(rotations)(
    'keeps its secret while the other can’t be delivered, for days (P1): grace $grace',
    async ({ more }) => {
      const unjam = await swapHalfway(more)
      expect(isLiveOf('a', valueAt('two'))).toBe(true)
      // The flag was set once, as the documentation says.
      for (const hours of [1, 25, 30, 72]) {
        simulation.advance(hours)
        expectFailure(await simulation.run(), 'SECRET_SLOTS_FULL')
        expect(isLiveOf('a', valueAt('one'))).toBe(true)
        expect(isLiveOf('a', valueAt('two'))).toBe(true)
      }
      unjam()
      simulation.advance(1)
      expectSuccess(await simulation.run(), { result: 'rotated' })
      expect(isLiveOf('b', valueAt('one'))).toBe(true)
      for (const hours of [25, 30, 25]) {
        simulation.advance(hours)
        expectSuccess(await simulation.run())
      }
      if (more.includes('after')) return
      for (const name of ['a', 'b']) expect(named(name).secrets).toHaveLength(1)
    },
  )

  it('keeps it for the grace after the other was delivered, for runs that were queued before (P1)', async () => {
    const unjam = await swapHalfway()
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
    write({ a: ['one', 'two'], b: [] })
    expectSuccess(await simulation.run())
    const unjam = jam('b')
    write({ a: ['two'], b: ['one'] })
    simulation.advance(1)
    expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
    simulation.advance(1)
    expectSuccess(await simulation.run({ only: 'a', rotate: 'now' }), { result: 'rotated' })
    for (const hours of [30, 30]) {
      simulation.advance(hours)
      expectFailure(await simulation.run(), 'SECRET_SLOTS_FULL')
      expect(isLiveOf('a', valueAt('one'))).toBe(true)
    }
    unjam()
    expectSuccess(await simulation.run(), { result: 'rotated' })
    expect(isLiveOf('b', valueAt('one'))).toBe(true)
  })

  it('writes nothing in a second run while it waits (P6)', async () => {
    await swapHalfway()
    simulation.advance(1)
    for (const inputs of [{}, drop]) expect(writes(await simulation.run(inputs))).toEqual([])
  })

  it('is let go by drop-destinations once no client of the file names it, and only then (P1, P2)', async () => {
    await swapHalfway()
    write({ a: ['two'] })
    simulation.advance(30)
    const kept = await simulation.run()
    expectSuccess(kept)
    expect(kept.log.join('\n')).toMatch(
      /environment one: QLIK_CLIENT_SECRET still holds a secret of a .*drop-destinations: true/,
    )
    expect(isLiveOf('a', valueAt('one'))).toBe(true)
    // Runs may be queued with this secret: its grace begins now.
    for (const hours of [0, 23]) {
      simulation.advance(hours)
      expectSuccess(await simulation.run(drop))
      expect(isLiveOf('a', valueAt('one'))).toBe(true)
    }
    simulation.advance(2)
    expectSuccess(await simulation.run())
    expect(isLiveOf('a', valueAt('one'))).toBe(false)
    expect(writes(await simulation.run(drop))).toEqual([])
  })

  it('is let go by a client that names no place any more, once the other was delivered, and after its grace (P1, P2)', async () => {
    const unjam = await swapHalfway()
    unjam()
    simulation.advance(30)
    const before = valueAt('one')
    write({ a: [], b: ['one', 'two'] })
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
    await swapHalfway()
    simulation.advance(1)
    const alone = { 'spec-file': '', name: 'a', mode: 'destroy' }
    expectSuccess(await simulation.run(alone), { result: 'deleted' })
    expect([valueAt('one'), valueAt('two')]).toEqual(['nothing', 'nothing'])
  })
})

it('a client is deleted while the list is read for another: no entry is missed, though the next page moved (P7)', async () => {
  write({ a: ['one'], b: ['two'], c: [] })
  expectSuccess(await simulation.run())
  Object.assign(simulation.sandbox.settings, { pageLimit: 2, cursors: 'by number' })
  const more = 'state: absent, '
  write({ a: [], b: [], c: ['one', 'two'] }, { a: more, b: more })
  simulation.advance(1)
  const running = simulation.begin()
  // The first deletion goes before the second page of the list that is read for the other client.
  const next = (requests: string[]) => requests.findIndex((request) => request.startsWith('DELETE'))
  while (await running.step(Math.max(0, next(await running.waiting())))) {}
  expectSuccess(running.result)
  expect(isLiveOf('c', valueAt('two'))).toBe(true)
})
