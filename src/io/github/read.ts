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
import { isComplete } from '../../model/visibility.ts'
import type { At, DestinationReader, Prepared, Sighting } from '../../ports.ts'
import { type Answer, unexpected } from '../http/responses.ts'
import { type Api, ask, isUnseen, parsed } from './api.ts'
import { nowhere } from './no-destinations.ts'
import * as wire from './wire.ts'

/** Without a token there is nowhere to read. */
export function createReader(api: Api | undefined): DestinationReader {
  if (api === undefined) return nowhere.reader
  return {
    read: (destinations) => read(api, destinations),
    prepare: (destination) => prepare(api, destination),
    stamps: (destination) => provenStamps(api, destination),
  }
}

/**
 * One list of secrets for each scope, and one of variables where some destination keeps its id there. Where one scope refuses, the
 * others are read all the same; throws what is wrong with all of them.
 */
async function read(api: Api, destinations: Destination[]): Promise<Sighting> {
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

async function readScope(api: Api, destinations: Destination[]): Promise<At<[string, ObservedDestination][]>> {
  const [scope] = destinations as [Destination]
  const wantsVariables = destinations.some(({ idAs }) => idAs === 'variable')
  const [secrets, variables] = await Promise.all([
    listAll(api, scope, 'secrets'),
    wantsVariables ? list(api, scope, 'variables') : (new Map() as Listed),
  ])
  const seen = destinations.map(async (destination): Promise<[string, ObservedDestination]> => {
    const secret = secretOf(secrets.value, destination.secretName)
    const id = idOf(destination, secrets.value, variables)
    // Whom else a secret is shown to is of interest only where the spec says to whom it should be.
    const access = (kind: Kind, name: string, item: Item | undefined) =>
      destination.access?.repositories === undefined
        ? item?.visibility && { visibility: item.visibility }
        : accessOf(api, destination, kind, name, item?.visibility)
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

export type Kind = 'secrets' | 'variables'
type Item = {
  stamp?: number | undefined
  age?: number | undefined
  value?: string
  visibility?: Visibility | undefined
}

/** Entries of a list by their names in capitals, as they came. */
type Listed = Map<string, { raw: unknown; answer: Answer }>

/** All that lies in a scope. What somebody else keeps beside ours may have any form. */
export async function list(api: Api, scope: Scope, kind: Kind): Promise<Listed> {
  return (await listAll(api, scope, kind)).value
}

/** The same with GitHub's own time of the first answer. */
async function listAll(api: Api, scope: Scope, kind: Kind): Promise<At<Listed>> {
  const what = `reading the ${kind}`
  let at = Number.POSITIVE_INFINITY
  // Thirty is the most that GitHub gives of variables at a time.
  const entries = await pages(what, kind === 'secrets' ? 100 : 30, async (page, per_page) => {
    const answer = await ask(api, { route: `GET ${kind}`, scope, what, parameters: { per_page, page } })
    at = Math.min(at, answer.at)
    const found = { secrets: [], variables: [], ...parsed(wire.listSchemas[kind], answer, what) }
    return { total: found.total_count, items: found[kind].map((raw) => ({ raw, answer })) }
  })
  const value: Listed = new Map(
    entries.flatMap((entry) => {
      const name = (entry.raw as { name?: unknown } | null)?.name
      return typeof name === 'string' ? [[name.toUpperCase(), entry]] : []
    }),
  )
  return { value, at }
}

function idOf({ idAs, idName }: Destination, secrets: Listed, variables: Listed): Item | undefined {
  if (idAs === 'none') return undefined
  return idAs === 'secret' ? secretOf(secrets, idName) : variableOf(variables, idName)
}

function secretOf(listed: Listed, name: string): Item | undefined {
  const entry = listed.get(name)
  if (entry === undefined) return undefined
  const { updated_at, visibility } = parsed(
    wire.secretSchema,
    { ...entry.answer, data: entry.raw },
    'reading the secrets',
  )
  const stamp = parseTimestamp(updated_at)
  return { stamp, age: stamp === undefined ? undefined : entry.answer.at - stamp, visibility }
}

function variableOf(listed: Listed, name: string): Item | undefined {
  const entry = listed.get(name)
  return entry && parsed(wire.variableSchema, { ...entry.answer, data: entry.raw }, 'reading the variables')
}

/**
 * Who sees a value; undefined outside of organizations. The ids of selected repositories are all or none: those that a token
 * can't see would be taken back by who writes the others.
 */
async function accessOf(
  api: Api,
  scope: Scope,
  kind: Kind,
  name: string,
  visibility: Visibility | undefined,
): Promise<Access | undefined> {
  if (visibility !== 'selected') return visibility && { visibility }
  const what = `reading which repositories see ${name}`
  let total = 0
  const items = await pages(what, 100, async (page, per_page) => {
    const answer =
      kind === 'secrets'
        ? await ask(api, {
            route: 'GET secrets/{secret_name}/repositories',
            scope,
            what,
            parameters: { secret_name: name, per_page, page },
          })
        : await ask(api, {
            route: 'GET variables/{name}/repositories',
            scope,
            what,
            parameters: { name, per_page, page },
          })
    const { total_count, repositories } = parsed(wire.repositoriesSchema, answer, what)
    total = Math.max(total, total_count)
    return { total: total_count, items: repositories }
  })
  const ids = new Set(items.map(({ id }) => String(id)))
  return ids.size < total ? { visibility } : { visibility, repositories: [...ids].sort() }
}

// A thousand values, thirty on a page, are 34.
const mostPages = 100

/** All pages of a list: the first says how many there are, the others are asked for together. */
async function pages<T>(
  what: string,
  perPage: number,
  get: (page: number, perPage: number) => Promise<{ total: number; items: T[] }>,
): Promise<T[]> {
  const first = await get(1, perPage)
  // A server may give less than was asked for.
  const size = Math.max(1, first.items.length)
  const count = Math.ceil(first.total / size)
  if (count > mostPages) throw unexpected('github', { what, method: 'GET' }, undefined, 'counts more than it shows')
  const others = Array.from({ length: Math.max(0, count - 1) }, (_, index) => index + 2)
  const rest = await Promise.all(others.map((page) => get(page, perPage)))
  return [first, ...rest].flatMap(({ items }) => items)
}

async function prepare(api: Api, destination: Destination): Promise<At<Prepared>> {
  const what = 'reading the public key'
  const [answer, seen] = await Promise.all([
    ask(api, { route: 'GET secrets/public-key', scope: destination, what, parameters: {} }),
    isComplete(destination.access) ? stamps(api, destination) : readWithAccess(api, destination),
  ])
  const { key_id, key } = parsed(wire.publicKeySchema, answer, what)
  return { value: { publicKey: { id: key_id, key }, seen: seen.value }, at: seen.at }
}

async function stamps(api: Api, destination: Destination): Promise<At<ObservedDestination>> {
  const { secret, id } = await readSecrets(api, destination)
  return { value: { secretStamp: secret.value?.stamp, idStamp: id?.value?.stamp }, at: secret.at }
}

/** The same for conclusions: what is absent is so by the list of its place, which nobody gets who may not see that. */
async function provenStamps(api: Api, destination: Destination): Promise<ObservedDestination> {
  const { value } = await stamps(api, destination)
  const { secretName, idName, idAs } = destination
  if (value.secretStamp !== undefined && (idAs !== 'secret' || value.idStamp !== undefined)) return value
  const listed = await list(api, destination, 'secrets')
  const idStamp = idAs === 'secret' ? secretOf(listed, idName)?.stamp : undefined
  return { secretStamp: secretOf(listed, secretName)?.stamp, idStamp }
}

/** The same with who sees the secrets, for writing them again: what is not said then is taken back. */
export async function readWithAccess(api: Api, destination: Destination): Promise<At<ObservedDestination>> {
  const { secret, id } = await readSecrets(api, destination)
  const access = (name: string, item: Item | undefined) => accessOf(api, destination, 'secrets', name, item?.visibility)
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
): Promise<{ secret: At<Item | undefined>; id: At<Item | undefined> | undefined }> {
  const { secretName, idName, idAs } = destination
  const [secret, id] = await Promise.all([
    readSecret(api, destination, secretName),
    idAs === 'secret' ? readSecret(api, destination, idName) : undefined,
  ])
  return { secret, id }
}

/** `updated_at` of one secret and who sees it, undefined where it is absent. */
async function readSecret(api: Api, scope: Scope, name: string): Promise<At<Item | undefined>> {
  const what = 'reading the stamp of a secret'
  try {
    const route = 'GET secrets/{secret_name}'
    const answer = await ask(api, { route, scope, what, parameters: { secret_name: name } })
    const { updated_at, visibility } = parsed(wire.secretSchema, answer, what)
    return { value: { stamp: parseTimestamp(updated_at), visibility }, at: answer.at }
  } catch (thrown) {
    // GitHub's own word, with its time. Whether it is gone or hidden makes no difference to who delivers.
    if (!isUnseen(thrown) || thrown.at === undefined) throw thrown
    return { value: undefined, at: thrown.at }
  }
}

/** The id of a repository, by which it stays the same whatever it is called. One that somebody else owns by now is refused. */
export async function repositoryId(api: Api, owner: string, name: string): Promise<string> {
  const what = 'reading the repository'
  const scope = { store: 'actions' as const, repository: { owner, name, id: '' } }
  const answer = await ask(api, { route: 'GET /repos/{owner}/{repo}', scope, what, parameters: {} })
  const { id, full_name } = parsed(wire.repositorySchema, answer, what)
  const now = full_name?.split('/')[0] ?? owner
  // GitHub leads from the old name to the new one: a secret would go to whoever it was given to.
  if (now.toLowerCase() !== owner.toLowerCase())
    throw new ActionError(
      'DESTINATION_MISSING',
      `${plain(`${owner}/${name}`)} was transferred: it is ${plain(full_name!)} now`,
      'Name it as it is called now, if its new owner is to have the secret; a spec file may deliver there only if allow-destinations names it.',
      { status: 301 },
    )
  return String(id)
}
