import { endpoint } from '@octokit/endpoint'
import { ActionError, type ErrorCode } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { plain } from '../../base/text.ts'
import { type Scope, scopeLabel } from '../../model/destination.ts'
import { type Answer, schemaReader, userAgent } from '../http/responses.ts'
import type { Http } from '../http/service-client.ts'
import { refusalHint } from './refusal-hints.ts'
import { type ParametersOf, type Route, rootOf } from './routes.ts'

/** The values for the templates of an address. */
function holderOf({ organization, repository, environment }: Scope): Record<string, string> {
  if (organization !== undefined) return { org: organization }
  const { owner, name } = repository
  return { owner, repo: name, ...(environment === undefined ? {} : { environment_name: environment }) }
}

// The version that also Enterprise Servers of today know (docs.github.com/rest/about-the-rest-api/api-versions).
const apiVersion = '2022-11-28'

export type Api = { baseUrl: string; token: Secret; http: Http }

export type GithubRequest<R extends Route> = {
  route: R
  scope: Scope
  what: string
  parameters: ParametersOf<R>
  repeatable?: boolean
  sendBy?: number | undefined
  codes?: Partial<Record<number, ErrorCode>>
}

/** Sends one request to GitHub, to a route of the scope. */
export function askGithub<R extends Route>(
  { baseUrl, token, http }: Api,
  { route, scope, what, parameters, repeatable = true, sendBy, codes }: GithubRequest<R>,
): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ')
  const isWhole = path.startsWith('/')
  const root = isWhole ? '' : `${rootOf(scope).path}/`
  // Octokit's own templating: it places each parameter in path, query or body, and encodes it.
  const request = endpoint(`${method} ${root}${path}`, {
    baseUrl,
    ...holderOf(scope),
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
  const needs = Object.values(rootOf(scope).needs)
  const hint = (answer: Answer | undefined, code: ErrorCode) => refusalHint(scope, needs, { answer, code })
  return http({
    method: request.method,
    url: request.url,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    body,
    what: isWhole ? `${what} ${plain(scopeLabel(scope))}` : `${what} of ${plain(scopeLabel(scope))}`,
    repeatable,
    sendBy,
    codes,
    hint,
  })
}

/**
 * Did GitHub itself say that the resource does not exist, or that the token may not see it? It gives the same answer for both.
 */
export function isUnseen(thrown: unknown): thrown is ActionError {
  return thrown instanceof ActionError && thrown.absence === 'unseen' && thrown.code === 'DESTINATION_MISSING'
}

/** Parses an answer of GitHub, or throws `GITHUB_UNEXPECTED` with the parts that have another form. */
export const parseGithubAnswer = schemaReader('github', 'Is GITHUB_API_URL the address of a GitHub API?')
