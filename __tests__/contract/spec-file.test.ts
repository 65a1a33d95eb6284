import { describe, expect, it } from 'vitest'
import { expectFailure, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { clientNamed, clientsIn, expectMistake, runFile, specOf } from '../support/spec-files.ts'
import { workspaceOf } from '../support/workspace.ts'

eachTest()

describe('a spec file', () => {
  it('brings several clients to what it says, and then has nothing to do', async () => {
    const text = specOf(clientNamed('etl'), clientNamed('portal', 'description: For people\n'), clientNamed('jobs'))
    const first = await runFile(text)
    expectSuccess(first, { result: 'created', 'client-id': '', 'client-name': '', changed: 'true' })
    expect(clientsIn(first.outputs).map((it) => it['client-name'])).toEqual(['etl', 'portal', 'jobs'])
    expect(simulation.sandbox.tenant.findByName('portal')[0]?.description).toMatch(/^For people\n/)
    for (const name of ['etl', 'portal', 'jobs']) expect(first.summary).toContain(`| ✅ created | ${name} |`)
    const second = await simulation.run()
    expectSuccess(second, { result: 'unchanged', drift: 'false' })
    expect(writes(second)).toEqual([])
  })

  it('may be JSON, indented with tabs', async () => {
    const client = { name: 'etl', scopes: ['user_default'], deliver: [] }
    expectSuccess(await runFile(JSON.stringify({ version: 1, clients: [client] }, null, '\t')), { result: 'created' })
  })

  it('may have a byte order mark, Windows line ends, comments, anchors', async () => {
    const text = `\ufeff# ours\nversion: 1\ndefaults: { scopes: &some [user_default] }\nclients:\n  - { name: etl, scopes: *some, deliver: [] }\n`
    expectSuccess(await runFile(text.replaceAll('\n', '\r\n')), { result: 'created', 'client-name': 'etl' })
  })

  it('fills from its defaults what a client leaves out, the rotation key by key', async () => {
    const text = `version: 1
defaults:
  scopes: [user_default, apps]
  rotation: { after: 90d, grace: 0 }
clients:
  - { name: etl, deliver: [{}] }
  - { name: jobs, scopes: [apps], rotation: { after: 30d }, deliver: [{ environment: staging }] }
`
    const { outputs } = await runFile(text)
    const [etl, jobs] = clientsIn(outputs)
    const days = (it: Record<string, unknown>) =>
      (Date.parse(String(it['next-rotation-at'])) - Date.parse(String(it['secret-issued-at']))) / 86_400_000
    expect([days(etl!), days(jobs!)]).toEqual([90, 30])
    const scopes = (name: string) => simulation.sandbox.tenant.findByName(name)[0]?.allowedScopes
    expect([scopes('etl'), scopes('jobs')]).toEqual([['user_default', 'apps'], ['apps']])
    simulation.advance(31 * 24)
    expectSuccess(await simulation.run(), { result: 'rotated' })
    expect(simulation.sandbox.tenant.findByName('jobs')[0]?.secrets).toHaveLength(1)
  })

  it('sets addresses and origins, keeps them where they are left out, and clears them where the list is empty', async () => {
    const client = () => simulation.sandbox.tenant.findByName('etl')[0]
    const extras = `redirect-uris: [https://a.example/cb]\nallowed-origins: [https://a.example]\nclient-uri: https://a.example\nlogo-uri: https://a.example/l.png\n`
    expectSuccess(await runFile(specOf(clientNamed('etl', extras))), { result: 'created' })
    const full = {
      redirectUris: ['https://a.example/cb'],
      allowedOrigins: ['https://a.example'],
      clientUri: 'https://a.example',
      logoUri: 'https://a.example/l.png',
    }
    expect(client()).toMatchObject(full)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
    expectSuccess(await runFile(specOf(clientNamed('etl'))), { result: 'unchanged' })
    expect(client()).toMatchObject(full)
    const cleared = specOf(clientNamed('etl', 'redirect-uris: []\nallowed-origins: []\nclient-uri: ""\n'))
    const plan = await runFile(cleared, { mode: 'plan' })
    expect(plan.summary).toMatch(/\| redirect-uris \|/)
    expectSuccess(await simulation.run(), { result: 'updated' })
    expect(client()).toMatchObject({ redirectUris: [], allowedOrigins: [], clientUri: '', logoUri: full.logoUri })
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })

  it('clears scopes where the list is empty', async () => {
    expectSuccess(await runFile(specOf('name: etl\nscopes: [apps]\ndeliver: []')), { result: 'created' })
    expectSuccess(await runFile(specOf('name: etl\nscopes: []\ndeliver: []')), { result: 'updated' })
    expect(simulation.sandbox.tenant.findByName('etl')[0]?.allowedScopes).toEqual([])
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('lets one client’s failure stop no other', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'portal' })
    simulation.sandbox.tenant.addClient({ clientName: 'portal' })
    const result = await runFile(specOf(clientNamed('etl'), clientNamed('portal'), clientNamed('jobs')))
    expectFailure(result, 'CLIENT_AMBIGUOUS')
    expect(clientsIn(result.outputs).map((it) => [it.result, it['error-code']])).toEqual([
      ['created', ''],
      ['', 'CLIENT_AMBIGUOUS'],
      ['created', ''],
    ])
    expect(result.outputs).toMatchObject({ result: 'created', changed: 'true', 'client-id': '' })
    expect(result.log.join('\n')).toMatch(/^CLIENT_AMBIGUOUS: portal: /m)
    expect(result.summary).toContain('| ❌ **failed**<br>CLIENT_<wbr>AMBIGUOUS | portal |')
    // What failed comes first, and whose it is.
    expect(result.summary).toMatch(
      /\n\*\*3 clients\*\*: 1 failed, 2 created\n\n> portal · \*\*CLIENT_AMBIGUOUS\*\*: [\s\S]*\n\| ❌ .* \| portal \|[\s\S]*\n\| ✅ created \| etl \|/,
    )
  })

  it('lets a place that is missing stop only the clients that go there', async () => {
    const toNowhere = 'name: portal\nscopes: [apps]\ndeliver: [{ environment: nowhere }]'
    const toOthers = 'name: jobs\nscopes: [apps]\ndeliver: [{ repository: acme/none }]'
    const allowed = { 'allow-destinations': 'acme/none' }
    const result = await runFile(specOf(clientNamed('etl'), toNowhere, toOthers), allowed)
    expect(clientsIn(result.outputs).map((it) => [it.result, it['error-code']])).toEqual([
      ['created', ''],
      ['', 'DESTINATION_MISSING'],
      ['', 'DESTINATION_MISSING'],
    ])
    expect(simulation.sandbox.tenant.liveClients().map(({ clientName }) => clientName)).toEqual(['etl'])
  })

  it.each([403, 451, 500])(
    'lets a repository that GitHub answers with %d stop only the clients that go there',
    async (status) => {
      simulation.sandbox.github.createRepository('acme/other')
      const path = /\/repos\/acme\/other$/
      const fault = { kind: 'status' as const, status, body: '{"message":"no"}' }
      simulation.sandbox.faults.add({ service: 'github', method: 'GET', path, when: 'before', times: 99, fault })
      const text = specOf(
        'name: jobs\nscopes: [apps]\ndeliver: [{ repository: acme/other }]',
        'name: portal\nscopes: [apps]\ndeliver: [{ organization: acme, visibility: selected, selected-repositories: [other] }]',
        clientNamed('etl'),
      )
      for (const mode of ['plan', 'apply']) {
        const result = await runFile(text, { 'allow-destinations': 'acme/other acme', mode })
        expect(clientsIn(result.outputs).map((it) => it['error-code'] !== '')).toEqual([true, true, false])
      }
      expect(simulation.sandbox.tenant.liveClients().map(({ clientName }) => clientName)).toEqual(['etl'])
    },
  )

  it('forgets at once what is dropped, also where no secret is due', async () => {
    const two = specOf(`${clientNamed('etl')}\n  - environment: staging`)
    const one = specOf(clientNamed('etl'))
    expectSuccess(await runFile(two), { result: 'created' })
    expectFailure(await runFile(one), 'DESTINATION_DROPPED')
    const { secrets } = simulation.sandbox.tenant.liveClients()[0]!
    const before = secrets.map(({ hint }) => hint)
    expectSuccess(await runFile(one, { 'drop-destinations': 'true' }), { result: 'updated', drift: 'false' })
    expect(secrets.map(({ hint }) => hint)).toEqual(before)
    expectSuccess(await runFile(one), { result: 'unchanged' })
  })

  it('needs a token only where something is delivered', async () => {
    const without = { 'github-token': '' }
    expectSuccess(await runFile(specOf('name: etl\nscopes: [apps]\ndeliver: []'), without), { result: 'created' })
    expectRefusal(await runFile(specOf(clientNamed('etl')), without), 'INPUT_INVALID', {
      message: /^github-token: is missing/,
    })
  })
})

describe('the tenant', () => {
  const withTenant = (tenant: string, name = 'etl') => `tenant: ${tenant}\n${specOf(clientNamed(name))}`

  it('is in the file or in the input, and the same if it is in both', async () => {
    const { tenant } = simulation.inputs
    expectSuccess(await runFile(withTenant(tenant!), { tenant: '' }), { result: 'created' })
    expectSuccess(await simulation.run(), { result: 'unchanged' })
    await expectMistake(withTenant('https://other.eu.qlikcloud.com'), '1:9', /tenant: is not the tenant of the input/)
    await expectMistake(withTenant('https://evil.example'), '1:9', /tenant: is not a host of Qlik Cloud/, {
      tenant: '',
    })
    const custom = { tenant: '', 'allow-custom-host': 'true' }
    const inWorkflow = { ...custom, tenant: 'https://qlik.acme.example' }
    await expectMistake(withTenant('https://evil.example'), '1:9', /is not the tenant of the input/, inWorkflow)
    expectSuccess(await runFile(withTenant('https://qlik.acme.example'), { ...custom, mode: 'validate' }), {
      result: 'valid',
    })
    const result = await runFile(specOf(clientNamed('etl')), { tenant: '' })
    expectRefusal(result, 'INPUT_INVALID', { message: /^tenant: is missing; give it here or in the spec file/ })
  })

  it('is one for a run; a matrix is for several', async () => {
    const other = withTenant('other.eu.qlikcloud.com', 'etl').replaceAll('ETL_', 'OTHER_')
    workspaceOf(simulation, {
      'a.yaml': `environment: qlik-eu\n${withTenant('acme.eu.qlikcloud.com')}`,
      'b.yaml': other,
    })
    const files = { 'spec-file': '*.yaml', tenant: '' }
    expectRefusal(await simulation.run(files), 'SPEC_INVALID', { message: /^b.yaml:1:9: tenant: .*outputs a matrix/ })
    const none = { 'api-key': '', 'github-token': '' }
    const result = await simulation.run({ ...files, ...none, mode: 'validate' })
    expectSuccess(result, { result: 'valid', changed: 'false' })
    expect(result.requests).toEqual([])
    expect(JSON.parse(result.outputs!.matrix!)).toEqual({
      include: [
        { 'spec-file': 'a.yaml', tenant: 'https://acme.eu.qlikcloud.com', environment: 'qlik-eu' },
        { 'spec-file': 'b.yaml', tenant: 'https://other.eu.qlikcloud.com', environment: '' },
      ],
    })
    expect(result.summary).toMatch(/a\.yaml.*qlik-eu[\s\S]*\| etl \| present \|[\s\S]*b\.yaml/)
  })
})

describe('only', () => {
  const text = specOf(clientNamed('etl'), clientNamed('jobs'), 'name: Data portal\nscopes: [apps]\ndeliver: []')

  it('chooses clients by their names', async () => {
    const result = await runFile(text, { only: 'jobs\nData portal' })
    expectSuccess(result, { result: 'created' })
    expect(clientsIn(result.outputs).map((it) => it['client-name'])).toEqual(['jobs', 'Data portal'])
    expect(simulation.sandbox.tenant.findByName('etl')).toEqual([])
    expectSuccess(await runFile(text, { only: 'jobs' }), { result: 'unchanged', 'client-name': 'jobs' })
  })

  it('names clients that there are, and needs a file', async () => {
    const message = /^only: no client of the spec file is called like name 2 of the list; did you mean jobs\?/
    expectRefusal(await runFile(text, { only: 'etl, job' }), 'INPUT_INVALID', { message })
    const without = { 'spec-file': '', name: 'etl', scopes: 'apps', only: 'etl' }
    expectRefusal(await simulation.run(without), 'INPUT_INVALID', { message: /^only: chooses clients of a spec-file/ })
  })

  it('hides no mistake of the others', async () => {
    await expectMistake(`${text}  - name: etl\n    deliver: []\n`, '16:11', /there is a client etl/, { only: 'jobs' })
  })
})

describe('state: absent', () => {
  const both = specOf(clientNamed('etl'), clientNamed('jobs'))
  const mixed = specOf(clientNamed('etl'), 'name: jobs\nstate: absent')
  const secret = (name: string) => simulation.sandbox.github.secretValue({ repository: 'acme/app', name })

  it('deletes one client among others, with its values; a plan shows what it would delete', async () => {
    expectSuccess(await runFile(both), { result: 'created' })
    const plan = await runFile(mixed, { mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true', changed: 'false' })
    expect(plan.log.join('\n')).toMatch(
      /jobs · ○ delete from acme\/app: secret JOBS_SECRET, variable JOBS_ID\njobs · ○ delete client jobs/,
    )
    expect(secret('JOBS_SECRET')).toBeDefined()
    const result = await simulation.run()
    expectSuccess(result, { result: 'deleted' })
    expect(clientsIn(result.outputs).map((it) => it.result)).toEqual(['unchanged', 'deleted'])
    expect(simulation.sandbox.tenant.findByName('jobs')).toEqual([])
    expect([secret('JOBS_SECRET'), typeof secret('ETL_SECRET')]).toEqual([undefined, 'string'])
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })

  it('costs no request more for those that are gone', async () => {
    const gone = ['x', 'y', 'z'].map((name) => `name: ${name}\nstate: absent`)
    const text = specOf(clientNamed('etl'), ...gone)
    await runFile(text)
    const { requests } = await runFile(text)
    expect(requests.filter(({ service }) => service === 'tenant')).toHaveLength(1)
  })

  it('leaves alone what this action did not make', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'jobs' })
    const result = await runFile(mixed)
    expectFailure(result, 'CLIENT_OWNED_ELSEWHERE')
    expect(clientsIn(result.outputs).map((it) => it.result)).toEqual(['created', ''])
  })

  it.each(['', 'old'])('spares what a successor has in the same place (only: %s)', async (only) => {
    expectSuccess(await runFile(specOf('name: old\nscopes: [apps]\ndeliver: [{}]')), { result: 'created' })
    const fresh = 'name: fresh\nscopes: [apps]\ndeliver: [{}]'
    const successor = specOf('name: old\nstate: absent', fresh)
    if (only !== '') await runFile(specOf(fresh), { 'drop-destinations': 'true' })
    expectSuccess(await runFile(successor, { only }), { result: 'deleted' })
    const [client] = simulation.sandbox.tenant.findByName('fresh')
    expect(simulation.sandbox.tenant.canAuthenticate(client!.clientId, secret('QLIK_CLIENT_SECRET') ?? '')).toBe(true)
    const id = simulation.sandbox.github.variableValue({ repository: 'acme/app', name: 'QLIK_CLIENT_ID' })
    expect(id).toBe(client?.clientId)
    expectSuccess(await runFile(successor), { result: 'unchanged', drift: 'false' })
  })

  it('is what destroy makes of all, or of those that are chosen', async () => {
    await runFile(both)
    expectSuccess(await runFile(both, { mode: 'destroy', only: 'jobs' }), { result: 'deleted', 'client-name': 'jobs' })
    expect(simulation.sandbox.tenant.findByName('etl')).toHaveLength(1)
    const refused = await runFile(both, { mode: 'destroy' })
    expectRefusal(refused, 'INPUT_INVALID', { message: /^only: is missing/ })
    expect(refused.requests).toEqual([])
    expectSuccess(await runFile(both, { mode: 'destroy', only: 'etl jobs' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.findByName('etl')).toEqual([])
  })

  it('gets along with places that are gone, and the present do not', async () => {
    const absent = 'name: jobs\nstate: absent\ndeliver: [{ environment: gone }]'
    expectSuccess(await runFile(specOf(absent)), { result: 'unchanged' })
    const present = 'name: etl\nscopes: [apps]\ndeliver: [{ environment: gone }]'
    expectRefusal(await runFile(specOf(absent, present)), 'DESTINATION_MISSING')
  })
})

describe('beside a spec file', () => {
  it('no input repeats its contents, and no secret of several clients is output', async () => {
    const text = specOf(clientNamed('etl'), clientNamed('jobs'))
    const message = /^output-client-secret: outputs the secret of one client/
    expectRefusal(await runFile(text, { 'output-client-secret': 'true' }), 'INPUT_INVALID', { message })
    expectSuccess(await runFile(text, { 'output-client-secret': 'true', only: 'etl' }), { result: 'created' })
  })
})
