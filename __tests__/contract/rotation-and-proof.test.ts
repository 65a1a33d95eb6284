import { describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { created, expectWorks, hints, kinds, place, rotated, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()

describe('rotation', () => {
  it('happens by age, is no drift, and the previous secret lives on for its grace', async () => {
    const inputs = { 'rotate-after': '30d', 'grace-period': '48h' }
    const client = await settled(inputs)
    const [old] = hints(client)
    simulation.advance(24 * 29)
    expectSuccess(await simulation.run(inputs), { result: 'unchanged' })
    simulation.advance(24)
    expectSuccess(await simulation.run({ ...inputs, mode: 'plan', 'fail-on-drift': 'true' }), {
      result: 'planned',
      drift: 'false',
    })
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'rotated', changed: 'true', drift: 'false' })
    expect(kinds(result)).toEqual(rotated)
    expect(result.outputs!['secret-hint']).toBe(hints(client)[1])
    expect(hints(client)[0]).toBe(old)
    expectWorks(client)
    simulation.advance(47)
    await expectHealed(simulation, inputs)
    expect(hints(client)).toContain(old)
    simulation.advance(2)
    const retiring = await simulation.run(inputs)
    expectSuccess(retiring, { result: 'updated', changed: 'true', drift: 'false' })
    expect(kinds(retiring)).toEqual(['retire'])
    expect(hints(client)).toEqual([result.outputs!['secret-hint']])
    await expectHealed(simulation, inputs)
    expectWorks(client)
  })

  it('happens on demand, once for each run', async () => {
    const client = await settled()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated', drift: 'false' })
    simulation.advance(1)
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    expect(client.secrets).toHaveLength(3)
    expectWorks(client)
    await expectHealed(simulation)
  })

  it('can go on for ever: there is always room', async () => {
    const client = await settled()
    for (let day = 0; day < 12; day++) {
      simulation.advance(25)
      expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
      expect(client.secrets.length).toBeLessThanOrEqual(3)
    }
    expectWorks(client)
  })

  it('without grace retires the previous secret in the same run, after the new one is in place', async () => {
    const client = await settled()
    const result = await simulation.run({ rotate: 'now', 'grace-period': '0' })
    expectSuccess(result, { result: 'rotated' })
    expect(kinds(result)).toEqual([...rotated, 'retire'])
    expect(hints(client)).toEqual([result.outputs!['secret-hint']])
    const order = writes(result).map((write) => write.split(' ')[0])
    expect(order.indexOf('DELETE')).toBeGreaterThan(order.indexOf('PUT'))
    await expectHealed(simulation, { 'grace-period': '0' })
    expectWorks(client)
  })
})

describe('healing', () => {
  const cases: [string, (client: Client) => void][] = [
    [
      'the secret was deleted on the tenant',
      (client) => void simulation.sandbox.tenant.deleteSecret(client.clientId, hints(client)[0]!),
    ],
    ['the secret in GitHub was overwritten', () => simulation.sandbox.github.overwriteSecret(place, 'something else')],
    ['the secret in GitHub was deleted', () => void simulation.sandbox.github.deleteSecret(place)],
  ]

  it.each(cases)('issues a fresh secret where %s', async (_what, hurt) => {
    const client = await settled()
    hurt(client)
    const result = await simulation.run()
    expectSuccess(result, { result: 'rotated', drift: 'true' })
    expect(kinds(result)).toEqual(rotated)
    expectWorks(client)
    await expectHealed(simulation)
  })

  it('finds a client that was renamed by its ledger', async () => {
    const client = await settled()
    simulation.sandbox.tenant.rename(client.clientId, 'x')
    expectSuccess(await simulation.run(), { result: 'updated', 'client-id': client.clientId })
    expect(simulation.sandbox.tenant.liveClients()).toHaveLength(1)
  })

  it('creates the client again if it was deleted', async () => {
    const client = await settled()
    simulation.sandbox.tenant.deleteClient(client.clientId)
    expectSuccess(await simulation.run(), { result: 'created' })
    expectWorks(theClient(simulation))
    await expectHealed(simulation)
  })

  it('allows client secrets again where they were forbidden', async () => {
    const client = await settled({ 'auth-method': 'client_secret' })
    client.allowedAuthMethods = ['private_key_jwt']
    client.publicKeys = [{ kid: 'a', kty: 'EC', alg: 'ES384', use: 'sig' }]
    expectRefusal(await simulation.run(), 'INPUT_INVALID', { message: /^auth-method: .*private_key_jwt only/ })
    expectSuccess(await simulation.run({ 'auth-method': 'client_secret' }), { result: 'rotated' })
    expect(client.allowedAuthMethods).toEqual(['private_key_jwt', 'client_secret'])
    expectWorks(client)
    await expectHealed(simulation, { 'auth-method': 'client_secret' })
  })
})

describe('the client id', () => {
  it('is a secret where that is wanted', async () => {
    const inputs = { 'client-id-as': 'secret', 'client-id-name': 'my_id', 'client-secret-name': 'my_secret' }
    const client = await settled(inputs)
    const { github, tenant } = simulation.sandbox
    expect(github.secretNames(place)).toEqual(['MY_ID', 'MY_SECRET'])
    expect(github.variableNames(place)).toEqual([])
    expect(github.secretValue({ ...place, name: 'MY_ID' })).toBe(client.clientId)
    expect(tenant.canAuthenticate(client.clientId, github.secretValue({ ...place, name: 'MY_SECRET' })!)).toBe(true)
    await expectHealed(simulation, inputs)
    simulation.advance(1)
    github.overwriteSecret({ ...place, name: 'MY_ID' }, 'other')
    expectSuccess(await expectHealed(simulation, inputs), { result: 'rotated' })
    expect(github.secretValue({ ...place, name: 'MY_ID' })).toBe(client.clientId)
  })

  it('is nowhere where that is wanted', async () => {
    const inputs = { 'client-id-as': 'none' }
    await settled(inputs)
    expect(simulation.sandbox.github.secretNames(place)).toEqual(['QLIK_CLIENT_SECRET'])
    expect(simulation.sandbox.github.variableNames(place)).toEqual([])
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'unchanged' })
    expect(count(result, 'GET', /variables/)).toBe(0)
  })

  it('is never masked: it is no secret', async () => {
    const result = await simulation.run()
    expect([...result.masks].some((mask) => mask.includes(theClient(simulation).clientId))).toBe(false)
  })
})

describe('deliver: false', () => {
  const inputs = { deliver: 'false', 'github-token': '' }

  it('reconciles the client only: its first secret is retired at once', async () => {
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'created', 'secret-hint': '' })
    expect(theClient(simulation).secrets).toEqual([])
    expect(result.requests.some(({ service }) => service === 'github')).toBe(false)
    expect(result.summary).toMatch(/\| none \|$/m)
    await expectHealed(simulation, inputs)
  })

  it('keeps the last secret with a note where the tenant refuses to delete it', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'created' })
    const [hint] = hints(theClient(simulation))
    expect(result.log.join('\n')).toContain(`The tenant refuses to delete the client’s last secret (${hint})`)
    await expectHealed(simulation, inputs)
  })

  it('leaves the secrets of a client that is delivered elsewhere', async () => {
    const client = await settled()
    const before = hints(client)
    simulation.sandbox.tenant.setScopes(client.clientId, [])
    expectSuccess(await simulation.run(inputs), { result: 'updated' })
    expect(hints(client)).toEqual(before)
    await expectHealed(simulation)
    expectWorks(client)
  })

  it('destroys what was delivered before, with a token', async () => {
    await settled()
    const refused = await simulation.run({ ...inputs, mode: 'destroy' })
    expectFailure(refused, 'INPUT_INVALID', { message: /^github-token: is missing/ })
    expect(writes(refused)).toEqual([])
    expectSuccess(await simulation.run({ deliver: 'false', mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })
})

describe('verifying', () => {
  it('mints one token, and gives it back', async () => {
    const result = await simulation.run()
    expect(count(result, 'POST', /^\/oauth\/token/)).toBe(1)
    expect(count(result, 'POST', /^\/oauth\/revoke/)).toBe(1)
    expect(simulation.sandbox.tenant.tokens.size).toBe(0)
    expect(result.summary).toContain(result.outputs!['bot-user-id'])
    expect(result.summary).toMatch(/add this user to each space/)
  })

  it('is left out where it is not wanted: no token, no bot user', async () => {
    const result = await simulation.run({ verify: 'false' })
    expectSuccess(result, { result: 'created', 'bot-user-id': '' })
    expect(kinds(result)).toEqual(created.filter((kind) => kind !== 'verify'))
    expect(count(result, 'POST', /^\/oauth\//)).toBe(0)
    expect([...simulation.sandbox.tenant.users.values()].some(({ clientId }) => clientId)).toBe(false)
    await expectHealed(simulation, { verify: 'false' })
  })

  it('is not planned where it is not wanted', async () => {
    expect(kinds(await simulation.run({ verify: 'false', mode: 'plan' }))).not.toContain('verify')
  })

  it.each([
    ['consent is required', { consent: 'required' }, /its consent is required, not trusted/],
    ['there is impersonation only', { 'grant-types': 'user-impersonation' }, /may not use client_credentials/],
  ])('is skipped with a note where %s', async (_what, inputs, note) => {
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'created', 'bot-user-id': '' })
    expect(count(result, 'POST', /^\/oauth\//)).toBe(0)
    expect(result.log.join('\n')).toMatch(new RegExp(`The secret was not proven: .*${note.source}`))
    const client = theClient(simulation)
    expect(simulation.sandbox.tenant.secretIsLive(client.clientId, simulation.sandbox.github.secretValue(place)!)).toBe(
      true,
    )
    await expectHealed(simulation, inputs)
  })

  it('does not mind a client that may not ask who it is', async () => {
    simulation.sandbox.settings.usersMe = 'refuses'
    expectSuccess(await simulation.run({ scopes: 'apps' }), { result: 'created', 'bot-user-id': '' })
  })

  it('follows the tenant’s redirect to the user', async () => {
    simulation.sandbox.settings.usersMeRedirects = true
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    expect(result.outputs!['bot-user-id']).toMatch(/^[0-9a-f]{24}$/)
  })
})
