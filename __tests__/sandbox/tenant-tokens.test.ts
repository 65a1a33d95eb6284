import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import { type Answer, call } from './calls.ts'

const path = '/api/v1/oauth-clients'
const url = 'https://sandbox.eu.qlikcloud.com'

let sandbox: Sandbox

function start(settings: Partial<Settings> = {}) {
  sandbox = new Sandbox({ clock: 'frozen', ...settings })
}

function ask(body: object, headers: Record<string, string> = {}): Answer {
  return call(sandbox, 'tenant', 'POST', '/oauth/token', { body, headers })
}

function login(client: { clientId: string }, secret: string, extra: object = {}): Answer {
  const body = { client_id: client.clientId, client_secret: secret, grant_type: 'client_credentials', ...extra }
  return ask(body)
}

function get(at: string, bearer: string): Answer {
  return call(sandbox, 'tenant', 'GET', at, { bearer })
}

beforeEach(() => start())

describe('the token endpoint', () => {
  it('takes JSON, a form and a Basic header, and gives six hours', () => {
    const { clientId, secret } = sandbox.tenant.createAdminClient()
    const answer = login({ clientId }, secret)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ token_type: 'bearer', expires_in: 21600, scope: 'admin_classic user_default' })
    expect(answer.json.expires_at).toBe('2026-11-02T12:00:00.000Z')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const text = `grant_type=client_credentials&client_id=${clientId}&client_secret=${secret}`
    expect(call(sandbox, 'tenant', 'POST', '/oauth/token', { body: text, headers: form }).status).toBe(200)
    const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
    const basic = { body: 'grant_type=client_credentials', headers: { ...form, authorization } }
    expect(call(sandbox, 'tenant', 'POST', '/oauth/token', basic).status).toBe(200)
    expect(get(path, answer.json.access_token).status).toBe(200)
    sandbox.clock.advance(21_600_000)
    expect(get(path, answer.json.access_token).status).toBe(401)
  })

  it('accepts every live secret, and none that is gone', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl' })
    const other = sandbox.tenant.addSecret(client.clientId)
    const first = client.secrets[0]!
    expect([login(client, first.value).status, login(client, other.value).status]).toEqual([200, 200])
    sandbox.tenant.deleteSecret(client.clientId, first.hint)
    expect([login(client, first.value).status, login(client, other.value).status]).toEqual([401, 200])
    expect(login({ clientId: 'x' }, other.value).status).toBe(401)
    sandbox.tenant.deleteClient(client.clientId)
    expect(login(client, other.value).status).toBe(401)
  })

  it('refuses bodies it cannot read and other grants', () => {
    const { clientId, secret } = sandbox.tenant.createAdminClient()
    expect(login({ clientId }, secret, { grant_type: 'password' }).status).toBe(400)
    expect(ask({ client_id: clientId, grant_type: 'client_credentials' }).status).toBe(400)
    expect(call(sandbox, 'tenant', 'POST', '/oauth/token', { body: '{' }).status).toBe(400)
  })

  it('refuses a client that is not trusted, with the code that is set', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl', consentMethod: 'required' })
    const secret = client.secrets[0]!.value
    const answer = login(client, secret)
    expect(answer.status).toBe(400)
    expect(answer.json.errors).toEqual([
      { code: 'OAUTH-14', title: 'Invalid client_id', detail: 'OAuth client is not authorized', status: '400' },
    ])
    Object.assign(sandbox.settings, { untrustedStatus: 403, untrustedCode: 'OAUTH-99' })
    expect(login(client, secret).json.errors[0]).toMatchObject({ code: 'OAUTH-99', status: '403' })
    sandbox.tenant.setConsent(client.clientId, 'trusted')
    expect(login(client, secret).status).toBe(200)
  })

  it('refuses a disabled client and one without the grant', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl' })
    sandbox.tenant.disable(client.clientId, 'abuse')
    expect(login(client, client.secrets[0]!.value).status).toBe(403)
    const person = sandbox.tenant.addClient({ clientName: 'b', allowedGrantTypes: [] })
    expect(login(person, person.secrets[0]!.value).status).toBe(400)
  })

  it('makes new secrets and fresh consent wait, if told to', () => {
    start({ secretDelay: 3, consentDelay: 5 })
    const bearer = sandbox.tenant.issueApiKey({ admin: true }).value
    const body = {
      appType: 'web',
      clientName: 'etl',
      allowedGrantTypes: ['client_credentials'],
      connectionConfig: { consentMethod: 'trusted' },
    }
    const { json } = call(sandbox, 'tenant', 'POST', path, { bearer, body })
    const statuses = () => [
      login(json, json.clientSecret).status,
      sandbox.tenant.canAuthenticate(json.clientId, json.clientSecret),
    ]
    expect(statuses()).toEqual([401, false])
    sandbox.clock.advance(3000)
    expect(statuses()).toEqual([400, false])
    sandbox.clock.advance(2000)
    expect(statuses()).toEqual([200, true])
    sandbox.settings.secretDelay = 9
    const later = call(sandbox, 'tenant', 'POST', `${path}/${json.clientId}/client-secrets`, { bearer }).json
    expect(sandbox.tenant.secretIsLive(json.clientId, later.clientSecret)).toBe(true)
    expect(sandbox.tenant.canAuthenticate(json.clientId, later.clientSecret)).toBe(false)
    const operation = [{ op: 'replace', path: '/consentMethod', value: 'trusted' }]
    call(sandbox, 'tenant', 'PATCH', `${path}/${json.clientId}/connection-configs/me`, { bearer, body: operation })
    expect(statuses()).toEqual([200, true])
  })

  it('grants the scopes asked for, if the client has them, and offline_access never by itself', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl', allowedScopes: ['apps', 'users', 'offline_access'] })
    const secret = client.secrets[0]!.value
    expect(login(client, secret).json.scope).toBe('apps users')
    expect(login(client, secret, { scope: 'apps offline_access' }).json.scope).toBe('apps offline_access')
    expect(login(client, secret, { scope: 'apps admin_classic' }).status).toBe(400)
  })

  it('gives out only so many tokens, if told to', () => {
    start({ maxTokensPerUser: 2 })
    const { clientId, secret } = sandbox.tenant.createAdminClient()
    const first = login({ clientId }, secret).json.access_token
    login({ clientId }, secret)
    expect(login({ clientId }, secret).status).toBe(403)
    expect(call(sandbox, 'tenant', 'POST', '/oauth/revoke', { body: { token: first } }).status).toBe(200)
    expect(get(path, first).status).toBe(401)
    expect(login({ clientId }, secret).status).toBe(200)
  })

  it('takes a signed assertion for this client and endpoint, of five minutes at most', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', kty: 'EC', alg: 'ES384', use: 'sig' }
    const allowedAuthMethods = ['private_key_jwt']
    const client = sandbox.tenant.addClient({ clientName: 'etl', allowedAuthMethods, publicKeys: [jwk], secrets: 0 })
    const status = (change: object, assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') => {
      const iat = Math.floor(sandbox.clock.now() / 1000)
      const own = { iss: client.clientId, sub: client.clientId, aud: `${url}/oauth/token` }
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const signed = `${part({ alg: 'ES384', kid: 'k' })}.${part({ ...own, jti: randomUUID(), iat, exp: iat + 300, ...change })}`
      const signature = sign('sha384', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const client_assertion = `${signed}.${signature.toString('base64url')}`
      const grant = { grant_type: 'client_credentials', client_id: client.clientId }
      return ask({ ...grant, client_assertion_type: assertionType, client_assertion }).status
    }
    expect(status({})).toBe(200)
    expect(status({ aud: `${url}/` })).toBe(401)
    expect(status({ sub: 'x' })).toBe(401)
    expect(status({ exp: Math.floor(sandbox.clock.now() / 1000) + 301 })).toBe(401)
    expect(status({ iat: 1, exp: Math.floor(sandbox.clock.now() / 1000) })).toBe(401)
    expect(status({ iat: 1, exp: 301 })).toBe(401)
    expect(status({}, 'other')).toBe(400)
    // Reached by an alias, the tenant knows two hosts: which of them counts is a switch.
    const issuer = 'https://original.eu.qlikcloud.com'
    sandbox.settings.issuer = issuer
    const both = () => [status({}), status({ aud: `${issuer}/oauth/token` })]
    expect(both()).toEqual([200, 401])
    sandbox.settings.audiences = 'issuer'
    expect(both()).toEqual([401, 200])
    sandbox.settings.audiences = 'either'
    expect(both()).toEqual([200, 200])
  })
})

describe('what a token may do', () => {
  const tokenOf = (scopes: string[]) => {
    const client = sandbox.tenant.addClient({ clientName: 'bot', allowedScopes: scopes })
    return { client, bearer: login(client, client.secrets[0]!.value).json.access_token }
  }

  it('needs admin_classic to manage clients, and any scope to read them', () => {
    const body = { appType: 'web', clientName: 'x' }
    const statuses = (bearer: string) => [
      get(path, bearer).status,
      call(sandbox, 'tenant', 'POST', path, { bearer, body }).status,
    ]
    expect(statuses(tokenOf(['admin_classic']).bearer)).toEqual([200, 201])
    expect(statuses(tokenOf(['admin.users']).bearer)).toEqual([200, 403])
    expect(statuses(tokenOf([]).bearer)).toEqual([403, 403])
  })

  it('can rotate its own client, whose bot then is the creator', () => {
    const { client, bearer } = tokenOf(['admin_classic'])
    const answer = call(sandbox, 'tenant', 'POST', `${path}/${client.clientId}/client-secrets`, { bearer })
    expect(answer.json.createdBy).toBe(get('/api/v1/users/me', bearer).json.id)
    expect(
      call(sandbox, 'tenant', 'POST', path, { bearer, body: { appType: 'web', clientName: 'x' } }).json.createdByType,
    ).toBe('user')
  })

  it('needs user_default besides for managing clients, if the tenant is so', () => {
    start({ scopesToManage: 'admin_classic user_default' })
    const create = (bearer: string) =>
      call(sandbox, 'tenant', 'POST', path, { bearer, body: { appType: 'web', clientName: 'x' } }).status
    expect(create(tokenOf(['admin_classic']).bearer)).toBe(403)
    expect(create(tokenOf(['admin_classic', 'user_default']).bearer)).toBe(201)
    expect(create(sandbox.tenant.issueApiKey({ admin: true }).value)).toBe(201)
  })

  it('ends with its secret, its client or the scope only by switch', () => {
    const { client, bearer } = tokenOf(['admin_classic'])
    sandbox.tenant.deleteSecret(client.clientId, client.secrets[0]!.hint)
    expect(get(path, bearer).status).toBe(200)
    sandbox.settings.tokensDieWithSecret = true
    expect(get(path, bearer).status).toBe(401)
    sandbox.settings.tokensDieWithSecret = false
    sandbox.tenant.setScopes(client.clientId, [])
    expect(get(path, bearer).status).toBe(403)
    sandbox.settings.scopeChanges = 'next-token'
    expect(get(path, bearer).status).toBe(200)
    sandbox.tenant.deleteClient(client.clientId)
    expect(get(path, bearer).status).toBe(200)
    sandbox.settings.tokensDieWithClient = true
    expect(get(path, bearer).status).toBe(401)
  })

  it('is a bot user from the first token on', () => {
    const client = sandbox.tenant.addClient({ clientName: 'bot', allowedScopes: ['apps'] })
    const before = sandbox.tenant.users.size
    const bearer = login(client, client.secrets[0]!.value).json.access_token
    login(client, client.secrets[0]!.value)
    expect(sandbox.tenant.users.size).toBe(before + 1)
    const me = get('/api/v1/users/me', bearer)
    expect(me.json).toMatchObject({
      tenantId: sandbox.tenant.tenantId,
      clientId: client.clientId,
      subject: `qlikbot\\${client.clientId}`,
      name: 'bot',
      roles: ['TenantAdmin'],
      status: 'active',
    })
    sandbox.settings.usersMe = 'refuses'
    expect(get('/api/v1/users/me', bearer).status).toBe(403)
    expect(get('/api/v1/users/me', tokenOf(['user_default']).bearer).status).toBe(200)
  })

  it('answers for the owner of an API key, and by a redirect if told to', () => {
    const { value, userId } = sandbox.tenant.issueApiKey({ admin: true })
    expect(get('/api/v1/users/me', value).json).toMatchObject({ id: userId })
    expect(get('/api/v1/users/me', value).json).not.toHaveProperty('clientId')
    sandbox.settings.usersMeRedirects = true
    const answer = get('/api/v1/users/me', value)
    expect([answer.status, answer.headers.location]).toEqual([301, `${url}/api/v1/users/${userId}`])
    expect(get(`/api/v1/users/${userId}`, value).json.id).toBe(userId)
    sandbox.tenant.revokeApiKey(value)
    expect(get('/api/v1/users/me', value).status).toBe(401)
  })
})

describe('the metadata of the authorization server', () => {
  it('needs no credential and tells the issuer', () => {
    const at = '/.well-known/oauth-authorization-server'
    expect(call(sandbox, 'tenant', 'GET', at).json).toMatchObject({ issuer: url, token_endpoint: `${url}/oauth/token` })
    sandbox.settings.issuer = 'https://original.eu.qlikcloud.com'
    expect(call(sandbox, 'tenant', 'GET', at).json.issuer).toBe('https://original.eu.qlikcloud.com')
  })
})
