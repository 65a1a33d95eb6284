import { SandboxClock } from './clock.ts'
import { type FaultPlan, Faults } from './faults.ts'
import { GitHub } from './github/model.ts'
import { GitHubRoutes } from './github/routes.ts'
import { sealReady } from './github/seal.ts'
import { jsonResponse, parseJson, readCall, type SandboxRequest, type SandboxResponse, withoutBase } from './http.ts'
import type { RequestRecord, Service } from './record.ts'
import { defaultSettings, type Settings } from './settings.ts'
import { Tenant } from './tenant/model.ts'
import { TenantRoutes } from './tenant/routes.ts'

/** The result of a request. The caller carries out every kind except `response`: the server does so on the socket. */
export type Outcome =
  | ({ kind: 'response' } & SandboxResponse)
  | ({ kind: 'cut'; tookEffect: boolean } & SandboxResponse)
  | { kind: 'dropped'; tookEffect: boolean }
  | { kind: 'hung'; tookEffect: boolean }

/** Await this once before the first sandbox; requests are answered synchronously from then on. */
export async function ready(): Promise<void> {
  await sealReady()
}

/** A Qlik Cloud tenant and GitHub side by side, on one clock. */
export class Sandbox {
  readonly settings: Settings
  readonly clock: SandboxClock
  readonly tenant: Tenant
  readonly github: GitHub
  readonly faults = new Faults()
  /** Every request seen, oldest first. */
  readonly requests: RequestRecord[] = []
  readonly #tenantRoutes: TenantRoutes
  readonly #githubRoutes: GitHubRoutes
  #count = 0

  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...defaultSettings, ...settings }
    this.clock = new SandboxClock(this.settings.clock, this.settings.startAt)
    this.tenant = new Tenant(this.settings, this.clock)
    this.github = new GitHub(this.clock)
    this.#tenantRoutes = new TenantRoutes({ tenant: this.tenant, settings: this.settings, clock: this.clock })
    this.#githubRoutes = new GitHubRoutes(this.github, this.settings, this.clock)
  }

  handle(service: Service, request: SandboxRequest): Outcome {
    const base = service === 'tenant' ? this.settings.tenantUrl : this.settings.githubUrl
    const path = withoutBase(request.path, base)
    const record = this.#record(service, request, path ?? request.path)
    this.faults.onRequest?.(record)
    const struck = this.faults.strike(record)
    const before = firstOf(struck, 'before')
    const answer = () => this.#answer(service, request, path)
    const outcome = before ? faulty(before, undefined) : this.#after(struck, answer)
    if (outcome.kind === 'response' || outcome.kind === 'cut') {
      const ahead = service === 'github' ? this.settings.githubDateAhead : 0
      outcome.headers = { ...outcome.headers, date: this.clock.httpDate(ahead) }
      record.status = outcome.status
    }
    return outcome
  }

  #after(struck: FaultPlan[], answer: () => SandboxResponse): Outcome {
    const response = answer()
    const plan = firstOf(struck, 'after')
    return plan ? faulty(plan, response) : { kind: 'response', ...response }
  }

  #answer(service: Service, request: SandboxRequest, path: string | undefined): SandboxResponse {
    if (path === undefined) return jsonResponse(404, { message: 'Not Found' })
    const call = readCall(request, path)
    return service === 'tenant' ? this.#tenantRoutes.handle(call) : this.#githubRoutes.handle(call)
  }

  #record(service: Service, request: SandboxRequest, path: string): RequestRecord {
    const { authorization: _kept, ...headers } = request.headers
    const record: RequestRecord = {
      index: this.#count++,
      service,
      method: request.method.toUpperCase(),
      path,
      headers,
      at: this.clock.now(),
      status: undefined,
    }
    // Bodies of token requests hold credentials.
    if (request.body !== '' && !path.startsWith('/oauth/')) {
      const parsed = parseJson(request.body)
      if (parsed.ok) record.body = parsed.value
    }
    this.requests.push(record)
    return record
  }
}

/** Hooks run on the way; the first other fault decides. */
function firstOf(struck: FaultPlan[], when: FaultPlan['when']): FaultPlan | undefined {
  for (const plan of struck) {
    if (plan.when !== when) continue
    if (plan.fault.kind !== 'hook') return plan
    plan.fault.run()
  }
  return undefined
}

function faulty(plan: FaultPlan, answered: SandboxResponse | undefined): Outcome {
  const { fault } = plan
  const tookEffect = answered !== undefined
  if (fault.kind === 'drop') return { kind: 'dropped', tookEffect }
  if (fault.kind === 'hang') return { kind: 'hung', tookEffect }
  if (fault.kind === 'html') {
    const body = '<!doctype html><html><head><title>Sorry</title></head><body><h1>Sorry</h1></body></html>\n'
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    return { kind: 'response', status: fault.status ?? 200, headers, body }
  }
  if (fault.kind === 'cut') {
    // Cut in the middle, or in the middle of nothing when there was no body to begin with.
    const full = answered?.body ? answered : jsonResponse(answered?.status ?? 200, { interrupted: true })
    const headers = { ...full.headers, 'content-length': String(Buffer.byteLength(full.body)) }
    const body = full.body.slice(0, Math.max(1, Math.floor(full.body.length / 2)))
    return { kind: 'cut', tookEffect, status: full.status, headers, body }
  }
  if (fault.kind === 'hook') throw new Error('Hooks are run before')
  const headers = { 'content-type': 'application/json; charset=utf-8', ...fault.headers }
  return { kind: 'response', status: fault.status, headers, body: fault.body ?? '' }
}
