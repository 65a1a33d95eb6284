import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import type { Settings } from '../../sandbox/settings.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { Secret } from '../../src/base/secret.ts'
import { readDescription } from '../../src/ledger/description.ts'
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

const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
const idPlace = { repository: 'acme/app', name: 'QLIK_CLIENT_ID' }

async function settle(inputs: Record<string, string> = {}): Promise<Client> {
  expectSuccess(await simulation.run(inputs), { result: 'created' })
  simulation.advance(1)
  return theClient(simulation)
}

function hints(client: Client): string[] {
  return client.secrets.map(({ hint }) => hint)
}

/** What the places hold is a pair that signs in. */
function expectWorks(client: Client, where: { repository?: string; environment?: string } = {}): void {
  const { github, tenant } = simulation.sandbox
  const id = github.variableValue({ ...idPlace, ...where })
  const secret = github.secretValue({ ...place, ...where })
  expect(id).toBe(client.clientId)
  expect(tenant.canAuthenticate(client.clientId, secret ?? '')).toBe(true)
}

function kinds(result: RunResult): string[] {
  return (JSON.parse(result.outputs!.plan!) as { kind: string }[]).map(({ kind }) => kind)
}

const created = ['create', 'verify', 'deliver', 'commit']
const rotated = ['issue', 'verify', 'deliver', 'commit']
const all = [
  ...['client-id', 'client-name', 'bot-user-id', 'result', 'changed', 'drift', 'plan', 'secret-hint'],
  ...['secret-issued-at', 'next-rotation-at', 'clients', 'summary', 'matrix', 'error-code'],
]

describe('the outputs', () => {
  it('of creating a client tell of it in every field', async () => {
    const result = await simulation.run({ 'rotate-after': '90d' })
    const client = theClient(simulation)
    const bot = [...simulation.sandbox.tenant.users.values()].find(({ clientId }) => clientId === client.clientId)
    expectSuccess(result, {
      'client-id': client.clientId,
      'client-name': 'deployer',
      'bot-user-id': bot!.id,
      result: 'created',
      changed: 'true',
      drift: 'true',
      'secret-hint': client.secrets[0]!.hint,
      'secret-issued-at': client.secrets[0]!.createdAt.replace(/\.\d+Z/, 'Z'),
      'error-code': '',
      summary: result.summary,
    })
    const issued = Date.parse(result.outputs!['secret-issued-at']!)
    expect(Date.parse(result.outputs!['next-rotation-at']!)).toBe(issued + 90 * 86_400_000)
    expect(kinds(result)).toEqual(created)
    expect(Object.keys(result.outputs!).sort()).toEqual([...all].sort())
    const [entry] = JSON.parse(result.outputs!.clients!)
    for (const name of ['client-id', 'client-name', 'bot-user-id', 'result', 'secret-hint', 'next-rotation-at'])
      expect(entry[name]).toBe(result.outputs![name])
    expect(entry).toMatchObject({ changed: true, drift: true, destinations: ['acme/app: QLIK_CLIENT_SECRET'] })
    expectWorks(client)
  })

  it('of a run without anything to do tell of the current secret', async () => {
    const client = await settle()
    const result = await simulation.run()
    expectSuccess(result, {
      'client-id': client.clientId,
      'client-name': 'deployer',
      'bot-user-id': '',
      result: 'unchanged',
      changed: 'false',
      drift: 'false',
      plan: '[]',
      'secret-hint': hints(client)[0]!,
      'next-rotation-at': '',
    })
    expect(result.outputs!['secret-issued-at']).toMatch(/^2026-11-02T06:00:0\dZ$/)
  })

  it('of a failure are all there, with its code', async () => {
    const early = await simulation.run({ name: '' })
    const late = await simulation.run({ environment: 'nowhere' })
    for (const { outputs } of [early, late]) expect(Object.keys(outputs!).sort()).toEqual([...all].sort())
    expect(early.outputs).toMatchObject({ 'error-code': 'INPUT_INVALID', result: '', changed: 'false', plan: '[]' })
  })

  it('hold the secret only where it was asked for', async () => {
    const asked = { 'output-client-secret': 'true' }
    const first = await simulation.run(asked)
    expect(first.asked?.sameAs(new Secret(theClient(simulation).secrets[0]!.value))).toBe(true)
    const again = await simulation.run(asked)
    expect(again.asked).toBeUndefined()
    expect(again.outputs!['client-secret']).toBe('')
    expect((await simulation.run()).outputs).not.toHaveProperty('client-secret')
  })

  it('never hold a secret that no destination took', async () => {
    const read = { secrets: 'read', actions_variables: 'read' } as const
    const token = simulation.sandbox.github.issueToken({ kind: 'app', permissions: read })
    const result = await simulation.run({ 'github-token': token, 'output-client-secret': 'true' })
    expectFailure(result, 'DESTINATION_FORBIDDEN')
    expect(result.asked).toBeUndefined()
  })
})

describe('a run with nothing to do', () => {
  it('asks for four things at most, and writes nothing', async () => {
    await settle()
    for (const inputs of [{}, { deliver: 'false' }, { mode: 'plan' }]) {
      const result = await simulation.run(inputs)
      expectSuccess(result, { result: 'unchanged', changed: 'false' })
      expect(result.requests.length).toBeLessThanOrEqual(4)
      expect(writes(result)).toEqual([])
      expect(result.log.join('\n')).toMatch(/deployer: nothing to do/)
    }
  })

  it('mints no token where an API key signs in, and gives back the one of an admin client', async () => {
    await settle()
    expect((await simulation.run()).requests.filter(({ path }) => path.startsWith('/oauth/'))).toEqual([])
    const { clientId, secret } = simulation.sandbox.tenant.createAdminClient()
    const signIn = { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret }
    const result = await simulation.run(signIn)
    expectSuccess(result, { result: 'unchanged' })
    expect(result.requests.filter(({ path }) => path.startsWith('/oauth/')).map(({ path }) => path)).toEqual([
      '/oauth/token',
      '/oauth/revoke',
    ])
    expect([...simulation.sandbox.tenant.tokens.values()]).toEqual([])
  })
})

describe('drift', () => {
  const wanted = { description: 'Deploys apps', 'grant-types': 'client_credentials' }
  const cases: [string, (client: Client) => void, string, (client: Client) => void][] = [
    [
      'of the description',
      (client) =>
        simulation.sandbox.tenant.setDescription(client.clientId, `Mine\n${client.description!.split('\n').at(-1)}`),
      'update',
      (client) => expect(readDescription(client.description!).user).toBe('Deploys apps'),
    ],
    [
      'of the scopes',
      (client) => simulation.sandbox.tenant.setScopes(client.clientId, ['apps']),
      'update',
      (client) => expect(client.allowedScopes).toEqual(['user_default']),
    ],
    [
      'of the grant types',
      (client) => Object.assign(client, { allowedGrantTypes: ['urn:qlik:oauth:user-impersonation'] }),
      'update',
      (client) => expect(client.allowedGrantTypes).toEqual(['client_credentials']),
    ],
    [
      'of the consent',
      (client) => simulation.sandbox.tenant.setConsent(client.clientId, 'required'),
      'consent',
      (client) => expect(client.consentMethod).toBe('trusted'),
    ],
    [
      'of the client id in its variable',
      () => simulation.sandbox.github.setVariable(idPlace, 'f'.repeat(32)),
      'write-id',
      (client) => expect(simulation.sandbox.github.variableValue(idPlace)).toBe(client.clientId),
    ],
    [
      'of the variable, which is gone',
      () => void simulation.sandbox.github.deleteVariable(idPlace),
      'write-id',
      (client) => expect(simulation.sandbox.github.variableValue(idPlace)).toBe(client.clientId),
    ],
    [
      'of the name',
      (client) => simulation.sandbox.tenant.rename(client.clientId, 'somebody’s toy'),
      'update',
      (client) => expect(client.clientName).toBe('deployer'),
    ],
  ]

  it.each(cases)('%s is found, told field by field, and repaired alone', async (_what, drift, kind, check) => {
    const client = await settle(wanted)
    const before = hints(client)
    drift(client)
    const plan = await simulation.run({ ...wanted, mode: 'plan' })
    expectSuccess(plan, { drift: 'true', result: 'planned', changed: 'false' })
    const result = await simulation.run(wanted)
    expectSuccess(result, { drift: 'true', result: 'updated', changed: 'true' })
    for (const run of [plan, result]) expect(kinds(run)).toEqual([kind])
    expect(result.outputs?.plan).toBe(plan.outputs?.plan)
    expect(writes(result)).toHaveLength(1)
    check(client)
    expect(hints(client)).toEqual(before)
    expectSuccess(await expectHealed(simulation, wanted), { result: 'unchanged', drift: 'false' })
    expectWorks(client)
  })

  it('of several fields is repaired in one request, and consent in another', async () => {
    const client = await settle(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, [])
    simulation.sandbox.tenant.setConsent(client.clientId, 'required')
    client.allowedGrantTypes = []
    const result = await simulation.run(wanted)
    expectSuccess(result, { result: 'updated' })
    expect(writes(result)).toHaveLength(2)
    await expectHealed(simulation, wanted)
  })

  it('is none where lists have another order', async () => {
    const scopes = 'user_default apps admin.apps:read'
    const client = await settle({ scopes, 'grant-types': 'client_credentials user-impersonation' })
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps', 'admin.apps:read', 'user_default'])
    client.allowedGrantTypes!.reverse()
    const result = await simulation.run({ scopes, 'grant-types': 'user-impersonation,client_credentials' })
    expectSuccess(result, { result: 'unchanged', drift: 'false' })
  })

  it('is none in a field that is not given', async () => {
    const client = await settle(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps'])
    client.allowedGrantTypes = ['client_credentials', 'urn:qlik:oauth:user-impersonation']
    expectSuccess(await simulation.run({ scopes: '' }), { result: 'unchanged', drift: 'false' })
  })

  it('is shown in the plan’s summary, old and new', async () => {
    const client = await settle(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps', '</td>'])
    const { summary, log } = await simulation.run({ ...wanted, mode: 'plan' })
    expect(summary).toContain(
      '| scopes | <code>apps &#60;/td&#62;</code> | <code>user&#95;default</code> |'.replace('&#95;', '_'),
    )
    expect(log.join('\n')).toMatch(/○ change scopes \+user_default -apps -<\/td>/)
  })

  it('is nothing that was meant: a pinned client takes the name that is given', async () => {
    const client = await settle()
    const inputs = { 'client-id': client.clientId, name: 'renamed' }
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'updated', 'client-name': 'renamed', 'client-id': client.clientId })
    expect(client.clientName).toBe('renamed')
    await expectHealed(simulation, inputs)
    await expectHealed(simulation, { name: 'renamed' })
    expectSuccess(await simulation.run({ name: 'renamed', mode: 'destroy' }), { result: 'deleted' })
  })
})

describe('rotation', () => {
  it('happens by age, is no drift, and the previous secret lives on for its grace', async () => {
    const inputs = { 'rotate-after': '30d', 'grace-period': '48h' }
    const client = await settle(inputs)
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
    const client = await settle()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated', drift: 'false' })
    simulation.advance(1)
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    expect(client.secrets).toHaveLength(3)
    expectWorks(client)
    await expectHealed(simulation)
  })

  it('can go on for ever: there is always room', async () => {
    const client = await settle()
    for (let day = 0; day < 12; day++) {
      simulation.advance(25)
      expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
      expect(client.secrets.length).toBeLessThanOrEqual(3)
    }
    expectWorks(client)
  })

  it('without grace retires the previous secret in the same run, after the new one is in place', async () => {
    const client = await settle()
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
    const client = await settle()
    hurt(client)
    const result = await simulation.run()
    expectSuccess(result, { result: 'rotated', drift: 'true' })
    expect(kinds(result)).toEqual(rotated)
    expectWorks(client)
    await expectHealed(simulation)
  })

  it('finds a client that was renamed by its ledger', async () => {
    const client = await settle()
    simulation.sandbox.tenant.rename(client.clientId, 'x')
    expectSuccess(await simulation.run(), { result: 'updated', 'client-id': client.clientId })
    expect(simulation.sandbox.tenant.liveClients()).toHaveLength(1)
  })

  it('makes the client anew where it was deleted', async () => {
    const client = await settle()
    simulation.sandbox.tenant.deleteClient(client.clientId)
    expectSuccess(await simulation.run(), { result: 'created' })
    expectWorks(theClient(simulation))
    await expectHealed(simulation)
  })

  it('allows client secrets again where they were forbidden', async () => {
    const client = await settle({ 'auth-method': 'client_secret' })
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
    const client = await settle(inputs)
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
    await settle(inputs)
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

  it('reconciles the client only: its first secret goes at once', async () => {
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
    expect(result.log.join('\n')).toContain(`The tenant refuses to delete the client's last secret (${hint})`)
    await expectHealed(simulation, inputs)
  })

  it('leaves the secrets of a client that is delivered elsewhere', async () => {
    const client = await settle()
    const before = hints(client)
    simulation.sandbox.tenant.setScopes(client.clientId, [])
    expectSuccess(await simulation.run(inputs), { result: 'updated' })
    expect(hints(client)).toEqual(before)
    await expectHealed(simulation)
    expectWorks(client)
  })

  it('destroys what was delivered before, with a token', async () => {
    await settle()
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

describe('a place where another client’s id stands', () => {
  it('is told before it is overwritten, once', async () => {
    const { clientId } = await settle()
    const warned = new RegExp(`acme/app: QLIK_CLIENT_ID holds the id of another client \\(${clientId}\\)`)
    const plan = await simulation.run({ name: 'second', mode: 'plan' })
    const second = await simulation.run({ name: 'second' })
    for (const { log } of [plan, second]) expect(log.join('\n')).toMatch(warned)
    expectSuccess(second, { result: 'created' })
    const again = await simulation.run({ name: 'second' })
    expect(again.log.join('\n')).not.toContain('another client')
    const named = { name: 'third', 'client-id-name': 'THIRD_ID', 'client-secret-name': 'THIRD_SECRET' }
    expect((await simulation.run(named)).log.join('\n')).not.toContain('another client')
  })
})

describe('a client that was there before', () => {
  it('is adopted with a notice, its own secrets stay, and are named in the summary', async () => {
    const { tenant } = simulation.sandbox
    const client = tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['apps'],
      description: 'By hand',
      secrets: 2,
    })
    const before = hints(client)
    const plan = await simulation.run({ mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true' })
    const result = await simulation.run()
    expectSuccess(result, { result: 'rotated', drift: 'true', 'client-id': client.clientId })
    expect(result.log.join('\n')).toMatch(/deployer \(\w+\) already existed: it is adopted/)
    expect(hints(client)).toEqual([...before, result.outputs!['secret-hint']])
    for (const hint of before)
      expect(result.summary).toMatch(new RegExp(`\\| <code>${hint}</code> \\| .* \\| <code>${tenant.owner.id}`))
    expect(readDescription(client.description!)).toMatchObject({
      user: 'By hand',
      ledger: { owner: { origin: 'adopted' } },
    })
    expectWorks(client)
    const after = await expectHealed(simulation)
    expect(after.log.join('\n')).not.toContain('adopted')
    simulation.advance(24 * 100)
    await expectHealed(simulation)
    expect(hints(client)).toEqual(expect.arrayContaining(before))
  })

  it('loses secrets that are named in retire-hints, and only once the current one is in place', async () => {
    const client = simulation.sandbox.tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['user_default'],
      secrets: 2,
    })
    const [first, second] = hints(client) as [string, string]
    const inputs = { 'retire-hints': `${first}, nosuch` }
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'rotated' })
    expect(kinds(result).at(-1)).toBe('retire')
    expect(hints(client)).toEqual([second, result.outputs!['secret-hint']])
    expectSuccess(await simulation.run({ 'retire-hints': second }), { result: 'updated' })
    expect(hints(client)).toEqual([result.outputs!['secret-hint']])
    await expectHealed(simulation, inputs)
    expectWorks(client)
  })

  it('never loses the current secret by a hint, whoever names it', async () => {
    const client = await settle()
    expectSuccess(await simulation.run({ 'retire-hints': hints(client)[0]! }), { result: 'unchanged' })
    expectWorks(client)
  })
})

describe('plan', () => {
  const situations: [string, () => Promise<unknown>, Record<string, string>][] = [
    ['there is no client', async () => {}, {}],
    ['there is drift', async () => simulation.sandbox.tenant.setScopes((await settle()).clientId, []), {}],
    ['a rotation is asked for', settle, { rotate: 'now' }],
    ['it is to be adopted', async () => void simulation.sandbox.tenant.addClient({ clientName: 'deployer' }), {}],
  ]

  it.each(situations)(
    'writes nothing and mints no token where %s, and is what apply then does',
    async (_what, prepare, inputs) => {
      await prepare()
      const plan = await simulation.run({ ...inputs, mode: 'plan' })
      expectSuccess(plan, { result: 'planned', changed: 'false' })
      expect(plan.requests.every(({ method }) => method === 'GET')).toBe(true)
      expect(plan.log.filter((line) => line.startsWith('○')).length).toBe(kinds(plan).length)
      expect(plan.log.join('\n')).toMatch(/This is a plan: nothing of it/)
      const done = await simulation.run(inputs)
      expectSuccess(done, { drift: plan.outputs!.drift! })
      expect(kinds(done)).toEqual(kinds(plan))
    },
  )

  it('says what fails before it would', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'deployer', secrets: 5 })
    expectRefusal(await simulation.run({ mode: 'plan' }), 'SECRET_SLOTS_FULL')
  })

  it('needs no scope for a client that is there, and one for a client that is not', async () => {
    expectRefusal(await simulation.run({ mode: 'plan', scopes: '' }), 'INPUT_INVALID')
  })
})

describe('destroy', () => {
  const destroy = { mode: 'destroy' }

  it('deletes what was made: values first, then the client, with its id as confirmation', async () => {
    const client = await settle()
    simulation.sandbox.github.overwriteSecret({ ...place, name: 'OTHERS' }, 'stay')
    const from = simulation.sandbox.requests.length
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted', changed: 'true', 'client-id': client.clientId, 'secret-hint': '' })
    expect(kinds(result)).toEqual(['remove-values', 'delete'])
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
    expect(simulation.sandbox.github.secretNames(place)).toEqual(['OTHERS'])
    expect(simulation.sandbox.github.variableNames(place)).toEqual([])
    const deletion = simulation.sandbox.requests
      .slice(from)
      .filter(({ method }) => method === 'DELETE')
      .at(-1)
    expect(deletion).toMatchObject({ service: 'tenant', headers: { 'qlik-confirm-delete': client.clientId } })
    expect(result.log.join('\n')).toContain(`qlikbot\\${client.clientId}`)
    const again = await simulation.run(destroy)
    expectSuccess(again, { result: 'unchanged', changed: 'false' })
    expect(writes(again)).toEqual([])
  })

  it('leaves an adopted client, unless it is pinned', async () => {
    const client = simulation.sandbox.tenant.addClient({ clientName: 'deployer' })
    expectRefusal(await simulation.run(destroy), 'CLIENT_OWNED_ELSEWHERE', { message: /was not made by this action/ })
    await simulation.run()
    expectRefusal(await simulation.run(destroy), 'CLIENT_OWNED_ELSEWHERE', { message: /existed before/ })
    const pinned = { ...destroy, 'client-id': client.clientId }
    expectSuccess(await simulation.run(pinned), { result: 'deleted' })
    expectSuccess(await simulation.run(pinned), { result: 'unchanged' })
  })

  it('takes nothing where there is nothing, not even a scope', async () => {
    expectSuccess(await simulation.run({ ...destroy, scopes: '' }), { result: 'unchanged', drift: 'false' })
  })

  it('leaves a place where another client’s credentials lie', async () => {
    await settle()
    const { github } = simulation.sandbox
    github.setVariable(idPlace, 'f'.repeat(32))
    github.overwriteSecret({ ...place, name: 'QLIK_CLIENT_SECRET' }, 'of another client')
    simulation.advance(1)
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(github.secretNames(place)).toEqual(['QLIK_CLIENT_SECRET'])
  })

  it('leaves what another client’s ledger says is its own, whatever this one’s says', async () => {
    const { github, tenant } = simulation.sandbox
    const names = { 'client-id-name': 'OTHER_ID', 'client-secret-name': 'OTHER_SECRET' }
    await simulation.run({ name: 'other', ...names })
    const mine = await settle()
    const { ledger } = readDescription(mine.description!)
    const theirs = readDescription(theClient(simulation, 'other').description!).ledger!.destinations
    const destinations = { ...ledger!.destinations, ...theirs }
    tenant.setDescription(mine.clientId, ledgerLine({ ...ledger!, destinations }))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(github.secretNames(place)).toEqual(['OTHER_SECRET'])
  })

  it('leaves a variable that shows another client’s id', async () => {
    await settle()
    simulation.sandbox.github.setVariable(idPlace, 'f'.repeat(32))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(simulation.sandbox.github.variableValue(idPlace)).toBe('f'.repeat(32))
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })

  it('deletes also the values of destinations that only the ledger knows', async () => {
    const client = await settle({ environment: 'staging' })
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted', 'client-id': client.clientId })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', environment: 'staging' })).toEqual([])
    expect(simulation.sandbox.github.variableNames({ repository: 'acme/app', environment: 'staging' })).toEqual([])
  })

  it('leaves a variable that shows another client’s id also where only the ledger knows the place', async () => {
    await settle({ environment: 'staging' })
    const staging = { ...idPlace, environment: 'staging' }
    simulation.sandbox.github.setVariable(staging, 'f'.repeat(32))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(simulation.sandbox.github.variableValue(staging)).toBe('f'.repeat(32))
  })

  it('leaves the places of a repository that took the client over by its pin', async () => {
    const client = await settle()
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    simulation.sandbox.github.overwriteSecret({ ...place, repository: 'acme/other' }, 'another client’s')
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    const pinned = { 'client-id': client.clientId, deliver: 'false' }
    expectSuccess(await simulation.run(pinned), { result: 'updated' })
    expectSuccess(await simulation.run({ ...pinned, ...destroy }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretValue({ ...place, repository: 'acme/other' })).toBe('another client’s')
    expect(simulation.sandbox.github.secretValue(place)).toBeUndefined()
  })

  it('does not mind places that are gone', async () => {
    await settle({ environment: 'staging' })
    simulation.sandbox.github.deleteEnvironment('acme/app', 'staging')
    expectSuccess(await simulation.run({ ...destroy, environment: 'staging' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
  })

  it('ends what a run that died began', async () => {
    await settle()
    for (let at = 0; at < 8; at++) await simulation.run(destroy, { at, kind: 'killed before' })
    expectSuccess(await simulation.run(destroy))
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })
})

describe('the admin client', () => {
  it('rotates its own secret into the place the workflow reads it from', async () => {
    const { tenant, github } = simulation.sandbox
    const { clientId, secret } = tenant.createAdminClient('automation')
    const mine = { ...place, name: 'QLIK_ADMIN_SECRET' }
    github.overwriteSecret(mine, secret)
    const inputs = () => ({
      'api-key': '',
      'admin-client-id': clientId,
      'admin-client-secret': github.secretValue(mine)!,
      name: 'automation',
      scopes: '',
      'client-id-as': 'none',
      'client-secret-name': mine.name,
      'rotate-after': '30d',
    })
    for (let round = 0; round < 4; round++) {
      simulation.advance(24 * 31)
      const result = await simulation.run(inputs())
      expectSuccess(result, { result: 'rotated', 'client-id': clientId })
      expect(tenant.canAuthenticate(clientId, github.secretValue(mine)!)).toBe(true)
    }
    simulation.advance(25)
    await simulation.run(inputs())
    // The one it began with, made by hand, and the current one.
    expect(tenant.clients.get(clientId)!.secrets).toHaveLength(2)
  })

  it('may gain scopes', async () => {
    const { clientId, secret } = simulation.sandbox.tenant.createAdminClient('automation')
    const signIn = { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret, name: 'automation' }
    expectSuccess(await simulation.run({ ...signIn, scopes: 'admin_classic user_default apps' }), { result: 'rotated' })
  })
})

describe('a destination', () => {
  it('may be another repository', async () => {
    simulation.sandbox.github.createRepository('Acme/Other', { id: 42 })
    const inputs = { repository: 'acme/other' }
    const client = await settle(inputs)
    expectWorks(client, { repository: 'acme/other' })
    await expectHealed(simulation, inputs)
    expectSuccess(await simulation.run({ ...inputs, mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/other' })).toEqual([])
  })

  it('may be the running repository in other letters', async () => {
    const client = await settle({ repository: 'ACME/App' })
    expectWorks(client)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it.each(['staging', 'prod/eu west', 'Größe', 'a%2Fb', 'x?y#z', 'a+b&c'])(
    'may be the environment %s',
    async (environment) => {
      simulation.sandbox.github.createEnvironment('acme/app', environment)
      const client = await settle({ environment })
      expectWorks(client, { environment })
      expect(simulation.sandbox.github.secretNames(place)).toEqual([])
      expectSuccess(await expectHealed(simulation, { environment }), { result: 'unchanged' })
      expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
      expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', environment })).toEqual([])
    },
  )

  it('is found among more secrets and variables than one page holds', async () => {
    const { github } = simulation.sandbox
    for (let i = 0; i < 95; i++) github.overwriteSecret({ ...place, name: `A_${i}` }, 'x')
    for (let i = 0; i < 75; i++) github.setVariable({ ...place, name: `A_${i}` }, 'x')
    expectWorks(await settle())
    await expectHealed(simulation)
  })

  it('takes a secret sealed with the key of the moment', async () => {
    simulation.sandbox.settings.wrongKey = 'refused'
    simulation.sandbox.faults.add({
      method: 'PUT',
      when: 'before',
      fault: { kind: 'hook', run: () => simulation.sandbox.github.rotatePublicKey({ repository: 'acme/app' }) },
    })
    expectWorks(await settle())
    await expectHealed(simulation)
  })
})

describe('tenants that differ', () => {
  const switches: [string, Partial<Settings>][] = [
    ['gives pages of three', { pageLimit: 3 }],
    ['does not honour consent in the request that creates', { createConsent: 'ignored' }],
    ['has hints from the end of a secret', { hints: 'suffix' }],
    ['has hints that have nothing to do with the secret', { hints: 'opaque' }],
    ['answers in the older form', { legacyHint: true }],
    ['takes two seconds to spread a secret', { secretDelay: 2 }],
    ['takes two seconds to spread consent', { consentDelay: 2, createConsent: 'ignored' }],
    ['shows secrets in lists only', { getShowsSecrets: false }],
    ['does not say when secrets were made', { stampsOfSecrets: 'absent' }],
    ['shows deleted clients', { deletedClients: 'shown' }],
    ['refuses to replace what is not there', { replaceAbsent: 'refused' }],
    ['lets tokens die with their secret', { tokensDieWithSecret: true, tokensDieWithClient: true }],
    ['keeps the last secret', { lastSecret: 'kept' }],
    ['has GitHub show stamps late', { stampDelay: 3 }],
    [
      'is all of these',
      {
        pageLimit: 3,
        createConsent: 'ignored',
        hints: 'opaque',
        legacyHint: true,
        secretDelay: 2,
        getShowsSecrets: false,
      },
    ],
  ]

  it.each(switches)('one that %s is served all the same', async (_what, settings) => {
    simulation = await Simulation.start(settings)
    const { tenant, github } = simulation.sandbox
    for (let i = 0; i < 7; i++) tenant.addClient({ clientName: `other ${i}`, secrets: 1 })
    tenant.deleteClient(tenant.addClient({ clientName: 'deployer' }).clientId)
    const inputs = { description: 'd', 'rotate-after': '30d' }
    expectSuccess(await simulation.run(inputs), { result: 'created' })
    const client = theClient(simulation)
    expectWorks(client)
    await expectHealed(simulation, inputs)
    simulation.advance(24 * 31)
    const rotation = await simulation.run(inputs)
    expectSuccess(rotation, { result: 'rotated', 'secret-hint': hints(client).at(-1)! })
    expectWorks(client)
    simulation.advance(25)
    await simulation.run(inputs)
    expect(hints(client)).toHaveLength(1)
    await expectHealed(simulation, inputs)
    simulation.advance(1)
    github.deleteSecret(place)
    expectSuccess(await expectHealed(simulation, inputs), { result: 'rotated' })
    expectSuccess(await simulation.run({ ...inputs, mode: 'destroy' }), { result: 'deleted' })
    expect(tenant.findByName('deployer')).toEqual([])
    expect(tenant.liveClients()).toHaveLength(7)
  })
})

describe('names from a tenant or a spec', () => {
  it('form no workflow command and no Markdown', async () => {
    const name = '::error::x ##[group] <img src=x> | `a` [l](http://evil.example) @octocat'
    const result = await simulation.run({ name, description: '::warning::y\n::add-mask::a', mode: 'plan' })
    expectSuccess(result)
    for (const line of result.log) expect(line).not.toMatch(/^\s*::|##\[|[\r\n]/)
    expect(result.summary).not.toMatch(/<img|@octocat|\[l\]|`a`/)
    expectSuccess(await simulation.run({ name }), { result: 'created', 'client-name': name })
    await expectHealed(simulation, { name })
  })

  it('are quoted harmlessly where a service says them', async () => {
    const body = JSON.stringify({
      errors: [{ code: 'X', title: '\n::add-mask::a\n##[error]', detail: '<b>' }],
      traceId: '::error::t',
    })
    simulation.sandbox.faults.add({ service: 'tenant', when: 'before', fault: { kind: 'status', status: 400, body } })
    const result = await simulation.run()
    expectRefusal(result, 'TENANT_REJECTED')
    expect(result.error!.message).not.toMatch(/\n|##\[/)
    expect(result.error!.trace).not.toMatch(/^::/)
    expect(result.summary).not.toContain('<b>')
  })
})
