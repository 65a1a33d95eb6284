import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { complaint, refused } from '../support/refused-inputs.ts'
import { folderWith } from '../support/workspace.ts'

eachTest()

describe('the tenant', () => {
  it('is required', () => refused({ tenant: '' }, /^tenant: is missing; give .*https:\/\/acme\.eu\.qlikcloud\.com/))

  it('is reached by https only', () =>
    refused({ tenant: 'http://acme.eu.qlikcloud.com' }, /^tenant: must begin with https/))

  it.each([
    'https://acme.eu.qlikcloud.com.evil.example',
    'https://qlikcloud.com.evil.example',
    'https://evilqlikcloud.com',
    'https://acme.eu.qlikcloud.co',
    'https://qlikcloud.com',
    'https://acme.eu.qlikcloud.com:8443',
    'https://acme.qlikcloud.comm',
    'https://acme.eu-qlikcloud.com',
    'evil.example?.qlikcloud.com',
    'evil.example#.qlikcloud.com',
    'https://acme.eu.qlikcloud.com.',
    'https://10.0.0.1',
    'acme',
    'https://127.0.0.1.nip.example',
    'https://аcme.eu.qlikcloud.com.example',
    'https://evil.example/.qlikcloud.com',
    'https://evil.example\\.qlikcloud.com',
    'https://evil.example\\@acme.eu.qlikcloud.com',
    'https://acme.eu.qlіkcloud.com',
    'https://acme.eu.qlikcloud.com%2eevil.example',
    'https://acme.eu.qlikcloud.com\tevil.example',
    'https:///evil.example',
    'https://[::ffff:10.0.0.1]',
    'https://[fe80::1]',
    'https://0x0a000001',
    'https://acme_.eu.qlikcloud.com',
    'https://acme.eu.qlikcloud.com:80',
  ])('is not %s, which only looks like a host of Qlik Cloud', async (tenant) => {
    const result = await complaint({ tenant }, /^tenant: (is not a host of Qlik Cloud|must be the bare address)/)
    expect(result.error?.message).not.toContain(tenant)
  })

  it.each([
    'https://acme.eu.qlikcloud.com/console',
    'https://acme.eu.qlikcloud.com/?a=b',
    'https://acme.eu.qlikcloud.com/#top',
  ])('has no path: %s', (tenant) => refused({ tenant }, /^tenant: must be the bare address of the tenant/))

  it.each([
    'https://user@acme.eu.qlikcloud.com',
    'https://acme.eu.qlikcloud.com@evil.example',
    'a:b@acme.qlikcloud.com',
    'https://acme.eu.qlikcloud.com%40@evil.example',
    'https://:x@acme.eu.qlikcloud.com',
  ])('holds no user name or password: %s', (tenant) =>
    refused({ tenant }, /^tenant: (must not contain a user name|is not an address)/),
  )

  it.each([
    'ftp://acme.eu.qlikcloud.com',
    'javascript:alert(1)',
    'https://',
    'not a host',
    '//acme.eu.qlikcloud.com/x',
    'https:evil.example',
  ])('is an address: not %s', (tenant) => refused({ tenant }, /^tenant: /))

  it('may be on a host of its own where that is allowed', async () => {
    const { settings } = simulation.sandbox
    settings.tenantUrl = 'https://qlik.acme.example'
    simulation.inputs.tenant = settings.tenantUrl
    await refused({}, /^tenant: is not a host of Qlik Cloud .*allow-custom-host: true/)
    expectSuccess(await simulation.run({ 'allow-custom-host': 'true' }), { result: 'created' })
  })

  it.each([
    'http://[::ffff:127.0.0.1]',
    'http://localhost.',
    'http://0.0.0.0',
    'http://[::]',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://2130706434.evil.example',
  ])('is reached by plain http at no address but loopback: not at %s', (tenant) =>
    refused({ tenant, 'allow-custom-host': 'true' }, /^tenant: must (begin with https|not contain a user name)/),
  )

  it.each([
    'sandbox.eu.qlikcloud.com',
    'HTTPS://Sandbox.EU.qlikcloud.com/',
    '  https://sandbox.eu.qlikcloud.com  ',
    'https://sandbox.eu.qlikcloud.com:443',
    'https://sandbox。eu.qlikcloud.com',
  ])('may be written as "%s"', async (tenant) => expectSuccess(await simulation.run({ tenant }), { result: 'created' }))

  it.each(['https://acme.qlikcloudgov.com', 'http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:1'])(
    'may be %s',
    async (tenant) => {
      simulation.sandbox.settings.tenantUrl = tenant
      expectSuccess(await simulation.run({ tenant }), { result: 'created' })
    },
  )
})

describe('signing in', () => {
  it('needs a way', () =>
    refused(
      { 'api-key': '' },
      /^api-key: no way to sign in: give api-key, or admin-client-id with admin-client-secret/,
    ))

  it('has one way only', () =>
    refused(
      { 'admin-client-id': 'abc', 'admin-client-secret': 'shhh-this-is-a-secret' },
      /^api-key: two ways to sign in/,
    ))

  it('needs both halves of an admin client', async () => {
    await refused(
      { 'api-key': '', 'admin-client-id': 'abc' },
      /^admin-client-secret: is missing beside admin-client-id/,
    )
    await refused(
      { 'api-key': '', 'admin-client-secret': 'shhh-this-is-a-secret' },
      /^admin-client-id: is missing beside admin-client-secret/,
    )
  })

  it('says on a pull request from a fork that forks get no secrets', async () => {
    const event = path.join(folderWith({}), 'event.json')
    Object.assign(simulation.env, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event })
    const from = (full_name: string | undefined) =>
      writeFileSync(event, JSON.stringify({ pull_request: { head: { repo: full_name ? { full_name } : null } } }))
    from('stranger/app')
    await refused({ 'api-key': '' }, /pull request from a fork, and GitHub gives forks no secrets/)
    await refused({ 'api-key': '', 'admin-client-id': 'abc' }, /pull request from a fork/)
    from(undefined)
    await refused({ 'api-key': '' }, /pull request from a fork/)
    from('Acme/App')
    const own = await complaint({ 'api-key': '' }, /is it defined for this repository or environment/)
    expect(own.error?.message).not.toContain('fork')
  })

  it.each(['api-key', 'github-token'])('refuses white space pasted with the %s, and does not show it', async (name) => {
    const pasted = 'eyJsecretsecretsecret\nsecretsecretsecret'
    const result = await complaint({ [name]: pasted }, new RegExp(`^${name}: must be one word .*got a text of 40 char`))
    expect(JSON.stringify([result.log, result.summary, result.outputs])).not.toContain('secretsecret')
  })

  it('ignores white space around a pasted key', async () => {
    expectSuccess(await simulation.run({ 'api-key': ` ${simulation.inputs['api-key']}\n` }), { result: 'created' })
  })
})

describe('GitHub', () => {
  it('needs a token where something is delivered', async () => {
    await refused({ 'github-token': '' }, /^github-token: is missing.*GITHUB_TOKEN can’t write secrets/)
    expectSuccess(await simulation.run({ 'github-token': '', deliver: 'false' }), { result: 'created' })
  })

  it('is spoken to by https only', async () => {
    for (const url of ['http://api.github.com', 'ftp://x', 'nothing']) {
      simulation.env.GITHUB_API_URL = url
      await refused({}, /^GITHUB_API_URL: must be an https address/)
    }
  })

  it('says which repository runs', async () => {
    simulation.env.GITHUB_REPOSITORY = ''
    await refused({}, /^GITHUB_REPOSITORY: is missing or not owner\/name/)
  })

  it('is asked for the id of the running repository where the runner does not say it', async () => {
    delete simulation.env.GITHUB_REPOSITORY_ID
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    expect(result.requests[0]).toMatchObject({ service: 'github', method: 'GET', path: '/repos/acme/app' })
    simulation.env.GITHUB_REPOSITORY_ID = '123456789'
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })
})
