import type * as z from 'zod/mini'
import { parseTimestamp } from '../../base/duration.ts'
import { ActionError, type ErrorCode, signInAsAdmin } from '../../base/errors.ts'
import type { ServiceName } from '../../base/rate-budget.ts'
import type { Trouble } from '../../base/retry-policy.ts'
import { plain } from '../../base/text.ts'
import { isRefusalOfService, serviceMessage, traceOf } from './error-answers.ts'
import { TransportError } from './network-failures.ts'
import type { WireRequest, WireResponse } from './transport.ts'

/** GitHub refuses requests without a name; Qlik's logs are read more easily with one. */
export const userAgent = 'qlik-oauth-client'

export type Call = WireRequest & {
  /** The activity, for people: `reading the clients`. */
  what: string
  /** May it be sent again although an earlier attempt may have taken effect? */
  repeatable: boolean
  /** The run does not depend on it: it is tried once, for at most so many milliseconds. */
  optional?: number | undefined
  /** Elapsed milliseconds after which it must not be sent any more, because the reading behind it would be too old. */
  sendBy?: number | undefined
  /** Codes for statuses that have another meaning here than usual. */
  codes?: Partial<Record<number, ErrorCode>> | undefined
  /** A remedy for a refusal, if the caller knows a better one than the usual. */
  hint?: ((answer: Answer | undefined, code: ErrorCode) => string | undefined) | undefined
}

/** `at`: the service's own time, from its `Date` header, in epoch seconds. */
export type Answer = { status: number; headers: Record<string, string>; data: unknown; at: number }

/** The result of one attempt: an answer, or trouble. */
export type Attempt =
  | { response: WireResponse; trouble?: undefined }
  | { response?: WireResponse | undefined; trouble: Trouble; why: string; cause?: unknown }

export function answerOrThrow(service: ServiceName, call: Call, response: WireResponse, uncertain: boolean): Answer {
  const { status, headers, body } = response
  const at = parseTimestamp(headers.date) ?? Number.NaN
  const data = json(body)
  const answer = { status, headers, data, at }
  if (status >= 200 && status < 300) {
    if (Number.isNaN(at)) throw unexpectedAnswer(service, call, answer, 'came without a Date header')
    if (body.trim() !== '' && data === undefined)
      throw unexpectedAnswer(service, call, answer, `is not JSON (${contentType(headers)})`)
    return answer
  }
  if (status >= 300 && status < 400)
    throw unexpectedAnswer(service, call, answer, `is a redirect to another address (${status})`)
  const isEmpty = body.trim() === ''
  if (isRefusalOfService(service, call, answer) || (isEmpty && status !== 404))
    throw refusal(service, call, answer, uncertain)
  // For any status: such an answer neither blames the caller nor proves that something is gone.
  const form = isEmpty ? 'empty' : contentType(headers)
  throw unexpectedAnswer(service, call, answer, `comes from a gateway or proxy in between (${status}, ${form})`)
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

/** The answer has an unexpected form. A write may have taken effect before it. */
export function unexpectedAnswer(
  service: ServiceName,
  call: Pick<Call, 'what' | 'method' | 'hint'>,
  answer: Answer | undefined,
  what: string,
): ActionError {
  const code = service === 'tenant' ? 'TENANT_UNEXPECTED' : 'GITHUB_UNEXPECTED'
  const usual = `Is this really the address of the ${service === 'tenant' ? 'Qlik Cloud tenant' : 'GitHub API'}? A proxy or a sign-in page in between answers like this.`
  const hint = call.hint?.(answer, code) ?? usual
  return new ActionError(code, `${call.what}: the answer of ${serviceName(service)} ${what}`, hint, {
    uncertain: call.method !== 'GET',
    trace: answer && traceOf(answer),
    status: answer?.status,
    absence: answer?.status === 404 ? 'not told' : undefined,
  })
}

/**
 * A reader for the answers of a service: its error names the parts that have another form. It quotes no value, because some are
 * secrets.
 */
export function schemaReader(service: ServiceName, hint: string) {
  return <S extends z.ZodMiniType>(schema: S, answer: Answer, what: string, method = 'GET'): z.infer<S> => {
    const result = schema.safeParse(answer.data)
    if (result.success) return result.data
    const how = `has another form than documented (${plain(unexpectedParts(result.error), 100)})`
    throw unexpectedAnswer(service, { what, method, hint: () => hint }, answer, how)
  }
}

/** The names of the parts that are missing or have another form. */
export function unexpectedParts({ issues }: { issues: { path: PropertyKey[] }[] }): string {
  return issues.map(({ path }) => path.join('.') || 'the whole').join(', ')
}

function refusal(service: ServiceName, call: Call, answer: Answer, uncertain: boolean): ActionError {
  const { status } = answer
  const code = call.codes?.[status] ?? usualCode(service, status)
  const said = serviceMessage(service, answer)
  const message = `${call.what}: ${serviceName(service)} answered ${status}${said === undefined ? '' : ` (${said})`}`
  return new ActionError(code, message, call.hint?.(answer, code) ?? usualHint(code), {
    trace: traceOf(answer),
    status,
    // GitHub gives the same answer for a missing resource and for one that the token may not see.
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
    // Locked (for example during a migration), or blocked for legal reasons.
    423: 'DESTINATION_FORBIDDEN',
    451: 'DESTINATION_FORBIDDEN',
  }
  return service === 'tenant' ? (tenant[status] ?? 'TENANT_UNEXPECTED') : (github[status] ?? 'GITHUB_UNEXPECTED')
}

function usualHint(code: ErrorCode): string {
  const hints: Partial<Record<ErrorCode, string>> = {
    TENANT_REJECTED: 'The tenant does not accept what the spec asks for: correct what it names.',
    TENANT_FORBIDDEN: signInAsAdmin,
    TENANT_UNEXPECTED: 'Check the tenant’s address. If it is right, report this with the trace id.',
    GITHUB_UNAUTHORIZED:
      'The github-token is wrong, expired or revoked. Use a GitHub App token or a fine-grained personal access token.',
    GITHUB_REJECTED: 'GitHub does not accept the request: correct what it names.',
    GITHUB_UNEXPECTED:
      'Check that GITHUB_API_URL is the address of a GitHub API. If it is, report this with the request id.',
  }
  return hints[code] ?? 'Run again. If it fails again, report it.'
}

export function failureOf(
  service: ServiceName,
  call: Call,
  outcome: Attempt & { trouble: Trouble },
  known: { uncertain: boolean; limited?: boolean; spent?: number; retryAfter?: number | undefined },
): ActionError {
  const { trouble, why, response } = outcome
  const answer = response && { status: response.status, headers: response.headers, data: json(response.body), at: 0 }
  const said = answer && serviceMessage(service, answer)
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
      // With a time to wait, the caller waits and tries again.
      `${call.what}: ${why}${known.retryAfter === undefined ? ', for longer than a run waits' : ''}`,
      'Run again later, or with fewer clients at a time. The next run continues from here.',
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
