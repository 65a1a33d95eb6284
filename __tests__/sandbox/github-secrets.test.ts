import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { NamedPlace } from '../../sandbox/github/model.ts'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import { type Answer, call, seal } from './calls.ts'

const repo = '/repos/acme/app'
const all = {
  secrets: 'write',
  environments: 'write',
  actions_variables: 'write',
  actions: 'read',
  dependabot_secrets: 'write',
  codespaces_secrets: 'write',
  agent_secrets: 'write',
  agent_variables: 'write',
  organization_secrets: 'write',
  organization_actions_variables: 'write',
  organization_agent_secrets: 'write',
} as const

let sandbox: Sandbox
let bearer: string

function start(settings: Partial<Settings> = {}) {
  sandbox = new Sandbox({ clock: 'frozen', ...settings })
  sandbox.github.createRepository('acme/app', { id: 123456789, environments: ['staging', 'eu/prod'] })
  sandbox.github.createOrganization('acme')
  bearer = sandbox.github.issueToken({ permissions: all })
}

function send(method: string, path: string, body?: unknown): Answer {
  return call(sandbox, 'github', method, path, { bearer, ...(body === undefined ? {} : { body }) })
}

function put(root: string, name: string, value: string, extra: object = {}): Answer {
  const { key, key_id } = send('GET', `${root}/public-key`).json
  return send('PUT', `${root}/${name}`, { encrypted_value: seal(value, key), key_id, ...extra })
}

beforeAll(ready)
beforeEach(() => start())

describe('secrets', () => {
  const repository = 'acme/app'
  const places: [string, string, NamedPlace, object][] = [
    ['a repository', `${repo}/actions/secrets`, { repository, name: 'A' }, {}],
    ['an environment', `${repo}/environments/staging/secrets`, { repository, environment: 'staging', name: 'A' }, {}],
    [
      'an environment with a slash',
      `${repo}/environments/eu%2Fprod/secrets`,
      { repository, environment: 'eu/prod', name: 'A' },
      {},
    ],
    ['Dependabot', `${repo}/dependabot/secrets`, { repository, store: 'dependabot', name: 'A' }, {}],
    ['Codespaces', `${repo}/codespaces/secrets`, { repository, store: 'codespaces', name: 'A' }, {}],
    ['agents', `${repo}/agents/secrets`, { repository, store: 'agents', name: 'A' }, {}],
    ['an organization', '/orgs/acme/actions/secrets', { organization: 'acme', name: 'A' }, { visibility: 'private' }],
    [
      'an organization’s agents',
      '/orgs/acme/agents/secrets',
      { organization: 'acme', store: 'agents', name: 'A' },
      { visibility: 'all' },
    ],
  ]

  it.each(places)('of %s are created, read, updated and deleted', (_what, root, place, extra) => {
    expect(send('GET', `${root}/A`).status).toBe(404)
    const created = put(root, 'a', 'one', extra)
    expect([created.status, created.json]).toEqual([201, {}])
    expect(sandbox.github.secretValue(place)).toBe('one')
    sandbox.clock.advance(90_500)
    const updated = put(root, 'A', 'two', extra)
    expect([updated.status, updated.text]).toEqual([204, ''])
    expect(sandbox.github.secretValue(place)).toBe('two')
    const stamps = { created_at: '2026-11-02T06:00:00Z', updated_at: '2026-11-02T06:01:30Z' }
    expect(send('GET', `${root}/a`).json).toMatchObject({ name: 'A', ...stamps })
    expect(sandbox.github.secretUpdatedAt(place)).toBe(stamps.updated_at)
    expect(send('GET', root).json).toMatchObject({ total_count: 1, secrets: [{ name: 'A', ...stamps }] })
    expect(send('DELETE', `${root}/a`).status).toBe(204)
    expect(send('DELETE', `${root}/a`).status).toBe(404)
    expect(sandbox.github.secretValue(place)).toBeUndefined()
  })

  it('have a key pair and a key id of 18 digits per place', () => {
    const roots = places.map(([, root]) => root)
    const keys = roots.map((root) => send('GET', `${root}/public-key`).json)
    expect(new Set(keys.map((key) => key.key)).size).toBe(roots.length)
    for (const { key, key_id } of keys) {
      expect(key_id).toMatch(/^\d{18}$/)
      expect(Buffer.from(key, 'base64')).toHaveLength(32)
    }
    expect(send('GET', `${roots[0]}/public-key`).json).toEqual(keys[0])
  })

  it('sealed for another place become empty without a word, or are refused', () => {
    const other = send('GET', `${repo}/actions/secrets/public-key`).json
    const own = send('GET', `${repo}/environments/staging/secrets/public-key`).json
    const body = { encrypted_value: seal('x', other.key), key_id: own.key_id }
    const at = `${repo}/environments/staging/secrets/A`
    expect(send('PUT', at, body).status).toBe(201)
    expect(sandbox.github.secretValue({ repository, environment: 'staging', name: 'A' })).toBe('')
    sandbox.settings.wrongKey = 'refused'
    const answer = send('PUT', at, body)
    expect(answer.status).toBe(422)
    expect(answer.json.message).toContain('improperly encrypted secret')
  })

  it('are refused with a stale key id, without one, with a number for one, and when not base64', () => {
    const { key, key_id } = send('GET', `${repo}/actions/secrets/public-key`).json
    const encrypted_value = seal('x', key)
    const status = (body: unknown) => send('PUT', `${repo}/actions/secrets/A`, body).status
    expect(send('PUT', `${repo}/actions/secrets/A`, { encrypted_value }).json.message).toBe(
      'Invalid request.\n\n"key_id" wasn\'t supplied.',
    )
    expect(status({ encrypted_value, key_id: Number(key_id) })).toBe(422)
    expect(status({ encrypted_value: encrypted_value.replaceAll('=', '').replace(/./, '-'), key_id })).toBe(422)
    expect(status('{')).toBe(400)
    sandbox.github.rotatePublicKey({ repository })
    expect(status({ encrypted_value, key_id })).toBe(422)
    expect(put(`${repo}/actions/secrets`, 'A', 'x').status).toBe(201)
  })

  it.each(['1A', 'GITHUB_A', 'github_a', 'A-B', 'A%20B', '%C3%84'])('are not named %s', (name) => {
    const answer = put(`${repo}/actions/secrets`, name, 'x')
    expect(answer.status).toBe(422)
    expect(answer.json.message).toMatch(/^Secret names can only contain alphanumeric characters/)
  })

  it('hold 48 KB and are 100 at most', () => {
    expect(put(`${repo}/actions/secrets`, 'BIG', 'x'.repeat(49_153)).status).toBe(422)
    expect(put(`${repo}/actions/secrets`, 'BIG', 'x'.repeat(49_152)).status).toBe(201)
    for (let i = 0; i < 99; i++) sandbox.github.overwriteSecret({ repository, name: `S${i}` }, 'x')
    expect(put(`${repo}/actions/secrets`, 'ONE_MORE', 'x').status).toBe(422)
    expect(put(`${repo}/actions/secrets`, 'BIG', 'x').status).toBe(204)
  })

  it('are listed 30 at a time, 100 at most, with links', () => {
    for (let i = 10; i < 75; i++) sandbox.github.overwriteSecret({ repository, name: `S${i}` }, 'x')
    const first = send('GET', `${repo}/actions/secrets`)
    expect(first.json.secrets).toHaveLength(30)
    expect(first.headers.link).toBe(
      `<https://api.github.com${repo}/actions/secrets?page=2>; rel="next", <https://api.github.com${repo}/actions/secrets?page=3>; rel="last"`,
    )
    const last = send('GET', `${repo}/actions/secrets?page=3&per_page=30`)
    expect(last.json.secrets.map((secret: { name: string }) => secret.name)).toEqual([
      'S70',
      'S71',
      'S72',
      'S73',
      'S74',
    ])
    expect(last.headers.link).toContain('rel="prev"')
    expect(last.headers.link).not.toContain('rel="next"')
    expect(send('GET', `${repo}/actions/secrets?per_page=1000`).json.secrets).toHaveLength(65)
  })

  it('show their old stamp for a while, if told to', () => {
    start({ stampDelay: 10 })
    const stamp = () => send('GET', `${repo}/actions/secrets/A`).json.updated_at
    put(`${repo}/actions/secrets`, 'A', 'one')
    sandbox.clock.advance(60_000)
    put(`${repo}/actions/secrets`, 'A', 'two')
    expect(stamp()).toBe('2026-11-02T06:00:00Z')
    sandbox.clock.advance(10_000)
    expect(stamp()).toBe('2026-11-02T06:01:00Z')
  })

  it('of an organization need a visibility, which alone can change', () => {
    const root = '/orgs/acme/actions/secrets'
    expect(put(root, 'A', 'x').status).toBe(422)
    expect(put(root, 'A', 'x', { visibility: 'some' }).status).toBe(422)
    expect(put(root, 'A', 'x', { visibility: 'all', selected_repository_ids: [1] }).status).toBe(422)
    expect(send('PUT', `${root}/A`, { visibility: 'all' }).status).toBe(422)
    expect(put(root, 'A', 'x', { visibility: 'selected', selected_repository_ids: [1] }).status).toBe(201)
    expect(send('PUT', `${root}/A`, { visibility: 'private' }).status).toBe(204)
    expect(send('GET', `${root}/A`).json.visibility).toBe('private')
    expect(sandbox.github.secretValue({ organization: 'acme', name: 'A' })).toBe('x')
  })

  it.each(['secrets', 'variables'] as const)('of an organization are shown to selected repositories: %s', (kind) => {
    const { github } = sandbox
    const ids = ['app', 'web', 'api'].map((name) => github.createRepository(`acme/${name}`).id)
    const elsewhere = github.createRepository('other/app').id
    const at = `/orgs/acme/actions/${kind}`
    const seers = () => send('GET', `${at}/a/repositories`).json.repositories?.map(({ id }: { id: number }) => id)
    const visible = { visibility: 'selected', selected_repository_ids: ids.slice(0, 2) }
    if (kind === 'secrets') put(at, 'A', 'x', visible)
    else send('POST', at, { name: 'A', value: 'x', ...visible })
    expect(seers()).toEqual(ids.slice(0, 2))
    expect(send('GET', `${at}/A`).json.selected_repositories_url).toContain(`${at}/A/repositories`)
    expect(send('GET', `${at}/A/repositories?per_page=1&page=2`).json).toMatchObject({
      total_count: 2,
      repositories: [{ id: ids[1], full_name: 'acme/web' }],
    })
    expect(send('PUT', `${at}/A/repositories`, { selected_repository_ids: [ids[2]] }).status).toBe(204)
    expect(seers()).toEqual([ids[2]])
    expect(send('PUT', `${at}/A/repositories/${ids[0]}`).status).toBe(204)
    expect(send('DELETE', `${at}/A/repositories/${ids[2]}`).status).toBe(204)
    expect(github.seenBy(kind, { organization: 'acme', name: 'A' })).toEqual(['acme/app'])
    expect(send('PUT', `${at}/A/repositories/${elsewhere}`).status).toBe(404)
    expect(send('PUT', `${at}/A/repositories`, {}).status).toBe(422)
    expect(send('GET', `${at}/B/repositories`).status).toBe(404)
    // The trap: `selected` without a list is a list of none.
    if (kind === 'secrets') put(at, 'A', 'y', { visibility: 'selected' })
    else send('PATCH', `${at}/A`, { visibility: 'selected' })
    expect(seers()).toEqual([])
    github.showTo(kind, { organization: 'acme', name: 'A' }, 'all')
    for (const answer of [
      send('GET', `${at}/A/repositories`),
      send('PUT', `${at}/A/repositories`, { selected_repository_ids: [] }),
      send('PUT', `${at}/A/repositories/${ids[0]}`),
      send('DELETE', `${at}/A/repositories/${ids[0]}`),
    ])
      expect(answer.status).toBe(409)
  })

  it('of a repository have no such list', () => {
    put(`${repo}/actions/secrets`, 'A', 'x')
    expect(send('GET', `${repo}/actions/secrets/A/repositories`).status).toBe(404)
  })

  it('of Codespaces and agents are not on an Enterprise Server', () => {
    start({ githubEdition: 'server' })
    for (const store of ['codespaces', 'agents'])
      for (const root of [repo, '/orgs/acme'])
        expect(send('GET', `${root}/${store}/secrets/public-key`).status, store).toBe(404)
    expect(send('GET', `${repo}/dependabot/secrets`).status).toBe(200)
  })

  it('can be changed by hand', () => {
    sandbox.github.overwriteSecret({ repository, name: 'A' }, 'x')
    expect(send('GET', `${repo}/actions/secrets/A`).status).toBe(200)
    expect(sandbox.github.deleteSecret({ repository, name: 'a' })).toBe(true)
    expect(send('GET', `${repo}/actions/secrets/A`).status).toBe(404)
  })
})

describe('variables', () => {
  it.each([`${repo}/actions/variables`, `${repo}/environments/staging/variables`, `${repo}/agents/variables`])(
    'at %s are created, updated, renamed and deleted',
    (root) => {
      expect(send('PATCH', `${root}/A`, { value: 'x' }).status).toBe(404)
      expect([send('POST', root, { name: 'a', value: '1' })].map((a) => [a.status, a.json])).toEqual([[201, {}]])
      const again = send('POST', root, { name: 'A', value: '1' })
      expect([again.status, again.json.message]).toEqual([409, 'Already exists - Variable already exists'])
      const updated = send('PATCH', `${root}/a`, { name: 'A', value: '2' })
      expect([updated.status, updated.text]).toEqual([204, ''])
      expect(send('GET', `${root}/A`).json).toMatchObject({ name: 'A', value: '2' })
      expect(send('PATCH', `${root}/A`, { name: 'B' }).status).toBe(204)
      expect(send('GET', root).json).toMatchObject({ total_count: 1, variables: [{ name: 'B', value: '2' }] })
      send('POST', root, { name: 'A', value: '1' })
      expect(send('PATCH', `${root}/A`, { name: 'B' }).status).toBe(409)
      expect([send('DELETE', `${root}/B`).status, send('DELETE', `${root}/B`).status]).toEqual([204, 404])
    },
  )

  it('are refused without name or value, with a bad name, or when not text', () => {
    const root = `${repo}/actions/variables`
    for (const body of [{ name: 'A' }, { value: 'x' }, { name: 'A', value: 1 }, { name: 'GITHUB_A', value: 'x' }]) {
      expect(send('POST', root, body).status).toBe(422)
    }
  })

  it('are listed 10 at a time and 30 at most', () => {
    for (let i = 10; i < 50; i++) sandbox.github.setVariable({ repository: 'acme/app', name: `V${i}` }, 'x')
    expect(send('GET', `${repo}/actions/variables`).json.variables).toHaveLength(10)
    expect(send('GET', `${repo}/actions/variables?per_page=100`).json.variables).toHaveLength(30)
    expect(sandbox.github.variableValue({ repository: 'acme/app', name: 'v10' })).toBe('x')
  })
})
