import { expect, test } from 'vitest'
import { theClient } from '../support/promises.ts'
import { describeClient, expectHealing, until } from '../support/stories.ts'
import { addForeignKey, keyPlace, prepared, scenarios } from './scenarios.ts'

// The tenant takes the list of a client's keys as a whole only.

const byKey = { 'auth-method': 'private_key_jwt' }
const readClient = /^GET .*\/oauth-clients\/[^/]+$/

test('P4: a key that somebody adds between our reading of the list and our writing stays', async () => {
  const { simulation, watch } = await prepared(scenarios['rotating a key'])
  const running = simulation.begin({ ...byKey, rotate: 'now' })
  await until(running, describeClient)
  await running.step()
  await until(running, readClient)
  await running.step()
  addForeignKey(theClient(simulation), watch)
  while (await running.step()) {}
  expect(running.result.error?.message).toBeUndefined()
  expect(theClient(simulation).publicKeys?.map(({ kid }) => kid)).toContain('theirs')
  // For two requests it was gone.
  watch.forgive()
  await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
})

test('P1: a key that somebody else’s writing of the list drops is put back', async () => {
  const { simulation, watch } = await prepared(scenarios['rotating a key'])
  const client = theClient(simulation)
  const before = [...client.publicKeys!]
  simulation.sandbox.faults.add({
    service: 'tenant',
    method: 'PATCH',
    nth: 2,
    when: 'after',
    fault: { kind: 'hook', run: () => void Object.assign(client, { publicKeys: before }) },
  })
  await simulation.run({ ...byKey, rotate: 'now', verify: 'false' })
  expect(watch.broken).toEqual([])
  await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
})

test.each(['answer lost', '500 after', 'page after'] as const)(
  'P7: the last key is removed, where that ends in: %s',
  async (kind) => {
    for (const nth of [1, 2, 3, 4, 5]) {
      const bySecret = { 'auth-method': 'client_secret', 'client-secret-name': keyPlace.name }
      const { simulation, watch } = await prepared(scenarios['changing from a key to a secret'])
      await simulation.run(bySecret)
      simulation.advance(25)
      const { error } = await simulation.run(bySecret, { at: describeClient, nth, kind })
      expect(error?.message).toBeUndefined()
      expect(theClient(simulation).publicKeys ?? []).toEqual([])
      await expectHealing(simulation, watch, { places: [keyPlace], inputs: bySecret })
    }
  },
)

test('P2: a secret that the tenant makes when a key is added to a client without a method is retired', async () => {
  for (const kind of ['429', 'killed after'] as const) {
    const { simulation, watch } = await prepared({})
    const { tenant } = simulation.sandbox
    const client = tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'], secrets: 0 })
    Reflect.deleteProperty(client, 'allowedAuthMethods')
    await simulation.run(byKey, { at: describeClient, nth: 2, kind })
    simulation.advance(11 / 60)
    await simulation.run(byKey)
    simulation.advance(25)
    await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
    expect(theClient(simulation).secrets).toEqual([])
  }
})

test.each(['killed after', 'answer lost'] as const)(
  'P2: a secret that the tenant makes for a new client that signs in with keys is retired × %s',
  async (kind) => {
    const { simulation, watch } = await prepared({ settings: { secretForKeys: 'made' } })
    await simulation.run(byKey, { at: /^POST .*\/oauth-clients$/, kind })
    simulation.advance(11 / 60)
    await simulation.run(byKey)
    simulation.advance(25)
    await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
    expect(theClient(simulation).secrets).toEqual([])
  },
)

test('P2: keys that retire one after another do not come back, if the tenant still shows the list before', async () => {
  const { simulation, watch } = await prepared({ settings: { readsBehind: 1 }, places: [keyPlace] })
  for (const rotate of ['auto', 'now', 'now', 'now']) {
    await simulation.run({ ...byKey, rotate })
    simulation.advance(1)
  }
  simulation.advance(25)
  await simulation.run(byKey)
  expect(theClient(simulation).publicKeys).toHaveLength(1)
  simulation.advance(1)
  await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
})

test('P1: the current key stays if the tenant shows the list from before it while the previous one retires', async () => {
  const { simulation } = await prepared(scenarios['rotating a key'])
  const client = theClient(simulation)
  const earlier = [...client.publicKeys!]
  const running = simulation.begin({ ...byKey, rotate: 'now', 'grace-period': '0' })
  const isCommitted = () => running.result.requests.filter(({ method }) => method === 'PATCH').length === 3
  while (!isCommitted()) await running.step()
  await until(running, readClient)
  await running.step()
  await until(running, readClient)
  const publicKeys = client.publicKeys!
  client.publicKeys = earlier
  await running.step()
  client.publicKeys = publicKeys
  while (await running.step()) {}
  expect(client.publicKeys).toHaveLength(1)
  expect(client.description).toContain(`"current":{"hint":"${client.publicKeys![0]!.kid}"`)
})
