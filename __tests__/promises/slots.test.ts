import { expect, test } from 'vitest'
import { expectOnlyCurrent, expectUsable, repositoryPlace, theClient } from '../support/promises.ts'
import { prepared } from './scenarios.ts'

const places = [repositoryPlace]

test('P3: eight rotations, each after the grace of the one before, never meet the limit', async () => {
  const { simulation, watch } = await prepared({})
  await simulation.run()
  for (let rotation = 0; rotation < 8; rotation++) {
    simulation.advance(25)
    const { error, outputs } = await simulation.run({ rotate: 'now' })
    expect(error?.message).toBeUndefined()
    expect(outputs?.result).toBe('rotated')
    expect(theClient(simulation).secrets.length).toBeLessThanOrEqual(2)
    expectUsable(simulation, places)
  }
  simulation.advance(25)
  await simulation.run()
  expectOnlyCurrent(simulation, places)
  expect(watch.broken).toEqual([])
})

test('P3: with three foreign secrets a rotation still finds room, once the one before is retired', async () => {
  const { simulation, watch } = await prepared({})
  await simulation.run()
  for (let person = 0; person < 3; person++) watch.addForeign(theClient(simulation).clientId)
  for (let rotation = 0; rotation < 3; rotation++) {
    simulation.advance(25)
    expect((await simulation.run({ rotate: 'now' })).error?.message).toBeUndefined()
  }
  simulation.advance(25)
  await simulation.run()
  expectOnlyCurrent(simulation, places, watch.foreign)
  expect(watch.broken).toEqual([])
})

test('P3 and P4: five foreign secrets are SECRET_SLOTS_FULL, and nothing is written or lost', async () => {
  const { simulation, watch } = await prepared({})
  const { tenant, github } = simulation.sandbox
  const { clientId } = tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'], secrets: 0 })
  const added = Array.from({ length: 5 }, () => watch.addForeign(clientId))
  const before = JSON.stringify(theClient(simulation))
  const { error, requests } = await simulation.run()
  expect(error?.code).toBe('SECRET_SLOTS_FULL')
  for (const { hint } of added) expect(error?.message).toContain(hint)
  expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
  expect(JSON.stringify(theClient(simulation))).toBe(before)
  expect(github.secretNames({ repository: 'acme/app' })).toEqual([])
  expect(watch.broken).toEqual([])
})
