import { beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { readDescription, withLedger } from '../../src/ledger/description.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { settled, hints as sharedHints, stored, timed } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()
const settle = (inputs: Record<string, string> = {}) => settled(inputs, 0)
const hints = (client: Client) => sharedHints(client).sort()

describe('the client', () => {
  it('needs a scope to be created', async () => {
    expectRefusal(await simulation.run({ scopes: '' }), 'INPUT_INVALID', {
      message: /^scopes: deployer does not exist and would be created, but no scope is given/,
    })
    await settle()
    expectSuccess(await simulation.run({ scopes: '' }), { result: 'unchanged' })
  })

  it('is not guessed where two have its name', async () => {
    const { tenant } = simulation.sandbox
    const two = [tenant.addClient({ clientName: 'deployer' }), tenant.addClient({ clientName: 'deployer' })]
    const result = await simulation.run()
    expectRefusal(result, 'CLIENT_AMBIGUOUS', { message: /^2 clients could be deployer/, hint: /Pin .*client-id/ })
    for (const { clientId } of two)
      expect(result.error?.message).toMatch(new RegExp(`${clientId} \\(created 2026-11-02T`))
    expectSuccess(await expectHealed(simulation, { 'client-id': two[1]!.clientId }), { result: 'rotated' })
  })

  it.each(['native', 'spa', 'anonymous-embed'])('is a web client, not one of type %s', async (appType) => {
    simulation.sandbox.tenant.addClient({ clientName: 'deployer', appType, allowedGrantTypes: [], secrets: 0 })
    expectRefusal(await simulation.run(), 'CLIENT_IMMUTABLE', { message: new RegExp(`type ${appType}`) })
  })

  it('that is pinned is never created again if it is gone', async () => {
    const client = await settle()
    simulation.sandbox.tenant.deleteClient(client.clientId)
    const result = await simulation.run({ 'client-id': client.clientId })
    expectRefusal(result, 'CLIENT_MISSING', { message: new RegExp(client.clientId), hint: /Correct client-id/ })
    expectSuccess(await expectHealed(simulation), { result: 'created' })
  })

  it('of another repository is left to it', async () => {
    const client = await settle()
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    for (const mode of ['apply', 'plan', 'destroy']) {
      expectRefusal(await simulation.run({ mode }), 'CLIENT_OWNED_ELSEWHERE', {
        message: /is managed by acme\/app \(repository 123456789\) as deployer/,
        hint: new RegExp(`pin it with client-id: ${client.clientId}`),
      })
    }
  })

  it('takes a description that leaves room for the action’s own line', async () => {
    expectRefusal(await simulation.run({ description: 'd'.repeat(4000) }), 'INPUT_INVALID', {
      message:
        /^description: its 4000 characters leave no room for the action’s own line .*Qlik allows 4096 characters together: the description may have \d+/,
    })
    await settle()
    expectRefusal(await simulation.run({ description: 'd'.repeat(4000), rotate: 'now' }), 'INPUT_INVALID')
  })

  it('accepts such a description also if nothing else changes', async () => {
    await settle()
    const result = await simulation.run({ description: 'd'.repeat(4000) })
    expectRefusal(result, 'INPUT_INVALID', { message: /leave no room/ })
  })

  it('keeps what a tenant does not accept as it was', async () => {
    const client = await settle()
    simulation.sandbox.settings.unknownScopes = 'refused'
    const result = await simulation.run({ scopes: 'user_default admin.nonsense' })
    expectFailure(result, 'TENANT_REJECTED', { message: /400 .*admin\.nonsense is not a scope/ })
    expect(count(result, 'PATCH', /./)).toBe(1)
    expect(client.allowedScopes).toEqual(['user_default'])
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('that was refused a change is not called changed', async () => {
    await settle()
    simulation.sandbox.settings.unknownScopes = 'refused'
    const result = await simulation.run({ scopes: 'user_default admin.nonsense' })
    expectFailure(result, 'TENANT_REJECTED')
    expect(result.outputs?.changed).toBe('false')
  })
})

describe('the ledger', () => {
  it('of a later version is not touched', async () => {
    const client = await settle()
    const description = 'For people\nqlik-oauth-client ledger: {"version":2,"much":"more"}'
    client.description = description
    for (const mode of ['apply', 'plan', 'destroy']) {
      expectRefusal(await simulation.run({ mode }), 'LEDGER_NEWER', { hint: /Use that version here too/ })
    }
    expect(client.description).toBe(description)
  })

  it.each(['{"version":1', 'nonsense', '{"version":1,"owner":7}', '[]', 'null', ''])(
    'that was edited into %j is replaced, with a warning, and no secret counts as ours',
    async (json) => {
      const client = await settle({ description: 'For people' })
      const [old] = hints(client)
      simulation.sandbox.tenant.setDescription(client.clientId, `For people\nqlik-oauth-client ledger: ${json}`)
      const result = await simulation.run({ description: 'For people' })
      expectSuccess(result, { result: 'rotated' })
      expect(result.log.join('\n')).toMatch(/own line in the description can’t be read/)
      expect(result.summary).toContain(`<code>${old}</code>`)
      const { user, ledger } = readDescription(client.description!)
      expect(user).toBe('For people')
      expect(ledger?.owner).toMatchObject({ origin: 'adopted', client: 'deployer' })
      simulation.advance(24 * 365)
      expect(hints(client)).toContain(old)
      expectSuccess(await expectHealed(simulation), { result: 'unchanged' })
      expect(hints(client)).toContain(old)
    },
  )
})

describe('the client that the action signs in with', () => {
  let admin: { clientId: string; secret: string }
  const signIn = () => ({
    'api-key': '',
    'admin-client-id': admin.clientId,
    'admin-client-secret': admin.secret,
    name: 'Automation',
  })
  beforeEach(() => {
    admin = simulation.sandbox.tenant.createAdminClient()
  })

  it('keeps its scopes', async () => {
    expectRefusal(await simulation.run({ ...signIn(), scopes: 'user_default' }), 'CLIENT_IS_ADMIN', {
      message: /would lose admin_classic/,
      hint: /lock the action out/,
    })
  })

  it('keeps its consent', async () => {
    expectRefusal(await simulation.run({ ...signIn(), scopes: '', consent: 'required' }), 'CLIENT_IS_ADMIN', {
      message: /would lose its trusted consent/,
    })
  })

  it('keeps its grants', async () => {
    const inputs = { ...signIn(), scopes: '', 'grant-types': 'user-impersonation' }
    expectRefusal(await simulation.run(inputs), 'CLIENT_IS_ADMIN', { message: /would lose client_credentials/ })
  })

  it('is not deleted as a twin of another client either', async () => {
    await simulation.run()
    simulation.advance(1)
    const { tenant, clock } = simulation.sandbox
    const client = theClient(simulation)
    const young = tenant.addClient({ clientName: 'deployer', allowedScopes: ['admin_classic'], secrets: 0 })
    tenant.setConsent(young.clientId, 'trusted')
    const { value } = tenant.addSecret(young.clientId)
    const { ledger } = readDescription(client.description!)
    const { current: _none, ...rest } = ledger!
    const announced = { run: '0.1.x', at: Math.floor(clock.now() / 1000), known: [], stamps: {} }
    tenant.setDescription(young.clientId, ledgerLine({ ...rest, destinations: {}, announced }))
    simulation.advance(1)
    const by = { 'api-key': '', 'admin-client-id': young.clientId, 'admin-client-secret': value }
    for (const mode of ['apply', 'destroy'])
      expectRefusal(await simulation.run({ ...by, mode }), 'CLIENT_IS_ADMIN', { message: /stopped while creating it/ })
    expect(tenant.clients.has(young.clientId)).toBe(true)
  })

  it('is warned about the places of its credentials, in log and summary', async () => {
    const pin = { 'client-id': admin.clientId, scopes: '' }
    const result = await simulation.run({ ...signIn(), ...pin, mode: 'plan' })
    const told = /gets the credentials of the client that this action signs in with/
    expect(result.log.join('\n')).toMatch(told)
    expect(result.summary).toMatch(told)
  })

  it('is never deleted, pinned or not', async () => {
    for (const pin of ['', admin.clientId]) {
      const result = await simulation.run({ ...signIn(), mode: 'destroy', 'client-id': pin })
      expectRefusal(result, 'CLIENT_IS_ADMIN', { message: /would be deleted/ })
    }
  })
})

describe('five secrets', () => {
  it('that are not ours leave no room, and the error says whose they are', async () => {
    const { tenant } = simulation.sandbox
    const client = tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'], secrets: 5 })
    const result = await simulation.run()
    expectRefusal(result, 'SECRET_SLOTS_FULL', { hint: /Delete secrets that are not needed/ })
    for (const { hint } of client.secrets)
      expect(result.error?.message).toMatch(new RegExp(`${hint} of 2026-11-02T\\S+, made by ${tenant.owner.id}`))
    tenant.deleteSecret(client.clientId, hints(client)[0]!)
    expectSuccess(await expectHealed(simulation), { result: 'rotated' })
  })

  it('that somebody fills between reading and issuing are an error before anything is delivered', async () => {
    const client = await settle()
    const before = stored()
    simulation.advance(1)
    simulation.sandbox.faults.add({
      method: 'POST',
      path: /client-secrets$/,
      when: 'before',
      fault: {
        kind: 'hook',
        run: () => {
          while (client.secrets.length < 5)
            simulation.sandbox.tenant.addSecret(client.clientId, { createdBy: 'somebody' })
        },
      },
    })
    const result = await simulation.run({ rotate: 'now' })
    expectFailure(result, 'SECRET_SLOTS_FULL', { hint: /Somebody used the last of the five/ })
    expect(stored()).toEqual(before)
    expect(count(result, 'POST', /client-secrets/)).toBe(1)
  })
})

describe('other runs', () => {
  it('that are at work all the time make a run give up after two minutes', async () => {
    const client = await settle()
    const ledger = readDescription(client.description!).ledger!
    const { clock, faults } = simulation.sandbox
    let turn = 0
    faults.onRequest = () => {
      const at = Math.floor(clock.now() / 1000)
      const run = `77${Math.floor(turn++ / 10)}.1.other`
      client.description = withLedger('', { ...ledger, announced: { run, at, known: hints(client), stamps: {} } })
    }
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectRefusal(result, 'CLIENT_BUSY', { message: /two minutes .*77\d+\.1\.other/, hint: /one concurrency group/ })
    expect(seconds).toBeGreaterThanOrEqual(120)
    expect(seconds).toBeLessThan(130)
    expect(result.log.join('\n')).toMatch(/Another run \(77\d+\.1\.other\) is at work on deployer; waiting/)
    faults.onRequest = undefined
    simulation.advance(1)
    await expectHealed(simulation)
  })
})

describe('a plan that must find no drift', () => {
  it('fails where there is some, and writes nothing', async () => {
    const client = await settle()
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps'])
    const inputs = { mode: 'plan', 'fail-on-drift': 'true' }
    const result = await simulation.run(inputs)
    expectRefusal(result, 'DRIFT_FOUND', { message: /deployer differs/, hint: /mode: apply/ })
    expect(result.outputs).toMatchObject({ drift: 'true', result: 'planned' })
    await expectHealed(simulation)
    expectSuccess(await simulation.run(inputs), { drift: 'false', result: 'unchanged' })
  })
})

describe('a new secret', () => {
  it('may take seconds to become valid', async () => {
    simulation.sandbox.settings.secretDelay = 12
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    expect(count(result, 'POST', /^\/oauth\/token/)).toBeGreaterThan(2)
  })

  it('that gets no token for twenty seconds is retired, and the old one stays', async () => {
    const client = await settle()
    const [before, live] = [stored(), hints(client)]
    simulation.advance(1)
    simulation.sandbox.settings.secretDelay = 60
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectFailure(result, 'VERIFY_FAILED', { message: /no access token within 20 seconds.*401/, hint: /verify: false/ })
    expect(seconds).toBeLessThan(25)
    expect(stored()).toEqual(before)
    expect(hints(client)).toEqual(live)
    simulation.sandbox.settings.secretDelay = 0
    await expectHealed(simulation)
  })

  it('of a disabled client is proven by nothing', async () => {
    const client = await settle()
    simulation.advance(1)
    simulation.sandbox.tenant.disable(client.clientId, 'abuse')
    expectFailure(await simulation.run({ rotate: 'now' }), 'VERIFY_FAILED', { message: /403/, hint: /client disabled/ })
    expect(client.secrets).toHaveLength(1)
  })
})
