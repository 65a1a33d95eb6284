import type { SandboxClock } from '../clock.ts'
import { hex } from '../random.ts'
import { GitHubProblem } from './problem.ts'
import { Scope } from './scope.ts'
import { type Access, isStoreId, type StoreId } from './stores.ts'

export type TokenKind = 'app' | 'pat' | 'fine-grained' | 'github_token'

export type GitHubToken = {
  value: string
  kind: TokenKind
  permissions: Record<string, Access>
  /** Scopes of a classic personal access token. */
  scopes: string[]
  /** Full names of the repositories it reaches; undefined means all. */
  repositories: string[] | undefined
  expiresAt: number | undefined
}

export type Repository = {
  id: number
  fullName: string
  private: boolean
  environments: Map<string, Environment>
  stores: Map<StoreId, Scope>
}

export type Environment = { id: number; name: string; createdAt: number; scope: Scope }

export type Organization = { login: string; stores: Map<StoreId, Scope> }

/** The place of a secret or variable. `store`: default `actions`. */
export type Place = { repository?: string; organization?: string; environment?: string; store?: StoreId }
export type NamedPlace = Place & { name: string }

const prefixes: Record<TokenKind, string> = {
  app: 'ghs_',
  pat: 'ghp_',
  'fine-grained': 'github_pat_',
  github_token: 'ghs_',
}

/** The part of GitHub that holds secrets and variables, with the edits that a person could make by hand. */
export class GitHub {
  readonly tokens = new Map<string, GitHubToken>()
  readonly repositoriesById = new Map<number, Repository>()
  readonly organizations = new Map<string, Organization>()
  readonly #names = new Map<string, number>()
  readonly #clock: SandboxClock
  #nextId = 100_000_001

  constructor(clock: SandboxClock) {
    this.#clock = clock
  }

  createRepository(
    fullName: string,
    options: { id?: number; private?: boolean; environments?: string[] } = {},
  ): Repository {
    const id = options.id ?? this.#nextId++
    const repository: Repository = {
      id,
      fullName,
      private: options.private ?? true,
      environments: new Map(),
      stores: new Map(),
    }
    this.repositoriesById.set(id, repository)
    this.#names.set(fullName.toLowerCase(), id)
    for (const name of options.environments ?? []) this.createEnvironment(fullName, name)
    return repository
  }

  /** The old name keeps leading to the repository, as a redirect. */
  renameRepository(from: string, to: string): void {
    const repository = this.#repository(from)
    repository.fullName = to
    this.#names.set(to.toLowerCase(), repository.id)
  }

  deleteRepository(fullName: string): void {
    this.repositoriesById.delete(this.#repository(fullName).id)
  }

  createEnvironment(fullName: string, name: string): Environment {
    const environment: Environment = {
      id: this.#nextId++,
      name,
      createdAt: this.#clock.now(),
      scope: new Scope(this.#clock, 100),
    }
    this.#repository(fullName).environments.set(name.toLowerCase(), environment)
    return environment
  }

  deleteEnvironment(fullName: string, name: string): void {
    this.#repository(fullName).environments.delete(name.toLowerCase())
  }

  createOrganization(login: string): void {
    this.organizations.set(login.toLowerCase(), { login, stores: new Map() })
  }

  issueToken(
    options: {
      kind?: TokenKind
      permissions?: Record<string, Access>
      scopes?: string[]
      repositories?: string[]
      expiresAt?: number
    } = {},
  ): string {
    const kind = options.kind ?? 'app'
    // Installation tokens contain a JSON Web Token since 2026, so no code may depend on their length.
    const value =
      kind === 'app' || kind === 'github_token'
        ? `ghs_1234_eyJ${hex(60)}.${hex(300)}.${hex(128)}`
        : prefixes[kind] + hex(36)
    this.tokens.set(value, {
      value,
      kind,
      permissions: { ...options.permissions },
      scopes: options.scopes ?? ['repo'],
      repositories: options.repositories,
      expiresAt: options.expiresAt,
    })
    return value
  }

  revokeToken(value: string): void {
    this.tokens.delete(value)
  }

  /** By full name in any case, or by an old one. */
  findRepository(fullName: string): Repository | undefined {
    return this.repositoriesById.get(this.#names.get(fullName.toLowerCase()) ?? -1)
  }

  /** The plain text that was sealed, as a workflow would read it; '' for one that could not be opened. */
  secretValue(place: NamedPlace): string | undefined {
    return this.scopeAt(place).secrets.get(place.name.toUpperCase())?.value
  }

  secretUpdatedAt(place: NamedPlace): string | undefined {
    const secret = this.scopeAt(place).secrets.get(place.name.toUpperCase())
    return secret && new Date(Math.floor((secret.writes.at(-1) ?? 0) / 1000) * 1000).toISOString().replace('.000Z', 'Z')
  }

  overwriteSecret(place: NamedPlace, value: string): void {
    this.scopeAt(place).putSecret(place.name.toUpperCase(), value)
  }

  deleteSecret(place: NamedPlace): boolean {
    return this.scopeAt(place).secrets.delete(place.name.toUpperCase())
  }

  variableValue(place: NamedPlace): string | undefined {
    return this.scopeAt(place).variables.get(place.name.toUpperCase())?.value
  }

  setVariable(place: NamedPlace, value: string): void {
    this.scopeAt(place).putVariable(place.name.toUpperCase(), value)
  }

  deleteVariable(place: NamedPlace): boolean {
    return this.scopeAt(place).variables.delete(place.name.toUpperCase())
  }

  secretNames(place: Place): string[] {
    return [...this.scopeAt(place).secrets.keys()].sort()
  }

  variableNames(place: Place): string[] {
    return [...this.scopeAt(place).variables.keys()].sort()
  }

  /** Gives the place another key pair and key id, as a rotation on the server would. */
  rotatePublicKey(place: Place): void {
    this.scopeAt(place).rotateKey()
  }

  /** A repository of that organization, by its id. */
  repositoryIn({ login }: Organization, id: number): Repository | undefined {
    const repository = this.repositoriesById.get(id)
    return repository?.fullName.toLowerCase().startsWith(`${login.toLowerCase()}/`) ? repository : undefined
  }

  /** The visibility of a secret or variable of an organization: `all`, `private`, or the full names of those selected. */
  seenBy(kind: 'secrets' | 'variables', place: NamedPlace): string | string[] | undefined {
    const visibility = this.scopeAt(place)[kind].get(place.name.toUpperCase())?.visibility
    if (visibility?.visibility !== 'selected') return visibility?.visibility
    return visibility.repositoryIds.map((id) => this.repositoriesById.get(id)?.fullName ?? String(id)).sort()
  }

  /** As a person would in the organization's settings; the stamp stays. */
  showTo(kind: 'secrets' | 'variables', place: NamedPlace, seers: 'all' | 'private' | string[]): void {
    const item = this.scopeAt(place)[kind].get(place.name.toUpperCase())
    if (!item) throw new Error(`The sandbox has no ${place.name} there`)
    item.visibility = Array.isArray(seers)
      ? { visibility: 'selected', repositoryIds: seers.map((name) => this.#repository(name).id) }
      : { visibility: seers, repositoryIds: [] }
  }

  scopeAt(place: Place): Scope {
    const store = place.store ?? 'actions'
    if (!isStoreId(store)) throw new Error(`The sandbox has no store ${store}`)
    if (place.organization !== undefined) {
      const organization = this.organizations.get(place.organization.toLowerCase())
      if (!organization) throw new Error(`The sandbox has no organization ${place.organization}`)
      return this.scopeOf(organization, store)
    }
    const repository = this.#repository(place.repository ?? '')
    if (place.environment === undefined) return this.scopeOf(repository, store)
    const environment = repository.environments.get(place.environment.toLowerCase())
    if (!environment) throw new Error(`${repository.fullName} has no environment ${place.environment}`)
    return environment.scope
  }

  scopeOf(holder: Repository | Organization, store: StoreId): Scope {
    let scope = holder.stores.get(store)
    if (!scope) {
      scope = new Scope(this.#clock, 'id' in holder ? 100 : 1000)
      holder.stores.set(store, scope)
    }
    return scope
  }

  /** The token behind a bearer, or the 401 of https://docs.github.com/en/rest/authentication */
  tokenOf(bearer: string | undefined): GitHubToken {
    const token = this.tokens.get(bearer ?? '')
    if (bearer === undefined) throw new GitHubProblem(401, 'Requires authentication')
    if (!token || (token.expiresAt !== undefined && token.expiresAt <= this.#clock.now())) {
      throw new GitHubProblem(401, 'Bad credentials')
    }
    return token
  }

  #repository(fullName: string): Repository {
    const repository = this.findRepository(fullName)
    if (!repository) throw new Error(`The sandbox has no repository ${fullName}`)
    return repository
  }
}
