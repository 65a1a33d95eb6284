import { type Call, jsonResponse, parseJson, type SandboxResponse } from '../http.ts'
import { hex } from '../random.ts'

/** An answer other than success, thrown by the rules and turned into the error envelope by the routes. */
export class TenantProblem extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    title: string,
    options: { code?: string; detail?: string; headers?: Record<string, string> } = {},
  ) {
    super(title)
    this.status = status
    this.title = title
    this.code = options.code ?? `HTTP-${status}`
    this.detail = options.detail
    this.headers = options.headers ?? {}
  }
}

/** The envelope of https://qlik.dev/apis/rest/oauth-clients; OAuth endpoints repeat the status in each entry. */
export function problemResponse(problem: TenantProblem, withStatus: boolean): SandboxResponse {
  const entry = {
    code: problem.code,
    title: problem.title,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(withStatus ? { status: String(problem.status) } : {}),
  }
  return jsonResponse(problem.status, { errors: [entry], traceId: hex(32) }, problem.headers)
}

export function invalid(detail: string): TenantProblem {
  return new TenantProblem(400, 'Bad request', { detail })
}

export function forbidden(): TenantProblem {
  return new TenantProblem(403, 'Forbidden', { detail: 'The caller lacks the permission' })
}

export function notFound(): TenantProblem {
  return new TenantProblem(404, 'Not found')
}

/** The JSON of a request, or the problem with it. */
export function readBody(call: Call): unknown {
  const parsed = parseJson(call.body)
  if (!parsed.ok) throw invalid('The body is not JSON')
  return parsed.value
}
