import { describe, expect, test } from 'vitest'
import { repositoryPlace, theClient } from '../support/promises.ts'
import type { Running } from '../support/simulation.ts'
import {
  createClient,
  describeClient,
  expectHealing,
  issueSecret,
  minutes,
  putSecret,
  rotated,
  until,
} from '../support/stories.ts'
import { programFor } from './many-clients.ts'
import { deployerTo, keyPlace, otherPlace, prepared, scenarios, stagingPlace } from './scenarios.ts'

// Stories that ended badly once.

describe('P1: nobody is locked out', () => {
  test('two runs write the list of keys, one of them resting on what it read before the other announced', async () => {
    const { simulation, watch } = await prepared(scenarios['rotating a key'])
    const byKey = { 'auth-method': 'private_key_jwt' }
    const [early, late] = [0, 1].map(() => simulation.begin({ ...byKey, rotate: 'now', verify: 'false' }))
    await until(late!, describeClient)
    const isAtWork = async (running: Running) => {
      const asked = await running.waiting()
      if (asked.length === 0) return running.wake <= simulation.sandbox.clock.now()
      return asked.some((request) => !describeClient.test(request))
    }
    // Each announces, and goes on until it waits, or is about to write its key.
    for (const running of [early!, late!]) {
      await until(running, describeClient)
      do await running.step()
      while (await isAtWork(running))
    }
    await early!.step()
    while (await late!.step()) {}
    while (await early!.step()) {}
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
  })

  test('an answer is lost, and the same write is refused when it is tried again', async () => {
    const { simulation, watch } = await prepared(rotated)
    await simulation.run(
      { rotate: 'now' },
      { at: putSecret, kind: 'answer lost' },
      { at: putSecret, nth: 2, kind: 'GitHub 403' },
    )
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('an answer is lost, and then the run is to stop', async () => {
    const { simulation, watch } = await prepared(rotated)
    await simulation.run(
      { rotate: 'now' },
      { at: putSecret, kind: '500 after' },
      { at: putSecret, nth: 2, kind: '429 for long' },
    )
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('the public key is replaced, and the answers to the second try are lost', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { faults, github } = simulation.sandbox
    faults.add({
      service: 'github',
      method: 'PUT',
      when: 'before',
      fault: { kind: 'hook', run: () => github.rotatePublicKey(repositoryPlace) },
    })
    faults.add({ service: 'github', method: 'PUT', nth: 2, times: 99, when: 'after', fault: { kind: 'drop' } })
    await simulation.run({ rotate: 'now' })
    faults.clear()
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('the destinations are read after another run delivered, the client before it announced', async () => {
    const { simulation, watch } = await prepared(rotated)
    const slow = simulation.begin({ rotate: 'now' })
    // It asks GitHub and the tenant at once; the tenant answers first.
    await slow.step((await slow.waiting()).findIndex((request) => request.includes('oauth-clients')))
    const quick = simulation.begin({ rotate: 'now' })
    while (await quick.step()) {}
    await until(slow, describeClient)
    await slow.step()
    slow.kill()
    simulation.advance(11 * minutes)
    await simulation.run({})
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('a run dies that delivered a moment after another, in the same second of GitHub', async () => {
    for (let milliseconds = 0; milliseconds < 1000; milliseconds += 100) {
      const { simulation, watch } = await prepared(rotated)
      const { clock, tenant } = simulation.sandbox
      clock.advance(milliseconds)
      await simulation.run({ rotate: 'now' })
      const { clientId, secrets } = theClient(simulation)
      tenant.deleteSecret(clientId, secrets[1]!.hint)
      watch.excuse()
      await simulation.run({}, { at: putSecret, kind: 'killed after' })
      simulation.advance(11 * minutes)
      await expectHealing(simulation, watch)
    }
  })

  test('room is made while a place holds what a run delivered that another had overtaken', async () => {
    const { simulation, watch } = await prepared(rotated)
    const dying = simulation.begin({ rotate: 'now' })
    const overtaken = simulation.begin({ rotate: 'now' })
    await until(dying, describeClient)
    await until(overtaken, describeClient)
    await overtaken.step()
    await dying.step()
    dying.kill()
    while (await overtaken.step()) {}
    const { clientId } = theClient(simulation)
    simulation.advance(2 * minutes)
    for (let person = 0; person < 2; person++) watch.addForeign(clientId)
    await simulation.run({}, { at: issueSecret, kind: 'killed before' })
    simulation.advance(2 * minutes)
    watch.addForeign(clientId)
    simulation.advance(25)
    const { log } = await simulation.run()
    expect(watch.broken, log.join('\n')).toEqual([])
  })

  test('a place that a dead run delivered to is no longer named', async () => {
    const { simulation, watch } = await prepared({ ...rotated, places: [repositoryPlace, stagingPlace] })
    simulation.program = programFor([deployerTo({ environment: 'staging' }, {})])
    await simulation.run({}, { at: putSecret, kind: 'killed after' })
    simulation.program = programFor([deployerTo({})])
    simulation.advance(11 * minutes)
    await simulation.run({})
    expect(watch.broken).toEqual([])
  })
})

describe('P2: nothing is left lying around', () => {
  test.each([0, 5])(
    'a secret is replaced in the second in which it was made, dated %d s ahead',
    async (secretClockAhead) => {
      const { simulation, watch } = await prepared({ settings: { secretClockAhead } })
      simulation.requestTime = 1
      await simulation.run()
      simulation.sandbox.github.deleteSecret(repositoryPlace)
      watch.excuse()
      await simulation.run()
      await expectHealing(simulation, watch)
    },
  )

  test('creating has to wait, and then the run dies', async () => {
    const { simulation, watch } = await prepared({})
    await simulation.run(
      {},
      { at: createClient, kind: '429 for long' },
      { at: createClient, nth: 2, kind: 'killed after' },
    )
    await expectHealing(simulation, watch)
  })

  test('issuing has to wait, and then the run dies', async () => {
    const { simulation, watch } = await prepared(rotated)
    await simulation.run(
      { rotate: 'now' },
      { at: issueSecret, kind: '429 for long' },
      { at: issueSecret, nth: 2, kind: 'killed after' },
    )
    await expectHealing(simulation, watch)
  })

  test('the run dies creating its second client, long after it has read', async () => {
    const { simulation, watch } = await prepared({ places: [otherPlace] })
    const first = { name: 'first', scopes: ['user_default'], deliver: [{}] }
    const program = programFor([first, deployerTo({ repository: 'acme/other', 'client-secret-name': 'QLIK_SECRET' })])
    simulation.program = program
    await simulation.run(
      {},
      { at: issueSecret, kind: '429' },
      { at: putSecret, kind: '429 for long' },
      { at: createClient, nth: 2, kind: 'killed after' },
    )
    await expectHealing(simulation, watch, { places: [otherPlace] })
  })

  test('a client that delivers nothing is created, and the run dies at once', async () => {
    const { simulation } = await prepared({})
    await simulation.run({ deliver: 'false' }, { at: createClient, kind: 'killed after' })
    simulation.advance(11 * minutes)
    await simulation.run({ deliver: 'false' })
    expect(theClient(simulation).secrets).toEqual([])
  })

  test('a run dies right after it issued, between the commit and the look back of another', async () => {
    const { simulation, watch } = await prepared(rotated)
    const dying = simulation.begin({ rotate: 'now' })
    await until(dying, describeClient)
    const other = simulation.begin({ rotate: 'now' })
    await until(other, describeClient)
    await other.step()
    await until(other, describeClient)
    await until(dying, issueSecret)
    await other.step()
    await dying.step()
    dying.kill()
    while (await other.step()) {}
    expect(other.result.error?.message).toBeUndefined()
    await expectHealing(simulation, watch)
  })

  test('two runs with different admins rotate at the same time', async () => {
    const { simulation, watch } = await prepared({ ...rotated, grace: 0 })
    const { tenant } = simulation.sandbox
    const other = tenant.issueApiKey({ admin: true, userId: tenant.addUser({ name: 'Ada Admin', admin: true }).id })
    const slow = simulation.begin({ rotate: 'now', 'api-key': other.value })
    for (let n = 0; n < 3; n++) await slow.step()
    await simulation.run({ rotate: 'now', 'grace-period': '0' })
    while (await slow.step()) {}
    await expectHealing(simulation, watch)
  })
})
