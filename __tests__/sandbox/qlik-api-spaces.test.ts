import type { RoleType } from '@qlik/api/spaces'
import { describe, expect, it } from 'vitest'
import { as, byKey, eachFile, fresh, started } from './qlik-library.ts'

eachFile()

describe('Qlik’s own library, on spaces', () => {
  it('finds them by a part of their name, page by page', async () => {
    const { spaces } = started.sandbox.tenant
    for (const name of ['Finance', 'finance EU', 'Griffin', 'Sales', 'Finance']) spaces.add(name)
    const { spaces: api } = byKey()
    const seen: string[] = []
    let page = await api.getSpaces({ name: 'fin', limit: 2 }, fresh)
    for (;;) {
      seen.push(...(page.data.data ?? []).map((space) => space.name))
      if (page.next === undefined) break
      page = await page.next(fresh)
    }
    expect(seen).toEqual(['Finance', 'finance EU', 'Griffin', 'Finance'])
    const space = spaces.add('Data', { type: 'data' })
    const { data } = await api.getSpace(space.id, fresh)
    expect(data.meta?.assignableRoles).toContain('datapreview')
    expect((await api.getSpaces({ type: 'data' }, fresh)).data.data).toHaveLength(1)
  })

  it('makes a bot a member of a space, which opens it to the client', async () => {
    const { tenant } = started.sandbox
    const space = tenant.spaces.add('Reports')
    const client = tenant.addClient({ clientName: 'reader', allowedScopes: ['user_default'] })
    const [admin, bot] = [byKey(), as({ clientId: client.clientId, clientSecret: client.secrets[0]!.value })]
    await expect(bot.spaces.getSpace(space.id, fresh)).rejects.toMatchObject({ status: 403 })
    const found = await admin.users.getUsers({ filter: `clientId eq "${client.clientId}"`, limit: 100 }, fresh)
    const [user] = found.data.data ?? []
    expect(user).toMatchObject({ status: 'active', subject: `qlikbot\\${client.clientId}` })

    const roles: RoleType[] = ['consumer']
    const body = { type: 'user' as const, assigneeId: user!.id, roles }
    const made = await admin.spaces.createSpaceAssignment(space.id, body)
    expect(made.status).toBe(201)
    await expect(admin.spaces.createSpaceAssignment(space.id, body)).rejects.toMatchObject({ status: 409 })
    expect((await bot.spaces.getSpace(space.id, fresh)).data.meta?.roles).toEqual(roles)

    const changed = await admin.spaces.updateSpaceAssignment(space.id, made.data.id, {
      roles: ['producer', 'consumer'],
    })
    expect([changed.status, changed.data.roles]).toEqual([200, ['producer', 'consumer']])
    const listed = await admin.spaces.getSpaceAssignments(space.id, { assigneeId: user!.id }, fresh)
    expect(listed.data.data).toMatchObject([{ assigneeId: user!.id, roles: ['producer', 'consumer'], type: 'user' }])
    expect((await admin.spaces.deleteSpaceAssignment(space.id, made.data.id)).status).toBe(204)
    await expect(bot.spaces.getSpace(space.id, fresh)).rejects.toMatchObject({ status: 403 })
  })

  it('deletes a user, and what it was a member of', async () => {
    const { tenant } = started.sandbox
    const space = tenant.spaces.add('Left')
    const bot = tenant.botOf(tenant.addClient({ clientName: 'leaver' }))
    tenant.spaces.assign(space.id, bot.id, ['consumer'])
    const { users } = byKey()
    expect((await users.getUser(bot.id, {}, fresh)).data.subject).toBe(bot.subject)
    expect((await users.deleteUser(bot.id)).status).toBe(204)
    await expect(users.getUser(bot.id, {}, fresh)).rejects.toMatchObject({ status: 404 })
    expect(tenant.spaces.in(space.id)).toEqual([])
  })
})
