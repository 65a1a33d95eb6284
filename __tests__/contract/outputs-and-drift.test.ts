import { describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { Secret } from '../../src/base/secret.ts'
import { readDescription } from '../../src/ledger/description.ts'
import { expectFailure, expectHealed, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { created, expectWorks, hints, idPlace, kinds, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()
/** All outputs of a run that looked at a client. */
const all = [
  ...['client-id', 'client-name', 'bot-user-id', 'result', 'changed', 'drift', 'plan', 'secret-hint'],
  ...['secret-issued-at', 'next-rotation-at', 'clients', 'summary', 'findings', 'spec', 'matrix', 'error-code'],
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
    const client = await settled()
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

  it.each([
    { consent: 'required' },
    { consent: 'trusted', verify: 'false' },
    { consent: 'trusted', 'grant-types': 'user-impersonation' },
  ])('of a plan have the steps of the run that follows it, also if the proof is skipped: %j', async (inputs) => {
    const plan = await simulation.run({ ...inputs, mode: 'plan' })
    const run = await simulation.run(inputs)
    expect(kinds(plan)).toEqual(['create', 'deliver', 'commit'])
    expect(kinds(run)).toEqual(kinds(plan))
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
    await settled()
    for (const inputs of [{}, { deliver: 'false' }, { mode: 'plan' }]) {
      const result = await simulation.run(inputs)
      expectSuccess(result, { result: 'unchanged', changed: 'false' })
      expect(result.requests.length).toBeLessThanOrEqual(4)
      expect(writes(result)).toEqual([])
      expect(result.log.join('\n')).toMatch(/deployer: nothing to do/)
    }
  })

  it('mints no token where an API key signs in, and gives back the one of an admin client', async () => {
    await settled()
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
    const client = await settled(wanted)
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
    const client = await settled(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, [])
    simulation.sandbox.tenant.setConsent(client.clientId, 'required')
    client.allowedGrantTypes = []
    const result = await simulation.run(wanted)
    expectSuccess(result, { result: 'updated' })
    expect(writes(result)).toHaveLength(2)
    await expectHealed(simulation, wanted)
  })

  it('is false if only the order of lists differs', async () => {
    const scopes = 'user_default apps admin.apps:read'
    const client = await settled({ scopes, 'grant-types': 'client_credentials user-impersonation' })
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps', 'admin.apps:read', 'user_default'])
    client.allowedGrantTypes!.reverse()
    const result = await simulation.run({ scopes, 'grant-types': 'user-impersonation,client_credentials' })
    expectSuccess(result, { result: 'unchanged', drift: 'false' })
  })

  it('is false for a field that is not given', async () => {
    const client = await settled(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps'])
    client.allowedGrantTypes = ['client_credentials', 'urn:qlik:oauth:user-impersonation']
    expectSuccess(await simulation.run({ scopes: '' }), { result: 'unchanged', drift: 'false' })
  })

  it('is shown in the plan’s summary, old and new', async () => {
    const client = await settled(wanted)
    simulation.sandbox.tenant.setScopes(client.clientId, ['apps', '</td>'])
    const { summary, log } = await simulation.run({ ...wanted, mode: 'plan' })
    expect(summary).toContain(
      '| scopes | <code>apps &#60;/td&#62;</code> | <code>user&#95;default</code> |'.replace('&#95;', '_'),
    )
    expect(log.join('\n')).toMatch(/○ change scopes \+user_default -apps -<\/td>/)
  })

  it('is nothing that was meant: a pinned client takes the name that is given', async () => {
    const client = await settled()
    const inputs = { 'client-id': client.clientId, name: 'renamed' }
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'updated', 'client-name': 'renamed', 'client-id': client.clientId })
    expect(client.clientName).toBe('renamed')
    await expectHealed(simulation, inputs)
    await expectHealed(simulation, { name: 'renamed' })
    expectSuccess(await simulation.run({ name: 'renamed', mode: 'destroy' }), { result: 'deleted' })
  })
})
