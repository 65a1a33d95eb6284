import { describe, expect, it } from 'vitest'
import { as, byKey, eachFile, fresh, started } from './qlik-library.ts'

eachFile()

const tenant = () => started.sandbox.tenant

/** A client that has signed in so many times, and its bot. */
async function client(times: number) {
  const made = tenant().addClient({ clientName: 'worker', allowedScopes: ['user_default'] })
  const login = { clientId: made.clientId, clientSecret: made.secrets[0]!.value }
  for (let index = 0; index < times; index++) await as(login).users.getMyUser(fresh)
  return { made, bot: tenant().botOf(made) }
}

describe('Qlik’s own library, on events', () => {
  it('finds the access tokens of a bot, the newest first, page by page', async () => {
    const [{ made, bot }] = [await client(3), await client(1)]
    const query = { eventType: 'com.qlik.core.oauth-token.issued', userId: bot.id, sort: '-eventTime', limit: 2 }
    let page = await byKey().audits.getAudits(query, fresh)
    const seen = [...(page.data.data ?? [])]
    while (page.next !== undefined) {
      page = await page.next(fresh)
      seen.push(...(page.data.data ?? []))
    }
    expect(seen).toHaveLength(3)
    expect(seen.map(({ eventTime }) => eventTime)).toEqual(
      seen
        .map(({ eventTime }) => eventTime)
        .sort()
        .reverse(),
    )
    expect(seen[0]).toMatchObject({
      userId: bot.id,
      tenantId: tenant().tenantId,
      data: {
        issuedToClientId: made.clientId,
        grantType: 'client_credentials',
        userType: 'bot',
        scopes: ['user_default'],
      },
    })
  })

  it('has either name, or both', async () => {
    started.sandbox.settings.nameOfTokenEvents = 'both'
    const { bot } = await client(1)
    started.sandbox.settings.nameOfTokenEvents = 'new'
    for (const eventType of ['com.qlik.core.oauth-token.issued', 'com.qlik.oauth-token.issued']) {
      const { data } = await byKey().audits.getAudits({ eventType, userId: bot.id }, fresh)
      expect(data.data).toHaveLength(1)
    }
  })

  it('finds them by time and source, and keeps them for ninety days', async () => {
    const { bot } = await client(1)
    const { clock } = started.sandbox
    const at = (days: number) => new Date(clock.now() + days * 86_400_000).toISOString()
    const found = async (query: object) =>
      (await byKey().audits.getAudits({ userId: bot.id, ...query }, fresh)).data.data?.length
    expect(await found({ eventTime: `${at(-1)}/${at(1)}` })).toBe(1)
    expect(await found({ eventTime: `${at(1)}/${at(2)}` })).toBe(0)
    expect(await found({ source: 'com.qlik/oauth-tokens' })).toBe(1)
    expect(await found({ source: 'com.qlik/apps' })).toBe(0)
    clock.advance(91 * 86_400_000)
    expect(await found({})).toBe(0)
  })

  it('shows them to administrators only, and to nobody where they are closed', async () => {
    await expect(byKey(false).audits.getAudits({}, fresh)).rejects.toMatchObject({ status: 403 })
    started.sandbox.settings.closed = { '/api/v1/audits': 404 }
    await expect(byKey().audits.getAudits({}, fresh)).rejects.toMatchObject({ status: 404 })
    started.sandbox.settings.closed = {}
    await expect(byKey().audits.getAudits({ sort: 'eventTime' }, fresh)).rejects.toMatchObject({ status: 400 })
  })
})

describe('Qlik’s own library, on access tokens', () => {
  it('lists those that live, and revokes one', async () => {
    const { bot } = await client(2)
    const { oauthTokens } = byKey()
    const { data } = await oauthTokens.getOauthTokens({ userId: bot.id }, fresh)
    expect(data.data).toHaveLength(2)
    expect(data.data[0]).toMatchObject({ userId: bot.id, lastUsed: expect.any(String) })
    expect((await oauthTokens.deleteOauthToken(data.data[0]!.id)).status).toBe(204)
    expect((await oauthTokens.getOauthTokens({ userId: bot.id }, fresh)).data.data).toHaveLength(1)
    expect((await byKey(false).oauthTokens.getOauthTokens({}, fresh)).data.data).toEqual([])
  })
})

describe('Qlik’s own library, on users', () => {
  it('finds bots by a part of their subject, in any case', async () => {
    const { bot } = await client(1)
    const { data } = await byKey().users.getUsers({ filter: 'subject co "QLIKBOT"', limit: 100 }, fresh)
    expect(data.data?.map(({ id }) => id)).toContain(bot.id)
    expect(data.data?.every(({ subject }) => subject.startsWith('qlikbot'))).toBe(true)
    await expect(byKey().users.getUsers({ filter: 'id co "a"' }, fresh)).rejects.toMatchObject({ status: 400 })
  })
})
