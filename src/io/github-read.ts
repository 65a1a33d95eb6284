import { type Destination, destinationKey, type ObservedDestination } from '../domain/destination.ts'
import { parseTimestamp } from '../domain/duration.ts'
import { ActionError } from '../domain/errors.ts'
import type { At, Prepared } from '../ports.ts'
import { type Api, ask, parsed, type Scope } from './github-api.ts'
import * as wire from './github-wire.ts'

/** One list of secrets for each scope, and one of variables where some destination keeps its id there. */
export async function read(
  api: Api,
  destinations: Destination[],
  missing: 'refused' | 'empty',
): Promise<Map<string, ObservedDestination>> {
  const scopes = Map.groupBy(destinations, ({ store, repository, environment }) =>
    JSON.stringify([store, repository.id, environment]),
  )
  const found = await Promise.all(
    [...scopes.values()].map((inScope) =>
      readScope(api, inScope).catch((thrown: unknown) => {
        if (missing === 'empty' && thrown instanceof ActionError && thrown.code === 'DESTINATION_MISSING') return []
        throw thrown
      }),
    ),
  )
  return new Map(found.flat())
}

async function readScope(api: Api, destinations: Destination[]): Promise<[string, ObservedDestination][]> {
  const [scope] = destinations as [Destination]
  const wantsVariables = destinations.some(({ idAs }) => idAs === 'variable')
  const [secrets, variables] = await Promise.all([
    listSecrets(api, scope),
    wantsVariables ? listVariables(api, scope) : new Map<string, string>(),
  ])
  return destinations.map((destination) => {
    const { secretName, idName, idAs } = destination
    const seen: ObservedDestination = {
      secretStamp: secrets.get(secretName),
      idStamp: idAs === 'secret' ? secrets.get(idName) : undefined,
      idValue: idAs === 'variable' ? variables.get(idName) : undefined,
    }
    return [destinationKey(destination), seen]
  })
}

async function listSecrets(api: Api, scope: Scope): Promise<Map<string, number | undefined>> {
  const what = 'reading the secrets'
  const items = await pages(100, async (page, per_page) => {
    const { total_count, secrets } = parsed(
      wire.secretsSchema,
      await ask(api, { route: 'GET secrets', scope, what, parameters: { per_page, page } }),
      what,
    )
    return { total: total_count, items: secrets }
  })
  return new Map(items.map(({ name, updated_at }) => [name.toUpperCase(), parseTimestamp(updated_at)]))
}

async function listVariables(api: Api, scope: Scope): Promise<Map<string, string>> {
  const what = 'reading the variables'
  // Thirty is the most that GitHub gives of variables at a time.
  const items = await pages(30, async (page, per_page) => {
    const { total_count, variables } = parsed(
      wire.variablesSchema,
      await ask(api, { route: 'GET variables', scope, what, parameters: { per_page, page } }),
      what,
    )
    return { total: total_count, items: variables }
  })
  return new Map(items.map(({ name, value }) => [name.toUpperCase(), value]))
}

/** All pages of a list: the first says how many there are, the others are asked for together. */
async function pages<T>(
  perPage: number,
  get: (page: number, perPage: number) => Promise<{ total: number; items: T[] }>,
): Promise<T[]> {
  const first = await get(1, perPage)
  // A server may give less than was asked for.
  const size = Math.max(1, first.items.length)
  const others = Array.from({ length: Math.max(0, Math.ceil(first.total / size) - 1) }, (_, index) => index + 2)
  const rest = await Promise.all(others.map((page) => get(page, perPage)))
  return [first, ...rest].flatMap(({ items }) => items)
}

export async function prepare(api: Api, destination: Destination): Promise<At<Prepared>> {
  const what = 'reading the public key'
  const [answer, seen] = await Promise.all([
    ask(api, { route: 'GET secrets/public-key', scope: destination, what }),
    stamps(api, destination),
  ])
  const { key_id, key } = parsed(wire.publicKeySchema, answer, what)
  return { value: { publicKey: { id: key_id, key }, seen: seen.value }, at: seen.at }
}

export async function stamps(api: Api, destination: Destination): Promise<At<ObservedDestination>> {
  const { secretName, idName, idAs } = destination
  const [secret, id] = await Promise.all([
    stamp(api, destination, secretName),
    idAs === 'secret' ? stamp(api, destination, idName) : undefined,
  ])
  return { value: { secretStamp: secret.value, idStamp: id?.value }, at: secret.at }
}

/** `updated_at` of one secret, undefined where it is absent. */
async function stamp(api: Api, scope: Scope, name: string): Promise<At<number | undefined>> {
  const what = 'reading the stamp of a secret'
  try {
    const answer = await ask(api, {
      route: 'GET secrets/{secret_name}',
      scope,
      what,
      parameters: { secret_name: name },
    })
    return { value: parseTimestamp(parsed(wire.secretSchema, answer, what).updated_at), at: answer.at }
  } catch (thrown) {
    const absent = thrown instanceof ActionError && thrown.code === 'DESTINATION_MISSING' && thrown.at !== undefined
    if (absent) return { value: undefined, at: thrown.at! }
    throw thrown
  }
}

export async function repositoryId(api: Api, owner: string, name: string): Promise<string> {
  const what = 'reading the repository'
  const scope = { store: 'actions' as const, repository: { owner, name, id: '' } }
  return String(
    parsed(wire.repositorySchema, await ask(api, { route: 'GET /repos/{owner}/{repo}', scope, what }), what).id,
  )
}
