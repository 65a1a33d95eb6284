import { describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { readDescription } from '../../src/ledger/description.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { idPlace, place, settled, hints as sharedHints, stored, timed } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()
const settle = (inputs: Record<string, string> = {}) => settled(inputs, 0)
const hints = (client: Client) => sharedHints(client).sort()
const clients = '/api/v1/oauth-clients'
const permissions = { secrets: 'write', environments: 'write', actions_variables: 'write', metadata: 'read' } as const

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
    expectRefusal(result, 'TENANT_UNAUTHORIZED', { hint: /admin-client-id and admin-client-secret don’t match/ })
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
    expect(result.log.join('\n')).toMatch(/The new secret \(\w+\) was not delivered, so this run retired it/)
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
  it('is in a repository that exists', async () => {
    expectRefusal(await simulation.run({ repository: 'acme/nothing' }), 'DESTINATION_MISSING', {
      message: /acme\/nothing.*404/,
      hint: /spelt right.*may not see it/,
    })
  })

  it('is in an environment that exists', async () => {
    const result = await simulation.run({ environment: 'stagign' })
    expectRefusal(result, 'DESTINATION_MISSING', {
      message: /acme\/app, environment stagign/,
      hint: /This action creates no environments/,
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
