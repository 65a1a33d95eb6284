/** One place that receives a client's credentials: a client secret, and beside it the client id. */
export type Destination = Scope & {
  secretName: string
  /** The spec does not name the secret: it has the usual name for its kind of credential. */
  isUsual?: true | undefined
  idName: string
  idAs: 'variable' | 'secret' | 'none'
}

/** The scope of values: a store of a repository, of one of its environments, or of an organization. */
export type Scope = { store: Store } & (InRepository | InOrganization)

type InRepository = {
  repository: Repository
  environment?: string | undefined
  organization?: undefined
  access?: undefined
}

type InOrganization = {
  /** Its login, as the user wrote it: GitHub ignores the case of organizations' names. */
  organization: string
  /** Who may see the values, if the spec says so. */
  access?: Access | undefined
  repository?: undefined
  environment?: undefined
}

export const visibilities = ['all', 'private', 'selected'] as const
export type Visibility = (typeof visibilities)[number]

/** The repositories of an organization that may see a value. `repositories`: ids, sorted, only with `selected`. */
export type Access = { visibility: Visibility; repositories?: string[] | undefined }

export const stores = ['actions', 'dependabot', 'codespaces', 'agents'] as const
export type Store = (typeof stores)[number]

/** Stores that keep variables beside secrets. */
export function hasVariables(store: Store): boolean {
  return store === 'actions' || store === 'agents'
}

/** `id` is GitHub's number, as text: names change, ids don't. */
export type Repository = { owner: string; name: string; id: string }

/** The repository whose workflow runs. `id` is undefined if the runner does not set it. */
export type RunningRepository = { owner: string; name: string; id?: string | undefined }

/**
 * A destination's metadata. Values of secrets can't be read; stamps are GitHub's `updated_at` in epoch seconds. Only values of an
 * organization have an access; it has the `selected` repositories only if they were requested.
 */
export type ObservedDestination = {
  secretStamp?: number | undefined
  /** Seconds since that stamp, by GitHub's own time. */
  secretAge?: number | undefined
  secretAccess?: Access | undefined
  idStamp?: number | undefined
  idValue?: string | undefined
  idAccess?: Access | undefined
}

/** The usual names of values: of a client id, and of a credential by its method. */
export const usualNames = {
  id: 'QLIK_CLIENT_ID',
  client_secret: 'QLIK_CLIENT_SECRET',
  private_key_jwt: 'QLIK_PRIVATE_KEY',
}

/** The same place with the usual name for a key, if the spec does not name the credential. */
export function withUsualKeyName(destination: Destination): Destination {
  return destination.isUsual ? { ...destination, secretName: usualNames.private_key_jwt } : destination
}

/** Names GitHub accepts for secrets and variables (docs.github.com, "Naming your secrets"). Names are case-insensitive. */
export const secretNamePattern = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/

export const repositoryPattern = /^(?!\.{1,2}\/)[\w.-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/

/** Logins of organizations: no dots, so that none of them leads elsewhere in an address. */
export const organizationPattern = /^[A-Za-z\d][A-Za-z\d_-]{0,99}$/

// --- keys of the ledger ----------------------------------------------------------------------------------------------

/**
 * A short and stable name of a destination: holder, store, environment, secret. The holder is the id of a repository, or the login of an
 * organization with an at sign, because its id would cost a request in every run. Organizations and environments are in lower case: to
 * GitHub `Staging` and `staging` are the same.
 */
export function destinationKey(destination: Destination): string {
  const { store, secretName } = destination
  return [holderKey(destination), store === 'actions' ? '' : store, environmentKey(destination), secretName].join('/')
}

/** The scope of a destination as text: destinations in the same scope have the same text. */
export function scopeKey(scope: Scope): string {
  return [scope.store, holderKey(scope), environmentKey(scope)].join('/')
}

function holderKey(scope: Scope): string {
  return scope.organization === undefined
    ? encodeURIComponent(scope.repository.id)
    : `@${scope.organization.toLowerCase()}`
}

function environmentKey({ environment }: Scope): string {
  return encodeURIComponent((environment ?? '').toLowerCase())
}

/** A key with its environment in lower case: ledgers of earlier versions have the spelling of the spec. */
export function foldedKey(key: string): string {
  return withEnvironment(key, environmentOf(key).toLowerCase())
}

/** A key with the environment as people wrote it. */
export function withEnvironment(key: string, environment: string): string {
  return key
    .split('/')
    .map((part, index) => (index === 2 ? encodeURIComponent(environment) : part))
    .join('/')
}

/** The environment in a key that `readDestinationKey` accepts; empty for none. */
export function environmentOf(key: string): string {
  return decodeURIComponent(key.split('/')[2] ?? '')
}

export type KeyParts = { store: Store; secretName: string } & (
  | { repositoryId: string; environment: string | undefined; organization?: undefined }
  | { organization: string }
)

/** A key taken apart; undefined for a text that `destinationKey` would not write, because addresses are built from it. */
export function readDestinationKey(text: string): KeyParts | undefined {
  const [holder = '', place = '', environment = '', secretName = '', ...more] = text.split('/')
  const store = place === '' ? 'actions' : stores.find((it) => it !== 'actions' && it === place)
  if (more.length > 0 || store === undefined || !secretNamePattern.test(secretName)) return undefined
  if (holder.startsWith('@')) {
    const organization = holder.slice(1)
    const fits =
      environment === '' && organizationPattern.test(organization) && organization === organization.toLowerCase()
    return fits ? { store, secretName, organization } : undefined
  }
  if (!/^[\w.%-]+$/.test(holder) || (environment !== '' && store !== 'actions')) return undefined
  try {
    const decoded = decodeURIComponent(environment)
    if (['.', '..'].includes(decoded)) return undefined
    const repositoryId = decodeURIComponent(holder)
    return { store, secretName, repositoryId, environment: decoded === '' ? undefined : decoded }
  } catch {
    return undefined
  }
}

// --- for people ------------------------------------------------------------------------------------------------------

/** A destination as people know it: `acme/app, environment staging: QLIK_CLIENT_SECRET`. */
export function destinationLabel(destination: Destination): string {
  return `${scopeLabel(destination)}: ${destination.secretName}`
}

/** The scope of a destination as people know it: `acme/app, environment staging`, `organization acme, store dependabot`. */
export function scopeLabel(scope: Scope): string {
  const { store, organization, repository, environment } = scope
  return [
    organization === undefined ? `${repository.owner}/${repository.name}` : `organization ${organization}`,
    ...(environment === undefined ? [] : [`environment ${environment}`]),
    ...(store === 'actions' ? [] : [`store ${store}`]),
  ].join(', ')
}
