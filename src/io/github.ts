import { endpoint } from '@octokit/endpoint'
import type * as z from 'zod'
import {
  type Destination,
  destinationKey,
  destinationLabel,
  type ObservedDestination,
  type Store,
  scopeLabel,
} from '../domain/destination.ts'
import { parseTimestamp } from '../domain/duration.ts'
import { ActionError, type ErrorCode } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { plain } from '../domain/text.ts'
import type { At, DestinationReader, DestinationWriter, Prepared, PublicKey } from '../ports.ts'
import * as wire from './github-wire.ts'
import { type Answer, type Http, unexpected } from './http.ts'
import { sealed } from './sealed-box.ts'

export type GitHub = {
  reader: DestinationReader
  writer: DestinationWriter
  repositoryId: (owner: string, name: string) => Promise<string>
}

/** Where the values of each store lie. A store is one entry here. */
const roots: Record<Store, { repository: string; environment: string }> = {
  actions: {
    repository: '/repos/{owner}/{repo}/actions',
    environment: '/repos/{owner}/{repo}/environments/{environment_name}',
  },
}

// The version that also Enterprise Servers of today know (docs.github.com/rest/about-the-rest-api/api-versions).
const apiVersion = '2022-11-28'

type Api = { baseUrl: string; token: Secret; http: Http }
type Scope = Pick<Destination, 'store' | 'repository' | 'environment'>

/** Secrets and variables of GitHub. Every scope has its own public key, fetched just before it is used. */
export function createGitHub(baseUrl: string, token: Secret, http: Http): GitHub {
  const api = { baseUrl, token, http }
  return {
    reader: {
      read: (destinations) => read(api, destinations),
      prepare: (destination) => prepare(api, destination),
      stamps: async (destination) => (await stamps(api, destination)).value,
    },
    writer: {
      putSecret: (destination, name, value, key) => putSecret(api, destination, name, value, key),
      putVariable: (destination, value, exists) => putVariable(api, destination, value, exists),
      remove: (destination, keepId) => remove(api, destination, keepId),
    },
    repositoryId: (owner, name) => repositoryId(api, owner, name),
  }
}

/** Where nothing is delivered there is no token, nothing to read, and only one write that could be wanted all the same. */
export const nowhere: Pick<GitHub, 'reader' | 'writer'> = {
  reader: { read: async () => new Map(), prepare: needsToken, stamps: needsToken },
  writer: { putSecret: needsToken, putVariable: needsToken, remove: needsToken },
}

function needsToken(destination: Destination): never {
  throw new ActionError(
    'INPUT_INVALID',
    `github-token: is missing, and ${plain(destinationLabel(destination))} has to be written`,
    'Give the token of a GitHub App, or a fine-grained personal access token.',
  )
}

type Ask = {
  route: string
  scope: Scope
  what: string
  parameters?: Record<string, unknown>
  repeatable?: boolean
  codes?: Partial<Record<number, ErrorCode>>
}

/** `route` is a verb and a path below the scope's root, or a whole path with a leading `/`. */
function ask(
  { baseUrl, token, http }: Api,
  { route, scope, what, parameters = {}, repeatable = true, codes }: Ask,
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
      'user-agent': 'qlik-oauth-client',
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
    what: `${what} of ${plain(scopeLabel(scope))}`,
    repeatable,
    codes,
    hint,
  })
}

function remedy(scope: Scope, answer: Answer | undefined, code: ErrorCode): string | undefined {
  const place = plain(scopeLabel(scope))
  const accepted = answer?.headers['x-accepted-github-permissions']
  const permission =
    accepted === undefined || accepted === ''
      ? 'Secrets, Variables and, for environments, Environments'
      : plain(accepted, 200)
  if (code === 'DESTINATION_FORBIDDEN') {
    return `The github-token lacks a permission on ${place}; it needs: ${permission}. GITHUB_TOKEN can never have it: use a token of a GitHub App, or a fine-grained personal access token.`
  }
  if (code === 'DESTINATION_MISSING') {
    return `Is ${place} spelt right, and does it exist? GitHub answers the same where the github-token may not see it: it needs access to that repository, with ${permission}. Environments are not created by this action.`
  }
  return undefined
}

function parsed<S extends z.ZodType>(schema: S, answer: Answer, what: string): z.infer<S> {
  const result = schema.safeParse(answer.data)
  if (result.success) return result.data
  throw unexpected(
    'github',
    {
      method: 'GET',
      url: 'https://github.invalid',
      headers: {},
      what,
      repeatable: false,
      hint: () => 'Is GITHUB_API_URL the address of a GitHub API?',
    },
    answer,
    'has another form than documented',
  )
}

// --- reading -----------------------------------------------------------------------------------------------------------

/** One list of secrets for each scope, and one of variables where some destination keeps its id there. */
async function read(api: Api, destinations: Destination[]): Promise<Map<string, ObservedDestination>> {
  const scopes = Map.groupBy(destinations, (destination) =>
    JSON.stringify([destination.store, destination.repository.id, destination.environment]),
  )
  const found = await Promise.all([...scopes.values()].map((inScope) => readScope(api, inScope)))
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
  const items = await pages(async (page) => {
    const { total_count, secrets } = parsed(
      wire.secretsSchema,
      await ask(api, { route: 'GET secrets', scope, what, parameters: { per_page: 100, page } }),
      what,
    )
    return { total: total_count, items: secrets }
  })
  return new Map(items.map(({ name, updated_at }) => [name.toUpperCase(), parseTimestamp(updated_at)]))
}

async function listVariables(api: Api, scope: Scope): Promise<Map<string, string>> {
  const what = 'reading the variables'
  const items = await pages(async (page) => {
    // Thirty is the most that GitHub gives of variables at a time.
    const { total_count, variables } = parsed(
      wire.variablesSchema,
      await ask(api, { route: 'GET variables', scope, what, parameters: { per_page: 30, page } }),
      what,
    )
    return { total: total_count, items: variables }
  })
  return new Map(items.map(({ name, value }) => [name.toUpperCase(), value]))
}

async function pages<T>(get: (page: number) => Promise<{ total: number; items: T[] }>): Promise<T[]> {
  const all: T[] = []
  for (let page = 1; ; page++) {
    const { total, items } = await get(page)
    all.push(...items)
    if (items.length === 0 || all.length >= total) return all
  }
}

async function prepare(api: Api, destination: Destination): Promise<At<Prepared>> {
  const what = 'reading the public key'
  const [answer, seen] = await Promise.all([
    ask(api, { route: 'GET secrets/public-key', scope: destination, what }),
    stamps(api, destination),
  ])
  const { key_id, key } = parsed(wire.publicKeySchema, answer, what)
  return { value: { publicKey: { id: key_id, key }, seen: seen.value }, at: seen.at }
}

async function stamps(api: Api, destination: Destination): Promise<At<ObservedDestination>> {
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

async function repositoryId(api: Api, owner: string, name: string): Promise<string> {
  const what = 'reading the repository'
  const scope = { store: 'actions' as const, repository: { owner, name, id: '' } }
  return String(
    parsed(wire.repositorySchema, await ask(api, { route: 'GET /repos/{owner}/{repo}', scope, what }), what).id,
  )
}

// --- writing -----------------------------------------------------------------------------------------------------------

/** Creates or replaces a secret, in place: it is never deleted first. The same value twice does no harm, so it is repeated safely. */
async function putSecret(
  api: Api,
  scope: Scope,
  name: string,
  value: Secret | string,
  { id, key }: PublicKey,
): Promise<At<void>> {
  const encrypted_value = await sealed(value instanceof Secret ? value.open() : value, key)
  const { at } = await ask(api, {
    route: 'PUT secrets/{secret_name}',
    scope,
    what: `writing the secret ${name}`,
    parameters: { secret_name: name, encrypted_value, key_id: id },
  })
  return { value: undefined, at }
}

/** Creating and changing a variable are two requests. Where the other one is needed after all, it is made. */
async function putVariable(
  api: Api,
  { idName: name, ...scope }: Destination,
  value: string,
  exists: boolean,
): Promise<void> {
  const what = `writing the variable ${name}`
  const create = () => ask(api, { route: 'POST variables', scope, what, parameters: { name, value } })
  const change = (): Promise<Answer> =>
    ask(api, { route: 'PATCH variables/{name}', scope, what, parameters: { name, value } })
  try {
    await (exists ? change() : create())
  } catch (thrown) {
    const other = thrown instanceof ActionError && (exists ? thrown.status === 404 : thrown.status === 409)
    if (!other) throw thrown
    await (exists ? create() : change())
  }
}

async function remove(api: Api, destination: Destination, keepId: boolean): Promise<void> {
  const { secretName, idName, idAs } = destination
  await removeOne(api, destination, `secrets/${secretName}`)
  if (!keepId && idAs !== 'none')
    await removeOne(api, destination, idAs === 'variable' ? `variables/${idName}` : `secrets/${idName}`)
}

async function removeOne(api: Api, scope: Scope, path: string): Promise<void> {
  try {
    await ask(api, { route: `DELETE ${path}`, scope, what: `deleting ${path}` })
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'DESTINATION_MISSING') throw thrown
  }
}
