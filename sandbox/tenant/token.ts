import type { SandboxClock } from '../clock.ts'
import { type Call, emptyResponse, isRecord, jsonResponse, parseJson, type SandboxResponse } from '../http.ts'
import { hex } from '../random.ts'
import type { Settings } from '../settings.ts'
import { assertionType, checkAssertion } from './assertion.ts'
import type { Tenant } from './model.ts'
import { invalid, TenantProblem } from './problem.ts'
import type { Client } from './types.ts'

/** https://qlik.dev/apis/rest/oauth and the overview's "expires in six hours" */
const tokenLifetime = 21_600

export type Context = { tenant: Tenant; settings: Settings; clock: SandboxClock }

export function tokenRoute(call: Call, context: Context): SandboxResponse {
  const params = readParams(call)
  if (params.grant_type !== 'client_credentials') throw invalid('This grant_type is not part of the sandbox')
  const client = context.tenant.clients.get(params.client_id ?? '')
  if (!client || client.deletedAt !== undefined) throw wrongCredentials()
  const secret = authenticate(client, params, context)
  if (client.disableTag !== undefined) throw new TenantProblem(403, 'Forbidden', { detail: 'The client is disabled' })
  if (!client.allowedGrantTypes?.includes('client_credentials')) {
    throw invalid('The client may not use the grant client_credentials')
  }
  if (!context.tenant.isTrusted(client)) {
    // The documentation names no error for this; the code and text are those seen for clients that are not approved.
    const { untrustedStatus, untrustedCode } = context.settings
    const detail = 'OAuth client is not authorized'
    throw new TenantProblem(untrustedStatus, 'Invalid client_id', { code: untrustedCode, detail })
  }
  return grant(client, grantedScopes(client, params.scope), secret, context)
}

export function revokeRoute(call: Call, context: Context): SandboxResponse {
  const { token } = readParams(call)
  if (token === undefined) throw invalid('token is required')
  context.tenant.tokens.delete(token)
  return emptyResponse(200)
}

/** JSON or a form, and the client's credentials also in a Basic header. */
function readParams(call: Call): Record<string, string> {
  const params: Record<string, string> = {}
  if ((call.headers['content-type'] ?? '').includes('json')) {
    const parsed = parseJson(call.body)
    if (!parsed.ok || !isRecord(parsed.value)) throw invalid('The body must be a JSON object')
    for (const [name, value] of Object.entries(parsed.value)) if (typeof value === 'string') params[name] = value
  } else {
    for (const [name, value] of new URLSearchParams(call.body)) params[name] = value
  }
  const basic = /^basic\s+(\S+)$/i.exec(call.headers.authorization ?? '')
  if (basic?.[1] !== undefined && params.client_id === undefined) {
    const [id, secret] = Buffer.from(basic[1], 'base64').toString().split(':')
    if (id !== undefined && secret !== undefined) Object.assign(params, { client_id: id, client_secret: secret })
  }
  return params
}

/** The secret that proved the client, or undefined when a signed assertion did. */
function authenticate(client: Client, params: Record<string, string>, context: Context): string | undefined {
  const methods = client.allowedAuthMethods ?? []
  if (params.client_assertion !== undefined) {
    if (params.client_assertion_type !== assertionType) throw invalid('client_assertion_type is not supported')
    const used = context.tenant.usedAssertions
    const accepted = { audiences: audiences(context.settings), now: context.clock.now(), used }
    const good = checkAssertion(params.client_assertion, client, accepted)
    if (!methods.includes('private_key_jwt') || !good) throw wrongCredentials()
    return undefined
  }
  if (params.client_secret === undefined) throw invalid('client_secret is required')
  const now = context.clock.now()
  const secret = client.secrets.find((other) => other.value === params.client_secret && other.usableAt <= now)
  if (!secret || !methods.includes('client_secret')) throw wrongCredentials()
  return secret.value
}

function audiences({ tenantUrl, issuer, audiences }: Settings): string[] {
  const hosts = { asked: [tenantUrl], issuer: [issuer ?? tenantUrl], either: [tenantUrl, issuer ?? tenantUrl] }
  return hosts[audiences].map((host) => `${host}/oauth/token`)
}

function wrongCredentials(): TenantProblem {
  return new TenantProblem(401, 'Unauthorized', { detail: 'The client credentials are not valid' })
}

/** Without `scope`: all scopes of the client except `offline_access`, which is never implied. */
function grantedScopes(client: Client, scope: string | undefined): string[] {
  const allowed = client.allowedScopes ?? []
  if (scope === undefined || scope.trim() === '') return allowed.filter((item) => item !== 'offline_access')
  const asked = scope.trim().split(/\s+/)
  const refused = asked.find((item) => !allowed.includes(item))
  if (refused !== undefined) throw new TenantProblem(400, 'Invalid scope', { detail: `${refused} is not allowed` })
  return asked
}

function grant(client: Client, scopes: string[], secret: string | undefined, context: Context): SandboxResponse {
  const { tenant, settings, clock } = context
  // The first token creates the client's user, if it has none yet: https://qlik.dev/authenticate/oauth
  const bot = tenant.botOf(client)
  if (bot.status === 'disabled') throw new TenantProblem(403, 'Forbidden', { detail: 'The user is disabled' })
  const now = clock.now()
  if (settings.maxTokensPerUser !== Number.POSITIVE_INFINITY) {
    const live = [...tenant.tokens.values()].filter((token) => token.userId === bot.id && token.expiresAt > now)
    if (live.length >= settings.maxTokensPerUser) {
      throw new TenantProblem(403, 'Forbidden', { detail: 'The maximum number of tokens is reached' })
    }
  }
  const expiresAt = now + tokenLifetime * 1000
  const claims = { sub: bot.id, subType: 'user', tenantId: tenant.tenantId, iss: tenant.tenantId, jti: hex(32) }
  const value = `${encode({ alg: 'ES384', typ: 'JWT' })}.${encode({ ...claims, exp: Math.floor(expiresAt / 1000) })}.${hex(128)}`
  tenant.events.tokenIssued(client, bot, scopes)
  tenant.tokens.set(value, { id: hex(24), value, userId: bot.id, clientId: client.clientId, scopes, expiresAt, secret })
  const expires = { expires_in: tokenLifetime, expires_at: new Date(expiresAt).toISOString() }
  return jsonResponse(200, { access_token: value, token_type: 'bearer', ...expires, scope: scopes.join(' ') })
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
