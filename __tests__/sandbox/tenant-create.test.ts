import { describe, expect, it } from 'vitest'
import { create, eachTenant, path, sandbox, send, start } from './own-tenant.ts'

eachTenant()

describe('creating', () => {
  it('answers with ids, a secret and its hint, and does not trust the client by itself', () => {
    const { status, json } = create({ description: 'd' })
    expect(status).toBe(201)
    expect(json.clientId).toMatch(/^[0-9a-f]{32}$/)
    expect(json.clientSecret).toMatch(/^[0-9a-f]{64}$/)
    expect(json.clientSecrets).toEqual([
      { hint: json.clientSecret.slice(0, 5), createdAt: expect.any(String), createdBy: sandbox.tenant.owner.id },
    ])
    expect(json.createdAt).toMatch(/^2026-11-02T06:00:00\.\d{9}Z$/)
    expect(json).toMatchObject({ clientName: 'etl', description: 'd', createdByType: 'user' })
    expect(send('GET', `${path}/${json.clientId}`).json.connectionConfig).toEqual({ consentMethod: 'required' })
    expect(sandbox.tenant.secretIsLive(json.clientId, json.clientSecret)).toBe(true)
  })

  it('takes the trusted consent, or ignores it by switch', () => {
    const config = { connectionConfig: { consentMethod: 'trusted' } }
    const consent = (id: string) => send('GET', `${path}/${id}/connection-configs/me`).json.consentMethod
    expect(consent(create(config).json.clientId)).toBe('trusted')
    sandbox.settings.createConsent = 'ignored'
    expect(consent(create(config).json.clientId)).toBe('required')
  })

  it.each([
    ['no body', '', undefined],
    ['an array', [], undefined],
    ['no name', undefined, { clientName: undefined }],
    ['an empty name', undefined, { clientName: '' }],
    ['a long name', undefined, { clientName: 'x'.repeat(513) }],
    ['a long description', undefined, { description: 'x'.repeat(4097) }],
    ['a wrong type of app', undefined, { appType: 'desktop' }],
    ['a wrong grant', undefined, { allowedGrantTypes: ['password'] }],
    ['a grant on an spa', undefined, { appType: 'spa' }],
    ['a wrong method', undefined, { allowedAuthMethods: ['basic'] }],
    ['a repeated scope', undefined, { allowedScopes: ['apps', 'apps'] }],
    ['a long scope', undefined, { allowedScopes: ['x'.repeat(257)] }],
    ['a scope that is no string', undefined, { allowedScopes: [1] }],
    ['six redirects', undefined, { redirectUris: ['1', '2', '3', '4', '5', '6'] }],
    ['a long origin', undefined, { allowedOrigins: ['x'.repeat(257)] }],
    ['the consent required', undefined, { connectionConfig: { consentMethod: 'required' } }],
    ['a signed assertion without a key', undefined, { allowedAuthMethods: ['private_key_jwt'] }],
    ['a key without kid', undefined, { publicKeys: [{ kty: 'EC', alg: 'ES384', use: 'sig' }] }],
    ['a field that is unknown', undefined, { clientNames: 'x' }],
    ['a read-only field', undefined, { clientId: 'x' }],
  ])('refuses %s', (_what, whole, extra) => {
    const answer = whole === undefined ? create(extra) : send('POST', path, whole)
    expect(answer.status).toBe(400)
    expect(sandbox.tenant.liveClients()).toEqual([])
  })

  it('accepts a second client of the same name', () => {
    expect([create().status, create().status]).toEqual([201, 201])
    expect(sandbox.tenant.findByName('etl')).toHaveLength(2)
  })

  it('refuses it, if told to', () => {
    start({ duplicateNames: 'refused' })
    expect([create().status, create().status, create({ clientName: 'other' }).status]).toEqual([201, 409, 201])
  })

  it('accepts unknown scopes and refuses unknown fields, or the other way round', () => {
    expect(create({ allowedScopes: ['nope'] }).status).toBe(201)
    Object.assign(sandbox.settings, { unknownScopes: 'refused', unknownFields: 'ignored' })
    expect(create({ allowedScopes: ['nope'] }).status).toBe(400)
    expect(create({ other: 1 }).json).not.toHaveProperty('other')
  })

  it('has room for 200 clients', () => {
    for (let i = 0; i < 200; i++) sandbox.tenant.addClient({ clientName: 'x', secrets: 0 })
    expect(create().status).toBe(400)
  })

  it('can answer as it once did', () => {
    start({ legacyHint: true, hints: 'suffix' })
    const { json } = create()
    expect(json).not.toHaveProperty('clientSecrets')
    expect(json).toMatchObject({ clientSecretHint: json.clientSecret.slice(-5), clientUri: '', logoUri: '' })
  })

  it('makes no secret for a client without secrets', () => {
    const key = { kid: 'k', kty: 'EC', alg: 'ES384', use: 'sig' }
    expect(create({ allowedAuthMethods: ['private_key_jwt'], publicKeys: [key] }).json.clientSecret).toBeUndefined()
    expect(create({ appType: 'spa', allowedGrantTypes: [] }).json.clientSecret).toBeUndefined()
  })
})
