import type { Mistake, Position } from '../base/errors.ts'
import { type Located, locate, pathText } from '../base/mistake-positions.ts'
import { plain } from '../base/text.ts'
import type { Membership } from '../model/space.ts'
import { clientSchema, rotationSchema, type WrittenClient } from './client-spec.ts'
import { deliverySchema, refusedNames, usualName, withClientName } from './destination-schema.ts'
import { type ForbiddenText, findForbiddenTexts, isPathWithin } from './forbidden-texts.ts'
import { spacesSchema } from './space-schema.ts'
import { clientsWithoutDelivery, type FoundMistake, isMapping, mistakesIn } from './spec-mistakes.ts'
import { schemaIssues } from './spec-schema.ts'

type WrittenDelivery = WrittenClient['deliver'][number]

/** One place of a client. `key`: its path in the file; `at`: its position, or the client's if the place comes from the defaults. */
export type ReadableDelivery = { key: string; at: Position; delivery: WrittenDelivery; isInherited: boolean }

/**
 * The readable parts of a client in a file, so that mistakes between clients are found even if the client itself has mistakes.
 */
export type ReadableClient = {
  name: string | undefined
  at: Position
  pin: { id: string; at: Position } | undefined
  absent: boolean
  /** Its own, or the one of the defaults. */
  description: { text: string; at: Position } | undefined
  method: WrittenClient['auth-method']
  /** The name of its credential for a delivery without one. */
  secretName: string
  deliveries: ReadableDelivery[]
  spaces: Membership[]
  rotation: WrittenClient['rotation']
}

export type CheckedFile = {
  file: string
  tenant?: { text: string; at: Position } | undefined
  environment: string
  drafts: ReadableClient[]
  /** Completed from the defaults; empty if there are mistakes. */
  clients: WrittenClient[]
  mistakes: Mistake[]
}

type File = { root: Located; defaults: unknown; forbidden: ForbiddenText[] }

/**
 * Checks a file by itself. `found`: mistakes in its syntax. `isCredential`: whether a text is, or looks like, a credential; no
 * message quotes such a text.
 */
export function checkFile(
  file: string,
  root: Located,
  found: FoundMistake[],
  isCredential: (text: string) => boolean,
): CheckedFile {
  if (!isMapping(root.value) || (!('clients' in root.value) && root.value.version !== 1)) {
    // No part of it is quoted: it may be any file.
    const message = 'is not a spec file: it has no `version` and `clients`'
    return { file, environment: '', drafts: [], clients: [], mistakes: [{ file, ...root.at, message }] }
  }
  const { tenant, environment, defaults } = root.value
  const written = Array.isArray(root.value.clients) ? (root.value.clients as unknown[]) : []
  const forbidden = findForbiddenTexts(root, isCredential)
  const drafted = written.map((client, index) => draftOf(client, index, { root, defaults, forbidden }))
  const mistakes: FoundMistake[] = [
    ...found,
    ...forbidden,
    ...mistakesIn(root, [...schemaIssues(root.value, written), ...clientsWithoutDelivery(root, written)], forbidden),
    ...drafted.flatMap((it) => it.mistakes),
  ]
  const completed = mistakes.length === 0 ? written.map((client, index) => complete(client, index, root)) : []
  mistakes.push(...completed.flatMap((it) => ('name' in it ? [] : it.mistakes)))
  return {
    file,
    tenant: typeof tenant === 'string' && tenant !== '' ? { text: tenant, at: locate(root, ['tenant']).at } : undefined,
    environment: typeof environment === 'string' ? environment : '',
    drafts: drafted.map(({ draft }) => draft),
    clients: completed.flatMap((it) => ('name' in it ? [it] : [])),
    mistakes: mistakes.map((mistake) => ({
      file,
      line: mistake.line,
      column: mistake.column,
      message: mistake.message,
    })),
  }
}

/** A client with the values of the defaults that it leaves out, and its own name in the names of secrets. */
function complete(client: unknown, index: number, root: Located): WrittenClient | { mistakes: FoundMistake[] } {
  const { defaults } = root.value as { defaults?: unknown }
  const [common, own] = [defaults ?? {}, client] as Record<string, object>[]
  const result = clientSchema.safeParse({ ...common, ...own, rotation: { ...common!.rotation, ...own!.rotation } })
  if (result.success) {
    const { name, deliver } = result.data
    return { ...result.data, deliver: deliver.map((delivery) => withClientName(delivery, name)) }
  }
  const { at } = locate(root, ['clients', index])
  const mistakes = mistakesIn(root, result.error.issues, []).map(({ message }) => ({
    ...at,
    message: `${pathText(['clients', index])}: with the defaults: ${message}`,
  }))
  return { mistakes }
}

function draftOf(client: unknown, index: number, file: File): { draft: ReadableClient; mistakes: FoundMistake[] } {
  const { root, defaults, forbidden } = file
  const path = ['clients', index]
  const given = isMapping(client) ? client : {}
  const text = (key: string) => {
    const value = given[key]
    return typeof value === 'string' && !forbidden.some((it) => isPathWithin([...path, key], it.path))
      ? value
      : undefined
  }
  const [name, pin] = [text('name'), text('client-id')]
  const method = methodIn(client) ?? methodIn(defaults)
  const { deliveries, mistakes } = deliveriesOf(given, path, name, file)
  const draft = {
    name,
    at: locate(root, [...path, 'name']).at,
    pin: pin === undefined ? undefined : { id: pin, at: locate(root, [...path, 'client-id']).at },
    absent: given.state === 'absent',
    description: descriptionAt(root, [...path, 'description']) ?? descriptionAt(root, ['defaults', 'description']),
    method,
    secretName: usualName(method),
    deliveries,
    spaces: spacesIn(client) ?? spacesIn(defaults) ?? [],
    rotation: rotationIn(defaults, client),
  }
  return { draft, mistakes }
}

/** The readable destinations of a client, its own or from the defaults. */
function deliveriesOf(
  given: Record<string, unknown>,
  path: (string | number)[],
  name: string | undefined,
  { root, defaults, forbidden }: File,
): { deliveries: ReadableDelivery[]; mistakes: FoundMistake[] } {
  const isInherited = !('deliver' in given)
  const list = isInherited ? (isMapping(defaults) ? defaults.deliver : undefined) : given.deliver
  const listPath = [...(isInherited ? ['defaults'] : path), 'deliver']
  const mistakes: FoundMistake[] = []
  const deliveries = (Array.isArray(list) ? list : []).flatMap((written: unknown, place): ReadableDelivery[] => {
    const own = [...listPath, place]
    const at = locate(root, isInherited ? path : own).at
    const result = deliverySchema.safeParse(written)
    if (!result.success || forbidden.some((it) => isPathWithin(it.path, own))) return []
    // Without the client's name, the name of the value is unknown.
    const delivery = withClientName(result.data, name ?? '')
    if (name === undefined && JSON.stringify(delivery) !== JSON.stringify(result.data)) return []
    const refused = refusedNames(delivery)
    for (const key of refused) {
      const message = `${pathText([...own, key])}: with the name of client ${plain(name ?? '', 80)} it begins with GITHUB_, which GitHub does not allow`
      mistakes.push({ ...at, message })
    }
    return refused.length > 0 ? [] : [{ key: pathText(own), at, delivery, isInherited }]
  })
  return { deliveries, mistakes }
}

function descriptionAt(root: Located, path: (string | number)[]): ReadableClient['description'] {
  const { value, at } = locate(root, path)
  const isThere = locate(root, path.slice(0, -1)).parts?.has(path.at(-1)!) ?? false
  return isThere && typeof value === 'string' ? { text: value, at } : undefined
}

function spacesIn(written: unknown): Membership[] | undefined {
  const spaces = isMapping(written) ? written.spaces : undefined
  return spaces === undefined ? undefined : (spacesSchema.safeParse(spaces).data ?? [])
}

function methodIn(written: unknown): ReadableClient['method'] {
  const method = isMapping(written) ? written['auth-method'] : undefined
  return method === 'client_secret' || method === 'private_key_jwt' ? method : undefined
}

/** The lifetime of its credentials, if it can be read. */
function rotationIn(...written: unknown[]): ReadableClient['rotation'] {
  const given = written.flatMap((it) => (isMapping(it) && isMapping(it.rotation) ? [it.rotation] : []))
  return rotationSchema.safeParse(Object.assign({}, ...given)).data ?? rotationSchema.parse({})
}
