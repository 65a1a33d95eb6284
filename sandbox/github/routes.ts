import type { SandboxClock } from '../clock.ts'
import { bearerOf, type Call, jsonResponse, type SandboxResponse } from '../http.ts'
import { hex } from '../random.ts'
import type { Settings } from '../settings.ts'
import { RateWindow } from '../window.ts'
import { paginate, stamp } from './bodies.ts'
import type { Environment, GitHub, GitHubToken, Repository } from './model.ts'
import { GitHubProblem, githubProblemResponse, notFound } from './problem.ts'
import type { Scope } from './scope.ts'
import { secretsRoute } from './secrets.ts'
import {
  type Access,
  environmentStore,
  grantableToWorkflows,
  isStoreId,
  organizationStores,
  repositoryStores,
  type StoreRule,
} from './stores.ts'
import type { Target } from './target.ts'
import { variablesRoute } from './variables.ts'

const apiVersions = ['2022-11-28', '2026-03-10']

type Extra = { headers: Record<string, string> }
type Asking = { token: GitHubToken; extra: Extra }

/** Answers for the GitHub REST API. */
export class GitHubRoutes {
  readonly #github: GitHub
  readonly #settings: Settings
  readonly #clock: SandboxClock
  readonly #hour = new RateWindow(3_600_000)
  readonly #minute = new RateWindow(60_000)

  constructor(github: GitHub, settings: Settings, clock: SandboxClock) {
    this.#github = github
    this.#settings = settings
    this.#clock = clock
  }

  handle(call: Call): SandboxResponse {
    const extra: Extra = {
      headers: {
        'x-github-request-id': `${hex(4)}:${hex(6)}:${hex(6)}`.toUpperCase(),
        'x-github-media-type': 'github.v3; format=json',
      },
    }
    let response: SandboxResponse
    try {
      response = this.#route(call, extra)
    } catch (problem) {
      if (!(problem instanceof GitHubProblem)) throw problem
      response = githubProblemResponse(problem)
    }
    return { ...response, headers: { ...extra.headers, ...response.headers } }
  }

  #route(call: Call, extra: Extra): SandboxResponse {
    if (!call.headers['user-agent']) {
      throw new GitHubProblem(
        403,
        'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.',
      )
    }
    const token = this.#github.tokenOf(bearerOf(call.headers))
    this.#spend(call, token, extra)
    const version = call.headers['x-github-api-version']
    if (version !== undefined && !apiVersions.includes(version)) {
      throw new GitHubProblem(400, `The API version ${version} is not supported.`)
    }
    const [root, first = '', second = ''] = call.segments
    const asking = { token, extra }
    if (root === 'repos') return this.#ofRepository(call, `${first}/${second}`, call.segments.slice(3), asking)
    if (root === 'repositories') {
      const repository = this.#github.repositoriesById.get(Number(first))
      return this.#ofRepository(call, repository?.fullName ?? '', call.segments.slice(2), asking)
    }
    if (root === 'orgs') return this.#ofOrganization(call, first, call.segments.slice(2), asking)
    throw notFound()
  }

  /** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
  #spend(call: Call, token: GitHubToken, extra: Extra): void {
    const { primaryPerHour, githubLimitStatus, githubRetryAfter } = this.#settings
    const usual = token.kind === 'github_token' ? 1000 : 5000
    const limit = primaryPerHour === Number.POSITIVE_INFINITY ? usual : primaryPerHour
    const now = this.#clock.now()
    const { used, resetsAt } = this.#hour.spend(token.value, 1, now)
    extra.headers['x-ratelimit-limit'] = String(limit)
    extra.headers['x-ratelimit-remaining'] = String(Math.max(0, limit - used))
    extra.headers['x-ratelimit-used'] = String(Math.min(used, limit))
    extra.headers['x-ratelimit-reset'] = String(Math.ceil(resetsAt / 1000))
    extra.headers['x-ratelimit-resource'] = 'core'
    if (used > primaryPerHour) throw new GitHubProblem(githubLimitStatus, 'API rate limit exceeded for installation.')
    if (!this.#isAbusive(call.method, token.value, now)) return
    const headers: Record<string, string> =
      githubRetryAfter === undefined ? {} : { 'retry-after': String(githubRetryAfter) }
    const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'
    throw new GitHubProblem(githubLimitStatus, message, { headers })
  }

  /** The secondary limits: points, and requests that make or change something, by the minute and by the hour. */
  #isAbusive(method: string, caller: string, now: number): boolean {
    const { secondaryPointsPerMinute, writesPerMinute, writesPerHour } = this.#settings
    const points = this.#minute.spend(caller, method === 'GET' ? 1 : 5, now)
    if (points.used > secondaryPointsPerMinute) return true
    if (method === 'GET') return false
    const ofMinute = this.#minute.spend(`writes ${caller}`, 1, now)
    const ofHour = this.#hour.spend(`writes ${caller}`, 1, now)
    return ofMinute.used > writesPerMinute || ofHour.used > writesPerHour
  }

  #ofRepository(call: Call, fullName: string, rest: string[], { token, extra }: Asking): SandboxResponse {
    const need = needOf(call.method, rest)
    announce(need, extra)
    const repository = this.#github.findRepository(fullName)
    if (!repository || !sees(token, repository)) throw notFound()
    if (repository.fullName.toLowerCase() !== fullName.toLowerCase()) return this.#moved(call, repository)
    if (!need || this.#lacks(rest[0])) throw notFound()
    check(token, need, repository)
    const [head, name = ''] = rest
    if (need.store) {
      const scope = isStoreId(head)
        ? this.#github.scopeOf(repository, head)
        : this.#environmentOf(repository, name).scope
      return this.#stored(call, need.store, scope)
    }
    if (head === 'environments') return this.#environments(call, repository, rest[1])
    return jsonResponse(200, repositoryShape(repository, this.#settings.githubUrl))
  }

  #ofOrganization(call: Call, login: string, rest: string[], { token, extra }: Asking): SandboxResponse {
    const organization = this.#github.organizations.get(login.toLowerCase())
    const [store, kind, ...tail] = rest
    const need = isStoreId(store) ? needOfStore(call.method, organizationStores[store], kind, tail) : undefined
    announce(need, extra)
    if (!organization || !isStoreId(store) || !need?.store || this.#lacks(store)) throw notFound()
    check(token, need)
    const repositoryOf = (id: number) => this.#github.repositoryIn(organization, id)
    return this.#stored(call, need.store, this.#github.scopeOf(organization, store), repositoryOf)
  }

  /** Enterprise Server has neither Codespaces nor Copilot's agents. */
  #lacks(store: string | undefined): boolean {
    return this.#settings.githubEdition === 'server' && (store === 'codespaces' || store === 'agents')
  }

  #stored(
    call: Call,
    { kind, rule, tail }: Stored,
    scope: Scope,
    repositoryOf?: Target['repositoryOf'],
  ): SandboxResponse {
    const settings = this.#settings
    const target = { scope, rule, tail, repositoryOf, url: this.#urlOf(call), now: this.#clock.now(), settings }
    return kind === 'secrets' ? secretsRoute(call, target) : variablesRoute(call, target)
  }

  #environments(call: Call, repository: Repository, name: string | undefined): SandboxResponse {
    if (name !== undefined) return jsonResponse(200, environmentShape(this.#environmentOf(repository, name)))
    const all = [...repository.environments.values()]
    const { page, headers } = paginate(all, call, { usual: 30, most: 100 }, this.#urlOf(call))
    return jsonResponse(200, { total_count: all.length, environments: page.map(environmentShape) }, headers)
  }

  #urlOf(call: Call): string {
    return `${this.#settings.githubUrl.replace(/\/$/, '')}${call.pathname}`
  }

  #environmentOf(repository: Repository, name: string): Environment {
    const environment = repository.environments.get(name.toLowerCase())
    if (!environment) throw notFound()
    return environment
  }

  #moved(call: Call, repository: Repository): SandboxResponse {
    const raw = call.pathname.split('/').slice(4).join('/')
    const query = call.query.size > 0 ? `?${call.query}` : ''
    const base = this.#settings.githubUrl.replace(/\/$/, '')
    const url = `${base}/repositories/${repository.id}${raw === '' ? '' : `/${raw}`}${query}`
    const body = { message: 'Moved Permanently', url, documentation_url: 'https://docs.github.com/rest' }
    return jsonResponse(301, body, { location: url })
  }
}

/** The secrets or variables of a place. */
type Stored = { kind: 'secrets' | 'variables'; rule: StoreRule; tail: string[] }

type Need = { permission: string; access: Access; classicScope: string; store?: Stored }

/** The permission that a request below a repository needs; undefined if there is no such path. */
function needOf(method: string, rest: string[]): Need | undefined {
  const [head, second, third, ...tail] = rest
  if (head === 'environments' && third !== undefined) return needOfStore(method, environmentStore, third, tail)
  if (head === 'environments') {
    return method === 'GET' ? { permission: 'actions', access: 'read', classicScope: 'repo' } : undefined
  }
  if (isStoreId(head)) return needOfStore(method, repositoryStores[head], second, rest.slice(2))
  if (head !== undefined || method !== 'GET') return undefined
  return { permission: 'metadata', access: 'read', classicScope: 'repo' }
}

function needOfStore(method: string, rule: StoreRule, kind: string | undefined, tail: string[]): Need | undefined {
  if (kind !== 'secrets' && kind !== 'variables') return undefined
  const permission = rule[kind]
  if (permission === undefined) return undefined
  const access = method === 'GET' ? (rule.readNeeds ?? 'read') : 'write'
  return { permission, access, classicScope: rule.classicScope, store: { kind, rule, tail } }
}

function announce(need: Need | undefined, extra: Extra): void {
  if (need) extra.headers['x-accepted-github-permissions'] = `${need.permission}=${need.access}`
}

/** A resource that a token may not see does not exist for it. */
function sees(token: GitHubToken, repository: Repository): boolean {
  if (!repository.private) return true
  if (token.kind === 'pat' && !token.scopes.includes('repo')) return false
  return reaches(token, repository)
}

function check(token: GitHubToken, { permission, access, classicScope }: Need, repository?: Repository): void {
  if (permission === 'metadata') return
  if (token.kind === 'pat') {
    if (!token.scopes.includes(classicScope)) throw notFound()
    return
  }
  const held = token.permissions[permission]
  const grantable = token.kind !== 'github_token' || grantableToWorkflows.includes(permission)
  const within = repository === undefined || reaches(token, repository)
  if (grantable && within && (held === 'write' || (held === 'read' && access === 'read'))) return
  const what = token.kind === 'fine-grained' ? 'personal access token' : 'integration'
  throw new GitHubProblem(403, `Resource not accessible by ${what}`)
}

function reaches(token: GitHubToken, repository: Repository): boolean {
  if (token.repositories === undefined) return true
  return token.repositories.some((name) => name.toLowerCase() === repository.fullName.toLowerCase())
}

function repositoryShape(repository: Repository, base: string): Record<string, unknown> {
  const [owner = '', name = ''] = repository.fullName.split('/')
  return {
    id: repository.id,
    node_id: `R_${repository.id}`,
    name,
    full_name: repository.fullName,
    owner: { login: owner, type: 'Organization' },
    private: repository.private,
    html_url: `https://github.com/${repository.fullName}`,
    url: `${base}/repos/${repository.fullName}`,
    default_branch: 'main',
    archived: false,
  }
}

function environmentShape(environment: Environment): Record<string, unknown> {
  const at = stamp(environment.createdAt)
  return { id: environment.id, node_id: `EN_${environment.id}`, name: environment.name, created_at: at, updated_at: at }
}
