import type * as z from 'zod/mini'
import { nearestName } from '../base/did-you-mean.ts'
import type { Position } from '../base/errors.ts'
import { type Located, locate, locateKey, pathText } from '../base/mistake-positions.ts'
import { plain } from '../base/text.ts'
import { clientSchema, rotationSchema } from './client-spec.ts'
import { deliveryKeys } from './destination-schema.ts'
import { type ForbiddenText, isPathWithin } from './forbidden-texts.ts'
import { spaceKeys } from './space-schema.ts'
import { defaultsSchema, fileSchema } from './spec-schema.ts'

export type FoundMistake = Position & { message: string }

type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

/**
 * An unknown key that belongs in another place. `excuses`: values that only seem to be missing or empty because the key is
 * misplaced.
 */
type Displaced = { message: string; excuses: Path[] }

/**
 * The mistakes that the schema finds, in words that quote keys and never values. One slip gives one mistake: there is none for
 * forbidden texts, nor for values that a merge key or a misplaced key would have set.
 */
export function mistakesIn(
  root: Located,
  issues: readonly Issue[],
  forbidden: readonly ForbiddenText[],
): FoundMistake[] {
  const isForbidden = (path: Path) => forbidden.some((it) => isPathWithin(path, it.path)) || isUnread(path, root)
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ key, path: issue.path })) : [],
  )
  const merges = unknown.some(({ key }) => key === '<<')
  const keys = unknown
    .filter(({ key, path }) => !isForbidden([...path, key]))
    // Users of merge keys put their anchors under a separate key, which is a part of the same mistake.
    .filter(({ key, path }) => !(merges && path.length === 0 && locate(root, [key]).isAnchored))
    .map(({ key, path }) => ({ key, path, displaced: displaced(key, path, root) }))
  const excused = keys.flatMap((it) => it.displaced?.excuses ?? meant(it.key, it.path, root)).map(pathText)
  return [
    ...keys.map(({ key, path, displaced }) => unknownKey(key, path, displaced, root)),
    ...issues
      .filter(({ code, path }) => code !== 'unrecognized_keys' && !isForbidden(path) && !isMerged(path, root))
      .filter(({ path }) => !excused.includes(pathText(path)))
      .map((issue) => ({ ...locate(root, issue.path).at, message: textOf(issue, root) })),
  ]
}

/** Clients without a `deliver` list: the user may have forgotten it. */
export function clientsWithoutDelivery(root: Located, clients: readonly unknown[]): Issue[] {
  if (has(valueAt(root, ['defaults']), 'deliver')) return []
  return clients.flatMap((client, index) =>
    isMapping(client) && isPresent(client) && !('deliver' in client)
      ? [{ code: 'custom', path: ['clients', index, 'deliver'], input: undefined, message: 'is missing' }]
      : [],
  )
}

/** A wrong `state` is a mistake of its own, and may have been meant as `absent`. */
function isPresent(client: Record<string, unknown>): boolean {
  return !('state' in client) || client.state === 'present'
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function has(value: unknown, key: string): boolean {
  return isMapping(value) && key in value
}

function isUnread(path: Path, root: Located): boolean {
  return path.some((_, index) => locate(root, path.slice(0, index + 1)).isUnread)
}

function isMerged(path: Path, root: Located): boolean {
  return has(valueAt(root, path.slice(0, -1)), '<<') && valueAt(root, path) === undefined
}

function valueAt(root: Located, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    root.value,
  )
}

// --- values ----------------------------------------------------------------------------------------------------------

function textOf(issue: Issue, root: Located): string {
  return `${pathText(issue.path)}: ${complaint(issue, valueAt(root, issue.path))}`
}

/** Words that never quote the file. */
function complaint(issue: Issue, value: unknown): string {
  if (value === undefined) return issue.path.at(-1) === 'deliver' ? undeliveredText : 'is missing'
  if (value === null) return emptyText(issue.path)
  switch (issue.code) {
    case 'invalid_type': {
      const slip = typeof value === 'string' && value !== '' ? slipText(value, issue.expected) : undefined
      const quotes = issue.expected === 'string' && typeof value !== 'object' ? '; put it in quotes' : ''
      const nowhere = value === false && issue.path.at(-1) === 'deliver' ? '; `[]` delivers nowhere' : ''
      return slip ?? `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(value)}${quotes}${nowhere}`
    }
    case 'invalid_value':
      return `accepted are ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.origin === 'array' ? 'is an empty list' : 'is empty'
    default:
      return plain(issue.message)
  }
}

const undeliveredText = 'is missing; give it here or in `defaults` (`[]` delivers nowhere)'

function emptyText(path: Path): string {
  const last = path.at(-1)
  if (typeof last === 'number') return 'is empty: write an item after the dash, or remove the dash'
  if (last === 'deliver') return 'is empty; `[]` delivers nowhere'
  return ['clients', 'name', 'version'].includes(String(last))
    ? 'is empty'
    : 'is empty; give a value, or leave the key out'
}

/** A text instead of a mapping or list: YAML needs a space after a colon, and after a dash. */
function slipText(text: string, expected: string): string | undefined {
  if (expected === 'object' && /^[\w-]+:\S/.test(text)) return noSpaceText
  if (expected === 'array' && /^-\S/.test(text)) return 'lacks a space after the dash: write `- item`'
  return undefined
}

export const noSpaceText = 'lacks a space after the colon: write `key: value`'

const nouns: Record<string, string> = { string: 'a text', array: 'a list', object: 'a mapping', number: 'a number' }

function nounOf(value: unknown): string {
  const kind = Array.isArray(value) ? 'array' : typeof value
  return nouns[kind] ?? (kind === 'boolean' ? 'true or false' : 'this')
}

// --- keys ------------------------------------------------------------------------------------------------------------

function unknownKey(key: string, path: Path, displaced: Displaced | undefined, root: Located): FoundMistake {
  const at = locateKey(root, [...path, key])
  if (key === '<<') {
    const message = `${pathText([...path, key])}: merge keys are not read; put the values that clients share into \`defaults\``
    return { ...at, message }
  }
  const [, start = key] = unspaced.exec(key) ?? []
  const why = displaced?.message ?? `is not a key of a spec${suggestion(key, path)}`
  return { ...at, message: `${pathText([...path, start])}: ${why}` }
}

/** `{name:one}` is a key without a value. */
const unspaced = /^([\w-]+):\S/

/** Inputs of a step that have another name or place in a file. */
const moved: Record<string, string> = {
  'rotate-after': '; it is `after` in `rotation`',
  'grace-period': '; it is `grace` in `rotation`',
}

function suggestion(key: string, path: Path): string {
  if (Object.hasOwn(moved, key)) return moved[key]!
  const isPlace = ['clients', 'defaults'].includes(String(path[0])) && !path.includes('deliver')
  if (isPlace && deliveryKeys.includes(key)) return '; it belongs in `deliver`'
  const closest = closestKey(key, path)
  return closest === undefined ? '' : `; did you mean ${closest}?`
}

function closestKey(key: string, path: Path): string | undefined {
  return nearestName(key.replaceAll('_', '-').toLowerCase(), keysAt(path))
}

/** Values that only seem to be missing because their key, or the `state` that makes them unnecessary, is misspelt. */
function meant(key: string, path: Path, root: Located): Path[] {
  const closest = closestKey(key, path)
  if (closest === undefined || has(valueAt(root, path), closest)) return []
  return [[...path, closest], ...(closest === 'state' ? [[...path, 'deliver']] : [])]
}

/** The keys that a mapping at this path may have. */
function keysAt(path: Path): string[] {
  if (path.includes('deliver')) return deliveryKeys
  if (path.includes('spaces')) return spaceKeys
  if (path.at(-1) === 'rotation') return Object.keys(rotationSchema.shape)
  if (path.length === 0) return Object.keys(fileSchema.shape)
  return Object.keys(path.at(-1) === 'defaults' ? defaultsSchema.shape : clientSchema.shape)
}

/** The right place of an unknown key, if a wrong indentation or a missing space explains the mistake. */
function displaced(key: string, path: Path, root: Located): Displaced | undefined {
  const [, start] = unspaced.exec(key) ?? []
  if (start !== undefined && keysAt(path).includes(start)) return { message: noSpaceText, excuses: [[...path, start]] }
  return asInput(key, path, root) ?? tooShallow(key, path, root) ?? tooDeep(key, path, root)
}

/** A space in the form of the step's input: `- Finance: consumer`. */
function asInput(key: string, path: Path, root: Located): Displaced | undefined {
  const isAlone = locate(root, path).parts?.size === 1
  if (path.at(-2) !== 'spaces' || !isAlone || nearestName(key, spaceKeys) !== undefined) return undefined
  return { message: 'is not a key of a space: write its `name` and its `roles`', excuses: [[...path, 'roles']] }
}

/** `rotation:` with nothing in it, and below it `after:` on the same level. */
function tooShallow(key: string, path: Path, root: Located): Displaced | undefined {
  const outer = valueAt(root, path) as Record<string, unknown>
  const above = ['rotation', 'deliver', 'defaults'].find(
    (it) => it in outer && outer[it] === null && keysAt([...path, it]).includes(key),
  )
  if (above !== undefined) {
    const message = `belongs in \`${above}\`, which is empty: indent it deeper${above === 'deliver' ? ', behind a dash' : ''}`
    return { message, excuses: [[...path, above]] }
  }
  const clients = valueAt(root, ['clients'])
  if (path.length > 0 || !(key in clientSchema.shape)) return undefined
  const last = Array.isArray(clients) ? [...path, 'clients', clients.length - 1, key] : ['clients']
  return { message: 'belongs to a client or to `defaults`: indent it', excuses: [last] }
}

/** `deliver:` within `rotation`, or `clients:` within `defaults`. */
function tooDeep(key: string, path: Path, root: Located): Displaced | undefined {
  for (let length = path.length - 1; length >= 0; length--) {
    const outer = path.slice(0, length)
    if (Array.isArray(valueAt(root, outer)) || (length === 0 && deliveryKeys.includes(key))) continue
    if (!keysAt(outer).includes(key) || has(valueAt(root, outer), key)) continue
    const name = length === 0 ? 'the file itself' : outer[0] === 'clients' ? 'the client' : `\`${pathText(outer)}\``
    return { message: `belongs to ${name}: indent it less`, excuses: [[...outer, key]] }
  }
  return undefined
}
