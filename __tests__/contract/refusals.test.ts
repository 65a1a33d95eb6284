import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../sandbox/faults.ts'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { readDescription, withLedger } from '../../src/ledger/description.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { theClient } from '../support/promises.ts'
import { type RunResult, Simulation } from '../support/simulation.ts'

let simulation: Simulation
beforeEach(async () => {
  simulation = await Simulation.start()
})
afterEach(() => {
  const asked = simulation.sandbox.requests.filter(({ service }) => service === 'github')
  expect(asked.flatMap(validateGithubRequest), 'GitHub’s own description of these requests').toEqual([])
})

const clients = '/api/v1/oauth-clients'
const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
const idPlace = { repository: 'acme/app', name: 'QLIK_CLIENT_ID' }
const permissions = { secrets: 'write', environments: 'write', actions_variables: 'write', metadata: 'read' } as const

async function settle(inputs: Record<string, string> = {}): Promise<Client> {
  expectSuccess(await simulation.run(inputs), { result: 'created' })
  return theClient(simulation)
}

/** What lies in the places that the action serves, to compare before and after. */
function stored() {
  const { github } = simulation.sandbox
  return { secret: github.secretValue(place), at: github.secretUpdatedAt(place), id: github.variableValue(idPlace) }
}

function hints(client: Client): string[] {
  return client.secrets.map(({ hint }) => hint).sort()
}

/** How long a run took, by the simulation's clock, in seconds. */
async function timed(run: () => Promise<RunResult>): Promise<{ result: RunResult; seconds: number }> {
  const { clock } = simulation.sandbox
  const since = clock.now()
  const result = await run()
  return { result, seconds: (clock.now() - since) / 1000 }
}

describe('signing in to the tenant', () => {
  it.each(['apply', 'plan', 'destroy'])(
    'fails at once with a wrong API key in %s, and says what may be wrong',
    async (mode) => {
      const { result, seconds } = await timed(() =>
        simulation.run({ mode, 'api-key': 'eyJhbGciOiJub25lIn0.wrong-key.x' }),
      )
      expectRefusal(result, 'TENANT_UNAUTHORIZED', { message: /401/, hint: /expired.*24 hours.*space or line break/ })
      expect(result.error?.trace).toMatch(/^traceId [0-9a-f]{32}$/)
      expect(count(result, 'GET', /oauth-clients/)).toBe(1)
      expect(seconds).toBeLessThan(1)
    },
  )

  it('fails at once with an expired API key', async () => {
    const { tenant, clock } = simulation.sandbox
    const { value } = tenant.issueApiKey({ admin: true, expiresAt: clock.now() + 86_400_000 })
    await simulation.run({ 'api-key': value })
    simulation.advance(25)
    const result = await simulation.run({ 'api-key': value })
    expectRefusal(result, 'TENANT_UNAUTHORIZED', { hint: /keys live 24 hours, so schedules use an admin client/ })
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('names the tenant’s own name where it differs from the host that was given', async () => {
    simulation.sandbox.settings.issuer = 'https://real.eu.qlikcloud.com'
    const result = await simulation.run({ 'api-key': 'eyJhbGciOiJub25lIn0.wrong-key.x' })
    expectRefusal(result, 'TENANT_UNAUTHORIZED', { hint: /The tenant calls itself real\.eu\.qlikcloud\.com/ })
  })

  it('fails at once with a wrong secret of the admin client', async () => {
    const { clientId } = simulation.sandbox.tenant.createAdminClient()
    const signIn = { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': 'f'.repeat(64) }
    const { result, seconds } = await timed(() => simulation.run(signIn))
    expectRefusal(result, 'TENANT_UNAUTHORIZED', { hint: /admin-client-id and admin-client-secret don't match/ })
    expect(count(result, 'POST', /^\/oauth\/token/)).toBe(1)
    expect(count(result, 'GET', /oauth-clients/)).toBe(0)
    expect(seconds).toBeLessThan(1)
  })

  it('tells of the tenant and GitHub together where both refuse', async () => {
    const result = await simulation.run({
      'api-key': 'eyJhbGciOiJub25lIn0.wrong-key.x',
      'github-token': 'ghp_wrong_token_0123456789',
    })
    expectRefusal(result, 'TENANT_UNAUTHORIZED', {
      message: /and GITHUB_UNAUTHORIZED: /,
      hint: /GITHUB_UNAUTHORIZED: /,
    })
  })

  it('takes more than a key of a user who is no admin, where there is no client yet', async () => {
    const { value } = simulation.sandbox.tenant.issueApiKey({ admin: false })
    const result = await simulation.run({ 'api-key': value })
    expectFailure(result, 'TENANT_FORBIDDEN', { message: /403/, hint: /Sign in as a tenant admin/ })
    expect(writes(result)).toEqual([`POST ${clients}`])
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
    expect(stored()).toEqual({})
  })

  it('takes more than a key of a user who is no admin, where the client is there', async () => {
    await settle()
    const { value } = simulation.sandbox.tenant.issueApiKey({ admin: false })
    expectRefusal(await simulation.run({ 'api-key': value, rotate: 'now' }), 'TENANT_FORBIDDEN', {
      hint: /Tenant Admin.*admin_classic/,
    })
  })

  it('takes an admin client with the right scope', async () => {
    const client = simulation.sandbox.tenant.addClient({ clientName: 'weak', allowedScopes: ['user_default'] })
    const signIn = {
      'api-key': '',
      'admin-client-id': client.clientId,
      'admin-client-secret': client.secrets[0]!.value,
    }
    const result = await simulation.run(signIn)
    expectFailure(result, 'TENANT_FORBIDDEN', { hint: /admin_classic/ })
    expect(simulation.sandbox.tenant.liveClients()).toHaveLength(1)
  })
})

describe('the GitHub token', () => {
  it('fails at once where it is wrong', async () => {
    const { result, seconds } = await timed(() => simulation.run({ 'github-token': 'ghp_wrong_token_0123456789' }))
    expectRefusal(result, 'GITHUB_UNAUTHORIZED', {
      message: /401 \(Bad credentials\)/,
      hint: /wrong, expired or revoked/,
    })
    expect(result.error?.trace).toMatch(/^GitHub request id [0-9A-F:]+$/)
    expect(count(result, 'GET', /actions\/secrets/)).toBe(1)
    expect(seconds).toBeLessThan(1)
  })

  it('is never the workflow’s own, and the error names the permission that is missing', async () => {
    const token = simulation.sandbox.github.issueToken({
      kind: 'github_token',
      permissions: { contents: 'write', actions: 'write', metadata: 'read' },
    })
    expectRefusal(await simulation.run({ 'github-token': token }), 'DESTINATION_FORBIDDEN', {
      message: /403 \(Resource not accessible by integration\)/,
      hint: /(Secrets|Variables): write.*(secrets|actions_variables)=read.*GITHUB_TOKEN can never have it/,
    })
  })

  it('that may only read shows in writing: the new secret is retired, and nothing else has changed', async () => {
    const read = { secrets: 'read', environments: 'read', actions_variables: 'read', metadata: 'read' } as const
    const token = simulation.sandbox.github.issueToken({ kind: 'app', permissions: read })
    const client = await settle()
    const [before, live] = [stored(), hints(client)]
    simulation.advance(1)
    const result = await simulation.run({ 'github-token': token, rotate: 'now' })
    expectFailure(result, 'DESTINATION_FORBIDDEN', { hint: /secrets=write/ })
    expect(count(result, 'PUT', /./)).toBe(1)
    expect(stored()).toEqual(before)
    expect(hints(client)).toEqual(live)
    expect(result.log.join('\n')).toMatch(/The new secret \(\w+\) was delivered nowhere and is retired again/)
    expect(readDescription(client.description!).ledger?.announced).toBeUndefined()
    expectSuccess(await expectHealed(simulation), { result: 'unchanged' })
  })

  it.each([
    ['nothing', { secrets: 'read', actions_variables: 'read', metadata: 'read' }],
    ['secrets only', { secrets: 'write', actions_variables: 'read', metadata: 'read' }],
    ['variables only', { secrets: 'read', actions_variables: 'write', metadata: 'read' }],
  ] as const)('that may write %s leaves a new client without a live secret', async (_what, held) => {
    const token = simulation.sandbox.github.issueToken({ kind: 'app', permissions: held })
    const result = await simulation.run({ 'github-token': token })
    expectFailure(result, 'DESTINATION_FORBIDDEN', { hint: /(secrets|actions_variables)=write/ })
    expect(result.outputs?.changed).toBe('true')
    expect(theClient(simulation).secrets).toEqual([])
    expect(stored().secret).toBeUndefined()
    await expectHealed(simulation)
    const { secret, id } = stored()
    expect(simulation.sandbox.tenant.canAuthenticate(id!, secret!)).toBe(true)
  })

  it('that may write variables only leaves the variable of another client beside its secret', async () => {
    const other = simulation.sandbox.tenant.addClient({ clientName: 'other' })
    simulation.sandbox.github.setVariable(idPlace, other.clientId)
    simulation.sandbox.github.overwriteSecret(place, other.secrets[0]!.value)
    simulation.advance(1)
    const held = { secrets: 'read', actions_variables: 'write', metadata: 'read' } as const
    const token = simulation.sandbox.github.issueToken({ kind: 'app', permissions: held })
    expectFailure(await simulation.run({ 'github-token': token }), 'DESTINATION_FORBIDDEN')
    expect(stored()).toMatchObject({ id: other.clientId, secret: other.secrets[0]!.value })
  })

  it('without the permission for variables is found before anything is written', async () => {
    const { actions_variables: _without, ...rest } = permissions
    const token = simulation.sandbox.github.issueToken({ kind: 'fine-grained', permissions: rest })
    expectRefusal(await simulation.run({ 'github-token': token }), 'DESTINATION_FORBIDDEN', {
      message: /variables of acme\/app.*Resource not accessible by personal access token/,
      hint: /actions_variables/,
    })
    expectSuccess(await simulation.run({ 'github-token': token, 'client-id-as': 'secret' }), { result: 'created' })
  })

  it('that expires between two runs is an error of its own', async () => {
    await settle()
    simulation.sandbox.github.revokeToken(simulation.inputs['github-token']!)
    expectRefusal(await simulation.run({ rotate: 'now' }), 'GITHUB_UNAUTHORIZED')
  })
})

describe('a destination', () => {
  it('lies in a repository that is there', async () => {
    expectRefusal(await simulation.run({ repository: 'acme/nothing' }), 'DESTINATION_MISSING', {
      message: /acme\/nothing.*404/,
      hint: /spelt right.*may not see it/,
    })
  })

  it('lies in an environment that is there', async () => {
    const result = await simulation.run({ environment: 'stagign' })
    expectRefusal(result, 'DESTINATION_MISSING', {
      message: /acme\/app, environment stagign/,
      hint: /Environments are not created by this action/,
    })
    expect(count(result, 'GET', /stagign\/secrets/)).toBe(1)
    simulation.sandbox.github.createEnvironment('acme/app', 'stagign')
    expectSuccess(await expectHealed(simulation, { environment: 'stagign' }), { result: 'created' })
  })

  it('that is full takes no secret: the new one is retired', async () => {
    for (let i = 0; i < 100; i++) simulation.sandbox.github.overwriteSecret({ ...place, name: `OTHER_${i}` }, 'x')
    const result = await simulation.run()
    expectFailure(result, 'GITHUB_REJECTED', { message: /422 \(The maximum number of secrets is reached\)/ })
    expect(theClient(simulation).secrets).toEqual([])
    simulation.sandbox.github.deleteSecret({ ...place, name: 'OTHER_7' })
    await expectHealed(simulation)
  })

  it('that was transferred to somebody else is not followed there', async () => {
    simulation.sandbox.github.createRepository('acme/other')
    simulation.hostile = (answer, { url }) =>
      /\/repos\/acme\/other$/.test(url)
        ? { ...answer, body: answer.body.replaceAll('acme/other', 'evil/stolen') }
        : answer
    expectRefusal(await simulation.run({ repository: 'acme/other' }), 'DESTINATION_MISSING', {
      message: /acme\/other was transferred: it is evil\/stolen now/,
    })
  })

  it('that is no longer named is not left to die with the next rotation', async () => {
    await settle()
    expectRefusal(await simulation.run({ environment: 'staging' }), 'DESTINATION_DROPPED', {
      message: /also serves acme\/app: QLIK_CLIENT_SECRET/,
      hint: /matrix of environments.*drop-destinations: true/,
    })
    const dropped = { environment: 'staging', 'drop-destinations': 'true' }
    const result = await simulation.run(dropped)
    expectSuccess(result, { result: 'rotated' })
    expect(result.log.join('\n')).toMatch(/acme\/app: QLIK_CLIENT_SECRET is no longer served/)
    expect((await simulation.run(dropped)).log.join('\n')).not.toContain('no longer served')
    expectSuccess(await simulation.run({ environment: 'staging' }), { result: 'unchanged' })
    await expectHealed(simulation, { environment: 'staging' })
  })
})

describe('the client', () => {
  it('needs a scope to be created', async () => {
    expectRefusal(await simulation.run({ scopes: '' }), 'INPUT_INVALID', {
      message: /^scopes: deployer has to be created, and no scope is given/,
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

  it('that is pinned is never made anew where it is gone', async () => {
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
        /^description: its 4000 characters leave no room for the action's own line .*Qlik allows 4096 characters together: the description may have \d+/,
    })
    await settle()
    expectRefusal(await simulation.run({ description: 'd'.repeat(4000), rotate: 'now' }), 'INPUT_INVALID')
  })

  it('takes such a description also where nothing else is to be done', async () => {
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
      expectRefusal(await simulation.run({ ...by, mode }), 'CLIENT_IS_ADMIN', { message: /left it half made/ })
    expect(tenant.clients.has(young.clientId)).toBe(true)
  })

  it('is told where its credentials go, in log and summary', async () => {
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

describe('a service in trouble', () => {
  const services = [
    ['tenant', 'TENANT', /oauth-clients/],
    ['github', 'GITHUB', /actions\/secrets/],
  ] as const

  describe.each(services)('%s', (service, code, path) => {
    const strike = (fault: Fault, times: number, method = 'GET') =>
      simulation.sandbox.faults.add({ service, method, path, times, when: 'before', fault })

    it('that answers 5xx once and then is fine is asked again', async () => {
      strike({ kind: 'status', status: 503 }, 2)
      const { result, seconds } = await timed(() => simulation.run())
      expectSuccess(result, { result: 'created' })
      expect(seconds).toBeLessThan(5)
    })

    it('that answers 5xx for good is unreachable after half a minute', async () => {
      strike({ kind: 'status', status: 500 }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, `${code}_UNREACHABLE`, { message: /500/, hint: /can this runner reach it\? Proxies/ })
      expect(seconds).toBeGreaterThan(15)
      expect(seconds).toBeLessThan(31)
      expect(result.log.join('\n')).toMatch(/… reading the \w+.*: waiting \d s, for .* answered 500/)
    })

    it('that is silent for good is unreachable', async () => {
      strike({ kind: 'hang' }, 1000)
      expectRefusal(await simulation.run(), `${code}_UNREACHABLE`, { message: /was silent for/ })
    })

    it('whose answers break off is asked again, and unreachable where they all do', async () => {
      strike({ kind: 'cut' }, 1)
      expectSuccess(await simulation.run(), { result: 'created' })
      strike({ kind: 'drop' }, 1000)
      expectRefusal(await simulation.run(), `${code}_UNREACHABLE`, { message: /the connection broke/ })
    })

    it('that sends HTML instead of JSON is asked once', async () => {
      strike({ kind: 'html' }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, `${code}_UNEXPECTED`, {
        message: /is not JSON \(text\/html/,
        hint: /proxy or a sign-in page/,
      })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })

    it.each(['{}', '[]', 'null', '"text"', '{"data":[{}],"secrets":[{}],"total_count":1}', ''])(
      'that sends JSON of another form (%s) is asked once',
      async (body) => {
        strike({ kind: 'status', status: 200, body }, 1000)
        const result = await simulation.run()
        expectRefusal(result, `${code}_UNEXPECTED`, { message: /another form than documented/ })
        expect(count(result, 'GET', path)).toBe(1)
      },
    )

    it('that redirects elsewhere gets no credentials there', async () => {
      const location = 'https://evil.example/api/v1/oauth-clients'
      strike({ kind: 'status', status: 302, headers: { location } }, 1000)
      const result = await simulation.run()
      expectRefusal(result, `${code}_UNEXPECTED`, { message: /is a redirect elsewhere \(302\)/ })
      expect(count(result, 'GET', path)).toBe(1)
      expect(result.requests.every(({ path: asked }) => !asked.includes('evil'))).toBe(true)
    })

    it('that limits the rate is waited for as long as it asks, and the log says so', async () => {
      strike({ kind: 'status', status: 429, headers: { 'retry-after': '70' } }, 1)
      const { result, seconds } = await timed(() => simulation.run())
      expectSuccess(result, { result: 'created' })
      expect(seconds).toBeGreaterThanOrEqual(70)
      expect(seconds).toBeLessThan(80)
      expect(result.log.join('\n')).toMatch(/waiting 70 s, for .* limits the rate of requests \(429\)/)
    })

    it('that asks for twenty minutes is not waited for', async () => {
      strike({ kind: 'status', status: 429, headers: { 'retry-after': '1200' } }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, 'RATE_LIMITED', { message: /for longer than we wait/, hint: /Run again later/ })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })

    it('that is down with a date twenty minutes away is not waited for', async () => {
      strike({ kind: 'status', status: 503, headers: { 'retry-after': '1200' } }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, 'RATE_LIMITED')
      expect(seconds).toBeLessThan(1)
    })

    it.each([400, 409, 418, 422])('that answers %i is asked once', async (status) => {
      strike({ kind: 'status', status, body: '{"message":"no"}' }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, status === 418 ? `${code}_UNEXPECTED` : `${code}_REJECTED`, {
        message: new RegExp(`${status}`),
      })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })
  })

  it('is followed where it redirects to itself, as GitHub does for a repository that was renamed', async () => {
    await settle()
    simulation.sandbox.github.renameRepository('acme/app', 'acme/renamed')
    simulation.advance(1)
    const result = await simulation.run({ rotate: 'now' })
    expectSuccess(result, { result: 'rotated' })
    expect(count(result, 'PUT', /^\/repositories\/123456789\//)).toBe(1)
  })

  it('waits out GitHub’s secondary limit, which answers 403', async () => {
    const body = JSON.stringify({ message: 'You have exceeded a secondary rate limit.' })
    const plan = { service: 'github', method: 'PUT', when: 'before' } as const
    simulation.sandbox.faults.add({
      ...plan,
      fault: { kind: 'status', status: 403, body, headers: { 'retry-after': '9' } },
    })
    const { result, seconds } = await timed(() => simulation.run())
    expectSuccess(result, { result: 'created' })
    expect(seconds).toBeGreaterThanOrEqual(9)
  })

  it.each([
    ['creating the client', 'POST', /oauth-clients$/],
    ['announcing', 'PATCH', /oauth-clients\/\w+$/],
    ['issuing', 'POST', /client-secrets$/],
    ['writing the secret', 'PUT', /secrets\/QLIK/],
    ['writing the variable', 'POST', /variables$/],
  ] as const)(
    'whose answer is lost after %s took effect is no failure, and leaves no twin',
    async (_what, method, path) => {
      const rotating = method === 'PATCH' || String(path).includes('client-secrets')
      if (rotating) {
        await settle()
        simulation.advance(1)
      }
      const handle = simulation.sandbox.faults.add({ method, path, when: 'after', fault: { kind: 'drop' } })
      const result = await simulation.run(rotating ? { rotate: 'now' } : {})
      expectSuccess(result)
      expect(handle.fired).toBe(1)
      const client = theClient(simulation)
      expect(client.secrets).toHaveLength(rotating ? 2 : 1)
      const { secret, id } = stored()
      expect(id).toBe(client.clientId)
      expect(simulation.sandbox.tenant.canAuthenticate(id!, secret!)).toBe(true)
      await expectHealed(simulation)
    },
  )

  it('that creates the client and loses the answer is told as created all the same', async () => {
    const lost = { method: 'POST', path: /oauth-clients$/, when: 'after', fault: { kind: 'drop' } } as const
    simulation.sandbox.faults.add(lost)
    expectSuccess(await simulation.run(), { result: 'created' })
  })
})

describe('a run that is asked to stop', () => {
  it('ends with CANCELLED, and the next goes on', async () => {
    const result = await simulation.run({}, { at: 4, kind: 'SIGTERM' })
    expectFailure(result, 'CANCELLED', { hint: /next run goes on/ })
    simulation.advance(1)
    await expectHealed(simulation)
  })
})

describe('a tenant in trouble while it writes', () => {
  const issue = { service: 'tenant' as const, method: 'POST', path: /\/client-secrets$/ }
  const status = (retryAfter?: string) => ({
    kind: 'status' as const,
    status: 503,
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
  })

  it.each([
    ['issuing', issue, { rotate: 'now' }],
    ['announcing', { ...issue, method: 'PATCH', path: /\/oauth-clients\/\w+$/ }, { rotate: 'now' }],
    ['creating', { ...issue, path: /\/oauth-clients$/ }, { name: 'second' }],
  ])('is told as such after half a minute of silence: %s', async (_what, request, inputs: Record<string, string>) => {
    const client = await settle()
    const before = hints(client)
    const { faults, clock } = simulation.sandbox
    const silent = { kind: 'hook', run: () => clock.advance(30_000) } as const
    faults.add({ ...request, when: 'before', times: 99, fault: silent })
    faults.add({ ...request, when: 'after', times: 99, fault: { kind: 'hang' } })
    const { result, seconds } = await timed(() => simulation.run(inputs))
    expectFailure(result, 'TENANT_UNREACHABLE', { message: /silent/ })
    expect(seconds).toBeLessThan(35)
    faults.clear()
    simulation.advance(11 / 60)
    await expectHealed(simulation)
    expect(hints(client)).toEqual(before)
  })

  it.each([
    ['issuing', issue, { rotate: 'now' }],
    ['creating', { ...issue, path: /\/oauth-clients$/ }, { name: 'second' }],
  ])('is waited for as it asks, and that is told: %s', async (_what, request, inputs: Record<string, string>) => {
    await settle()
    simulation.sandbox.faults.add({ ...request, when: 'before', times: 2, fault: status('4') })
    const { result, seconds } = await timed(() => simulation.run(inputs))
    expectSuccess(result)
    expect(seconds).toBeGreaterThan(8)
    expect(result.log.filter((line) => /^… (waiting|issuing once more in) 4 s/.test(line))).toHaveLength(2)
    expect(result.log.join('\n')).toMatch(/answered 503/)
  })

  it('is not waited for where it asks for more than a quarter of an hour', async () => {
    await settle()
    simulation.sandbox.faults.add({ ...issue, when: 'before', times: 2, fault: status('1000') })
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectFailure(result, 'RATE_LIMITED')
    expect(seconds).toBeLessThan(5)
  })

  it('gets half a minute where it does not say how long', async () => {
    await settle()
    simulation.sandbox.faults.add({ ...issue, when: 'before', times: 99, fault: status() })
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectFailure(result, 'TENANT_UNREACHABLE', { message: /issuing a secret: the tenant answered 503/ })
    expect(seconds).toBeGreaterThan(10)
    expect(seconds).toBeLessThan(35)
  })
})
