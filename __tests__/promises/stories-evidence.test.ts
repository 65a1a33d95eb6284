import { describe, expect, test } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { expectOnlyCurrent, expectSettled, expectUsable, repositoryPlace, theClient } from '../support/promises.ts'
import type { Simulation } from '../support/simulation.ts'
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
import { deployerTo, keyPlace, prepared, stagingPlace } from './scenarios.ts'

// Stories of clocks, of stamps that spread slowly, and of people who make secrets of their own.

const writesOfIssues = ({ sandbox }: Simulation) =>
  sandbox.requests.filter(({ method, path }) => method === 'POST' && issueSecret.test(`${method} ${path}`)).length

describe('P3 and P7: a client that nobody disturbs never jams', () => {
  const kinds: [string, Partial<Settings>][] = [
    ['stamps show after 20 s', { stampDelay: 20 }],
    ['stamps show after a minute', { stampDelay: 60 }],
    ['stamps show after five minutes', { stampDelay: 300 }],
    ['the Date of GitHub is 2 s ahead of its stamps', { githubDateAhead: 2 }],
    ['the Date of GitHub is 3 s ahead of its stamps', { githubDateAhead: 3 }],
    ['the Date of GitHub is 3 s behind its stamps', { githubDateAhead: -3 }],
    ['the tenant’s reads are 300 ms behind', { readsBehind: 0.3 }],
    ['the tenant’s reads are 2 s behind', { readsBehind: 2 }],
    ['all of that', { stampDelay: 40, githubDateAhead: 2, readsBehind: 0.3 }],
  ]

  test.each(kinds)('%s', async (_what, settings) => {
    const { simulation, watch } = await prepared({ settings })
    for (let day = 0; day < 9; day++) {
      const { error } = await simulation.run(day === 0 ? {} : { rotate: 'now' })
      expect(error?.message).toBeUndefined()
      expectUsable(simulation, [repositoryPlace])
      // What the run could not prove itself the next one settles, without a fresh secret.
      for (const hours of [6 * minutes, 12]) {
        simulation.advance(hours)
        const issued = writesOfIssues(simulation)
        expect((await simulation.run()).error?.message).toBeUndefined()
        expect(writesOfIssues(simulation)).toBe(issued)
      }
      simulation.advance(13)
    }
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test.each(kinds)('several places, and the id as a secret: %s', async (_what, settings) => {
    const secretId = { ...repositoryPlace, idAs: 'secret' as const }
    const clients = [deployerTo({ 'client-id-as': 'secret' }, { environment: 'staging' })]
    const places = [secretId, stagingPlace]
    const { simulation, watch } = await prepared({ settings, clients, places })
    for (let turn = 0; turn < 3; turn++) {
      expect((await simulation.run({ rotate: 'now' })).error?.message).toBeUndefined()
      simulation.advance(6 * minutes)
      const issued = writesOfIssues(simulation)
      expect((await simulation.run()).error?.message).toBeUndefined()
      expect(writesOfIssues(simulation)).toBe(issued)
      simulation.advance(25)
    }
    await expectHealing(simulation, watch, { places })
  })

  test.each(kinds)('a run asks each minute: %s', async (_what, settings) => {
    const { simulation, watch } = await prepared({ settings })
    await simulation.run()
    simulation.advance(1)
    await simulation.run({ rotate: 'now' })
    for (let turn = 0; turn < 9; turn++) {
      simulation.advance(minutes)
      expect((await simulation.run()).error?.message).toBeUndefined()
    }
    expect(theClient(simulation).secrets.length).toBeLessThanOrEqual(2)
    await expectHealing(simulation, watch)
  })

  test.each(kinds.filter(([, { readsBehind = 0 }]) => readsBehind > 0))('with a key: %s', async (_what, settings) => {
    const { simulation, watch } = await prepared({ settings, places: [keyPlace] })
    const byKey = { 'auth-method': 'private_key_jwt' }
    for (let turn = 0; turn < 3; turn++) {
      const { log, error } = await simulation.run({ ...byKey, rotate: 'now' })
      expect(error?.message).toBeUndefined()
      if (settings.stampDelay === undefined) expect(log.join('\n')).not.toContain('Another run')
      simulation.advance(25)
    }
    await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
  })

  test('an ordinary rotation is proven at once where the clocks of GitHub differ', async () => {
    const { simulation } = await prepared({ ...rotated, settings: { githubDateAhead: 2 } })
    const { log } = await simulation.run({ rotate: 'now', 'grace-period': '0' })
    expect(log.join('\n')).not.toContain('Another run')
    expect(theClient(simulation).secrets.length).toBe(1)
    await expectSettled(simulation)
  })
})

describe('P4: a secret that somebody else made is never ours', () => {
  const places = [repositoryPlace]
  const addTheirs = ({ sandbox: { tenant } }: Simulation) => tenant.addUser({ name: 'Ada Admin', admin: true }).id

  test.each<[string, RegExp, 'killed before' | 'killed after']>([
    ['before it issues', issueSecret, 'killed before'],
    ['right after it issued', issueSecret, 'killed after'],
    ['right after it delivered', putSecret, 'killed after'],
  ])(
    'the first run on a client made by hand dies %s, and somebody adds one within the minute',
    async (_w, at, kind) => {
      const { simulation, watch } = await prepared({})
      const { clientId } = simulation.sandbox.tenant.addClient({
        clientName: 'deployer',
        allowedScopes: ['user_default'],
      })
      for (const { value } of theClient(simulation).secrets) watch.foreign.add(value)
      await simulation.run({}, { at, kind })
      simulation.advance(minutes / 4)
      watch.addForeign(clientId, addTheirs(simulation))
      await expectHealing(simulation, watch)
    },
  )

  test('the current secret was deleted, a run dies, and somebody adds one within the minute', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { tenant } = simulation.sandbox
    const { clientId, secrets } = theClient(simulation)
    tenant.deleteSecret(clientId, secrets[0]!.hint)
    watch.excuse()
    await simulation.run({}, { at: issueSecret, kind: 'killed before' })
    watch.addForeign(clientId, addTheirs(simulation))
    await expectHealing(simulation, watch)
  })

  test('a creating run dies, and two people add one each', async () => {
    const { simulation, watch } = await prepared({})
    await simulation.run({}, { at: createClient, kind: 'killed after' })
    const { clientId } = theClient(simulation)
    for (let person = 0; person < 2; person++) watch.addForeign(clientId, addTheirs(simulation))
    await expectHealing(simulation, watch)
  })

  test('two runs overlap while somebody adds one', async () => {
    const { simulation, watch } = await prepared(rotated)
    const other = addTheirs(simulation)
    const pair = [simulation.begin({ rotate: 'now' }), simulation.begin({ rotate: 'now' })]
    for (let step = 0; pair.some(({ over }) => !over); step++) {
      for (const running of pair) await running.step()
      if (step === 6) watch.addForeign(theClient(simulation).clientId, other)
    }
    for (const hours of [0, 11 * minutes, 25]) {
      simulation.advance(hours)
      expect((await simulation.run()).error?.message).toBeUndefined()
    }
    await expectHealing(simulation, watch)
  })

  test('a run that signs in as somebody else knows what it issued itself', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { tenant } = simulation.sandbox
    const key = tenant.issueApiKey({ admin: true, userId: addTheirs(simulation) }).value
    await simulation.run({ rotate: 'now', 'api-key': key }, { at: putSecret, kind: 'killed before' })
    expect(theClient(simulation).secrets.length).toBe(2)
    await expectHealing(simulation, watch)
    expectOnlyCurrent(simulation, places)
  })

  test('the tenant does not say who we are, and a run that dies is settled all the same', async () => {
    const { simulation, watch } = await prepared({})
    const { faults } = simulation.sandbox
    const fault = { kind: 'status', status: 403, body: '{}' } as const
    faults.add({ service: 'tenant', method: 'GET', path: /users\/me/, when: 'before', times: 99, fault })
    await simulation.run({}, { at: createClient, kind: 'killed after' })
    expect(theClient(simulation).description).not.toContain('"by"')
    await expectHealing(simulation, watch)
  })
})

describe('P3 and P7: slots that overlapping runs fill', () => {
  const overlap = async (simulation: Simulation) => {
    const pair = [simulation.begin(), simulation.begin()]
    while (pair.some(({ over }) => !over)) for (const running of pair) await running.step()
  }

  test('three secrets of others, and two first runs at once that write at different seconds', async () => {
    const { simulation, watch } = await prepared({})
    const { clientId } = simulation.sandbox.tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['user_default'],
      secrets: 0,
    })
    for (let person = 0; person < 3; person++) watch.addForeign(clientId)
    const [early, late] = [simulation.begin(), simulation.begin()]
    for (const running of [early, late]) await until(running!, describeClient)
    for (const running of [early, late]) await running!.step()
    await until(early!, putSecret)
    while ((await early!.waiting()).some((request) => putSecret.test(request))) await early!.step()
    while (await late!.step()) {}
    while (await early!.step()) {}
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.advance(11 * minutes)
    await expectHealing(simulation, watch)
  })

  test('where nobody can tell which of them a place holds, the error names the way out', async () => {
    const { simulation, watch } = await prepared({})
    const { clientId } = simulation.sandbox.tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['user_default'],
      secrets: 0,
    })
    const theirs = Array.from({ length: 3 }, () => watch.addForeign(clientId))
    await overlap(simulation)
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.advance(25)
    const { error } = await simulation.run()
    expect(error?.code).toBe('SECRET_SLOTS_FULL')
    expect(error?.hint).toContain('retire-hints')
    const [named] = theirs
    watch.giveUp(named!.value)
    expect((await simulation.run({ 'retire-hints': named!.hint })).error?.message).toBeUndefined()
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('two secrets of others, one overlap, and then somebody deletes the secret on GitHub', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { clientId } = theClient(simulation)
    for (let person = 0; person < 2; person++) watch.addForeign(clientId)
    const pair = [simulation.begin({ rotate: 'now' }), simulation.begin({ rotate: 'now' })]
    while (pair.some(({ over }) => !over)) for (const running of pair) await running.step()
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.sandbox.github.deleteSecret(repositoryPlace)
    watch.excuse()
    simulation.advance(25)
    await expectHealing(simulation, watch)
  })
})

describe('P1 and P7: two clients write one place within the same second', () => {
  test('the next run notices, and settles it', async () => {
    const { simulation } = await prepared({})
    const portal = programFor([{ ...deployerTo({}), name: 'portal' }])
    const own = simulation.program
    const first = simulation.begin()
    simulation.program = portal
    const second = simulation.begin()
    simulation.program = own
    while ([first, second].some(({ over }) => !over)) for (const running of [first, second]) await running.step()
    const stamps = ['deployer', 'portal'].map(
      (name) => /"stamp":(\d+)/.exec(theClient(simulation, name).description!)?.[1],
    )
    expect(stamps[0]).toBe(stamps[1])
    simulation.advance(1)
    const next = await simulation.run()
    expect([next.error?.code, next.outputs?.result]).toEqual([undefined, 'rotated'])
    expectUsable(simulation, [repositoryPlace])
    await expectSettled(simulation)
  })
})

describe('P2: nothing is left lying around', () => {
  test.each([90, 600, 7200])('the tenant dates its secrets %d s ahead of its Date', async (secretClockAhead) => {
    const { simulation, watch } = await prepared({ settings: { secretClockAhead } })
    await simulation.run()
    // Replaced moments after it was made: by those dates before it was made.
    await simulation.run({ rotate: 'now' })
    simulation.advance(28)
    await expectHealing(simulation, watch)
  })
})

describe('an announcement is a lease of a minute', () => {
  test('a run that comes 20 s later waits for the end of a slow one', async () => {
    const { simulation, watch } = await prepared(rotated)
    const slow = simulation.begin({ rotate: 'now' })
    await until(slow, putSecret)
    simulation.advance(20 / 3600)
    const late = simulation.begin()
    while (!late.result.log.some((line) => line.includes('waiting for it to end')) && (await late.step())) {}
    while (await slow.step()) {}
    while (await late.step()) {}
    expect(late.result.log.join('\n')).toContain('waiting for it to end')
    expect(late.result.requests.filter(({ method }) => method !== 'GET')).toEqual([])
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })

  test('an earlier announcement is not overwritten while its run may still deliver', async () => {
    const { simulation, watch } = await prepared(rotated)
    const slow = simulation.begin({ rotate: 'now' })
    await until(slow, putSecret)
    const before = theClient(simulation).description
    simulation.advance(5 / 3600)
    const late = simulation.begin({ rotate: 'now' })
    for (let step = 0; step < 8; step++) await late.step()
    expect(theClient(simulation).description).toBe(before)
    late.kill()
    while (await slow.step()) {}
    await expectHealing(simulation, watch)
  })
})
