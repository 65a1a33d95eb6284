import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import type { Space } from '../../sandbox/tenant/spaces-model.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { type Answer, call } from './calls.ts'

let sandbox: Sandbox
let admin: string
let space: Space
let client: Client

beforeAll(ready)
beforeEach(() => {
  sandbox = new Sandbox()
  admin = sandbox.tenant.issueApiKey({ admin: true }).value
  space = sandbox.tenant.spaces.add('Finance')
  client = sandbox.tenant.addClient({ clientName: 'etl', allowedScopes: ['user_default'] })
})

const get = (path: string, bearer = admin) => call(sandbox, 'tenant', 'GET', `/api/v1${path}`, { bearer })
const send = (method: string, path: string, body: unknown, bearer = admin): Answer =>
  call(sandbox, 'tenant', method, `/api/v1${path}`, { bearer, body })

function tokenOf({ clientId, secrets }: Client): string {
  const body = { grant_type: 'client_credentials', client_id: clientId, client_secret: secrets[0]!.value }
  return call(sandbox, 'tenant', 'POST', '/oauth/token', { body }).json.access_token
}

describe('assignments', () => {
  const path = () => `/spaces/${space.id}/assignments`
  const assign = (body: object, bearer = admin) =>
    send(
      'POST',
      path(),
      { type: 'user', assigneeId: sandbox.tenant.botOf(client).id, roles: ['consumer'], ...body },
      bearer,
    )

  it('takes the roles that the type of space offers, at least one', () => {
    expect(assign({ roles: [] }).status).toBe(400)
    expect(assign({ roles: ['publisher'] }).status).toBe(400)
    expect(assign({}).status).toBe(201)
    const { id } = sandbox.tenant.spaces.in(space.id)[0]!
    expect(send('PUT', `${path()}/${id}`, { roles: ['consumer', 'publisher'] }).status).toBe(400)
    expect(send('PUT', `${path()}/${id}`, { roles: [] }).status).toBe(400)
    expect(send('PUT', `${path()}/${id}`, { roles: ['producer'] }).json.roles).toEqual(['producer'])
    const managed = sandbox.tenant.spaces.add('Published', { type: 'managed' })
    expect(get(`/spaces/${managed.id}`).json.meta.assignableRoles).toContain('operator')
  })

  it('allows one assignment an assignee, and none to the owner', () => {
    expect([assign({}).status, assign({ roles: ['producer'] }).status]).toEqual([201, 409])
    expect(assign({ assigneeId: sandbox.tenant.owner.id }).status).toBe(409)
    expect(assign({ assigneeId: 'nobody' }).status).toBe(404)
  })

  it.each([
    ['user', [201, 400]],
    ['bot', [400, 201]],
    ['either', [201, 201]],
  ] as const)('takes a bot as %s', (typeOfBots, [asUser, asBot]) => {
    sandbox.settings.typeOfBots = typeOfBots
    expect(assign({ type: 'user' }).status).toBe(asUser)
    sandbox.tenant.spaces.unassign(space.id, sandbox.tenant.botOf(client).id)
    expect(assign({ type: 'bot' }).status).toBe(asBot)
  })

  it('lists them by pages, of one assignee or of one type', () => {
    for (let i = 0; i < 5; i++) assign({ assigneeId: sandbox.tenant.addUser({ name: `u${i}`, admin: false }).id })
    const first = get(`${path()}?limit=3`).json
    expect(first.data).toHaveLength(3)
    const next = new URL(first.links.next.href)
    const second = get(`${next.pathname.replace('/api/v1', '')}${next.search}`).json
    expect([second.data.length, second.links.next]).toEqual([2, undefined])
    expect(get(`${path()}?type=group`).json.data).toEqual([])
    expect(get(`${path()}?assigneeId=${first.data[1].assigneeId}`).json.data).toEqual([first.data[1]])
  })

  it('wants an administrator of spaces, or a person who is a facilitator there', () => {
    const scoped = (allowedScopes: string[]) => tokenOf(sandbox.tenant.addClient({ clientName: 'x', allowedScopes }))
    expect(assign({}, scoped(['user_default', 'admin.apps'])).status).toBe(403)
    expect(get(path(), scoped(['admin.spaces:read'])).status).toBe(403)
    expect(assign({}, scoped(['admin.spaces'])).status).toBe(201)
    const person = sandbox.tenant.issueApiKey({ admin: false })
    expect(get(path(), person.value).status).toBe(403)
    sandbox.tenant.spaces.assign(space.id, person.userId, ['facilitator'])
    expect(get(path(), person.value).status).toBe(200)
  })

  it('counts as writes of tier 2', () => {
    sandbox.settings.tier2PerMinute = 1
    expect([assign({}).status, assign({}).status]).toEqual([201, 429])
  })
})

describe('spaces', () => {
  it('are closed to a client whose user is no member, whatever its scopes', () => {
    const bearer = tokenOf(client)
    expect(get(`/spaces/${space.id}`, bearer).status).toBe(403)
    expect(get('/spaces', bearer).json.data).toEqual([])
    sandbox.settings.unseenSpace = 'missing'
    expect(get(`/spaces/${space.id}`, bearer).status).toBe(404)
    sandbox.tenant.spaces.assign(space.id, sandbox.tenant.botOf(client).id, ['consumer'])
    expect(get(`/spaces/${space.id}`, bearer).json).toMatchObject({ name: 'Finance', meta: { roles: ['consumer'] } })
    expect(get('/spaces', bearer).json.data).toHaveLength(1)
  })

  it('take their members along when they are deleted', () => {
    sandbox.tenant.spaces.assign(space.id, sandbox.tenant.botOf(client).id, ['consumer'])
    sandbox.tenant.spaces.delete(space.id)
    expect([get(`/spaces/${space.id}`).status, sandbox.tenant.spaces.assignments.size]).toEqual([404, 0])
  })
})

describe('users', () => {
  const ofClient = (id: string, bearer = admin) =>
    get(`/users?filter=${encodeURIComponent(`clientId eq "${id}"`)}`, bearer)
  const create = () => {
    const body = {
      appType: 'web',
      clientName: 'new',
      allowedGrantTypes: ['client_credentials'],
      allowedScopes: ['apps'],
    }
    return send('POST', '/oauth-clients', body).json.clientId
  }

  it('have the one of a client, from its first token on or from the start', () => {
    expect(ofClient(client.clientId).json.data).toEqual([])
    tokenOf(client)
    const [bot] = ofClient(client.clientId.toUpperCase()).json.data
    expect(bot).toMatchObject({ clientId: client.clientId, status: 'active' })
    expect(ofClient(create()).json.data).toEqual([])
    sandbox.settings.botAppears = 'with-client'
    expect(ofClient(create()).json.data).toHaveLength(1)
  })

  it('are listed by pages and read one by one', () => {
    for (let i = 0; i < 4; i++) sandbox.tenant.addUser({ name: 'twin', admin: false })
    const filter = encodeURIComponent('name eq "twin" and status eq "active" or name eq "nobody"')
    const first = get(`/users?limit=3&totalResults=true&filter=${filter}`).json
    expect([first.data.length, first.totalResults]).toEqual([3, 4])
    expect(get(`/users${new URL(first.links.next.href).search}`).json.data).toHaveLength(1)
    expect(get(`/users/${first.data[0].id}`).json.name).toBe('twin')
    expect([get('/users?limit=101').status, get('/users?filter=name+eq').status]).toEqual([400, 400])
  })

  it('are shown to administrators, and to clients with a scope for them', () => {
    expect(ofClient(client.clientId, tokenOf(client)).status).toBe(403)
    const reader = tokenOf(sandbox.tenant.addClient({ clientName: 'r', allowedScopes: ['admin.users:read'] }))
    expect(ofClient(client.clientId, reader).status).toBe(200)
    expect(ofClient(client.clientId, sandbox.tenant.issueApiKey({ admin: false }).value).status).toBe(403)
  })

  it('may be disabled and deleted; whether bots may is a setting', () => {
    const { id } = sandbox.tenant.botOf(client)
    sandbox.tenant.disableUser(id)
    const body = {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.secrets[0]!.value,
    }
    expect(call(sandbox, 'tenant', 'POST', '/oauth/token', { body }).status).toBe(403)
    sandbox.settings.deletionOfBots = 'refused'
    expect(send('DELETE', `/users/${id}`, undefined).status).toBe(403)
    sandbox.settings.deletionOfBots = 'allowed'
    expect(send('DELETE', `/users/${id}`, undefined).status).toBe(204)
    expect(get(`/users/${id}`).status).toBe(404)
    expect(send('DELETE', `/users/${sandbox.tenant.owner.id}`, undefined).status).toBe(403)
  })
})
