import { jsonResponse, type SandboxResponse } from '../http.ts'

const documentation = 'https://docs.github.com/rest'

/** An answer other than success, thrown by the rules and written out by the routes. */
export class GitHubProblem extends Error {
  readonly status: number
  readonly headers: Record<string, string>
  readonly extra: Record<string, unknown>

  constructor(
    status: number,
    message: string,
    options: { headers?: Record<string, string>; extra?: Record<string, unknown> } = {},
  ) {
    super(message)
    this.status = status
    this.headers = options.headers ?? {}
    this.extra = options.extra ?? {}
  }
}

export function githubProblemResponse(problem: GitHubProblem): SandboxResponse {
  const { status, message, extra, headers } = problem
  return jsonResponse(status, { message, documentation_url: documentation, status: String(status), ...extra }, headers)
}

export function notFound(): GitHubProblem {
  return new GitHubProblem(404, 'Not Found')
}

export function unprocessable(message: string): GitHubProblem {
  return new GitHubProblem(422, message)
}
