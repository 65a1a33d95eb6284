import { beforeEach, describe, expect, it } from 'vitest'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { complaint, refused } from '../support/refused-inputs.ts'

eachTest()

describe('the client', () => {
  it('has a name', () => refused({ name: '' }, /^name: is missing/))
  it('has a name of 512 characters at most', () =>
    refused({ name: 'n'.repeat(513) }, /^name: has at most 512 characters \(got a text of 513 characters\)/))
  it('may have a name of 512 characters', async () =>
    expectSuccess(await simulation.run({ name: 'n'.repeat(512) }), { result: 'created' }))
  it.each(['a\nb', 'a\u0007b', 'a\u009bb'])('has a name without control characters: %j', (name) =>
    refused({ name }, /^name: contains control characters/),
  )

  it.each(['../x', 'a b', 'x'.repeat(129)])('is not pinned by %s', (id) =>
    refused({ 'client-id': id }, /^client-id: is not a client id/),
  )

  it('keeps the marker of its own line out of the description', () =>
    refused({ description: 'x\nqlik-oauth-client ledger: {}' }, /^description: contains "qlik-oauth-client ledger:"/))
  it('has a description of 4096 characters at most', () =>
    refused({ description: 'd'.repeat(4097) }, /^description: has at most 4096 characters/))

  it.each([
    ['grant-types', 'client_credentials, magic', /^grant-types: accepted are client_credentials, user-impersonation/],
    ['consent', 'Trusted', /^consent: accepted are trusted, required \(got a text of 7 characters\)/],
    ['auth-method', 'none', /^auth-method: accepted are client_secret/],
    ['client-id-as', 'output', /^client-id-as: accepted are variable, secret, none/],
    ['mode', 'aply', /^mode: accepted are apply, plan, destroy, plan-destroy, validate/],
    ['rotate', 'never', /^rotate: accepted are auto, now/],
    ['scopes', 's'.repeat(257), /^scopes: each of the scopes has at most 256 characters/],
  ])('refuses an unknown %s and names what is accepted', (input, value, message) =>
    refused({ [input]: value }, message),
  )

  it.each(['fail-on-drift', 'verify', 'drop-destinations', 'deliver', 'output-client-secret', 'allow-custom-host'])(
    'takes only true and false for %s',
    (input) =>
      refused({ [input]: 'yes' }, new RegExp(`^${input}: accepted are true, false \\(got a text of 3 characters`)),
  )
})

describe('durations', () => {
  it.each(['90', '90 d', 'd', '-1d', '1w', '1.5h', 'P1D', '1d2h', '10000000d'])('are not %s', async (text) => {
    await refused({ 'rotate-after': text }, /^rotate-after: is not a duration; accepted are 90d, 24h, 30m/)
    await refused({ 'grace-period': text }, /^grace-period: is not a duration; accepted are 90d, 24h, 30m, 0/)
  })

  it('of a rotation are longer than nothing', async () => {
    await refused({ 'rotate-after': '0' }, /^rotate-after: must be longer than 0; leave it out for never/)
    await refused({ 'rotate-after': '0d' }, /^rotate-after: must be longer than 0/)
  })
})

describe('destinations', () => {
  it.each(['GITHUB_SECRET', 'github_x', '1ST', 'A-B', 'A B', 'Ä'])(
    'are never called %s, which GitHub refuses',
    async (name) => {
      await refused({ 'client-secret-name': name }, /^client-secret-name: is not a name that GitHub accepts/)
      await refused({ 'client-id-name': name }, /^client-id-name: is not a name that GitHub accepts/)
    },
  )

  it('need two names for two secrets', async () => {
    const same = { 'client-id-name': 'QLIK', 'client-secret-name': 'qlik' }
    await refused({ ...same, 'client-id-as': 'secret' }, /^client-id-name: is also the name of the client secret/)
    expectSuccess(await simulation.run(same), { result: 'created' })
  })

  it.each(['app', 'a/b/c', 'https://github.com/acme/app', 'acme/ap p', '../app', 'acme/..', './app', '/app'])(
    'are not in the repository %s',
    (repository) => refused({ repository }, /^repository: must be owner\/name/),
  )

  it.each(['a\nb', 'x'.repeat(256)])('are in no environment %j', (environment) =>
    refused({ environment }, /^environment: /),
  )

  it.each(['.', '..'])('are in no environment %j, which is no name in an address', (environment) =>
    refused({ environment }, /^environment: /),
  )
})

describe('all inputs together', () => {
  it('are complained about in one error, each with its name', async () => {
    const result = await complaint(
      {
        tenant: 'http://acme.eu.qlikcloud.com',
        'api-key': '',
        'github-token': '',
        name: '',
        mode: 'x',
        verify: 'x',
        'rotate-after': 'x',
        'client-secret-name': 'GITHUB_X',
        consent: 'x',
      },
      /^9 inputs .*:\n- /,
    )
    const named = result
      .error!.message.split('\n')
      .slice(1)
      .map((line) => /^- ([\w-]+): /.exec(line)?.[1])
    expect(named.sort()).toEqual(
      [
        'tenant',
        'api-key',
        'github-token',
        'name',
        'mode',
        'verify',
        'rotate-after',
        'client-secret-name',
        'consent',
      ].sort(),
    )
    expectFailure(result, 'INPUT_INVALID')
  })

  it('never show a value: it may be a secret in the wrong place', async () => {
    const secret = '5e1f0c8a7b6d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f!'
    const others = [
      'tenant',
      'mode',
      'consent',
      'rotate',
      'verify',
      'rotate-after',
      'client-id',
      'repository',
      'scopes',
    ]
    const everywhere = Object.fromEntries(
      [...others, 'client-secret-name', 'grant-types'].map((name) => [name, secret]),
    )
    const result = await simulation.run({ ...everywhere, scopes: secret.repeat(5) })
    expectFailure(result, 'INPUT_INVALID')
    expect(JSON.stringify([result.log, result.summary, result.outputs, result.error])).not.toContain(secret)
  })

  it('accept lists by lines, commas or spaces', async () => {
    await simulation.run({ scopes: 'user_default,\n  admin.apps:read apps' })
    const [client] = simulation.sandbox.tenant.findByName('deployer')
    expect(client?.allowedScopes).toEqual(['user_default', 'admin.apps:read', 'apps'])
  })
})

describe('what surrounds the step', () => {
  it('is not pull_request_target, unless that is asked for', async () => {
    simulation.env.GITHUB_EVENT_NAME = 'pull_request_target'
    await complaint({}, /^allow-pull-request-target: .*a stranger’s branch/)
    expectSuccess(await simulation.run({ 'allow-pull-request-target': 'true' }), { result: 'created' })
  })

  it('may name proxies without a scheme', async () => {
    Object.assign(simulation.env, { HTTPS_PROXY: 'proxy:3128', no_proxy: '*' })
    expectSuccess(await simulation.run())
  })

  it('names proxies that are none, without their passwords', async () => {
    simulation.env.HTTPS_PROXY = 'http://bob:hunter2hunter2@[proxy:3128'
    const { log } = await complaint({}, /^HTTPS_PROXY: is not the address of a proxy: .* \(got a text of/)
    expect(log.join()).not.toContain('hunter2')
  })

  it.each(['http://bob:100%safe-word@proxy:3128', 'http://b%b:word@proxy:3128'])(
    'has no proxy whose password can’t be read: %s',
    async (proxy) => {
      simulation.env.HTTPS_PROXY = proxy
      const { log } = await complaint({}, /^HTTPS_PROXY: has a user name or password with a %/)
      expect(log.join()).not.toContain('safe-word')
    },
  )

  it.each([
    ['http://github.acme.example', 'must be an https address'],
    ['https://user:word@github.acme.example/api/v3', 'must be a bare address'],
    ['https://github.acme.example/api/v3?x=', 'must be a bare address'],
    ['https://github.acme.example/#', 'must be a bare address'],
    ['https://', 'must be an https address'],
  ])('has no GitHub at %s', async (url, why) => {
    simulation.env.GITHUB_API_URL = url
    await complaint({}, new RegExp(`^GITHUB_API_URL: ${why}`))
  })

  it.each(['stream', 'undici,STREAM', '*', 'net,str*'])(
    'does not make Node show what is answered: %s',
    async (names) => {
      simulation.env.NODE_DEBUG = names
      await complaint({}, /^NODE_DEBUG: shows bytes of every answer, secrets among them/)
    },
  )

  it('may make Node tell of other things', async () => {
    simulation.env.NODE_DEBUG = 'undici,http,net,tls,streams'
    expectSuccess(await simulation.run())
  })

  it('has the password of a proxy masked', async () => {
    simulation.env.HTTPS_PROXY = 'http://bob:hunter2hunter2@proxy:3128'
    const { masks } = await simulation.run()
    expect([...masks]).toContain('hunter2hunter2')
  })
})

describe('lists', () => {
  it.each(['scopes', 'grant-types'])('with separators alone are a mistake, and clear nothing: %s', (name) =>
    refused({ [name]: ' , ' }, new RegExp(`^${name}: contains no name`)),
  )
})

describe('a runner that does not say the repository’s id', () => {
  beforeEach(() => {
    delete simulation.env.GITHUB_REPOSITORY_ID
  })

  it('has GitHub asked for it', async () => {
    expectSuccess(await simulation.run(), { result: 'created' })
    expect(simulation.sandbox.tenant.findByName('deployer')[0]?.description).toContain('"repository":"123456789"')
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('gets along with its name where GitHub does not say it either', async () => {
    const fault = { kind: 'status', status: 404, body: '{"message":"Not Found"}' } as const
    simulation.sandbox.faults.add({ service: 'github', path: '/repos/acme/app', when: 'before', times: 9, fault })
    expectSuccess(await simulation.run(), { result: 'created' })
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })
})
