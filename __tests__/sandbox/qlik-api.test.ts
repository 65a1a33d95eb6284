import { describe, expect, it } from 'vitest'
import { as, byKey, eachFile, fresh, started } from './qlik-library.ts'

eachFile()

function byClient() {
  const { clientId, secret } = started.sandbox.tenant.createAdminClient()
  return as({ clientId, clientSecret: secret, scope: 'admin_classic user_default' })
}

describe.each([
  ['an API key', byKey],
  ['an OAuth client', byClient],
])('Qlik’s own library with %s', (_what, connect) => {
  it('takes a client through its life', async () => {
    const { oauthClients, users } = connect()
    const me = (await users.getMyUser(fresh)).data
    const created = await oauthClients.createOAuthClient({
      appType: 'web',
      clientName: 'by the library',
      allowedGrantTypes: ['client_credentials'],
      allowedScopes: ['user_default'],
    })
    expect(created.status).toBe(201)
    const { clientId, clientSecret, clientSecrets } = created.data
    expect(clientSecrets?.[0]?.createdBy).toBe(me.id)

    const filter = 'clientName eq "by the library" and appType eq "web"'
    const list = await oauthClients.getOAuthClients({ filter, totalResults: true, sort: '+createdAt' }, fresh)
    expect(list.data.data.map((item) => item.clientId)).toContain(clientId)

    const operation = { op: 'replace', path: '/clientName', value: 'renamed' } as const
    expect((await oauthClients.patchOAuthClient(clientId, [operation])).status).toBe(204)
    expect((await oauthClients.getOAuthClient(clientId, fresh)).data.clientName).toBe('renamed')

    const trusted = { op: 'replace', path: '/consentMethod', value: 'trusted' } as const
    expect((await oauthClients.getOAuthClientConnectionConfig(clientId, fresh)).data.consentMethod).toBe('required')
    expect((await oauthClients.patchOAuthClientConnectionConfig(clientId, [trusted])).status).toBe(204)
    expect((await oauthClients.getOAuthClientConnectionConfig(clientId, fresh)).data.consentMethod).toBe('trusted')

    const second = (await oauthClients.createOAuthClientSecret(clientId)).data
    expect((await oauthClients.deleteOAuthClientSecret(clientId, clientSecrets?.[0]?.hint ?? '')).status).toBe(204)
    expect(started.sandbox.tenant.secretIsLive(clientId, clientSecret)).toBe(false)

    const bot = as({ clientId, clientSecret: second.clientSecret })
    expect((await bot.users.getMyUser(fresh)).data).toMatchObject({ clientId, name: 'renamed' })

    await expect(oauthClients.deleteOAuthClient(clientId)).rejects.toMatchObject({ status: 400 })
    const confirmed = { headers: { 'qlik-confirm-delete': clientId } }
    expect((await oauthClients.deleteOAuthClient(clientId, confirmed)).status).toBe(204)
    await expect(oauthClients.getOAuthClient(clientId, fresh)).rejects.toMatchObject({ status: 404 })
  })

  it('finds its way through pages', async () => {
    const { oauthClients } = connect()
    for (let i = 0; i < 5; i++) started.sandbox.tenant.addClient({ clientName: 'paged' })
    const seen: string[] = []
    let next: string | undefined
    do {
      const query = { filter: 'clientName eq "paged"', limit: 2, ...(next === undefined ? {} : { next }) }
      const { data } = await oauthClients.getOAuthClients(query, fresh)
      seen.push(...data.data.map((item) => item.clientId))
      next = data.links.next && (new URL(data.links.next.href).searchParams.get('next') ?? undefined)
    } while (next !== undefined)
    expect(new Set(seen).size).toBe(started.sandbox.tenant.findByName('paged').length)
  })
})
