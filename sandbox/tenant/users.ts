import { type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import { quoted } from './list.ts'
import { linksOf, pageOf } from './paging.ts'
import { forbidden, invalid, notFound, TenantProblem } from './problem.ts'
import { scopesForOwnUser, scopesForUsers } from './scopes.ts'
import { userShape } from './shapes.ts'
import type { Context } from './token.ts'
import type { Actor, User } from './types.ts'

/** Answers for https://qlik.dev/apis/rest/users, limited to the users of clients. */
export function usersRoute(call: Call, actor: Actor, context: Context): SandboxResponse {
  const [, , , id] = call.segments
  if (id === undefined) {
    if (call.method !== 'GET') throw new TenantProblem(405, 'Method not allowed')
    return list(call, actor, context)
  }
  if (call.segments.length !== 4) throw notFound()
  if (call.method === 'DELETE') return remove(id, actor, context)
  if (call.method !== 'GET') throw notFound()
  return id === 'me' || id === actor.userId ? own(id, actor, context) : other(id, actor, context)
}

function own(id: string, actor: Actor, { tenant, settings }: Context): SandboxResponse {
  const user = tenant.users.get(actor.userId)
  if (!user) throw notFound()
  const allowed = actor.scopes === undefined || actor.scopes.some((scope) => scopesForOwnUser.includes(scope))
  if (!allowed && settings.usersMe === 'refuses') throw forbidden()
  if (id === 'me' && settings.usersMeRedirects) {
    return emptyResponse(301, { location: `${settings.tenantUrl}/api/v1/users/${user.id}` })
  }
  return jsonResponse(200, userShape(user, tenant.tenantId))
}

function other(id: string, actor: Actor, { tenant }: Context): SandboxResponse {
  mayRead(actor)
  const user = tenant.users.get(id)
  if (!user) throw notFound()
  return jsonResponse(200, userShape(user, tenant.tenantId))
}

function list(call: Call, actor: Actor, { tenant, settings }: Context): SandboxResponse {
  mayRead(actor)
  const keep = readFilter(call.query.get('filter'))
  const found = [...tenant.users.values()].filter(keep)
  const page = pageOf(found, call.query, { usual: 20, pageLimit: settings.pageLimit })
  const total = call.query.get('totalResults') === 'true' ? { totalResults: found.length } : {}
  const data = page.items.map((user) => userShape(user, tenant.tenantId))
  return jsonResponse(200, { data, links: linksOf(page, call, settings.tenantUrl), ...total })
}

/** The documentation does not say whether a bot may be deleted. */
function remove(id: string, actor: Actor, { tenant, settings }: Context): SandboxResponse {
  if (!mayManage(actor)) throw forbidden()
  const user = tenant.users.get(id)
  if (!user) throw notFound()
  const isBot = user.clientId !== undefined
  if (id === actor.userId || (isBot && settings.deletionOfBots === 'refused')) throw forbidden()
  tenant.deleteUser(id)
  return emptyResponse(204)
}

function mayRead(actor: Actor): void {
  const byScope = actor.scopes === undefined ? actor.admin : actor.scopes.some((it) => scopesForUsers.includes(it))
  if (!byScope) throw forbidden()
}

function mayManage({ admin, scopes }: Actor): boolean {
  return scopes === undefined ? admin : scopes.some((scope) => scope === 'admin_classic' || scope === 'admin.users')
}

const filterable: Record<string, (user: User) => string> = {
  id: (user) => user.id,
  subject: (user) => user.subject,
  name: (user) => user.name,
  status: (user) => user.status,
  clientid: (user) => user.clientId ?? '',
}

const searchable = ['name', 'subject']

/**
 * The part of RFC 7644 that the published examples use: comparisons with `eq` and `co`, joined by `and` and `or`. Case does not
 * count.
 */
function readFilter(filter: string | null): (user: User) => boolean {
  if (filter === null) return () => true
  const term = /\s*(\w+)\s+(eq|co)\s+("(?:[^"\\]|\\.)*")\s*(and\s+|or\s+|$)/iy
  const alternatives: ((user: User) => boolean)[][] = [[]]
  for (;;) {
    const match = term.exec(filter)
    const read = filterable[match?.[1]?.toLowerCase() ?? '']
    if (!match || !read) throw invalid('The filter could not be read')
    const value = quoted(match[3] ?? '').toLowerCase()
    const isPart = match[2]?.toLowerCase() === 'co'
    if (isPart && !searchable.includes(match[1]!.toLowerCase())) throw invalid('That field has no operator co')
    alternatives.at(-1)?.push((user) => {
      const text = read(user).toLowerCase()
      return isPart ? text.includes(value) : text === value
    })
    const joint = match[4]?.trim().toLowerCase()
    if (joint === '') break
    if (joint === 'or') alternatives.push([])
  }
  return (user) => alternatives.some((all) => all.every((is) => is(user)))
}
