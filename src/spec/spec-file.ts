import * as z from 'zod/mini'
import { type Located, locate, locateKey, pathText } from '../base/diagnostics.ts'
import { nearest } from '../base/did-you-mean.ts'
import type { Mistake, Position } from '../base/errors.ts'
import { isPrintable, plain } from '../base/text.ts'
import type { Membership } from '../model/space.ts'
import { clientSchema, rotationSchema, type WrittenClient } from './client-spec.ts'
import { deliveryKeys, deliverySchema, usualName } from './destination-schema.ts'
import { spaceKeys, spacesSchema } from './space-schema.ts'

/** What a client leaves out; what makes a client the one it is, or says where it goes, is each client's own. */
const defaultsSchema = z.partial(z.omit(clientSchema, { name: true, 'client-id': true, state: true, deliver: true }))

/** A spec file as users write it. */
export const fileSchema = z.strictObject({
  version: z.literal(1),
  tenant: z.optional(z.string().check(z.minLength(1))),
  environment: z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.maxLength(255, 'has at most 255 characters'),
        z.refine(isPrintable, 'holds control characters'),
      ),
  ),
  defaults: z.optional(defaultsSchema),
  clients: z.array(clientSchema).check(z.minLength(1)),
})

type WrittenDelivery = WrittenClient['deliver'][number]

/** A client of a file as far as it can be understood: mistakes between clients are looked for beside mistakes within them. */
export type Draft = {
  name: string | undefined
  at: Position
  pin: { id: string; at: Position } | undefined
  absent: boolean
  /** Its own, or that of the defaults. */
  description: { text: string; at: Position } | undefined
  method: WrittenClient['auth-method']
  /** What its credential is called where a delivery does not say. */
  secretName: string
  deliveries: { at: Position; delivery: WrittenDelivery }[]
  spaces: Membership[]
}

export type CheckedFile = {
  file: string
  tenant?: { text: string; at: Position } | undefined
  environment: string
  drafts: Draft[]
  /** Completed from the defaults; empty where there are mistakes. */
  clients: WrittenClient[]
  mistakes: Mistake[]
}

/** Checks what a file holds, by itself. `found` is what was wrong in the way it is written. */
export function checkFile(file: string, root: Located, found: (Position & { message: string })[]): CheckedFile {
  const nothing = { file, environment: '', drafts: [], clients: [] }
  if (!isMapping(root.value) || !('clients' in root.value)) {
    // Whatever it is: nothing of it is quoted.
    return {
      ...nothing,
      mistakes: [{ file, ...root.at, message: 'is no spec file: it has no `version` and `clients`' }],
    }
  }
  const result = fileSchema.safeParse(root.value)
  const issues = (result.error?.issues ?? []).flatMap((issue) => mistakesOf(issue, root))
  const written = Array.isArray(root.value.clients) ? (root.value.clients as unknown[]) : []
  const mistakes = [...found, ...issues, ...undelivered(written, root)].map((mistake) => ({ file, ...mistake }))
  const { tenant, environment, defaults } = root.value
  const completed =
    mistakes.length === 0 ? written.map((client, index) => complete(defaults, client, file, index, root)) : []
  return {
    file,
    tenant: typeof tenant === 'string' && tenant !== '' ? { text: tenant, at: locate(root, ['tenant']).at } : undefined,
    environment: typeof environment === 'string' ? environment : '',
    drafts: written.map((client, index) => draftOf(client, index, root, defaults)),
    clients: completed.flatMap((it) => ('name' in it ? [it] : [])),
    mistakes: [...mistakes, ...completed.flatMap((it) => ('name' in it ? [] : it.mistakes))],
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// --- what is wrong ---------------------------------------------------------------------------------------------------

type Found = Position & { message: string }

function mistakesOf(issue: z.core.$ZodIssue, root: Located): Found[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ ...locate(root, issue.path).at, message: `${pathText(issue.path)}: ${complaint(issue, root)}` }]
  }
  return issue.keys.map((key) => {
    const path = [...issue.path, key]
    return { ...locateKey(root, path), message: `${pathText(path)}: is no key of a spec${suggestion(key, issue.path)}` }
  })
}

/** Words that are sure to hold nothing of the file. */
function complaint(issue: z.core.$ZodIssue, root: Located): string {
  const value = valueAt(root, issue.path)
  if (value === undefined) return 'is missing'
  if (value === null) return 'is empty; give a value, or leave the key out'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(value)}${value !== null && issue.expected === 'string' && typeof value !== 'object' ? '; put it in quotes' : ''}`
    case 'invalid_value':
      return `accepted are ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.origin === 'array' ? 'names none' : 'is empty'
    default:
      return plain(issue.message)
  }
}

const nouns: Record<string, string> = { string: 'a text', array: 'a list', object: 'a mapping', number: 'a number' }

function nounOf(value: unknown): string {
  const kind = Array.isArray(value) ? 'array' : typeof value
  return nouns[kind] ?? (kind === 'boolean' ? 'true or false' : 'this')
}

function valueAt(root: Located, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    root.value,
  )
}

/** Inputs of a step that have another place in a file. */
const moved: Record<string, string> = {
  'rotate-after': '; it is `after` in `rotation`',
  'grace-period': '; it is `grace` in `rotation`',
  deliver: '; each client says where it goes',
}

function suggestion(key: string, path: readonly PropertyKey[]): string {
  const last = path.at(-1)
  const known = path.includes('deliver')
    ? deliveryKeys
    : path.includes('spaces')
      ? spaceKeys
      : Object.keys(shapeAt(last, path.length === 0))
  if (Object.hasOwn(moved, key)) return moved[key]!
  if (path[0] === 'clients' && path.length === 2 && deliveryKeys.includes(key)) return '; it belongs in `deliver`'
  const closest = nearest(key.replaceAll('_', '-').toLowerCase(), known)
  return closest === undefined ? '' : `; did you mean ${closest}?`
}

function shapeAt(key: PropertyKey | undefined, isRoot: boolean): object {
  if (key === 'rotation') return rotationSchema.shape
  if (key === 'defaults') return defaultsSchema.shape
  return isRoot ? fileSchema.shape : clientSchema.shape
}

/** Where a client goes has to be said: a list left out is easily one forgotten. */
function undelivered(clients: unknown[], root: Located): Found[] {
  return clients.flatMap((client, index) => {
    if (!isMapping(client) || client.state === 'absent' || 'deliver' in client) return []
    const path = ['clients', index]
    return [
      { ...locate(root, path).at, message: `${pathText([...path, 'deliver'])}: is missing; \`[]\` delivers nowhere` },
    ]
  })
}

// --- what is right ---------------------------------------------------------------------------------------------------

function complete(
  defaults: unknown,
  client: unknown,
  file: string,
  index: number,
  root: Located,
): WrittenClient | { mistakes: Mistake[] } {
  const [common, own] = [defaults ?? {}, client] as Record<string, object>[]
  const result = clientSchema.safeParse({ ...common, ...own, rotation: { ...common!.rotation, ...own!.rotation } })
  if (result.success) return result.data
  const { at } = locate(root, ['clients', index])
  const mistakes = result.error.issues.map((issue) => {
    const message = `${pathText(['clients', index, ...issue.path])}: with the defaults: ${complaint(issue, root)}`
    return { file, ...at, message }
  })
  return { mistakes }
}

function draftOf(client: unknown, index: number, root: Located, defaults: unknown): Draft {
  const path = ['clients', index]
  const { name, state, deliver, 'client-id': pin } = isMapping(client) ? client : ({} as Record<string, unknown>)
  const deliveries = (Array.isArray(deliver) ? deliver : []).flatMap((delivery: unknown, place) => {
    const result = deliverySchema.safeParse(delivery)
    return result.success ? [{ at: locate(root, [...path, 'deliver', place]).at, delivery: result.data }] : []
  })
  const method = methodIn(client) ?? methodIn(defaults)
  return {
    name: typeof name === 'string' ? name : undefined,
    at: locate(root, [...path, 'name']).at,
    pin: typeof pin === 'string' ? { id: pin, at: locate(root, [...path, 'client-id']).at } : undefined,
    absent: state === 'absent',
    description: descriptionAt(root, [...path, 'description']) ?? descriptionAt(root, ['defaults', 'description']),
    method,
    secretName: usualName(method),
    deliveries,
    spaces: spacesIn(client) ?? spacesIn(defaults) ?? [],
  }
}

function descriptionAt(root: Located, path: (string | number)[]): Draft['description'] {
  const text = valueAt(root, path)
  return typeof text === 'string' ? { text, at: locate(root, path).at } : undefined
}

function spacesIn(written: unknown): Membership[] | undefined {
  const spaces = isMapping(written) ? written.spaces : undefined
  return spaces === undefined ? undefined : (spacesSchema.safeParse(spaces).data ?? [])
}

function methodIn(written: unknown): Draft['method'] {
  const method = isMapping(written) ? written['auth-method'] : undefined
  return method === 'client_secret' || method === 'private_key_jwt' ? method : undefined
}
