import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validateGithubRequest } from '../sandbox/openapi.ts'
import type { StepResult } from '../sandbox/runner.ts'
import { maskForms } from '../src/base/mask-forms.ts'
import { startProxy, type TestProxy } from './support/proxy.ts'
import { type Stage, startStage } from './support/step.ts'
import { folderWith } from './support/workspace.ts'

let stage: Stage
let proxy: TestProxy | undefined
beforeEach(async () => {
  stage = await startStage()
  proxy = undefined
})
afterEach(async () => {
  await stage.close()
  await proxy?.close()
})

const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }

function expectGood({ raw, exitCode, outputs }: StepResult, wanted: Record<string, string>): void {
  expect(raw).not.toContain('::error')
  expect(exitCode).toBe(0)
  expect(outputs).toMatchObject({ 'error-code': '', ...wanted })
}

function expectWorks(): void {
  const { tenant, github } = stage.sandbox
  const id = github.variableValue({ ...place, name: 'QLIK_CLIENT_ID' })
  expect(tenant.canAuthenticate(id ?? '', github.secretValue(place) ?? '')).toBe(true)
}

describe('the built program', () => {
  it('runs on the Node that GitHub runs it on', () => {
    expect(Number.parseInt(process.versions.node, 10)).toBeGreaterThanOrEqual(24)
  })

  it('creates a client, and has nothing to do the next time', async () => {
    const first = await stage.step()
    expectGood(first, { result: 'created', changed: 'true' })
    expect(first.summary).toBe(first.outputs.summary)
    expectWorks()
    const before = stage.sandbox.requests.length
    const second = await stage.step()
    expectGood(second, { result: 'unchanged', changed: 'false' })
    const requests = stage.sandbox.requests.slice(before)
    expect(requests.length).toBeLessThanOrEqual(4)
    expect(requests.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('rotates, verifies and retires in one run where there is no grace', async () => {
    await stage.step()
    stage.sandbox.clock.advance(60_000)
    expectGood(await stage.step({ rotate: 'now', 'grace-period': '0' }), { result: 'rotated' })
    expectWorks()
    expect(stage.sandbox.tenant.findByName('deployer')[0]?.secrets).toHaveLength(1)
    expect(stage.sandbox.tenant.tokens.size).toBe(0)
  })

  it('asks GitHub only what its own description knows', async () => {
    await stage.step({ environment: 'staging', 'client-id-as': 'secret' })
    await stage.step({ environment: 'staging', 'client-id-as': 'secret', mode: 'destroy' })
    await stage.step()
    stage.sandbox.github.setVariable({ ...place, name: 'QLIK_CLIENT_ID' }, 'x')
    await stage.step()
    await stage.step({ mode: 'destroy' }, { GITHUB_REPOSITORY_ID: '' })
    const asked = stage.sandbox.requests.filter(({ service }) => service === 'github')
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.flatMap(validateGithubRequest)).toEqual([])
  })

  it('delivers to an organization’s store, and keeps who sees what lies there', async () => {
    const { github, tenant, requests } = stage.sandbox
    github.createOrganization('acme')
    const permissions = { organization_dependabot_secrets: 'write' } as const
    const token = github.issueToken({ kind: 'app', permissions })
    const inputs = { organization: 'acme', store: 'dependabot', 'github-token': token }
    const secret = { organization: 'acme', store: 'dependabot', name: 'QLIK_CLIENT_SECRET' } as const
    github.overwriteSecret(secret, 'by hand')
    github.showTo('secrets', secret, ['acme/app'])
    expectGood(await stage.step(inputs), { result: 'created' })
    expectGood(await stage.step(inputs), { result: 'unchanged' })
    const id = github.secretValue({ ...secret, name: 'QLIK_CLIENT_ID' }) ?? ''
    expect(tenant.canAuthenticate(id, github.secretValue(secret) ?? '')).toBe(true)
    expect(github.seenBy('secrets', secret)).toEqual(['acme/app'])
    expect(requests.filter(({ service }) => service === 'github').flatMap(validateGithubRequest)).toEqual([])
  })

  it('fails with exit code 1, one annotation, and its code as an output', async () => {
    const result = await stage.step({ environment: 'nowhere' })
    expect(result.exitCode).toBe(1)
    expect(result.outputs).toMatchObject({ 'error-code': 'DESTINATION_MISSING', changed: 'false' })
    const errors = result.raw.split('\n').filter((line) => line.startsWith('::error'))
    expect(errors).toHaveLength(1)
    const [what, how, trace, ...more] = errors[0]!.split('%0A')
    expect(what).toMatch(/^::error::DESTINATION_MISSING: reading the secrets of acme\/app, environment nowhere/)
    expect(how).toMatch(/This action creates no environments/)
    expect(trace).toMatch(/^\(GitHub request id [0-9A-F:]+\)$/)
    expect(more).toEqual([])
  })

  it('fails at once where waiting does not help: nothing is asked twice', async () => {
    for (const inputs of [{ name: '' }, { 'api-key': 'eyJwrongkeywrongkeywrongkey' }, { environment: 'nowhere' }]) {
      const before = stage.sandbox.requests.length
      expect((await stage.step(inputs)).exitCode).toBe(1)
      const asked = stage.sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`)
      expect(asked.filter((it, index) => asked.indexOf(it) !== index)).toEqual([])
      expect(asked.length).toBeLessThan(6)
    }
  })

  it('says all that is wrong with its inputs in one annotation', async () => {
    const { raw } = await stage.step({ name: '', tenant: 'http://acme.eu.qlikcloud.com', mode: 'x' })
    const errors = raw.split('\n').filter((line) => line.startsWith('::error'))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/%0A- tenant: .*%0A- name: |%0A- name: .*%0A- tenant: /)
  })

  it('ends by itself where it is asked to stop', async () => {
    let stop = () => {}
    const github = { service: 'github', when: 'before' } as const
    stage.sandbox.faults.add({ ...github, fault: { kind: 'hook', run: () => stop() } })
    stage.sandbox.faults.add({ ...github, times: 1000, fault: { kind: 'hang' } })
    const { runStep } = await import('../sandbox/runner.ts')
    const result = await runStep({
      with: stage.inputs,
      env: stage.env,
      onStart: (child) => {
        stop = () => void child.kill('SIGTERM')
      },
    })
    expect(result.exitCode).toBe(1)
    expect(result.outputs['error-code']).toBe('CANCELLED')
  })
})

describe('a spec file', () => {
  const client = (name: string, more = '') => `  - name: ${name}\n    scopes: [apps]\n${more}`
  const place = (name: string) => `    deliver: [{ client-id-name: ${name}_ID, client-secret-name: ${name}_SECRET }]\n`
  const given = (folder: string) =>
    [{ 'spec-file': 'specs/*.yaml', name: '', scopes: '' }, { GITHUB_WORKSPACE: folder }] as const

  const specs = (text: string) => folderWith({ 'specs/clients.yaml': text })

  it('names several clients; one that fails stops no other', async () => {
    for (const _twice of [1, 2]) stage.sandbox.tenant.addClient({ clientName: 'b' })
    const folder = specs(`version: 1\nclients:\n${['a', 'b', 'c'].map((name) => client(name, place(name))).join('')}`)
    const result = await stage.step(...given(folder))
    expect(result.exitCode).toBe(1)
    expect(result.outputs).toMatchObject({ 'error-code': 'CLIENT_AMBIGUOUS', result: 'created', 'client-id': '' })
    const clients = JSON.parse(result.outputs.clients!) as Record<string, unknown>[]
    expect(clients.map((it) => it.result)).toEqual(['created', '', 'created'])
    expect(result.raw.split('\n').filter((line) => line.startsWith('::error'))).toHaveLength(1)
  })

  it('has its first nine mistakes on their lines, and all of them in log and summary', async () => {
    const twelve = Array.from({ length: 12 }, (_, index) => client(`c${index}`, '    deliver: no\n')).join('')
    const before = stage.sandbox.requests.length
    const result = await stage.step(...given(specs(`version: 1\nclients:\n${twelve}`)))
    expect(result.exitCode).toBe(1)
    expect(stage.sandbox.requests.length).toBe(before)
    const errors = result.raw.split('\n').filter((line) => line.startsWith('::error'))
    expect(errors).toHaveLength(10)
    expect(errors[1]).toBe(
      '::error file=specs/clients.yaml,line=8,col=14::clients[1].deliver: must be a list, not a text',
    )
    expect(errors[9]).toMatch(/^::error::SPEC_INVALID: 12 mistakes /)
    for (let index = 0; index < 12; index++) {
      const place = `specs/clients.yaml:${5 + 3 * index}:14: clients`
      expect(result.raw).toContain(`✗ ${place}`)
      expect(result.summary).toContain(`clients.yaml&#58;${5 + 3 * index}&#58;14`)
    }
  })

  it('is validated without credentials', async () => {
    const [inputs, env] = given(specs(`version: 1\nenvironment: qlik\nclients:\n${client('a', place('A'))}`))
    const none = { tenant: '', 'api-key': '', 'github-token': '', mode: 'validate' }
    const result = await stage.step({ ...inputs, ...none }, env)
    expectGood(result, { result: 'valid', changed: 'false' })
    // And the engine has nothing to say of how it was set.
    expect(result.raw.split('\n').filter((line) => line !== '' && !line.startsWith('::add-mask::'))).toEqual([
      expect.stringMatching(/^✓ 1 client in 1 file: valid/),
    ])
    const include = [{ 'spec-file': 'specs/clients.yaml', tenant: '', environment: 'qlik' }]
    expect(JSON.parse(result.outputs.matrix!)).toEqual({ include })
  })
})

describe('masks', () => {
  it('of what was given come before anything else', async () => {
    const { raw } = await stage.step()
    const lines = raw.split('\n').filter(Boolean)
    const given = [stage.inputs['api-key']!, stage.inputs['github-token']!]
    const masked = lines.findIndex((line) => !line.startsWith('::add-mask::'))
    const first = lines.slice(0, masked).map((line) => line.slice('::add-mask::'.length).replaceAll('%25', '%'))
    expect(first).toEqual(expect.arrayContaining(given.flatMap(maskForms)))
  })

  it('of a secret come before the line that tells of it', async () => {
    const { raw } = await stage.step()
    const value = stage.sandbox.github.secretValue(place)!
    const told = raw.indexOf('✓ create client')
    expect(told).toBeGreaterThan(0)
    for (const form of maskForms(value)) {
      expect(raw.indexOf(`::add-mask::${form}`)).toBeGreaterThanOrEqual(0)
      expect(raw.indexOf(`::add-mask::${form}`)).toBeLessThan(told)
    }
  })

  it('cover all that is said: nothing is left of a secret in log, outputs and summary', async () => {
    const results = [
      await stage.step(),
      await stage.step({ rotate: 'now', 'output-client-secret': 'true' }),
      await stage.step({ 'api-key': `${stage.inputs['api-key']}x` }),
      await stage.step({ 'api-key': '', 'admin-client-id': 'x', 'admin-client-secret': stage.inputs['api-key']! }),
    ]
    expect(stage.secrets.size).toBeGreaterThanOrEqual(6)
    // Every step is looked at as it ends; what a person sees of the log has not even the masks.
    for (const { log } of results) for (const secret of stage.secrets) expect(log).not.toContain(secret)
  })

  it('are not laid on what is no secret: client id, host and names', async () => {
    const { raw, outputs } = await stage.step()
    const masks = raw.split('\n').filter((line) => line.startsWith('::add-mask::'))
    for (const plain of [outputs['client-id']!, 'deployer', 'acme', 'user_default', outputs['secret-hint']!])
      expect(masks).not.toContain(`::add-mask::${plain}`)
  })
})

describe('the output client-secret', () => {
  it('holds the secret that was issued, to the letter, and nothing where none was', async () => {
    const asked = { 'output-client-secret': 'true' }
    const first = await stage.step(asked)
    expect(first.outputs['client-secret']).toBe(stage.sandbox.github.secretValue(place))
    const second = await stage.step(asked)
    expect(second.outputs['client-secret']).toBe('')
    expect(second.raw).toMatch(/^::notice::client-secret is empty: no secret was issued in this run/m)
    expect((await stage.step()).outputs).not.toHaveProperty('client-secret')
  })
})

describe('addresses', () => {
  it('of an Enterprise Server have a base path', async () => {
    await stage.close()
    stage = await startStage({ githubBasePath: '/api/v3' })
    expect(stage.env.GITHUB_API_URL).toMatch(/\/api\/v3$/)
    expectGood(await stage.step(), { result: 'created' })
    expectGood(await stage.step({}, { GITHUB_API_URL: `${stage.env.GITHUB_API_URL}/` }), { result: 'unchanged' })
    expectWorks()
  })

  const behindProxy = { tenant: 'https://acme.eu.qlikcloud.com' }
  const start = async () => {
    proxy = await startProxy({ 'acme.eu.qlikcloud.com': stage.tenantUrl, 'api.github.test': stage.githubUrl })
    return { GITHUB_API_URL: 'https://api.github.test', NODE_EXTRA_CA_CERTS: proxy.authority }
  }

  it.each(['HTTPS_PROXY', 'https_proxy'])('are reached through %s, both services alike', async (name) => {
    const env = await start()
    expectGood(await stage.step(behindProxy, { ...env, [name]: proxy!.url }), { result: 'created' })
    expectWorks()
    expect(new Set(proxy!.tunnels)).toEqual(new Set(['acme.eu.qlikcloud.com:443', 'api.github.test:443']))
  })

  it('are reached without the proxy that is named for plain http', async () => {
    const env = await start()
    const result = await stage.step(
      { tenant: 'https://acme.invalid', 'allow-custom-host': 'true' },
      { ...env, HTTP_PROXY: proxy!.url },
    )
    expect(result.outputs['error-code']).toBe('TENANT_UNREACHABLE')
    expect(proxy!.tunnels).toEqual([])
  })

  it('on loopback are reached without a proxy', async () => {
    await start()
    expectGood(await stage.step({}, { HTTPS_PROXY: proxy!.url, HTTP_PROXY: proxy!.url }), { result: 'created' })
    expect(proxy!.tunnels).toEqual([])
  })

  it('whose certificate nobody vouches for are refused at once', async () => {
    const env = await start()
    const result = await stage.step(behindProxy, { ...env, NODE_EXTRA_CA_CERTS: '', HTTPS_PROXY: proxy!.url })
    expect(result.outputs['error-code']).toBe('TENANT_UNREACHABLE')
    expect(result.raw).toMatch(/certificate is not trusted .*NODE_EXTRA_CA_CERTS/)
    // The clients, who asks for them, the secrets and the variables: each was tried once.
    expect(proxy!.tunnels).toHaveLength(4)
    expect(stage.sandbox.requests).toEqual([])
  })
})

describe('dist', () => {
  const dist = path.join(import.meta.dirname, '../dist')
  const texts = globSync('*.js', { cwd: dist }).map((name) => readFileSync(path.join(dist, name), 'utf8'))

  it('has one undici', () => {
    const marker = /undici\.error\.UND_ERR_HEADERS_OVERFLOW/g
    expect(texts.flatMap((text) => text.match(marker) ?? [])).toHaveLength(1)
  })

  it('has less than 1.5 MB of code, and no test doubles of undici', () => {
    expect(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBeLessThan(1_500_000)
    expect(texts.filter((text) => text.includes('MockAgent'))).toEqual([])
  })

  it('reads no environment variable but those that are known', () => {
    const named = texts.flatMap((text) => [...text.matchAll(/process\.env\.([A-Za-z_]+)/g)].map(([, name]) => name!))
    // JEST, CI: how undici finds its test doubles, and prints them; nobody uses those here.
    const known = /^(GITHUB_|RUNNER_|ACTIONS_|NODE_|JEST|UNDICI|CI$|HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy)/
    expect([...new Set(named)].filter((name) => !known.test(name))).toEqual([])
  })
})
