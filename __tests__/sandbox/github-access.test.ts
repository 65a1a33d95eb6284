import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TokenKind } from '../../sandbox/github/model.ts'
import type { Access } from '../../sandbox/github/stores.ts'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import { type Answer, call } from './calls.ts'

const repo = '/repos/acme/app'

let sandbox: Sandbox

function get(path: string, bearer?: string, headers: Record<string, string> = {}): Answer {
  return call(sandbox, 'github', 'GET', path, { headers, ...(bearer === undefined ? {} : { bearer }) })
}

function token(permissions: Record<string, Access>, kind: TokenKind = 'app', repositories = ['acme/app']): string {
  return sandbox.github.issueToken({ permissions, kind, repositories })
}

beforeAll(ready)
beforeEach(() => {
  sandbox = new Sandbox({ clock: 'frozen' })
  sandbox.github.createRepository('acme/app', { id: 123456789, environments: ['staging', 'eu/prod'] })
  sandbox.github.createRepository('acme/other', {})
})

describe('credentials', () => {
  it('are needed, known and not expired', () => {
    const expiring = sandbox.github.issueToken({
      permissions: { secrets: 'read' },
      expiresAt: sandbox.clock.now() + 1000,
    })
    expect(get(repo, expiring).status).toBe(200)
    sandbox.clock.advance(1000)
    expect(get(repo).json).toMatchObject({ message: 'Requires authentication', status: '401' })
    for (const bearer of [expiring, 'x']) {
      expect(get(repo, bearer).json).toMatchObject({ message: 'Bad credentials', status: '401' })
    }
  })

  it('hide private repositories out of reach, and do not reach public ones', () => {
    const bearer = token({ secrets: 'write' })
    expect(get('/repos/acme/other', bearer).status).toBe(404)
    expect(get('/repos/acme/none', bearer).status).toBe(404)
    const hidden = get('/repos/acme/other/actions/secrets', bearer)
    expect([hidden.status, hidden.headers['x-accepted-github-permissions']]).toEqual([404, 'secrets=read'])
    sandbox.github.createRepository('acme/public', { private: false })
    expect(get('/repos/acme/public', bearer).status).toBe(200)
    expect(get('/repos/acme/public/actions/secrets', bearer).status).toBe(403)
  })
})

describe('permissions', () => {
  it.each([
    ['actions/secrets', 'secrets'],
    ['actions/secrets/public-key', 'secrets'],
    ['actions/variables', 'actions_variables'],
    ['environments/staging/secrets', 'environments'],
    ['environments/staging/secrets/public-key', 'environments'],
    ['environments/staging/variables', 'environments'],
    ['environments/staging', 'actions'],
    ['environments', 'actions'],
    ['dependabot/secrets', 'dependabot_secrets'],
  ])('to read %s are %s', (path, permission) => {
    const answer = get(`${repo}/${path}`, token({ [permission]: 'read' }))
    expect(answer.status).toBe(200)
    expect(answer.headers['x-accepted-github-permissions']).toBe(`${permission}=read`)
    const refused = get(`${repo}/${path}`, token({ contents: 'write' }))
    expect(refused.json).toMatchObject({ message: 'Resource not accessible by integration', status: '403' })
    expect(refused.headers['x-accepted-github-permissions']).toBe(`${permission}=read`)
  })

  it('to write are more than those to read', () => {
    const paths = [
      ['PUT', 'actions/secrets/A', 'secrets'],
      ['DELETE', 'actions/secrets/A', 'secrets'],
      ['POST', 'actions/variables', 'actions_variables'],
      ['PUT', 'environments/staging/secrets/A', 'environments'],
      ['PATCH', 'environments/staging/variables/A', 'environments'],
    ] as const
    for (const [method, path, permission] of paths) {
      const answer = call(sandbox, 'github', method, `${repo}/${path}`, {
        bearer: token({ [permission]: 'read' }),
        body: {},
      })
      expect(answer.status).toBe(403)
      expect(answer.headers['x-accepted-github-permissions']).toBe(`${permission}=write`)
    }
  })

  it('to write are needed even to read the secrets of Codespaces', () => {
    expect(get(`${repo}/codespaces/secrets`, token({ codespaces_secrets: 'read' })).status).toBe(403)
    expect(get(`${repo}/codespaces/secrets`, token({ codespaces_secrets: 'write' })).status).toBe(200)
  })

  it('of a workflow’s own token never reach secrets', () => {
    const bearer = token({ secrets: 'write', environments: 'write', actions: 'read' }, 'github_token')
    expect(get(`${repo}/actions/secrets`, bearer).json.message).toBe('Resource not accessible by integration')
    expect(get(`${repo}/environments/staging/secrets`, bearer).status).toBe(403)
    expect(get(`${repo}/environments/staging`, bearer).status).toBe(200)
  })

  it('are named differently to fine-grained tokens, and are scopes for classic ones', () => {
    const fine = get(`${repo}/actions/secrets`, token({}, 'fine-grained'))
    expect(fine.json.message).toBe('Resource not accessible by personal access token')
    expect(get(`${repo}/actions/secrets`, sandbox.github.issueToken({ kind: 'pat' })).status).toBe(200)
    expect(get(`${repo}/actions/secrets`, sandbox.github.issueToken({ kind: 'pat', scopes: [] })).status).toBe(404)
  })
})

describe('requests', () => {
  it('need a User-Agent and a known API version', () => {
    const bearer = token({})
    expect(get(repo, bearer, { 'user-agent': '' }).status).toBe(403)
    expect(get(repo, bearer, { 'x-github-api-version': '2022-11-28' }).status).toBe(200)
    expect(get(repo, bearer, { 'x-github-api-version': '2020-01-01' }).status).toBe(400)
  })

  it('find the repository in any case, and its environments', () => {
    const bearer = token({ actions: 'read', environments: 'read' })
    expect(get('/repos/ACME/App', bearer).json).toMatchObject({ id: 123456789, full_name: 'acme/app' })
    expect(get(`${repo}/environments`, bearer).json).toMatchObject({
      total_count: 2,
      environments: [{ name: 'staging' }, { name: 'eu/prod' }],
    })
    expect(get(`${repo}/environments/eu%2Fprod`, bearer).json.name).toBe('eu/prod')
    for (const missing of ['none', 'eu/prod', 'eu%252Fprod']) {
      expect(get(`${repo}/environments/${missing}`, bearer).status).toBe(404)
      expect(get(`${repo}/environments/${missing}/secrets/public-key`, bearer).status).toBe(404)
    }
  })

  it('with a trailing slash, or to somewhere else, find nothing', () => {
    const bearer = token({ secrets: 'write', environments: 'write' })
    for (const path of [
      '/',
      '/user',
      `${repo}/`,
      `${repo}/actions/secrets/`,
      `${repo}/actions/secrets/A/B`,
      `${repo}/environments/staging/public-key`,
    ]) {
      expect(get(path, bearer).status, path).toBe(404)
    }
  })

  it('follow a renamed repository', () => {
    sandbox.github.renameRepository('acme/app', 'acme/application')
    const bearer = token({ secrets: 'write' }, 'app', ['acme/application'])
    const answer = get(`${repo}/actions/secrets/public-key?x=1`, bearer)
    const target = '/repositories/123456789/actions/secrets/public-key?x=1'
    expect([answer.status, answer.headers.location]).toEqual([301, `https://api.github.com${target}`])
    expect(get(target, bearer).status).toBe(200)
    expect(get('/repos/acme/application', bearer).json.full_name).toBe('acme/application')
  })

  it('stay under the base path of an enterprise server', () => {
    sandbox.settings.githubUrl = 'https://github.example/api/v3'
    const bearer = token({ secrets: 'read' })
    expect(get(`/api/v3${repo}`, bearer).status).toBe(200)
    expect(get(repo, bearer).status).toBe(404)
    expect(sandbox.requests[0]?.path).toBe(repo)
    for (let i = 0; i < 31; i++) sandbox.github.overwriteSecret({ repository: 'acme/app', name: `S${i}` }, 'x')
    expect(get(`/api/v3${repo}/actions/secrets`, bearer).headers.link).toContain(
      `<https://github.example/api/v3${repo}`,
    )
  })
})

describe('rate limits', () => {
  it('are told in every answer', () => {
    const bearer = token({})
    get(repo, bearer)
    const { headers } = get(`${repo}/actions/secrets`, bearer)
    expect(headers['x-github-request-id']).toMatch(/^[0-9A-F]{4}:/)
    expect(headers).toMatchObject({
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4998',
      'x-ratelimit-used': '2',
    })
    expect(Number(headers['x-ratelimit-reset'])).toBe(sandbox.clock.now() / 1000 + 3600)
  })

  it('of the hour end with the hour', () => {
    sandbox.settings.primaryPerHour = 1
    const bearer = token({})
    expect(get(repo, bearer).status).toBe(200)
    const answer = get(repo, bearer)
    expect([answer.status, answer.headers['x-ratelimit-remaining']]).toEqual([403, '0'])
    expect(answer.headers['retry-after']).toBeUndefined()
    sandbox.clock.advance(3_600_000)
    expect(get(repo, bearer).status).toBe(200)
  })

  it('against bursts count a write as five, and say how long to wait or not', () => {
    Object.assign(sandbox.settings, { secondaryPointsPerMinute: 5, githubLimitStatus: 429 })
    const bearer = token({ secrets: 'write' })
    expect(call(sandbox, 'github', 'DELETE', `${repo}/actions/secrets/A`, { bearer }).status).toBe(404)
    const answer = get(repo, bearer)
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60'])
    expect(answer.json.message).toContain('secondary rate limit')
    sandbox.settings.githubRetryAfter = undefined
    expect(get(repo, bearer).headers['retry-after']).toBeUndefined()
  })
})
