import { describe, expect, test } from 'vitest'
import { expectSettled, repositoryPlace, theClient } from '../support/promises.ts'
import {
  createClient,
  describeClient,
  expectHealing,
  issueSecret,
  minutes,
  putSecret,
  rotated,
} from '../support/stories.ts'
import { deployerTo, keyPlace, otherPlace, prepared, scenarios } from './scenarios.ts'

// Stories that ended badly once.

describe('P3 and P7: five secrets are always enough', () => {
  const two = [deployerTo({}, { repository: 'acme/other', 'client-secret-name': 'QLIK_SECRET' })]
  const places = [repositoryPlace, otherPlace]

  test('one place of two refuses its secret again and again', async () => {
    const { simulation, watch } = await prepared({ ...rotated, clients: two, places })
    const refusal = { service: 'github', method: 'PUT', path: /acme\/other/, times: 99, when: 'before' } as const
    const { faults } = simulation.sandbox
    faults.add({ ...refusal, fault: { kind: 'status', status: 403, body: '{"message":"Resource not accessible"}' } })
    for (let day = 0; day < 6; day++) {
      await simulation.run({ rotate: 'now' })
      simulation.advance(25)
    }
    faults.clear()
    await expectHealing(simulation, watch, { places })
  })

  test('four runs die between delivery and commit', async () => {
    const { simulation, watch } = await prepared(rotated)
    for (let n = 0; n < 4; n++) {
      await simulation.run({ rotate: 'now' }, { at: putSecret, kind: 'killed after' })
      simulation.advance(2 * minutes)
    }
    simulation.advance(25)
    await expectHealing(simulation, watch)
  })

  test('four attempts of one run die within seconds, each right after its delivery', async () => {
    const { simulation, watch } = await prepared(rotated)
    for (let n = 0; n < 4; n++) {
      await simulation.run({ rotate: 'now' }, { at: putSecret, kind: 'killed after' })
      simulation.rerun = true
    }
    simulation.rerun = false
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.advance(11 * minutes)
    expect((await simulation.run()).error?.code).toBe('SECRET_SLOTS_FULL')
    simulation.advance(25)
    await expectHealing(simulation, watch)
  })

  test('a run dies after its delivery and the next before it, beside two secrets of somebody else', async () => {
    const { simulation, watch } = await prepared({})
    await simulation.run()
    for (let person = 0; person < 2; person++) watch.addForeign(theClient(simulation).clientId)
    simulation.advance(1)
    await simulation.run({ rotate: 'now' }, { at: putSecret, kind: 'killed after' })
    simulation.advance(2 * minutes)
    await simulation.run({}, { at: issueSecret, kind: 'killed after' })
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.advance(11 * minutes)
    await expectHealing(simulation, watch)
  })

  test('two overlapping rotations follow two ordinary ones', async () => {
    const { simulation, watch } = await prepared(rotated)
    await simulation.run({ rotate: 'now' })
    await simulation.run({ rotate: 'now' })
    const pair = [simulation.begin({ rotate: 'now' }), simulation.begin({ rotate: 'now' })]
    while (pair.some(({ over }) => !over)) for (const running of pair) await running.step()
    simulation.advance(25)
    await expectHealing(simulation, watch)
  })

  test('a creating run dies before it commits, and then two pairs of runs overlap', async () => {
    const { simulation, watch } = await prepared({})
    await simulation.run({}, { at: describeClient, kind: 'killed before' })
    for (const inputs of [{ rotate: 'now' }, {}]) {
      const pair = [simulation.begin(inputs), simulation.begin(inputs)]
      while (pair.some(({ over }) => !over)) for (const running of pair) await running.step()
    }
    expect(theClient(simulation).secrets.length).toBe(5)
    simulation.advance(25)
    await expectHealing(simulation, watch)
  })
})

describe('P6: what is in order is left alone', () => {
  test('creating a client that delivers nothing dies, and the tenant keeps the last secret', async () => {
    const { simulation } = await prepared({ settings: { lastSecret: 'kept' } })
    const inputs = { deliver: 'false' }
    await simulation.run(inputs, { at: createClient, kind: 'killed after' })
    simulation.advance(11 * minutes)
    expect((await simulation.run(inputs)).error?.message).toBeUndefined()
    await expectSettled(simulation, inputs)
    expect(theClient(simulation).secrets.length).toBe(1)
  })

  test('a description that others wrote stays as it is, to the last space', async () => {
    const { simulation } = await prepared({})
    const { clientId } = simulation.sandbox.tenant.addClient({ clientName: 'deployer', description: ' words \t\n\n' })
    await simulation.run()
    expect(theClient(simulation).clientId).toBe(clientId)
    expect(theClient(simulation).description).toMatch(/^ words \t\n\n\nqlik-oauth-client ledger: /)
    await expectSettled(simulation)
  })

  test('a tenant makes a secret for a client that should use keys only', async () => {
    const { simulation, watch } = await prepared({ settings: { secretForKeys: 'made' } })
    const inputs = { 'auth-method': 'private_key_jwt' }
    expect((await simulation.run(inputs)).log.join('\n')).not.toContain('Another run')
    expect(theClient(simulation).secrets).toEqual([])
    await expectSettled(simulation, inputs)
    await expectHealing(simulation, watch, { places: [keyPlace], inputs })
  })

  test('nobody says how a client signs in that was made for keys', async () => {
    const { simulation, watch } = await prepared({})
    await simulation.run({ 'auth-method': 'private_key_jwt' })
    await expectSettled(simulation)
    await expectHealing(simulation, watch, { places: [keyPlace] })
    await simulation.run({ rotate: 'now' })
    await expectHealing(simulation, watch, { places: [keyPlace] })
  })
})

describe('P4: not ours, not touched', () => {
  // What docs/secret-lifecycle.md says under "What can be left": no rule can tell these apart, because all that it could look at is the same.
  test('a tenant that shows neither times nor makers answers the same after a run that issued and died, and after a person did', async () => {
    const answers = async (kind: 'killed before' | 'killed after') => {
      const { simulation, watch } = await prepared({ ...rotated, settings: { stampsOfSecrets: 'absent' } })
      await simulation.run({ rotate: 'now' }, { at: issueSecret, kind })
      if (kind === 'killed before') watch.addForeign(theClient(simulation).clientId, 'another person')
      simulation.advance(1)
      const heard: string[] = []
      simulation.hostile = (answer) => {
        heard.push(answer.body)
        return answer
      }
      await simulation.run({ mode: 'plan' })
      // Ids, hints and dates of the two worlds are drawn anew.
      return heard.map((body) => body.replaceAll(/[0-9a-f]{5,}/g, 'x')).sort()
    }
    expect(await answers('killed before')).toEqual(await answers('killed after'))
  })

  test('such a secret is a suspect first, and is retired no sooner than after a grace period', async () => {
    const { simulation, watch } = await prepared({ ...rotated, settings: { stampsOfSecrets: 'absent' } })
    await simulation.run({ rotate: 'now' }, { at: issueSecret, kind: 'killed before' })
    simulation.advance(24)
    const { hint } = watch.addForeign(theClient(simulation).clientId, 'another person')
    for (const hours of [0, 11 * minutes, 12]) {
      simulation.advance(hours)
      expect((await simulation.run()).error?.message).toBeUndefined()
      expect(watch.broken).toEqual([])
    }
    expect(theClient(simulation).description).toContain(hint)
  })
})

describe('P7: one undisturbed run reaches the desired state', () => {
  test('a client that rotates itself retires two secrets at once, where tokens die with their secret', async () => {
    const scenario = scenarios['rotating the very client that the run signs in with']
    const { simulation, watch } = await prepared({ ...scenario, settings: { tokensDieWithSecret: true } })
    const given = () => ({ ...scenario.inputs, rotate: 'auto', ...scenario.signIn(simulation) })
    await simulation.run({ ...given(), rotate: 'now' }, { at: putSecret, kind: 'killed after' })
    for (const hours of [0, 11 * minutes]) {
      simulation.advance(hours)
      expect((await simulation.run(given())).error?.message).toBeUndefined()
      expect(watch.broken).toEqual([])
    }
  })

  test('of two creating runs the younger is stopped before it sees the older', async () => {
    const { simulation, watch } = await prepared({})
    const older = simulation.begin()
    const younger = simulation.begin(
      {},
      { at: createClient, kind: 'SIGTERM' },
      { at: /^GET .*\/oauth-clients$/, nth: 2, kind: 'answer lost' },
    )
    while ((await older.step()) && (await younger.step())) {}
    while (await older.step()) {}
    while (await younger.step()) {}
    expect(older.result.error?.message).toBeUndefined()
    simulation.advance(11 * minutes)
    await expectHealing(simulation, watch)
  })

  test('the id is kept as a secret from now on', async () => {
    const secretId = { ...repositoryPlace, idAs: 'secret' as const }
    const { simulation, watch } = await prepared({ ...rotated, places: [secretId] })
    await expectHealing(simulation, watch, { places: [secretId], inputs: { 'client-id-as': 'secret' } })
  })
})

describe('a slow GitHub', () => {
  test('is no reason to decide again and again: the client is read once more before it is announced', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { faults, clock } = simulation.sandbox
    const slow = { kind: 'hook', run: () => clock.advance(5000) } as const
    faults.add({ service: 'github', method: 'GET', path: /secrets\?/, when: 'before', times: 99, fault: slow })
    const result = await simulation.run({ rotate: 'now' })
    expect(result.error?.message).toBeUndefined()
    expect(result.log.filter((line) => line.includes('reading again'))).toEqual([])
    expect(watch.broken).toEqual([])
    faults.clear()
    await expectHealing(simulation, watch)
  })

  test('does not let an announcement overwrite what another run wrote meanwhile', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { faults, clock } = simulation.sandbox
    const slow = { kind: 'hook', run: () => clock.advance(5000) } as const
    faults.add({ service: 'github', method: 'GET', path: /secrets\?/, when: 'before', fault: slow })
    const late = simulation.begin({ rotate: 'now' })
    await late.step((await late.waiting()).findIndex((request) => request.includes('oauth-clients')))
    await simulation.run({ rotate: 'now' })
    while (await late.step()) {}
    expect(late.result.log.join('\n')).toContain('the client changed since it was read')
    expect(late.result.outputs?.result).toBe('unchanged')
    expect(watch.broken).toEqual([])
    await expectHealing(simulation, watch)
  })
})
