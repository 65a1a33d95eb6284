import { describe, expect, it } from 'vitest'
import { audited, detailOf, findings, kindsOf, looking, quietClient, signsIn } from '../support/auditing.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { folderWith } from '../support/workspace.ts'

// Section "The whole tenant, read" of the contract: `mode: audit`.

eachTest()

const tenant = () => simulation.sandbox.tenant
const impersonation = 'urn:qlik:oauth:user-impersonation'

describe('an audit', () => {
  it('needs no GitHub token, reads only, and does not speak to GitHub', async () => {
    const { clientId } = quietClient(simulation)
    const result = await audited(simulation)
    expect(kindsOf(result, clientId)).toEqual(['unmanaged'])
    expect(result.requests.every(({ service, method }) => service === 'tenant' && method === 'GET')).toBe(true)
    expect(result.log.at(-1)).toBe('✓ sandbox.eu.qlikcloud.com: 1 client looked at: 1 medium')
    expect(result.summary).toContain('**1 client**: 1 medium')
    expect(result.outputs).toMatchObject({ spec: '', plan: '[]', clients: '[]', drift: 'false' })
  })

  it('has nothing to say of a tenant without clients', async () => {
    const result = await audited(simulation)
    expect(findings(result)).toEqual([])
    expect(result.log.at(-1)).toMatch(/0 clients looked at: nothing to look at$/)
  })

  it('needs a way to sign in', async () => {
    const result = await simulation.run(looking('audit', { 'api-key': '' }))
    expectFailure(result, 'INPUT_INVALID', { message: /no way to sign in/ })
  })

  it('names the inputs of one client that it ignores', async () => {
    const client = quietClient(simulation)
    const result = await simulation.run({ mode: 'audit', 'client-id': client.clientId, 'github-token': '' })
    expectSuccess(result, { result: 'audited' })
    expect(result.raw).toMatch(/::notice::.*ignores these inputs: name, client-id, scopes/)
  })

  it.each(['admin_classic', 'admin.apps', 'admin.users:read'])('finds the broad scope %s', async (scope) => {
    const { clientId } = tenant().addClient({ clientName: 'broad', allowedScopes: ['user_default', scope] })
    const result = await audited(simulation)
    expect(kindsOf(result, clientId)).toContain('broad-scope')
    expect(findings(result)[0]).toEqual({
      ...{ 'client-id': clientId, 'client-name': 'broad', kind: 'broad-scope', severity: 'high' },
      detail: `has ${scope}`,
    })
  })

  it('takes no scope for an admin scope that only looks like one', async () => {
    tenant().addClient({ clientName: 'narrow', allowedScopes: ['administration', 'apps', 'user_default'] })
    expect(findings(await audited(simulation)).map(({ kind }) => kind)).not.toContain('broad-scope')
  })

  it('finds full slots, missing trust, and what is disabled', async () => {
    const full = tenant().addClient({ clientName: 'full', allowedScopes: ['apps'], secrets: 5 })
    const four = tenant().addClient({ clientName: 'four', allowedScopes: ['apps'], secrets: 4 })
    const closed = tenant().addClient({ clientName: 'closed', consentMethod: 'required', disableTag: 'fraud' })
    const result = await audited(simulation)
    expect(kindsOf(result, full.clientId)).toContain('slots-full')
    expect(kindsOf(result, four.clientId)).not.toContain('slots-full')
    expect(kindsOf(result, closed.clientId)).toEqual(expect.arrayContaining(['not-trusted', 'disabled']))
    expect(detailOf(result, 'disabled')).toBe('is disabled: fraud')
  })

  it('calls nobody mistrusted who gets tokens by a person', async () => {
    const client = tenant().addClient({ clientName: 'web', allowedGrantTypes: [], consentMethod: 'required' })
    expect(kindsOf(await audited(simulation), client.clientId)).toEqual(['unmanaged'])
  })

  it('finds impersonation beside admin scopes, and neither alone', async () => {
    const grants = ['client_credentials', impersonation]
    const both = tenant().addClient({ clientName: 'b', allowedGrantTypes: grants, allowedScopes: ['admin.apps'] })
    const one = tenant().addClient({ clientName: 'o', allowedGrantTypes: grants, allowedScopes: ['apps'] })
    const result = await audited(simulation)
    expect(kindsOf(result, both.clientId)).toContain('impersonation-beside-admin')
    expect(kindsOf(result, one.clientId)).not.toContain('impersonation-beside-admin')
  })

  it('finds secrets of which nobody says who made them, and those whose maker is gone', async () => {
    const [gone, bot] = [tenant().addUser({ name: 'Gone', admin: true }), quietClient(simulation, 'maker')]
    const client = quietClient(simulation)
    const { hint } = tenant().addSecret(client.clientId, { createdBy: gone.id })
    tenant().addSecret(client.clientId, { createdBy: tenant().botOf(bot).id })
    expect(kindsOf(await audited(simulation), client.clientId)).toEqual(['unmanaged'])
    tenant().users.delete(gone.id)
    const result = await audited(simulation)
    expect(detailOf(result, 'unknown-maker')).toBe(`the user who made ${hint} is gone`)
    simulation.sandbox.settings.stampsOfSecrets = 'absent'
    const unsaid = await audited(simulation)
    expect(kindsOf(unsaid, client.clientId)).toContain('unknown-maker')
    expect(detailOf(unsaid, 'unknown-maker')).toMatch(/^the tenant does not say who made/)
  })

  it('finds bots whose clients are gone, but none of a region or of the client that it signs in with', async () => {
    const client = quietClient(simulation, 'importer')
    tenant().deleteClient(client.clientId)
    tenant().addUser({ name: 'EU OAuth client', admin: true, clientId: 'a'.repeat(32) })
    tenant().addUser({ name: 'kept', admin: true, clientId: quietClient(simulation).clientId })
    const result = await audited(simulation)
    const orphans = findings(result).filter(({ kind }) => kind === 'orphaned-bot')
    expect(orphans).toMatchObject([{ 'client-id': client.clientId, 'client-name': 'importer', severity: 'medium' }])
    expect(orphans[0]!.detail).toContain(tenant().knownBot(client.clientId)!.id)
    expect(tenant().users.size).toBe(5)
  })

  it('does not call its own admin client unused, though it signed in just now', async () => {
    const admin = tenant().createAdminClient()
    const inputs = { 'api-key': '', 'admin-client-id': admin.clientId, 'admin-client-secret': admin.secret }
    simulation.sandbox.settings.usersOfTokenEvents = 'not told'
    const result = await simulation.run(looking('audit', inputs))
    expectSuccess(result, { result: 'audited' })
    expect(kindsOf(result, admin.clientId)).toEqual(['broad-scope', 'unmanaged'])
    expect(writes(result)).toEqual([])
  })
})

describe('old secrets', () => {
  it('are found one by one, older than a year or than max-age', async () => {
    const client = quietClient(simulation)
    const first = client.secrets[0]!.hint
    simulation.advance(24 * 300)
    const { hint: second } = tenant().addSecret(client.clientId)
    simulation.advance(24 * 66)
    const ages = (result: Awaited<ReturnType<typeof audited>>) =>
      findings(result).flatMap(({ kind, detail }) => (kind === 'old-secret' ? [detail] : []))
    expect(ages(await audited(simulation))).toEqual([`secret ${first} is 366 days old`])
    expect(ages(await audited(simulation, { 'max-age': '367d' }))).toEqual([])
    expect(ages(await audited(simulation, { 'max-age': '64d' })).sort()).toEqual(
      [`secret ${first} is 366 days old`, `secret ${second} is 66 days old`].sort(),
    )
  })

  it('may be keys: the ledger knows their age', async () => {
    expectSuccess(await simulation.run({ 'auth-method': 'private_key_jwt' }), { result: 'created' })
    simulation.advance(24 * 400)
    const result = await audited(simulation)
    expect(detailOf(result, 'old-secret')).toMatch(/^key \S{43} is 400 days old$/)
  })

  it('are no findings where nobody knows their age', async () => {
    simulation.sandbox.settings.stampsOfSecrets = 'absent'
    quietClient(simulation)
    simulation.advance(24 * 400)
    expect(findings(await audited(simulation)).map(({ kind }) => kind)).not.toContain('old-secret')
  })
})

describe('who manages a client', () => {
  it('is this repository, another one, or nobody', async () => {
    expectSuccess(await simulation.run(), { result: 'created' })
    const [client] = tenant().liveClients()
    expect(kindsOf(await audited(simulation), client!.clientId)).toEqual([])
    const elsewhere = { ...simulation.env, GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' }
    Object.assign(simulation.env, elsewhere)
    const result = await audited(simulation)
    expect(findings(result)).toMatchObject([{ kind: 'managed-elsewhere', severity: 'info' }])
    expect(detailOf(result, 'managed-elsewhere')).toBe('is managed by acme/app as deployer')
    tenant().setDescription(client!.clientId, 'mine\nqlik-oauth-client ledger: {"version":1,')
    expect(detailOf(await audited(simulation), 'unmanaged')).toMatch(/was edited, and can no longer be read/)
    tenant().setDescription(client!.clientId, 'qlik-oauth-client ledger: {"version":2}')
    expect(detailOf(await audited(simulation), 'managed-elsewhere')).toMatch(/later version/)
  })

  it('is compared with spec files', async () => {
    expectSuccess(await simulation.run(), { result: 'created' })
    const [client] = tenant().liveClients()
    const file = (names: string[]) =>
      `version: 1\nclients:\n${names.map((name) => `  - { name: ${name}, deliver: [] }\n`).join('')}`
    const workspace = folderWith({ 'a.yaml': file(['deployer']), 'b.yaml': file(['other', 'gone']) })
    simulation.env.GITHUB_WORKSPACE = workspace
    const good = await audited(simulation, { 'spec-file': 'a.yaml' })
    expect(findings(good)).toEqual([])
    const other = await audited(simulation, { 'spec-file': 'b.yaml' })
    const told = findings(other).map(({ kind, 'client-name': name, detail }) => [kind, name, detail])
    expect(told).toEqual([
      ['not-in-spec', 'deployer', 'is managed by this repository as deployer, and is in no file'],
      ['not-on-tenant', 'gone', 'is in b.yaml, and not on the tenant'],
      ['not-on-tenant', 'other', 'is in b.yaml, and not on the tenant'],
    ])
    expect(findings(await audited(simulation, { 'spec-file': 'a.yaml b.yaml', only: 'other' }))).toHaveLength(2)
    tenant().rename(client!.clientId, 'by hand')
    expect(findings(await audited(simulation, { 'spec-file': 'a.yaml' }))).toEqual([])
  })
})

describe('fail-on-findings', () => {
  it('fails where something is above info, and tells all the same', async () => {
    const client = tenant().addClient({ clientName: 'broad', allowedScopes: ['admin.apps'] })
    signsIn(simulation, client)
    const result = await simulation.run(looking('audit', { 'fail-on-findings': 'true' }))
    expect(result.error).toMatchObject({
      code: 'FINDINGS',
      message: expect.stringMatching(/^2 findings .*1 high, 1 medium/),
    })
    expect(result.outputs).toMatchObject({ 'error-code': 'FINDINGS', result: 'audited' })
    expect(result.summary).toContain('**FINDINGS**')
    expect(findings(result)).toHaveLength(2)
    expect(result.summary).toContain('broad-scope')
  })

  it('does not fail for information', async () => {
    expectSuccess(await simulation.run(), { result: 'created' })
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    simulation.sandbox.settings.closed = { '/api/v1/audits': 403 }
    const result = await audited(simulation, { 'fail-on-findings': 'true' })
    expect(findings(result).map(({ severity }) => severity)).toEqual(['info', 'info'])
  })

  it.each(['max-age', 'fail-on-findings'])('refuses a senseless %s before any request', async (name) => {
    const result = await simulation.run(looking('audit', { [name]: 'soon' }))
    expectFailure(result, 'INPUT_INVALID', { message: new RegExp(name) })
    expect(result.requests).toEqual([])
  })
})
