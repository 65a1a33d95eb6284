import { bearerOf, type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import { RateWindow } from '../window.ts'
import { auditsRoute, oauthTokensRoute } from './audits.ts'
import { readCreateBody } from './fields.ts'
import { listPage } from './list.ts'
import { Past } from './past.ts'
import { patchClient, readConsentPatch } from './patch.ts'
import { forbidden, invalid, notFound, problemResponse, readBody, TenantProblem } from './problem.ts'
import { connectionConfigShape, createdShape, listShape, newSecretShape, readShape, slimShape } from './shapes.ts'
import { spacesRoute } from './spaces.ts'
import { type Context, revokeRoute, tokenRoute } from './token.ts'
import type { Actor, Client } from './types.ts'
import { usersRoute } from './users.ts'

const clientsPath = '/api/v1/oauth-clients'
const usersPath = '/api/v1/users'
const spacesPath = '/api/v1/spaces'
const auditsPath = '/api/v1/audits'
const tokensPath = '/api/v1/oauth-tokens'

/** Answers for a Qlik Cloud tenant. */
export class TenantRoutes {
  readonly #context: Context
  readonly #tiers = new RateWindow(60_000)
  readonly #past: Past

  constructor(context: Context) {
    this.#context = context
    this.#past = new Past(context.clock)
  }

  handle(call: Call): SandboxResponse {
    const { settings, tenant } = this.#context
    if (settings.readsBehind > 0 && call.method !== 'GET') this.#past.keep(tenant.clients)
    try {
      return this.#route(call)
    } catch (problem) {
      if (!(problem instanceof TenantProblem)) throw problem
      return problemResponse(problem, call.pathname.startsWith('/oauth/'))
    }
  }

  #route(call: Call): SandboxResponse {
    const open = `${call.method} ${call.pathname}`
    if (open === 'GET /.well-known/oauth-authorization-server') return this.#metadata()
    if (open === 'POST /oauth/token') {
      this.#spend('/oauth/token', false)
      return tokenRoute(call, this.#context)
    }
    if (open === 'POST /oauth/revoke') {
      this.#spend('/oauth/revoke', false)
      return revokeRoute(call, this.#context)
    }
    const actor = this.#context.tenant.actorOf(bearerOf(call.headers))
    if (!actor) throw new TenantProblem(401, 'Unauthorized', { detail: 'The bearer credential is not valid' })
    this.#spend(actor.userId, call.method === 'GET')
    const closed = Object.entries(this.#context.settings.closed).find(([path]) => isUnder(path, call))
    if (closed) throw new TenantProblem(closed[1], 'Closed', { detail: 'The sandbox was told to close this' })
    if (isUnder(auditsPath, call)) return auditsRoute(call, actor, this.#context)
    if (isUnder(tokensPath, call)) return oauthTokensRoute(call, actor, this.#context)
    if (isUnder(usersPath, call)) return usersRoute(call, actor, this.#context)
    if (isUnder(spacesPath, call)) return spacesRoute(call, actor, this.#context)
    if (call.pathname === clientsPath) return this.#collection(call, actor)
    if (call.pathname.startsWith(`${clientsPath}/`)) return this.#item(call, actor)
    throw notFound()
  }

  #metadata(): SandboxResponse {
    const { tenantUrl, issuer } = this.#context.settings
    return jsonResponse(200, {
      issuer: issuer ?? tenantUrl,
      authorization_endpoint: `${tenantUrl}/oauth/authorize`,
      token_endpoint: `${tenantUrl}/oauth/token`,
      revocation_endpoint: `${tenantUrl}/oauth/revoke`,
      jwks_uri: `${tenantUrl}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    })
  }

  /** Tiers of https://qlik.dev/apis/rate-limiting: reads are tier 1, writes and the token endpoint tier 2. */
  #spend(caller: string, read: boolean): void {
    const { settings } = this.#context
    this.#count(`${read ? 1 : 2} ${caller}`, read ? settings.tier1PerMinute : settings.tier2PerMinute)
    if (!read) this.#count('2', settings.tenantWritesPerMinute)
  }

  #count(what: string, limit: number): void {
    const { clock } = this.#context
    if (limit === Number.POSITIVE_INFINITY) return
    const { used, resetsAt } = this.#tiers.spend(what, 1, clock.now())
    if (used <= limit) return
    const seconds = Math.max(1, Math.ceil((resetsAt - clock.now()) / 1000))
    throw new TenantProblem(429, 'Too many requests', { headers: { 'retry-after': String(seconds) } })
  }

  #collection(call: Call, actor: Actor): SandboxResponse {
    if (call.method === 'GET') return this.#list(call, actor)
    if (call.method === 'POST') return this.#create(call, actor)
    throw new TenantProblem(405, 'Method not allowed')
  }

  #list(call: Call, actor: Actor): SandboxResponse {
    const { tenant, settings, clock } = this.#context
    mayRead(actor)
    const visible = [...this.#shown().values()].filter(
      (client) =>
        (client.deletedAt === undefined || settings.deletedClients === 'shown') &&
        client.createdMs + settings.listDelay * 1000 <= clock.now(),
    )
    const page = listPage(visible, call.query, tenant.tenantId, settings)
    const shape = (client: Client) =>
      actor.admin ? listShape(client, tenant.tenantId, settings) : slimShape(client, tenant.tenantId)
    const links = {
      self: { href: `${settings.tenantUrl}${clientsPath}${queryOf(call.query)}` },
      ...this.#link('next', page.next, call),
      ...this.#link('prev', page.prev, call),
    }
    const total = call.query.get('totalResults') === 'true' ? { totalResults: page.total } : {}
    return jsonResponse(200, { data: [...settings.strangers, ...page.clients.map(shape)], links, ...total })
  }

  #link(name: 'next' | 'prev', cursor: string | undefined, call: Call): Record<string, { href: string }> {
    if (cursor === undefined) return {}
    const query = new URLSearchParams(call.query)
    query.delete('next')
    query.delete('prev')
    query.set(name, cursor)
    return { [name]: { href: `${this.#context.settings.tenantUrl}${clientsPath}${queryOf(query)}` } }
  }

  #create(call: Call, actor: Actor): SandboxResponse {
    const { tenant, settings } = this.#context
    mayWrite(actor)
    const { fields, trusted } = readCreateBody(readBody(call), settings)
    if (tenant.liveClients().length >= settings.maxClients) {
      throw new TenantProblem(400, 'Bad request', { detail: 'The maximum number of OAuth clients is reached' })
    }
    if (settings.duplicateNames === 'refused' && tenant.findByName(fields.clientName).length > 0) {
      throw new TenantProblem(409, 'Conflict', { detail: 'There is a client of this name' })
    }
    const honoured = trusted && settings.createConsent === 'honoured'
    const client = tenant.makeClient(fields, {
      consentMethod: honoured || settings.createConsent === 'always' ? 'trusted' : 'required',
      createdByType: actor.clientId === undefined ? 'user' : settings.createdByTypeOfBots,
    })
    if (settings.botAppears === 'with-client') tenant.botOf(client)
    if (takesSecrets(client) || settings.secretForKeys === 'made') tenant.makeSecret(client, actor.userId)
    return jsonResponse(201, createdShape(client, tenant.tenantId, settings))
  }

  /** The clients that reads show: if reads lag behind writes, an earlier state. */
  #shown(): ReadonlyMap<string, Client> {
    const { tenant, settings } = this.#context
    return this.#past.at(settings.readsBehind) ?? tenant.clients
  }

  #item(call: Call, actor: Actor): SandboxResponse {
    const [, , , id = '', part, last] = call.segments
    const depth = call.segments.length - 4
    const client = this.#find(id, actor, call.method)
    if (depth === 0) return this.#one(call, client, actor)
    if (part === 'client-secrets' && depth === 1 && call.method === 'POST') return this.#addSecret(client, actor)
    if (part === 'client-secrets' && depth === 2 && call.method === 'DELETE')
      return this.#dropSecret(client, last ?? '')
    if (part === 'connection-configs' && depth === 2 && last === 'me') return this.#connection(call, client, actor)
    if (part === 'actions' && last === 'publish' && depth === 2 && call.method === 'POST') {
      client.publishedAt ??= this.#context.clock.nanoStamp()
      return jsonResponse(201, { publishedAt: client.publishedAt })
    }
    throw notFound()
  }

  #find(id: string, actor: Actor, method: string): Client {
    if (method === 'GET') mayRead(actor)
    else mayWrite(actor)
    const client = (method === 'GET' ? this.#shown() : this.#context.tenant.clients).get(id)
    const shown =
      client?.deletedAt === undefined || (method === 'GET' && this.#context.settings.deletedClients === 'shown')
    if (!client || !shown) throw notFound()
    return client
  }

  #one(call: Call, client: Client, actor: Actor): SandboxResponse {
    const { tenant, settings } = this.#context
    if (call.method === 'GET') {
      const shape = actor.admin ? readShape(client, tenant.tenantId, settings) : slimShape(client, tenant.tenantId)
      return jsonResponse(200, shape)
    }
    if (call.method === 'PATCH') return this.#patch(call, client, actor)
    if (call.method !== 'DELETE') throw new TenantProblem(405, 'Method not allowed')
    if (call.headers['qlik-confirm-delete'] !== client.clientId) {
      const detail = 'The header qlik-confirm-delete must hold the id of the client'
      throw new TenantProblem(settings.unconfirmedDeleteStatus, 'Deletion is not confirmed', { detail })
    }
    tenant.deleteClient(client.clientId)
    return emptyResponse(204)
  }

  #patch(call: Call, client: Client, actor: Actor): SandboxResponse {
    const { tenant, settings, clock } = this.#context
    const { secretsTurnedOn } = patchClient(client, readBody(call), settings)
    client.updatedAt = clock.nanoStamp()
    if (!secretsTurnedOn || client.secrets.length >= 5) return emptyResponse(204)
    // The answer has the secret and, unlike the other two that do, no hint.
    return jsonResponse(202, { clientSecret: tenant.makeSecret(client, actor.userId).value })
  }

  #addSecret(client: Client, actor: Actor): SandboxResponse {
    if (!takesSecrets(client)) throw invalid('This client does not use client secrets')
    if (client.secrets.length >= 5) {
      throw new TenantProblem(409, 'Conflict', { detail: 'The maximum number of client secrets is reached' })
    }
    const secret = this.#context.tenant.makeSecret(client, actor.userId)
    return jsonResponse(201, newSecretShape(client, secret, this.#context.settings))
  }

  #dropSecret(client: Client, hint: string): SandboxResponse {
    const last = client.secrets.length === 1 && client.secrets[0]?.hint === hint
    if (last && this.#context.settings.lastSecret === 'kept') throw invalid('The last client secret cannot be deleted')
    if (!this.#context.tenant.removeSecret(client, hint)) throw notFound()
    return emptyResponse(204)
  }

  #connection(call: Call, client: Client, actor: Actor): SandboxResponse {
    if (!actor.admin) throw forbidden()
    if (call.method === 'GET') {
      if (this.#context.settings.consentShown === 'nowhere') throw forbidden()
      return jsonResponse(200, connectionConfigShape(client))
    }
    if (call.method !== 'PATCH') throw new TenantProblem(405, 'Method not allowed')
    const consentMethod = readConsentPatch(readBody(call))
    // Setting the same value again changes nothing, so it does not restart the delay either.
    if (client.consentMethod !== consentMethod) client.consentAt = this.#context.clock.now()
    client.consentMethod = consentMethod
    return emptyResponse(204)
  }
}

function isUnder(path: string, { pathname }: Call): boolean {
  return pathname === path || pathname.startsWith(`${path}/`)
}

function takesSecrets(client: Client): boolean {
  return client.appType === 'web' && client.allowedAuthMethods?.includes('client_secret') === true
}

function queryOf(query: URLSearchParams): string {
  return query.size === 0 ? '' : `?${query}`
}

/** A bot without any scope reaches nothing; other callers may at least read the slim shape. */
function mayRead(actor: Actor): void {
  if (actor.scopes?.length === 0) throw forbidden()
}

function mayWrite(actor: Actor): void {
  if (!actor.admin) throw forbidden()
}
