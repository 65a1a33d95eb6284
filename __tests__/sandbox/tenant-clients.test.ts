import { describe, expect, it } from 'vitest'
import { eachTenant, path, sandbox, send } from './own-tenant.ts'

eachTenant()

describe('reading and changing one', () => {
  const patch = (id: string, ...operations: object[]) => send('PATCH', `${path}/${id}`, operations)

  it('leaves secrets out of a single read by switch', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl' })
    expect(send('GET', `${path}/${clientId}`).json.clientSecrets).toHaveLength(1)
    sandbox.settings.getShowsSecrets = false
    expect(send('GET', `${path}/${clientId}`).json).not.toHaveProperty('clientSecrets')
    sandbox.settings.stampsOfSecrets = 'absent'
    expect(send('GET', path).json.data[0].clientSecrets).toEqual([{ hint: expect.any(String) }])
    expect(send('GET', `${path}/none`).status).toBe(404)
  })

  it('patches whole fields and says nothing', () => {
    const { clientId, updatedAt } = sandbox.tenant.addClient({ clientName: 'etl', description: 'old' })
    const answer = patch(
      clientId,
      { op: 'replace', path: '/clientName', value: 'new' },
      { op: 'add', path: '/allowedScopes', value: ['apps'] },
      { op: 'remove', path: '/description' },
    )
    expect([answer.status, answer.text]).toEqual([204, ''])
    const { json } = send('GET', `${path}/${clientId}`)
    expect(json).toMatchObject({ clientName: 'new', allowedScopes: ['apps'] })
    expect(json).not.toHaveProperty('description')
    expect(json.updatedAt > updatedAt).toBe(true)
  })

  it.each([
    ['the type of app', { op: 'replace', path: '/appType', value: 'spa' }],
    ['the consent', { op: 'replace', path: '/connectionConfig/consentMethod', value: 'trusted' }],
    ['part of a field', { op: 'add', path: '/allowedScopes/-', value: 'apps' }],
    ['by an unknown operation', { op: 'move', path: '/description', value: 'x' }],
    ['to a wrong value', { op: 'replace', path: '/allowedScopes', value: 'apps' }],
    ['to methods that lack their keys', { op: 'replace', path: '/allowedAuthMethods', value: ['private_key_jwt'] }],
    ['the name away', { op: 'remove', path: '/clientName' }],
    ['what is absent away', { op: 'remove', path: '/logoUri' }],
  ])('refuses to patch %s, and then patches nothing', (_what, operation) => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl' })
    expect(patch(clientId, { op: 'replace', path: '/clientName', value: 'new' }, operation).status).toBe(400)
    expect(sandbox.tenant.findByName('etl')).toHaveLength(1)
  })

  it('replaces what is absent, and patches keys, unless told not to', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl' })
    const keys = [{ kid: 'k', kty: 'EC', alg: 'ES384', use: 'sig' }]
    expect(patch(clientId, { op: 'replace', path: '/description', value: 'x' }).status).toBe(204)
    expect(patch(clientId, { op: 'replace', path: '/publicKeys', value: keys }).status).toBe(204)
    Object.assign(sandbox.settings, { replaceAbsent: 'refused', publicKeysPatch: 'refused' })
    expect(patch(clientId, { op: 'replace', path: '/logoUri', value: 'x' }).status).toBe(400)
    expect(patch(clientId, { op: 'add', path: '/logoUri', value: 'x' }).status).toBe(204)
    expect(patch(clientId, { op: 'replace', path: '/publicKeys', value: keys }).status).toBe(400)
  })

  it('answers 202 with a secret and no hint when the patch turns secrets on', () => {
    const publicKeys = [{ kid: 'k', kty: 'EC', alg: 'ES384', use: 'sig' }]
    const made = sandbox.tenant.addClient({
      clientName: 'etl',
      allowedAuthMethods: ['private_key_jwt'],
      publicKeys,
      secrets: 0,
    })
    const value = ['client_secret', 'private_key_jwt']
    const answer = patch(made.clientId, { op: 'replace', path: '/allowedAuthMethods', value })
    expect(answer.status).toBe(202)
    expect(answer.json).toEqual({ clientSecret: made.secrets[0]?.value })
    expect(patch(made.clientId, { op: 'replace', path: '/allowedAuthMethods', value }).status).toBe(204)
  })

  it('deletes only with the confirmation', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl' })
    expect(send('DELETE', `${path}/${clientId}`).status).toBe(400)
    sandbox.settings.unconfirmedDeleteStatus = 412
    expect(send('DELETE', `${path}/${clientId}`, undefined, { 'qlik-confirm-delete': 'x' }).status).toBe(412)
    expect(send('DELETE', `${path}/${clientId}`, undefined, { 'qlik-confirm-delete': clientId }).status).toBe(204)
    expect(send('GET', `${path}/${clientId}`).status).toBe(404)
  })

  it('changes consent through its own resource', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl', consentMethod: 'required' })
    const at = `${path}/${clientId}/connection-configs/me`
    const operation = { op: 'replace', path: '/consentMethod', value: 'trusted' }
    for (const bad of [[], [operation, operation], [{ ...operation, op: 'add' }], [{ ...operation, value: 'x' }]]) {
      expect(send('PATCH', at, bad).status).toBe(400)
    }
    const answer = send('PATCH', at, [operation])
    expect([answer.status, answer.text]).toEqual([204, ''])
    expect(send('GET', at).json).toEqual({ consentMethod: 'trusted', status: 'approved', deletedByOwner: false })
  })

  it('publishes', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl' })
    expect(send('POST', `${path}/${clientId}/actions/publish`).status).toBe(201)
    expect(send('GET', `${path}/${clientId}`).json.publishedAt).toBeDefined()
  })
})

describe('secrets', () => {
  it('are added up to five and deleted by hint', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl' })
    const at = `${path}/${client.clientId}/client-secrets`
    const { status, json } = send('POST', at)
    expect(status).toBe(201)
    expect(json).toEqual({
      clientId: client.clientId,
      clientSecret: expect.stringMatching(/^[0-9a-f]{64}$/),
      hint: json.clientSecret.slice(0, 5),
      createdAt: expect.any(String),
      createdBy: sandbox.tenant.owner.id,
    })
    for (let i = 0; i < 3; i++) expect(send('POST', at).status).toBe(201)
    expect(send('POST', at).status).toBe(409)
    expect(send('DELETE', `${at}/zzzzz`).status).toBe(404)
    expect(send('DELETE', `${at}/${json.hint}`).status).toBe(204)
    expect(sandbox.tenant.secretIsLive(client.clientId, json.clientSecret)).toBe(false)
    expect(send('POST', at).status).toBe(201)
  })

  it('are for web clients that use them', () => {
    const spa = sandbox.tenant.addClient({ clientName: 'a', appType: 'spa', allowedGrantTypes: [] })
    const signed = sandbox.tenant.addClient({ clientName: 'b', allowedAuthMethods: ['private_key_jwt'] })
    for (const { clientId } of [spa, signed])
      expect(send('POST', `${path}/${clientId}/client-secrets`).status).toBe(400)
  })

  it('may all be deleted, unless the last has to stay', () => {
    const { clientId, secrets } = sandbox.tenant.addClient({ clientName: 'etl', secrets: 2 })
    sandbox.settings.lastSecret = 'kept'
    const drop = () => send('DELETE', `${path}/${clientId}/client-secrets/${secrets[0]?.hint}`).status
    expect([drop(), drop()]).toEqual([204, 400])
    sandbox.settings.lastSecret = 'deletable'
    expect(drop()).toBe(204)
    expect(secrets).toEqual([])
  })

  it('have hints from the start, the end, or nowhere', () => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'etl', secrets: 0 })
    expect(((s) => s.value.startsWith(s.hint))(sandbox.tenant.addSecret(clientId))).toBe(true)
    sandbox.settings.hints = 'suffix'
    expect(((s) => s.value.endsWith(s.hint))(sandbox.tenant.addSecret(clientId))).toBe(true)
    sandbox.settings.hints = 'opaque'
    expect(sandbox.tenant.addSecret(clientId).hint).toMatch(/^[0-9a-f]{5}$/)
  })
})
