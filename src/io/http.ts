import { ActionError, type ErrorCode } from '../domain/errors.ts'
import { type Tried, type Trouble, verdict } from '../domain/retry.ts'
import { plain } from '../domain/text.ts'
import { pause } from '../pause.ts'
import type { Surroundings } from '../ports.ts'
import { type Transport, TransportError, type WireRequest, type WireResponse } from './transport.ts'

export type ServiceName = 'tenant' | 'github'

export type Call = WireRequest & {
  /** What is being done, for people: `reading the clients`. */
  what: string
  /** May it be sent again although it may have taken effect? */
  repeatable: boolean
  /** Codes for statuses that mean something else here than usually. */
  codes?: Partial<Record<number, ErrorCode>> | undefined
  /** How to mend a refusal, where more is known here than in general. */
  hint?: ((answer: Answer | undefined, code: ErrorCode) => string | undefined) | undefined
}

/** `at`: the service's own time, from its `Date` header, in epoch seconds. */
export type Answer = { status: number; headers: Record<string, string>; data: unknown; at: number }

export type Http = (call: Call) => Promise<Answer>

// Silence for so long counts as unreachable; and after a signal, what is left of the runner's seven and a half seconds.
const silence = 30_000
const lastPatience = 2500
const hurry = 1200

/** The one place per service where pace, retries, time limits and the meaning of statuses live. */
export function createHttp(service: ServiceName, transport: Transport, around: Surroundings): Http {
  // GitHub asks for one write after the other (docs.github.com, "Best practices for using the REST API").
  let turn: Promise<unknown> = Promise.resolve()
  return (call) => {
    if (service !== 'github' || call.method === 'GET') return persist(service, transport, around, call)
    const mine = turn.then(() => persist(service, transport, around, call))
    turn = mine.catch(() => {})
    return mine
  }
}

async function persist(service: ServiceName, transport: Transport, around: Surroundings, call: Call): Promise<Answer> {
  const { clock, stop, reporter } = around
  const began = clock.elapsed()
  let asked = 0
  for (let attempts = 1; ; attempts++) {
    const outcome = await attempt(service, transport, around, call)
    if (outcome.trouble === undefined) return finish(service, call, outcome.response)
    const tried: Tried = { attempts, elapsed: clock.elapsed() - began, asked, repeatable: call.repeatable }
    const next = verdict(outcome.trouble, tried)
    if (!next.retry || stop.requested) throw failure(service, call, outcome, !next.retry && next.limited)
    if (next.named) asked += next.wait
    if (next.wait >= 1000)
      reporter.step(`… ${call.what}: waiting ${Math.round(next.wait / 1000)} s, for ${outcome.why}`)
    await pause(next.wait, around)
    if (stop.requested) throw failure(service, call, outcome, false)
  }
}

type Outcome =
  | { response: WireResponse; trouble?: undefined }
  | { response?: WireResponse | undefined; trouble: Trouble; why: string; cause?: unknown }

async function attempt(
  service: ServiceName,
  transport: Transport,
  { clock, stop }: Surroundings,
  call: Call,
): Promise<Outcome> {
  const control = new AbortController()
  const limit = (milliseconds: number) => setTimeout(() => control.abort(), milliseconds)
  const timers = [limit(stop.requested ? hurry : silence)]
  const forget = stop.onStop(() => timers.push(limit(lastPatience)))
  const since = clock.elapsed()
  try {
    const response = await sameOrigin(transport, call, control.signal)
    return troubleOf(service, response)
  } catch (thrown) {
    if (!(thrown instanceof TransportError)) throw thrown
    const kinds = {
      refused: 'refused',
      hopeless: 'hopeless',
      lost: 'lost',
      silent: 'lost',
      oversized: 'hopeless',
    } as const
    const why =
      thrown.kind === 'silent'
        ? `${serviceName(service)} was silent for ${Math.round((clock.elapsed() - since) / 1000)} s`
        : thrown.message
    return { trouble: { kind: kinds[thrown.kind] }, why, cause: thrown }
  } finally {
    forget()
    for (const timer of timers) clearTimeout(timer)
  }
}

/** Follows redirects of the same origin only: credentials never go elsewhere. */
async function sameOrigin(transport: Transport, call: Call, signal: AbortSignal): Promise<WireResponse> {
  let { url } = call
  for (let hop = 0; ; hop++) {
    const response = await transport({ method: call.method, url, headers: call.headers, body: call.body }, signal)
    const location = response.headers.location
    const keepsMethod =
      [301, 307, 308].includes(response.status) || (call.method === 'GET' && [302, 303].includes(response.status))
    if (!keepsMethod || location === undefined || hop === 3) return response
    const target = new URL(location, url)
    if (target.origin !== new URL(url).origin) return response
    url = target.href
  }
}

function troubleOf(service: ServiceName, response: WireResponse): Outcome {
  const { status, headers } = response
  const after = waitAsked(headers)
  if (status >= 500)
    return { response, trouble: { kind: 'server', after }, why: `${serviceName(service)} answered ${status}` }
  const secondary = /secondary rate limit|abuse detection/i.test(response.body)
  const limited =
    status === 429 ||
    (service === 'github' &&
      status === 403 &&
      (secondary || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'))
  if (!limited) return { response }
  const minute = service === 'github' && secondary
  return {
    response,
    trouble: { kind: 'limited', after, minute },
    why: `${serviceName(service)} limits the rate of requests (${status})`,
  }
}

/** Seconds that the service asks us to wait: `Retry-After`, or GitHub's reset time against its own clock. */
function waitAsked(headers: Record<string, string>): number | undefined {
  const after = headers['retry-after']
  if (after !== undefined) {
    const seconds = /^\d+$/.test(after.trim())
      ? Number(after)
      : (Date.parse(after) - Date.parse(headers.date ?? '')) / 1000
    return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
  }
  if (headers['x-ratelimit-remaining'] !== '0' || headers['x-ratelimit-reset'] === undefined) return undefined
  const wait = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  return Number.isFinite(wait) ? Math.max(1, wait) : undefined
}

// --- what an answer means ----------------------------------------------------------------------------------------------

function finish(service: ServiceName, call: Call, response: WireResponse): Answer {
  const { status, headers, body } = response
  const at = Date.parse(headers.date ?? '') / 1000
  const data = json(body)
  const answer = { status, headers, data, at }
  if (status >= 200 && status < 300) {
    if (Number.isNaN(at)) throw unexpected(service, call, answer, 'came without a Date header')
    if (body.trim() !== '' && data === undefined)
      throw unexpected(
        service,
        call,
        answer,
        `is not JSON (${plain(headers['content-type'] ?? 'no content type', 60)})`,
      )
    return answer
  }
  throw refusal(service, call, answer)
}

function json(body: string): unknown {
  try {
    return body.trim() === '' ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The answer came, and is not what it must be. What a write did before it answered so is not known. */
export function unexpected(service: ServiceName, call: Call, answer: Answer | undefined, what: string): ActionError {
  const code = service === 'tenant' ? 'TENANT_UNEXPECTED' : 'GITHUB_UNEXPECTED'
  const hint =
    call.hint?.(answer, code) ??
    `Is ${new URL(call.url).host} really the ${service === 'tenant' ? 'Qlik Cloud tenant' : 'GitHub API'}? A proxy or a sign-in page in between answers like this.`
  return new ActionError(code, `${call.what}: the answer of ${serviceName(service)} ${what}`, hint, {
    uncertain: call.method !== 'GET',
    trace: answer && traceOf(answer),
    status: answer?.status,
  })
}

function refusal(service: ServiceName, call: Call, answer: Answer): ActionError {
  const { status } = answer
  if (status >= 300 && status < 400) return unexpected(service, call, answer, `is a redirect elsewhere (${status})`)
  const code = call.codes?.[status] ?? usualCode(service, status)
  const said = saidBy(answer)
  const message = `${call.what}: ${serviceName(service)} answered ${status}${said === undefined ? '' : ` (${said})`}`
  return new ActionError(code, message, call.hint?.(answer, code) ?? usualHint(code), {
    trace: traceOf(answer),
    status,
    at: Number.isNaN(answer.at) ? undefined : answer.at,
  })
}

function usualCode(service: ServiceName, status: number): ErrorCode {
  const tenant: Partial<Record<number, ErrorCode>> = {
    400: 'TENANT_REJECTED',
    401: 'TENANT_UNAUTHORIZED',
    403: 'TENANT_FORBIDDEN',
    409: 'TENANT_REJECTED',
    422: 'TENANT_REJECTED',
  }
  const github: Partial<Record<number, ErrorCode>> = {
    400: 'GITHUB_REJECTED',
    401: 'GITHUB_UNAUTHORIZED',
    403: 'DESTINATION_FORBIDDEN',
    404: 'DESTINATION_MISSING',
    409: 'GITHUB_REJECTED',
    422: 'GITHUB_REJECTED',
  }
  return service === 'tenant' ? (tenant[status] ?? 'TENANT_UNEXPECTED') : (github[status] ?? 'GITHUB_UNEXPECTED')
}

function usualHint(code: ErrorCode): string {
  const hints: Partial<Record<ErrorCode, string>> = {
    TENANT_REJECTED: 'The tenant does not accept what the spec asks for: correct what it names.',
    TENANT_FORBIDDEN:
      'Sign in as a tenant admin: an API key of a user with the role Tenant Admin, or a trusted OAuth client with the scope admin_classic.',
    TENANT_UNEXPECTED: 'Is the tenant’s address right? Otherwise report this with the trace id.',
    GITHUB_UNAUTHORIZED:
      'The github-token is wrong, expired or revoked. Use a GitHub App token or a fine-grained personal access token.',
    GITHUB_REJECTED: 'GitHub does not accept the request: correct what it names.',
    GITHUB_UNEXPECTED: 'Is GITHUB_API_URL the address of a GitHub API? Otherwise report this with the request id.',
  }
  return hints[code] ?? 'Run again; report it if it stays.'
}

function failure(
  service: ServiceName,
  call: Call,
  outcome: Outcome & { trouble: Trouble },
  limited: boolean,
): ActionError {
  const { trouble, why, response } = outcome
  const answer = response && { status: response.status, headers: response.headers, data: json(response.body), at: 0 }
  const said = answer && saidBy(answer)
  const details = {
    cause: outcome.cause,
    trace: answer && traceOf(answer),
    status: answer?.status,
    uncertain: (trouble.kind === 'lost' || trouble.kind === 'server') && call.method !== 'GET',
  }
  if (limited || trouble.kind === 'limited') {
    return new ActionError(
      'RATE_LIMITED',
      `${call.what}: ${why}, for longer than we wait`,
      'Run again later, or with fewer clients at a time. The next run goes on from here.',
      details,
    )
  }
  const code = service === 'tenant' ? 'TENANT_UNREACHABLE' : 'GITHUB_UNREACHABLE'
  const host = new URL(call.url).host
  const usual = `Is ${host} right, and can this runner reach it? Proxies come from HTTPS_PROXY and NO_PROXY, certificate authorities from NODE_EXTRA_CA_CERTS; a tenant may allow certain addresses only.`
  return new ActionError(
    code,
    `${call.what}: ${why}${said === undefined ? '' : ` (${said})`}`,
    call.hint?.(answer, code) ?? usual,
    details,
  )
}

export function serviceName(service: ServiceName): string {
  return service === 'tenant' ? 'the tenant' : 'GitHub'
}

/** What the service itself says of an error, in any of its forms: Qlik's `errors`, RFC 6749's `error`, GitHub's `message`. */
export function saidBy({ data }: Answer): string | undefined {
  if (data === null || typeof data !== 'object') return undefined
  const { errors, error, error_description, message } = data as Record<string, unknown>
  const first = Array.isArray(errors) ? (errors[0] as Record<string, unknown> | undefined) : undefined
  const qlik =
    typeof first?.title === 'string' || typeof first?.code === 'string'
      ? [first.code, first.title, first.detail]
      : undefined
  const parts = (qlik ?? [error, error_description, message]).filter((part) => typeof part === 'string' && part !== '')
  return parts.length === 0 ? undefined : plain(parts.join(' · '), 300)
}

function traceOf({ data, headers }: Answer): string | undefined {
  const traceId = (data as { traceId?: unknown } | null | undefined)?.traceId
  const id = typeof traceId === 'string' ? traceId : headers['x-github-request-id']
  return id === undefined ? undefined : plain(id, 80)
}
