import { type Call, emptyResponse, isRecord, jsonResponse, type SandboxResponse } from '../http.ts'
import { linksOf, pageOf } from './paging.ts'
import { forbidden, invalid, notFound, readBody, TenantProblem } from './problem.ts'
import { type Assignment, rolesOfSpaces, type Space } from './spaces-model.ts'
import type { Context } from './token.ts'
import type { Actor } from './types.ts'

/** Answers for https://qlik.dev/apis/rest/spaces: finding spaces, and reading and changing their members. */
export function spacesRoute(call: Call, actor: Actor, context: Context): SandboxResponse {
  const [, , , id, part, assignmentId] = call.segments
  const depth = call.segments.length - 3
  if (depth === 0 && call.method === 'GET') return list(call, actor, context)
  if (depth === 0 && call.method === 'POST') return create(call, actor, context)
  if (id === undefined || (depth > 1 && part !== 'assignments')) throw notFound()
  const space = visibleSpace(id, actor, context)
  if (depth === 1 && call.method === 'GET') return jsonResponse(200, shapeOf(space, actor, context))
  if (depth === 1 && call.method === 'DELETE') return remove(space, actor, context)
  if (depth === 2 && call.method === 'GET') return members(call, space, actor, context)
  if (depth === 2 && call.method === 'POST') return assign(call, space, actor, context)
  if (depth === 3) return one(call, space, assignmentId ?? '', { actor, context })
  throw notFound()
}

// --- who sees and manages spaces -----------------------------------------------------------------------------------------

/** Other scopes don't open spaces; these open all of them. */
function administers({ admin, scopes }: Actor, write: boolean): boolean {
  if (scopes === undefined) return admin
  const sufficient = ['admin_classic', 'admin.spaces', ...(write ? [] : ['admin.spaces:read'])]
  return scopes.some((scope) => sufficient.includes(scope))
}

function rolesIn(space: Space, { userId }: Actor, { tenant }: Context): string[] {
  if (space.ownerId === userId) return rolesOfSpaces[space.type]
  return tenant.spaces.of(space.id, userId)?.roles ?? []
}

/** A member's own scopes must reach spaces of the type, too. */
function sees(space: Space, actor: Actor, context: Context): boolean {
  if (administers(actor, false)) return true
  const reaching = ['user_default', `spaces.${space.type}`, `spaces.${space.type}:read`]
  const reaches = actor.scopes === undefined || actor.scopes.some((scope) => reaching.includes(scope))
  return reaches && rolesIn(space, actor, context).length > 0
}

function visibleSpace(id: string, actor: Actor, context: Context): Space {
  const space = context.tenant.spaces.all.get(id)
  if (!space) throw notFound()
  if (sees(space, actor, context)) return space
  throw context.settings.unseenSpace === 'missing' ? notFound() : forbidden()
}

function mayManage(space: Space, actor: Actor, context: Context): void {
  const byRole = rolesIn(space, actor, context).includes('facilitator') && actor.scopes === undefined
  if (!administers(actor, true) && !byRole) throw forbidden()
}

// --- spaces ------------------------------------------------------------------------------------------------------------

/** `name` finds all spaces that contain it, in either case: https://qlik.dev/apis/rest/spaces */
function list(call: Call, actor: Actor, context: Context): SandboxResponse {
  const { tenant, settings } = context
  const name = call.query.get('name')?.toLowerCase()
  const types = call.query.get('type')?.split(',')
  const found = [...tenant.spaces.all.values()].filter(
    (space) =>
      sees(space, actor, context) &&
      (name === undefined || space.name.toLowerCase().includes(name)) &&
      (types === undefined || types.includes(space.type)),
  )
  const page = pageOf(found, call.query, { usual: 10, pageLimit: settings.pageLimit })
  const data = page.items.map((space) => shapeOf(space, actor, context))
  return jsonResponse(200, { data, meta: { count: found.length }, links: linksOf(page, call, settings.tenantUrl) })
}

function create(call: Call, actor: Actor, context: Context): SandboxResponse {
  if (!administers(actor, true)) throw forbidden()
  const { name, type } = fieldsOf(call)
  if (typeof name !== 'string' || name === '' || name.length > 256) throw invalid('name must have 1 to 256 characters')
  if (typeof type !== 'string' || !(type in rolesOfSpaces)) throw invalid('type must be shared, managed or data')
  const space = context.tenant.spaces.add(name, { type: type as Space['type'], ownerId: actor.userId })
  return jsonResponse(201, shapeOf(space, actor, context))
}

function remove(space: Space, actor: Actor, context: Context): SandboxResponse {
  if (!administers(actor, true) && space.ownerId !== actor.userId) throw forbidden()
  context.tenant.spaces.delete(space.id)
  return emptyResponse(204)
}

function shapeOf(space: Space, actor: Actor, context: Context): Record<string, unknown> {
  const { tenant, settings } = context
  const href = `${settings.tenantUrl}/api/v1/spaces/${space.id}`
  return {
    ...space,
    tenantId: tenant.tenantId,
    meta: { actions: [], assignableRoles: rolesOfSpaces[space.type], roles: rolesIn(space, actor, context) },
    links: { self: { href }, assignments: { href: `${href}/assignments` } },
  }
}

// --- members -----------------------------------------------------------------------------------------------------------

function members(call: Call, space: Space, actor: Actor, context: Context): SandboxResponse {
  const { tenant, settings } = context
  mayManage(space, actor, context)
  const [assigneeId, type] = [call.query.get('assigneeId'), call.query.get('type')]
  const found = tenant.spaces
    .in(space.id)
    .filter((it) => (assigneeId === null || it.assigneeId === assigneeId) && (type === null || it.type === type))
  const page = pageOf(found, call.query, { usual: 10, pageLimit: settings.pageLimit })
  const data = page.items.map((it) => assignmentShape(it, context))
  return jsonResponse(200, { data, meta: { count: found.length }, links: linksOf(page, call, settings.tenantUrl) })
}

function assign(call: Call, space: Space, actor: Actor, context: Context): SandboxResponse {
  const { tenant } = context
  mayManage(space, actor, context)
  const { type, assigneeId, roles } = fieldsOf(call)
  if (typeof type !== 'string' || typeof assigneeId !== 'string') throw invalid('type and assigneeId are required')
  const user = tenant.users.get(assigneeId)
  if (!user) throw notFound()
  refuseType(type, user.clientId !== undefined, context)
  const checked = checkedRoles(roles, space)
  if (space.ownerId === assigneeId || tenant.spaces.of(space.id, assigneeId)) {
    throw new TenantProblem(409, 'Conflict', { detail: 'The assignee has an assignment in this space' })
  }
  const assignment = tenant.spaces.assign(space.id, assigneeId, checked, { type, by: actor.userId })
  return jsonResponse(201, assignmentShape(assignment, context))
}

/** The documentation has `bot` among the types and not in its text: which of them a bot needs is a setting. */
function refuseType(type: string, isBot: boolean, { settings }: Context): void {
  const accepted = isBot ? { user: ['user'], bot: ['bot'], either: ['user', 'bot'] }[settings.typeOfBots] : ['user']
  if (accepted.includes(type)) return
  throw new TenantProblem(settings.wrongTypeStatus, 'Bad request', { detail: `The assignee is not a ${type}` })
}

function one(call: Call, space: Space, id: string, by: { actor: Actor; context: Context }): SandboxResponse {
  const { actor, context } = by
  const { spaces } = context.tenant
  mayManage(space, actor, context)
  const assignment = spaces.assignments.get(id)
  if (assignment?.spaceId !== space.id) throw notFound()
  if (call.method === 'PUT') assignment.roles = checkedRoles(fieldsOf(call).roles, space)
  else if (call.method === 'DELETE') {
    spaces.assignments.delete(id)
    return emptyResponse(204)
  } else if (call.method !== 'GET') throw new TenantProblem(405, 'Method not allowed')
  return jsonResponse(200, assignmentShape(assignment, context))
}

function fieldsOf(call: Call): Record<string, unknown> {
  const body = readBody(call)
  if (!isRecord(body)) throw invalid('The body must be a JSON object')
  return body
}

function checkedRoles(roles: unknown, { type }: Space): string[] {
  if (!Array.isArray(roles) || roles.length === 0) throw invalid('roles must not be empty')
  const wrong = roles.find((role) => !rolesOfSpaces[type].includes(role))
  if (wrong !== undefined) throw invalid(`${wrong} is not a role that can be assigned in this space`)
  return [...new Set(roles as string[])]
}

function assignmentShape(assignment: Assignment, { tenant, settings }: Context): Record<string, unknown> {
  const space = `${settings.tenantUrl}/api/v1/spaces/${assignment.spaceId}`
  const links = { self: { href: `${space}/assignments/${assignment.id}` }, space: { href: space } }
  return { ...assignment, tenantId: tenant.tenantId, links }
}
