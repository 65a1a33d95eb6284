import { describe, expect, it } from 'vitest'
import { program } from '../../src/run/program.ts'
import { programFor } from '../promises/many-clients.ts'
import { expectSame, exportedAndPlanned, looking } from '../support/auditing.ts'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

// Section "The whole tenant, read" of the contract: `mode: export`. That any tenant is exported to what it is: audit/whole-tenants.test.ts.

eachTest()

const tenant = () => simulation.sandbox.tenant
const exported = async (inputs: Record<string, string> = {}) => {
  const result = await simulation.run(looking('export', inputs))
  expectSuccess(result, { result: 'exported' })
  return result
}

describe('an export', () => {
  it('is a spec file that is pleasant to read', async () => {
    expectSuccess(await simulation.run({ environment: 'staging', description: 'Deploys: apps # to staging' }))
    const scopes = ['user_default', 'apps']
    const ids = ['b', 'a'].map((name) => tenant().addClient({ clientName: name, allowedScopes: scopes }).clientId)
    const grants = ['client_credentials', 'urn:qlik:oauth:user-impersonation']
    const portal = tenant().addClient({
      ...{ clientName: 'portal', allowedGrantTypes: grants, allowedScopes: ['apps', 'user_default'] },
      ...{ allowedOrigins: ['https://portal.acme.example'], consentMethod: 'required' as const },
    })
    const [deployer] = tenant().findByName('deployer')
    simulation.advance(24 * 412)
    const { outputs } = await exported()
    const made = '2026-11-02'
    const owner = `owner ${tenant().tenantId}`
    expect(outputs!.spec).toBe(`\
# yaml-language-server: $schema=https://raw.githubusercontent.com/OWNER/qlik-oauth-client/v1/qlik-oauth-client.schema.json
# The web clients of sandbox.eu.qlikcloud.com in their present state: a plan with this file changes no field.
# The first run that applies it notes on each client that this repository manages it.
version: 1
tenant: https://sandbox.eu.qlikcloud.com
defaults:
  scopes: [user_default, apps]
  deliver: []
clients:
  # not managed yet; made ${made}, 13 months ago; ${owner}
  - name: a
    client-id: ${ids[1]}

  # not managed yet; made ${made}, 13 months ago; ${owner}
  - name: b
    client-id: ${ids[0]}

  # managed by this repository; made ${made}, 13 months ago; ${owner}
  - name: deployer
    client-id: ${deployer!.clientId}
    description: "Deploys: apps # to staging"
    scopes: [user_default]
    deliver:
      - environment: staging

  # not managed yet; made ${made}, 13 months ago; ${owner}; gets no access token by itself
  - name: portal
    client-id: ${portal.clientId}
    grant-types: [client_credentials, user-impersonation]
    allowed-origins: [https://portal.acme.example]
    consent: required
`)
  })

  it('takes two requests for two hundred clients, and no GitHub token', async () => {
    for (let index = 0; index < 200; index++) tenant().addClient({ clientName: `c${index}`, allowedScopes: ['apps'] })
    const result = await exported()
    expect(result.requests).toHaveLength(2)
    expect(result.log.at(-1)).toBe('✓ sandbox.eu.qlikcloud.com: 200 clients exported to the output spec')
    expectSame(await exportedAndPlanned(simulation))
  })

  it('has clients of one name, each by its id', async () => {
    const ids = [1, 2].map(() => tenant().addClient({ clientName: 'twin', allowedScopes: ['apps'] }).clientId)
    const both = await exportedAndPlanned(simulation)
    expectSame(both)
    for (const id of ids) expect(both.spec).toContain(`client-id: ${id}`)
  })

  it('says in comments what it can’t hold, and why', async () => {
    tenant().addClient({ clientName: 'two\n- name: lines', allowedScopes: ['apps'] })
    tenant().addClient({ clientName: '', allowedScopes: ['apps'] })
    tenant().addClient({ clientName: `expression ${'$'}{{ secrets.X }}`, allowedScopes: ['apps'] })
    tenant().addClient({ clientName: 'talkative', description: 'x'.repeat(3800), allowedScopes: ['apps'] })
    tenant().addClient({ clientName: 'spa', appType: 'spa' })
    tenant().addClient({ clientName: 'native', appType: 'native' })
    simulation.sandbox.settings.strangers = [{ clientId: 'https://a.example/#x', clientName: 'agent', appType: 'web' }]
    expectSuccess(await simulation.run())
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    const { outputs, log } = await exported()
    const comments = outputs!.spec!.split('\n').filter((line) => line.startsWith('# not here'))
    expect(comments).toEqual([
      expect.stringMatching(/^# not here: a client without a name \(\w{32}\): name: /),
      expect.stringMatching(/^# not here: agent \(https:\/\/a\.example\/#x\): its entry .* another form/),
      expect.stringMatching(/^# not here: deployer \(\w{32}\): is managed by acme\/app as deployer$/),
      expect.stringMatching(/^# not here: expression .*: \S/),
      expect.stringMatching(/^# not here: talkative \(\w{32}\): description: .*leave no room/),
      expect.stringMatching(/^# not here: two - name: lines \(\w{32}\): name: contains control characters$/),
      '# not here: 2 clients of other types: 1 native, 1 spa',
    ])
    expect(log.at(-1)).toMatch(/0 clients exported .*; 6 in comments only, .*; 2 clients of other types left out$/)
  })

  it('has neither secrets nor hints', async () => {
    expectSuccess(await simulation.run())
    const [client] = tenant().findByName('deployer')
    for (let index = 0; index < 4; index++) tenant().addSecret(client!.clientId)
    // Full of other people’s secrets, with one of ours dead: the refusal of a run would name them.
    tenant().deleteSecret(client!.clientId, client!.secrets[0]!.hint)
    tenant().addSecret(client!.clientId)
    const { spec } = await exportedAndPlanned(simulation)
    for (const { hint, value } of client!.secrets) {
      expect(spec).not.toContain(hint)
      expect(spec).not.toContain(value)
    }
    expect(spec).toMatch(/^# not here: deployer/m)
  })

  it('gives a previous secret the time that it has, where no ledger says how long', async () => {
    const long = { 'grace-period': '30d' }
    expectSuccess(await simulation.run(long))
    simulation.advance(1)
    expectSuccess(await simulation.run({ ...long, rotate: 'now' }), { result: 'rotated' })
    simulation.advance(24 * 5)
    const both = await exportedAndPlanned(simulation)
    expectSame(both)
    expect(both.spec).toContain('# a previous secret is still valid: this grace keeps it valid\n')
    expect(both.spec).toContain('rotation:\n      grace: 6d')
  })

  it('has what a dead run left in comments', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    await simulation.run({ rotate: 'now' }, { at: /PUT .*secrets/, kind: 'killed after' })
    simulation.advance(1)
    const both = await exportedAndPlanned(simulation)
    expect(both.spec).toMatch(/# not here: deployer \(\w+\): a run would (retire a secret|issue a fresh secret)/)
  })

  it('names the repositories and organizations that its clients are delivered to', async () => {
    simulation.addOrganization('acme')
    simulation.sandbox.github.createRepository('acme/reports', { id: 7 })
    const places = [
      { repository: 'acme/reports', 'client-id-as': 'none' },
      { organization: 'acme', visibility: 'all', 'client-secret-name': 'ORG_SECRET', 'client-id-name': 'ORG_ID' },
      { store: 'dependabot' },
    ]
    simulation.program = programFor([{ name: 'deployer', scopes: ['user_default'], deliver: places }])
    expectSuccess(await simulation.run())
    simulation.program = program
    const both = await exportedAndPlanned(simulation)
    expectSame(both)
    expect(both.spec).toContain(
      '# It also delivers to other repositories or organizations. Set the input allow-destinations: acme acme/reports\n',
    )
    expect(both.spec).toContain('      - repository: acme/reports\n        client-id-as: none\n')
  })

  it('says once where clients are delivered whose places differ by their names alone', async () => {
    const client = (name: string, more: object = {}) => ({
      ...{ name, scopes: ['user_default'] },
      deliver: [{ environment: 'staging', 'client-id-name': `${named(name)}_ID`, 'client-secret-name': named(name) }],
      ...more,
    })
    const named = (name: string) => `QLIK_${name.toUpperCase().replaceAll('-', '_')}`
    simulation.program = programFor([
      client('nightly-import'),
      client('deployer'),
      client('9to5'),
      client('one', { deliver: [{}] }),
    ])
    expectSuccess(await simulation.run())
    simulation.program = program
    const both = await exportedAndPlanned(simulation)
    expectSame(both)
    expect(both.spec).toContain(`\
defaults:
  scopes: [user_default]
  deliver:
    - environment: staging
      client-id-name: QLIK_{name}_ID
      client-secret-name: QLIK_{name}
`)
    expect(both.spec.match(/^ {4}deliver:/gm)).toHaveLength(1)
  })

  it('is refused by a tenant that shows us what everybody sees', async () => {
    tenant().addClient({ clientName: 'plain' })
    const key = tenant().issueApiKey({ admin: false }).value
    expectFailure(await simulation.run(looking('export', { 'api-key': key })), 'TENANT_FORBIDDEN')
  })

  it('does not promise a plan without differences if no client can be in the file', async () => {
    tenant().addClient({ clientName: 'page', appType: 'spa' })
    const { outputs, summary } = await exported()
    expect(outputs!.spec).toMatch(/has no web client that this repository could manage\.\n.*add the first one below/)
    for (const text of [outputs!.spec, summary]) expect(text).not.toMatch(/plan.*changes no field/)
  })

  it('fits into what a run reads, whatever the descriptions', async () => {
    const long = '\u202e'.repeat(3000)
    for (let index = 0; index < 80; index++)
      tenant().addClient({ clientName: `c${index}`, description: `${index}${long}`, allowedScopes: ['apps'] })
    const both = await exportedAndPlanned(simulation)
    expect(both.spec.length).toBeLessThan(1_048_576)
    expect(both.spec).toContain('# not in this file; a run leaves it unchanged: description')
    expectSame(both)
  })
})
