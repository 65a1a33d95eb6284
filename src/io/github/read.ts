import { parseTimestamp } from '../../base/duration.ts'
import { ActionError, type ErrorCode, toActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'
import {
  type Access,
  type Destination,
  destinationKey,
  type ObservedDestination,
  type Scope,
  scopeKey,
  type Visibility,
} from '../../model/destination.ts'
import { isCompleteAccess } from '../../model/visibility.ts'
import type { DestinationReader, DestinationReading, PreparedDelivery, Timed } from '../../ports.ts'
import { type Answer, unexpectedAnswer } from '../http/responses.ts'
import * as wire from './answer-schemas.ts'
import { type Api, askGithub, isUnseen, parseGithubAnswer } from './api.ts'
import { withoutToken } from './without-token.ts'

/** Reading needs a token. */
export function createDestinationReader(api: Api | undefined): DestinationReader {
  if (api === undefined) return withoutToken.reader
  return {
    read: (destinations) => read(api, destinations),
    prepare: (destination) => prepare(api, destination),
    stamps: (destination) => provenStamps(api, destination),
  }
}

/**
 * Reads one list of secrets for each scope, and one of variables if a destination keeps its client id in one. If a scope refuses, the
 * others are still read; throws the failures of all of them.
 */
async function read(api: Api, destinations: Destination[]): Promise<DestinationReading> {
  const unread = new Map<string, ActionError>()
  const found = await Promise.all(
    [...Map.groupBy(destinations, scopeKey).values()].map((inScope) =>
      readScope(api, inScope).catch((thrown: unknown) => {
        const error = toActionError(thrown)
        if (!ofOneScope.has(error.code)) throw error
        for (const destination of inScope) unread.set(destinationKey(destination), error)
        return undefined
      }),
    ),
  )
  const scopes = found.filter((scope) => scope !== undefined)
  const githubAt = scopes.length === 0 ? undefined : Math.min(...scopes.map(({ at }) => at))
  return { destinations: new Map(scopes.flatMap(({ value }) => value)), unread, githubAt }
}

const ofOneScope = new Set<ErrorCode>([
  'DESTINATION_FORBIDDEN',
  'DESTINATION_MISSING',
  'GITHUB_REJECTED',
  'GITHUB_UNEXPECTED',
])

async function readScope(api: Api, destinations: Destination[]): Promise<Timed<[string, ObservedDestination][]>> {
  const [scope] = destinations as [Destination]
  const wantsVariables = destinations.some(({ idAs }) => idAs === 'variable')
  const [secrets, variables] = await Promise.all([
    listAll(api, scope, 'secrets'),
    wantsVariables ? listValues(api, scope, 'variables') : (new Map() as ListedValues),
  ])
  const seen = destinations.map(async (destination): Promise<[string, ObservedDestination]> => {
    const secret = secretOf(secrets.value, destination.secretName)
    const id = idOf(destination, secrets.value, variables)
    // The visibility of a secret matters only if the spec sets it.
    const access = (kind: ValueKind, name: string, item: Item | undefined) =>
      destination.access?.repositories === undefined
        ? item?.visibility && { visibility: item.visibility }
        : accessOf(api, destination, { kind, name, visibility: item?.visibility })
    const [secretAccess, idAccess] = await Promise.all([
      access('secrets', destination.secretName, secret),
      access(destination.idAs === 'variable' ? 'variables' : 'secrets', destination.idName, id),
    ])
    const idStamp = destination.idAs === 'secret' ? id?.stamp : undefined
    const idValue = destination.idAs === 'variable' ? id?.value : undefined
    const { stamp: secretStamp, age: secretAge } = secret ?? {}
    return [destinationKey(destination), { secretStamp, secretAge, secretAccess, idStamp, idValue, idAccess }]
  })
  return { value: await Promise.all(seen), at: secrets.at }
}

export type ValueKind = 'secrets' | 'variables'
type Item = {
  stamp?: number | undefined
  age?: number | undefined
  value?: string
  visibility?: Visibility | undefined
}

/** Entries of a list by their names in capitals, as they came. */
type ListedValues = Map<string, { raw: unknown; answer: Answer }>

/** All values of a scope. Other people's entries may have any form. */
export async function listValues(api: Api, scope: Scope, kind: ValueKind): Promise<ListedValues> {
  return (await listAll(api, scope, kind)).value
}

/** The same with GitHub's own time of the first answer. */
async function listAll(api: Api, scope: Scope, kind: ValueKind): Promise<Timed<ListedValues>> {
  const what = `reading the ${kind}`
  let at = Number.POSITIVE_INFINITY
  // GitHub returns at most thirty variables at a time.
  const entries = await pages(what, kind === 'secrets' ? 100 : 30, async (page, per_page) => {
    const answer = await askGithub(api, { route: `GET ${kind}`, scope, what, parameters: { per_page, page } })
    at = Math.min(at, answer.at)
    const found = { secrets: [], variables: [], ...parseGithubAnswer(wire.listSchemas[kind], answer, what) }
    return { total: found.total_count, items: found[kind].map((raw) => ({ raw, answer })) }
  })
  const value: ListedValues = new Map(
    entries.flatMap((entry) => {
      const name = (entry.raw as { name?: unknown } | null)?.name
      return typeof name === 'string' ? [[name.toUpperCase(), entry]] : []
    }),
  )
  return { value, at }
}

function idOf({ idAs, idName }: Destination, secrets: ListedValues, variables: ListedValues): Item | undefined {
  if (idAs === 'none') return undefined
  return idAs === 'secret' ? secretOf(secrets, idName) : variableOf(variables, idName)
}

function secretOf(listed: ListedValues, name: string): Item | undefined {
  const entry = listed.get(name)
  if (entry === undefined) return undefined
  const { updated_at, visibility } = parseGithubAnswer(
    wire.secretSchema,
    { ...entry.answer, data: entry.raw },
    'reading the secrets',
  )
  const stamp = parseTimestamp(updated_at)
  return { stamp, age: stamp === undefined ? undefined : entry.answer.at - stamp, visibility }
}

function variableOf(listed: ListedValues, name: string): Item | undefined {
  const entry = listed.get(name)
  return entry && parseGithubAnswer(wire.variableSchema, { ...entry.answer, data: entry.raw }, 'reading the variables')
}

/**
 * The visibility of a value; undefined outside of organizations. The ids of selected repositories are complete or left out: a
 * write of an incomplete list would take the secret away from repositories that the token can't see.
 */
async function accessOf(
  api: Api,
  scope: Scope,
  { kind, name, visibility }: { kind: ValueKind; name: string; visibility: Visibility | undefined },
): Promise<Access | undefined> {
  if (visibility !== 'selected') return visibility && { visibility }
  const what = `reading which repositories see ${name}`
  let total = 0
  const items = await pages(what, 100, async (page, per_page) => {
    const answer =
      kind === 'secrets'
        ? await askGithub(api, {
            route: 'GET secrets/{secret_name}/repositories',
            scope,
            what,
            parameters: { secret_name: name, per_page, page },
          })
        : await askGithub(api, {
            route: 'GET variables/{name}/repositories',
            scope,
            what,
            parameters: { name, per_page, page },
          })
    const { total_count, repositories } = parseGithubAnswer(wire.repositoriesSchema, answer, what)
    total = Math.max(total, total_count)
    return { total: total_count, items: repositories }
  })
  const ids = new Set(items.map(({ id }) => String(id)))
  return ids.size < total ? { visibility } : { visibility, repositories: [...ids].sort() }
}

// A thousand values, thirty on a page, are 34.
const mostPages = 100

/** All pages of a list: the first one has their number, the others are read together. */
async function pages<T>(
  what: string,
  perPage: number,
  get: (page: number, perPage: number) => Promise<{ total: number; items: T[] }>,
): Promise<T[]> {
  const first = await get(1, perPage)
  // A server may return smaller pages than requested.
  const size = Math.max(1, first.items.length)
  const count = Math.ceil(first.total / size)
  if (count > mostPages)
    throw unexpectedAnswer('github', { what, method: 'GET' }, undefined, 'counts more than it shows')
  const others = Array.from({ length: Math.max(0, count - 1) }, (_, index) => index + 2)
  const rest = await Promise.all(others.map((page) => get(page, perPage)))
  return [first, ...rest].flatMap(({ items }) => items)
}

async function prepare(api: Api, destination: Destination): Promise<Timed<PreparedDelivery>> {
  const what = 'reading the public key'
  const [answer, seen] = await Promise.all([
    askGithub(api, { route: 'GET secrets/public-key', scope: destination, what, parameters: {} }),
    isCompleteAccess(destination.access) ? stamps(api, destination) : readWithAccess(api, destination),
  ])
  const { key_id, key } = parseGithubAnswer(wire.publicKeySchema, answer, what)
  return { value: { publicKey: { id: key_id, key }, seen: seen.value }, at: seen.at }
}

async function stamps(api: Api, destination: Destination): Promise<Timed<ObservedDestination>> {
  const { secret, id } = await readSecrets(api, destination)
  return { value: { secretStamp: secret.value?.stamp, idStamp: id?.value?.stamp }, at: secret.at }
}

/**
 * The same, for conclusions from a missing value: only the list of its place proves that a value is missing. Throws if the token may not
 * read that list.
 */
async function provenStamps(api: Api, destination: Destination): Promise<ObservedDestination> {
  const { value } = await stamps(api, destination)
  const { secretName, idName, idAs } = destination
  if (value.secretStamp !== undefined && (idAs !== 'secret' || value.idStamp !== undefined)) return value
  const listed = await listValues(api, destination, 'secrets')
  const idStamp = idAs === 'secret' ? secretOf(listed, idName)?.stamp : undefined
  return { secretStamp: secretOf(listed, secretName)?.stamp, idStamp }
}

/** The same with the visibility of the secrets. A later write must repeat it, or GitHub would remove it. */
export async function readWithAccess(api: Api, destination: Destination): Promise<Timed<ObservedDestination>> {
  const { secret, id } = await readSecrets(api, destination)
  const access = (name: string, item: Item | undefined) =>
    accessOf(api, destination, { kind: 'secrets', name, visibility: item?.visibility })
  const [secretAccess, idAccess] = await Promise.all([
    access(destination.secretName, secret.value),
    access(destination.idName, id?.value),
  ])
  const value = { secretStamp: secret.value?.stamp, secretAccess, idStamp: id?.value?.stamp, idAccess }
  return { value, at: secret.at }
}

async function readSecrets(
  api: Api,
  destination: Destination,
): Promise<{ secret: Timed<Item | undefined>; id: Timed<Item | undefined> | undefined }> {
  const { secretName, idName, idAs } = destination
  const [secret, id] = await Promise.all([
    readSecret(api, destination, secretName),
    idAs === 'secret' ? readSecret(api, destination, idName) : undefined,
  ])
  return { secret, id }
}

/** `updated_at` and visibility of one secret; undefined if it is absent. */
async function readSecret(api: Api, scope: Scope, name: string): Promise<Timed<Item | undefined>> {
  const what = 'reading the stamp of a secret'
  try {
    const route = 'GET secrets/{secret_name}'
    const answer = await askGithub(api, { route, scope, what, parameters: { secret_name: name } })
    const { updated_at, visibility } = parseGithubAnswer(wire.secretSchema, answer, what)
    return { value: { stamp: parseTimestamp(updated_at), visibility }, at: answer.at }
  } catch (thrown) {
    // This is GitHub's own answer, with its time. A delivery treats a deleted secret and a hidden one alike.
    if (!isUnseen(thrown) || thrown.at === undefined) throw thrown
    return { value: undefined, at: thrown.at }
  }
}

/** The id of a repository, which does not change when the repository is renamed. A repository with a new owner is refused. */
export async function repositoryId(api: Api, owner: string, name: string): Promise<string> {
  const what = 'reading the repository'
  const scope = { store: 'actions' as const, repository: { owner, name, id: '' } }
  const answer = await askGithub(api, { route: 'GET /repos/{owner}/{repo}', scope, what, parameters: {} })
  const { id, full_name } = parseGithubAnswer(wire.repositorySchema, answer, what)
  const now = full_name?.split('/')[0] ?? owner
  // GitHub redirects from the old name to the new one: the new owner would receive the secret.
  if (now.toLowerCase() !== owner.toLowerCase())
    throw new ActionError(
      'DESTINATION_MISSING',
      `${plain(`${owner}/${name}`)} was transferred: it is ${plain(full_name!)} now`,
      'Use its new name, if the new owner should have the secret. A spec file may deliver there only if allow-destinations names it.',
      { status: 301 },
    )
  return String(id)
}
