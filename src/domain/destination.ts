/** One place that receives a client's credentials: a client secret, and beside it the client id. */
export type Destination = {
  store: Store
  repository: Repository
  environment?: string | undefined
  secretName: string
  idName: string
  idAs: 'variable' | 'secret' | 'none'
}

export type Store = 'actions'

/** `id` is GitHub's number, as text: names change, ids don't. */
export type Repository = { owner: string; name: string; id: string }

/** What a destination's metadata say. Values of secrets can't be read; stamps are GitHub's `updated_at` in epoch seconds. */
export type ObservedDestination = {
  secretStamp?: number | undefined
  idStamp?: number | undefined
  idValue?: string | undefined
}

/** Names GitHub accepts for secrets and variables (docs.github.com, "Naming your secrets"). Names are case-insensitive. */
export const secretNamePattern = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/

/** Short and stable name of a destination in the ledger: repository id, store, environment, secret. */
export function destinationKey(destination: Destination): string {
  const { repository, store, environment, secretName } = destination
  return [
    encodeURIComponent(repository.id),
    store === 'actions' ? '' : store,
    encodeURIComponent(environment ?? ''),
    secretName,
  ].join('/')
}

/** A destination as people know it: `acme/app, environment staging: QLIK_CLIENT_SECRET`. */
export function destinationLabel(destination: Destination): string {
  return `${scopeLabel(destination)}: ${destination.secretName}`
}

/** Where a destination lies: `acme/app, environment staging`. */
export function scopeLabel({ repository, environment }: Pick<Destination, 'repository' | 'environment'>): string {
  const place = `${repository.owner}/${repository.name}`
  return environment === undefined ? place : `${place}, environment ${environment}`
}
