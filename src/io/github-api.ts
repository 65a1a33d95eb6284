import { endpoint } from '@octokit/endpoint'
import type * as z from 'zod'
import { type Destination, type Store, scopeLabel } from '../domain/destination.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { plain } from '../domain/text.ts'
import { type Answer, unexpected, userAgent } from './answers.ts'
import type { Http } from './http.ts'

/** Where the values of each store lie. A store is one entry here. */
const roots: Record<Store, { repository: string; environment: string }> = {
  actions: {
    repository: '/repos/{owner}/{repo}/actions',
    environment: '/repos/{owner}/{repo}/environments/{environment_name}',
  },
}

// The version that also Enterprise Servers of today know (docs.github.com/rest/about-the-rest-api/api-versions).
const apiVersion = '2022-11-28'

export type Api = { baseUrl: string; token: Secret; http: Http }
export type Scope = Pick<Destination, 'store' | 'repository' | 'environment'>

export type Ask = {
  route: string
  scope: Scope
  what: string
  parameters?: Record<string, unknown>
  repeatable?: boolean
  sendBy?: number | undefined
  codes?: Partial<Record<number, ErrorCode>>
}

/** `route` is a verb and a path below the scope's root, or a whole path with a leading `/`. */
export function ask(
  { baseUrl, token, http }: Api,
  { route, scope, what, parameters = {}, repeatable = true, sendBy, codes }: Ask,
): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ')
  const root = path.startsWith('/')
    ? ''
    : `${roots[scope.store][scope.environment === undefined ? 'repository' : 'environment']}/`
  const where = {
    owner: scope.repository.owner,
    repo: scope.repository.name,
    ...(root !== '' && scope.environment !== undefined ? { environment_name: scope.environment } : {}),
  }
  // Octokit's own templating: it knows which parameter goes into path, query or body, and how each is encoded.
  const request = endpoint(`${method} ${root}${path}`, {
    baseUrl,
    ...where,
    ...parameters,
    headers: {
      authorization: `Bearer ${token.open()}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': apiVersion,
      'user-agent': userAgent,
    },
  })
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const body = request.body === undefined ? undefined : JSON.stringify(request.body)
  const hint = (answer: Answer | undefined, code: ErrorCode) => remedy(scope, answer, code)
  return http({
    method: request.method,
    url: request.url,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    body,
    what: path.startsWith('/') ? `${what} ${plain(scopeLabel(scope))}` : `${what} of ${plain(scopeLabel(scope))}`,
    repeatable,
    sendBy,
    codes,
    hint,
  })
}

function remedy(scope: Scope, answer: Answer | undefined, code: ErrorCode): string | undefined {
  const place = plain(scopeLabel(scope))
  const needed = permissions(scope, answer?.headers['x-accepted-github-permissions'] ?? '')
  if (code === 'DESTINATION_FORBIDDEN') {
    return `The github-token lacks a permission on ${place}; it needs ${needed}. GITHUB_TOKEN can never have it: use a token of a GitHub App, or a fine-grained personal access token.`
  }
  if (code === 'DESTINATION_MISSING') {
    return `Is ${place} spelt right, and does it exist? GitHub answers the same where the github-token may not see it: it needs access to that repository, with ${needed}. Environments are not created by this action.`
  }
  return undefined
}

const permissionNames: Record<string, string> = {
  secrets: 'Secrets',
  actions_variables: 'Variables',
  environments: 'Environments',
}

/** Permissions by the names that GitHub's pages have for them, with what GitHub itself said in brackets. Reading alone is not enough. */
function permissions(scope: Scope, accepted: string): string {
  const said = accepted
    .split(/[,;]/)
    .map((part) => part.trim().split('=')[0] ?? '')
    .filter((name) => name in permissionNames)
  const names =
    said.length > 0 ? said : scope.environment === undefined ? ['secrets', 'actions_variables'] : ['environments']
  const list = [...new Set(names)].map((name) => `${permissionNames[name]}: write`).join(' and ')
  return accepted === '' ? list : `${list} (for this request GitHub asks for ${plain(accepted, 200)})`
}

export function parsed<S extends z.ZodType>(schema: S, answer: Answer, what: string): z.infer<S> {
  const result = schema.safeParse(answer.data)
  if (result.success) return result.data
  throw unexpected(
    'github',
    { what, method: 'GET', hint: () => 'Is GITHUB_API_URL the address of a GitHub API?' },
    answer,
    'has another form than documented',
  )
}
