import type * as z from 'zod/mini'
import { parseTimestamp } from '../../base/duration.ts'
import { ActionError, type ErrorCode } from '../../base/errors.ts'
import type { ServiceName } from '../../base/rate-budget.ts'
import type { Trouble } from '../../base/retry-policy.ts'
import { plain } from '../../base/text.ts'
import { TransportError } from './network-trouble.ts'
import { isOwnWord, saidBy, traceOf } from './own-word.ts'
import type { WireRequest, WireResponse } from './transport.ts'

/** GitHub refuses requests without a name; Qlik's logs are read more easily with one. */
export const userAgent = 'qlik-oauth-client'

export type Call = WireRequest & {
  /** What is being done, for people: `reading the clients`. */
  what: string
  /** May it be sent again although it may have taken effect? */
  repeatable: boolean
  /** Nothing depends on it: it is tried once, and nobody waits for it longer than so many milliseconds. */
  optional?: number | undefined
  /** Elapsed milliseconds after which it must not be sent any more: what it rests on would be out of date. */
  sendBy?: number | undefined
  /** Codes for statuses that mean something else here than usually. */
  codes?: Partial<Record<number, ErrorCode>> | undefined
  /** How to mend a refusal, where more is known here than in general. */
  hint?: ((answer: Answer | undefined, code: ErrorCode) => string | undefined) | undefined
}

/** `at`: the service's own time, from its `Date` header, in epoch seconds. */
export type Answer = { status: number; headers: Record<string, string>; data: unknown; at: number }

/** What came of one attempt: an answer, or trouble. */
export type Attempt =
  | { response: WireResponse; trouble?: undefined }
  | { response?: WireResponse | undefined; trouble: Trouble; why: string; cause?: unknown }

export function finish(service: ServiceName, call: Call, response: WireResponse, uncertain: boolean): Answer {
  const { status, headers, body } = response
  const at = parseTimestamp(headers.date) ?? Number.NaN
  const data = json(body)
  const answer = { status, headers, data, at }
  if (status >= 200 && status < 300) {
    if (Number.isNaN(at)) throw unexpected(service, call, answer, 'came without a Date header')
    if (body.trim() !== '' && data === undefined)
      throw unexpected(service, call, answer, `is not JSON (${contentType(headers)})`)
    return answer
  }
  if (status >= 300 && status < 400) throw unexpected(service, call, answer, `is a redirect elsewhere (${status})`)
  const isEmpty = body.trim() === ''
  if (isOwnWord(service, call, answer) || (isEmpty && status !== 404)) throw refusal(service, call, answer, uncertain)
  // Whatever its status: nobody is to blame, and nothing is gone.
  const form = isEmpty ? 'empty' : contentType(headers)
  throw unexpected(service, call, answer, `is not one that it gives itself (${status}, ${form})`)
}

function contentType(headers: Record<string, string>): string {
  return plain(headers['content-type'] ?? 'no content type', 60)
}

function json(body: string): unknown {
  try {
    return body.trim() === '' ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** The answer came, and is not what it must be. What a write did before it answered so is not known. */
export function unexpected(
  service: ServiceName,
  call: Pick<Call, 'what' | 'method' | 'hint'>,
  answer: Answer | undefined,
  what: string,
): ActionError {
  const code = service === 'tenant' ? 'TENANT_UNEXPECTED' : 'GITHUB_UNEXPECTED'
  const usual = `Is the address really that of the ${service === 'tenant' ? 'Qlik Cloud tenant' : 'GitHub API'}? A proxy or a sign-in page in between answers like this.`
  const hint = call.hint?.(answer, code) ?? usual
  return new ActionError(code, `${call.what}: the answer of ${serviceName(service)} ${what}`, hint, {
    uncertain: call.method !== 'GET',
    trace: answer && traceOf(answer),
    status: answer?.status,
    absence: answer?.status === 404 ? 'not told' : undefined,
  })
}

/** A reader for the answers of a service: it names the parts that have another form, and quotes no value, for some are secrets. */
export function readerOf(service: ServiceName, hint: string) {
  return <S extends z.ZodMiniType>(schema: S, answer: Answer, what: string, method = 'GET'): z.infer<S> => {
    const result = schema.safeParse(answer.data)
    if (result.success) return result.data
    const how = `has another form than documented (${plain(partsOf(result.error), 100)})`
    throw unexpected(service, { what, method, hint: () => hint }, answer, how)
  }
}

/** The parts that are missing or of another form, by their names. */
export function partsOf({ issues }: { issues: { path: PropertyKey[] }[] }): string {
  return issues.map(({ path }) => path.join('.') || 'the whole').join(', ')
}

function refusal(service: ServiceName, call: Call, answer: Answer, uncertain: boolean): ActionError {
  const { status } = answer
  const code = call.codes?.[status] ?? usualCode(service, status)
  const said = saidBy(service, answer)
  const message = `${call.what}: ${serviceName(service)} answered ${status}${said === undefined ? '' : ` (${said})`}`
  return new ActionError(code, message, call.hint?.(answer, code) ?? usualHint(code), {
    trace: traceOf(answer),
    status,
    // GitHub answers the same where there is nothing and where the token may not see it.
    absence: status === 404 ? (service === 'github' ? 'unseen' : 'gone') : undefined,
    uncertain,
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
    // Locked, as while it is migrated; and blocked for legal reasons.
    423: 'DESTINATION_FORBIDDEN',
    451: 'DESTINATION_FORBIDDEN',
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

export function failure(
  service: ServiceName,
  call: Call,
  outcome: Attempt & { trouble: Trouble },
  known: { uncertain: boolean; limited?: boolean; spent?: number; retryAfter?: number | undefined },
): ActionError {
  const { trouble, why, response } = outcome
  const answer = response && { status: response.status, headers: response.headers, data: json(response.body), at: 0 }
  const said = answer && saidBy(service, answer)
  const details = {
    cause: outcome.cause,
    trace: answer && traceOf(answer),
    status: answer?.status,
    retryAfter: known.retryAfter,
    spent: known.spent,
    uncertain: known.uncertain,
  }
  if (known.limited || trouble.kind === 'limited') {
    return new ActionError(
      'RATE_LIMITED',
      `${call.what}: ${why}, for longer than we wait`,
      'Run again later, or with fewer clients at a time. The next run goes on from here.',
      details,
    )
  }
  const code = service === 'tenant' ? 'TENANT_UNREACHABLE' : 'GITHUB_UNREACHABLE'
  const host = new URL(call.url).host
  const ofProxy = outcome.cause instanceof TransportError ? outcome.cause.hint : undefined
  const usual = `Is ${host} right, and can this runner reach it? Proxies come from HTTPS_PROXY and NO_PROXY, certificate authorities from NODE_EXTRA_CA_CERTS.${service === 'tenant' ? ' A tenant may allow certain addresses only.' : ''}`
  return new ActionError(
    code,
    `${call.what}: ${why}${said === undefined ? '' : ` (${said})`}`,
    ofProxy ?? call.hint?.(answer, code) ?? usual,
    details,
  )
}

export function serviceName(service: ServiceName): string {
  return service === 'tenant' ? 'the tenant' : 'GitHub'
}
