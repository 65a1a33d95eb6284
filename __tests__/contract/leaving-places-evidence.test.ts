import { beforeEach, expect, it } from 'vitest'
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
import { repositoryPlace } from '../support/promises.ts'

// Places pass from client to client while nobody can tell for sure which secret they hold, or since when.

eachTest()
beforeEach(createEnvironments)

it('a secret has its grace after its client took the place back (P1, P2)', async () => {
  await swapHalfway()
  const before = valueAt('one')
  simulation.advance(20)
  write({ a: ['one'], b: ['two'] })
  await simulation.run(drop)
  expect(isLiveOf('a', valueAt('one'))).toBe(true)
  expect(valueAt('one')).not.toBe(before)
  for (const [hours, isExpected] of [
    [20, true],
    [5, false],
  ] as const) {
    simulation.advance(hours)
    await simulation.run(drop)
    expect(isLiveOf('a', before)).toBe(isExpected)
  }
})

it('a place that its client takes back holds a live secret, though the slots are full and the grace is over (P1)', async () => {
  await swapHalfway()
  simulation.advance(30)
  jam('a')
  write({ a: ['one'], b: ['two'] })
  expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
  expect(isLiveOf('a', valueAt('one'))).toBe(true)
})

it('a secret has its grace after somebody deleted it from the place (P1, P2)', async () => {
  await swapHalfway()
  const before = valueAt('one')
  simulation.advance(30)
  simulation.sandbox.github.deleteSecret({ ...repositoryPlace, environment: 'one' })
  for (const [hours, isExpected] of [
    [0, true],
    [23, true],
    [2, false],
  ] as const) {
    simulation.advance(hours)
    await simulation.run()
    expect(isLiveOf('a', before)).toBe(isExpected)
  }
})

it('a run for the first client alone does not end the grace of the place that the other serves (P1)', async () => {
  const unjam = await swapHalfway()
  const before = valueAt('one')
  simulation.advance(30)
  unjam()
  expectSuccess(await simulation.run(), { result: 'rotated' })
  expect(isLiveOf('b', valueAt('one'))).toBe(true)
  for (const inputs of [{}, drop]) {
    simulation.advance(1)
    expectSuccess(await simulation.run({ only: 'a', ...inputs }))
    expect(isLiveOf('a', before)).toBe(true)
  }
  simulation.advance(24)
  expectSuccess(await simulation.run())
  expect(isLiveOf('a', before)).toBe(false)
})

it('an older delivery of another client does not count as the successor of one that nobody could prove (P1)', async () => {
  write({ a: ['one'], b: ['two'] })
  expectSuccess(await simulation.run())
  simulation.advance(1)
  Object.assign(simulation.sandbox.settings, { stampDelay: 600 })
  write({ a: ['two'], b: ['one'] })
  await simulation.run(drop)
  Object.assign(simulation.sandbox.settings, { stampDelay: 0 })
  expect(isLiveOf('b', valueAt('one'))).toBe(true)
  simulation.advance(1)
  jam('a')
  write({ a: ['one'], b: [] })
  for (const inputs of [{ only: 'b' }, {}, {}]) {
    await simulation.run({ ...drop, ...inputs })
    simulation.advance(25)
    expect(isLiveOf('b', valueAt('one'))).toBe(true)
  }
})

it('a place to which a run delivered before it died keeps its secret until another client was delivered there (P1)', async () => {
  const more = 'rotation: { grace: 0 }, '
  write({ a: ['two'], b: [] }, more)
  expectSuccess(await simulation.run())
  jam('b')
  write({ a: ['one'], b: [] }, more)
  simulation.advance(1)
  await simulation.run(drop, { at: /^PUT .*QLIK_CLIENT_SECRET$/, kind: 'killed after' })
  expect(isLiveOf('a', valueAt('one'))).toBe(true)
  write({ a: [], b: ['one'] }, more)
  for (const inputs of [{}, drop, {}]) {
    simulation.advance(1)
    await simulation.run(inputs)
    expect(isLiveOf('a', valueAt('one'))).toBe(true)
  }
})

/** Rotates the secret of `a`, and dies after it was delivered to a place: no ledger notes that. */
async function dieAfterDelivery(inputs = {}): Promise<void> {
  simulation.advance(1)
  await simulation.run({ ...inputs }, { at: /^PUT .*QLIK_CLIENT_SECRET$/, kind: 'killed after' })
  simulation.advance(1)
}

it('a delivery that no ledger notes is needed as well, if its place is given up unread (P1)', async () => {
  write({ a: ['one'], b: ['two'] })
  expectSuccess(await simulation.run())
  await dieAfterDelivery({ only: 'a', rotate: 'now' })
  const unjam = jam('b')
  write({ a: ['two'], b: ['one'] })
  for (const hours of [0, 25, 25]) {
    simulation.advance(hours)
    await simulation.run({ ...drop, only: 'a' })
    expect(isLiveOf('a', valueAt('one'))).toBe(true)
  }
  unjam()
  for (const hours of [1, 25, 25]) {
    simulation.advance(hours)
    expectSuccess(await simulation.run())
  }
  expect(isLiveOf('b', valueAt('one'))).toBe(true)
  for (const name of ['a', 'b']) expect(named(name).secrets).toHaveLength(1)
})

it('a place that only a dead announcement names is needed while its client moves on, with and without the flag (P1)', async () => {
  write({ a: ['two'], b: [] })
  expectSuccess(await simulation.run())
  jam('b')
  write({ a: ['two', 'one'], b: [] })
  await dieAfterDelivery({ ...drop })
  write({ a: ['one'], b: [] })
  simulation.sandbox.github.deleteSecret({ ...repositoryPlace, environment: 'one', name: 'QLIK_CLIENT_SECRET' })
  await dieAfterDelivery({ ...drop })
  expect(isLiveOf('a', valueAt('one'))).toBe(true)
  write({ a: ['two'], b: ['one'] })
  for (const inputs of [{}, drop, {}, {}]) {
    await simulation.run(inputs)
    simulation.advance(25)
    expect(isLiveOf('a', valueAt('one'))).toBe(true)
  }
})

it('a suspect of a client that is delivered nowhere any more retires, and what the tenant refuses is tried once (P2, P6)', async () => {
  write({ a: [] })
  expectSuccess(await simulation.run())
  write({ a: ['one'] })
  await simulation.run({}, { at: /^POST .*client-secrets$/, kind: 'killed after' })
  simulation.advance(1)
  await simulation.run({}, { at: /^PUT .*QLIK_CLIENT_SECRET$/, kind: 'GitHub 403' })
  write({ a: [] })
  for (const hours of [1, 25, 25]) {
    simulation.advance(hours)
    expectSuccess(await simulation.run(drop))
  }
  expect(named('a').secrets).toEqual([])
  simulation.advance(1)
  expect(writes(await simulation.run(drop))).toEqual([])
})

it('a run that died before it issued anything does not keep the last secrets of a delivery that ended (P2, P6)', async () => {
  write({ a: ['one'] })
  expectSuccess(await simulation.run())
  write({ a: [] })
  expectSuccess(await simulation.run(drop))
  write({ a: ['one'] })
  await simulation.run({}, { at: /^POST .*client-secrets$/, kind: 'killed before' })
  write({ a: [] })
  simulation.advance(25)
  expectSuccess(await simulation.run())
  expect(named('a').secrets).toEqual([])
  expect(writes(await simulation.run())).toEqual([])
})

it('a warning names the place that the ledger has no room for, in a plan too', async () => {
  // The longest description beside which the ledger of one place fits.
  write({ a: ['one'], b: ['two'] }, `description: ${'d'.repeat(4000)}, `)
  const { error } = await simulation.run()
  const [, room = ''] = /the description may have (\d+)/.exec(error?.message ?? '') ?? []
  const more = `description: ${'d'.repeat(Number(room))}, `
  write({ a: ['one'], b: ['two'] }, more)
  expectSuccess(await simulation.run())
  jam('b')
  write({ a: ['two'], b: ['one'] }, more)
  simulation.advance(1)
  for (const inputs of [{ mode: 'plan' }, {}]) {
    const { log } = await simulation.run({ ...drop, ...inputs })
    expect(log.join('\n')).toMatch(/environment one: QLIK_CLIENT_SECRET passes to another client, .* no room/)
  }
})

it('a client with five secrets that are all due is delivered again: only the last of them might stay (P3, P7)', async () => {
  write({ a: ['one'] })
  expectSuccess(await simulation.run())
  for (let rotation = 0; rotation < 4; rotation++) {
    simulation.advance(0.1)
    expectSuccess(await simulation.run({ rotate: 'now' }))
  }
  write({ a: [] })
  expectSuccess(await simulation.run(drop))
  expect(named('a').secrets).toHaveLength(5)
  simulation.advance(25)
  write({ a: ['one'] })
  expectSuccess(await simulation.run(), { result: 'rotated' })
  expect(isLiveOf('a', valueAt('one'))).toBe(true)
})
