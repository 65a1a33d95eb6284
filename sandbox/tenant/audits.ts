import { type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import type { AuditEvent } from './events-model.ts'
import { linksOf, pageOf } from './paging.ts'
import { forbidden, invalid, notFound, TenantProblem } from './problem.ts'
import type { Context } from './token.ts'
import type { AccessToken, Actor } from './types.ts'

/** Answers for https://qlik.dev/apis/rest/audits: events of 90 days, for administrators. */
export function auditsRoute(call: Call, actor: Actor, { tenant, settings }: Context): SandboxResponse {
  if (call.segments.length !== 3) throw notFound()
  if (call.method !== 'GET') throw new TenantProblem(405, 'Method not allowed')
  if (!actor.admin) throw forbidden()
  const { query } = call
  const [eventType, source, userId] = ['eventType', 'source', 'userId'].map((name) => query.get(name))
  const inTime = readInterval(query.get('eventTime'))
  const found = tenant.events.kept.filter(
    (event) =>
      (eventType === null || event.eventType === eventType) &&
      (source === null || event.source === source) &&
      (userId === null || event.userId === userId) &&
      inTime(event),
  )
  const page = pageOf(sorted(found, query.get('sort')), query, { usual: 20, pageLimit: settings.pageLimit })
  const data = page.items.map(({ at: _at, ...event }) => ({ ...event, tenantId: tenant.tenantId }))
  return jsonResponse(200, { data, links: linksOf(page, call, settings.tenantUrl) })
}

/** `2026-11-01T00:00:00.00Z/2026-11-02T00:00:00.00Z` */
function readInterval(text: string | null): (event: AuditEvent) => boolean {
  if (text === null) return () => true
  const [from = Number.NaN, to = Number.NaN] = text.split('/').map(Date.parse)
  if (Number.isNaN(from) || Number.isNaN(to)) throw invalid('eventTime must be two times with a slash between')
  return ({ at }) => at >= from && at <= to
}

/** Newest first, unless the request asks for another order. */
function sorted(events: AuditEvent[], sort: string | null): AuditEvent[] {
  const [, sign, field] = /^([+-])(source|eventType|eventTime)$/.exec(sort ?? '-eventTime') ?? []
  if (field === undefined) throw invalid('sort must be + or - and source, eventType or eventTime')
  const key = field as 'source' | 'eventType' | 'eventTime'
  const order = (a: AuditEvent, b: AuditEvent) => (a[key] < b[key] ? -1 : Number(a[key] > b[key]))
  return events.toSorted((a, b) => (sign === '+' ? order(a, b) : order(b, a)))
}

/**
 * Answers for https://qlik.dev/apis/rest/oauth-tokens: live tokens: of all users for administrators, otherwise only the caller's
 * own.
 */
export function oauthTokensRoute(call: Call, actor: Actor, { tenant, settings, clock }: Context): SandboxResponse {
  const [, , , id, ...more] = call.segments
  if (more.length > 0) throw notFound()
  const mine = (token: AccessToken) => actor.admin || token.userId === actor.userId
  const live = [...tenant.tokens.values()].filter((token) => token.expiresAt > clock.now() && mine(token))
  if (id !== undefined) {
    if (call.method !== 'DELETE') throw new TenantProblem(405, 'Method not allowed')
    const found = live.find((token) => token.id === id)
    if (!found) throw notFound()
    tenant.tokens.delete(found.value)
    return emptyResponse(204)
  }
  if (call.method !== 'GET') throw new TenantProblem(405, 'Method not allowed')
  const userId = call.query.get('userId')
  const found = live.filter((token) => userId === null || token.userId === userId)
  const page = pageOf(found, call.query, { usual: 20, pageLimit: settings.pageLimit })
  const data = page.items.map((token) => ({
    ...{ id: token.id, tenantId: tenant.tenantId, userId: token.userId, clientId: token.clientId },
    ...(token.usedAt === undefined ? {} : { lastUsed: new Date(token.usedAt).toISOString() }),
  }))
  return jsonResponse(200, { data, links: linksOf(page, call, settings.tenantUrl) })
}
