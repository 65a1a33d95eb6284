import * as z from 'zod/mini'
import { latestTime } from '../base/duration.ts'
import { ledgerMarker } from '../model/client.ts'
import {
  environmentOf,
  foldedKey,
  hasVariables,
  readDestinationKey,
  repositoryPattern,
  usualNames,
  withEnvironment,
} from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { isUserId, spaceIdPattern } from '../model/space.ts'

/** Ids of users have 24 to 36 characters on the known tenants. The ledger omits a longer id: it would take room in the description. */
export const longestUserId = 36
/** The number of suspects with recorded write times. After two runs overlapped, a place may hold the secret of either. */
export const mostWriteTimes = 2

// --- the line --------------------------------------------------------------------------------------------------------

type Line = z.infer<typeof lineSchema>

// Anybody who may edit a description on the tenant can write this line, and addresses on GitHub are built from it: the schema accepts only
// a ledger that this action could have written. It is built when the first ledger is read, because that takes as long as reading all
// inputs.
const lineSchema = z.lazy(() => {
  const time = z.number().check(z.minimum(-1), z.maximum(latestTime))
  const times = z.record(z.string(), time)
  const key = z.string().check(z.refine((text) => readDestinationKey(longKey(text)) !== undefined))
  const places = placesSchema(key, time)
  return z.object({
    version: z.union([z.literal(1), z.literal(2)]),
    owner: z.object({
      /** The repository's id. `name` is for people, because names change. */
      repository: z.string(),
      name: z.string().check(z.regex(repositoryPattern)),
      /** The client's name in the spec. */
      client: z.string(),
      origin: z.enum(['made', 'adopted']),
    }),
    current: z.optional(z.object({ hint: z.string(), since: time })),
    /** The secrets in the destinations are uncertain: the next run delivers a fresh secret to all of them. */
    unproven: z.optional(z.literal(true)),
    retiring: z._default(times, {}),
    suspects: z._default(times, {}),
    /** When each of them was written to every place: see `WriteTimes`. */
    written: z.optional(z.record(z.string(), z.readonly(z.tuple([time, time, time])))),
    announced: z.optional(announcementSchema(key, time)),
    destinations: z._default(places, {}),
    leaving: z.optional(places),
    bot: z.optional(z.string().check(z.refine(isUserId))),
    spaces: z.optional(
      z.record(z.string().check(z.regex(spaceIdPattern)), z.string().check(z.regex(/^[\da-z]{0,7}$/))),
    ),
  })
})

/** Usual values are left out, because twenty places must fit: see `shortForm`. */
function placesSchema(key: z.ZodMiniString, time: z.ZodMiniNumber) {
  const delivered = z.object({
    hint: z.optional(z.string()),
    stamp: time,
    idStamp: z.optional(time),
    id: z.optional(z.string().check(z.regex(/^(none|(variable|secret):[A-Z_][A-Z0-9_]*)$/))),
    in: z.optional(z.string().check(z.refine((name) => repositoryPattern.test(longName(name, 'x/x'))))),
  })
  return z
    .record(key, delivered)
    .check(z.refine((all) => Object.entries(all).every(([at, { id }]) => idFits(longKey(at), longId(id)))))
}

function announcementSchema(key: z.ZodMiniString, time: z.ZodMiniNumber) {
  return z.object({
    run: z.string(),
    /** The tenant's id of the user who issues, if the tenant gave it. */
    by: z.optional(z.string().check(z.maxLength(longestUserId))),
    at: time,
    /** The time of a slow run's second announcement. `at` keeps its first value, because the secret was issued after that. */
    renewed: z.optional(time),
    known: z.array(z.string()),
    /** Hint of the key that this run is about to add: it is made before it is announced. */
    issuing: z.optional(z.string()),
    stamps: z.record(key, z.nullable(time)),
  })
}

/** Rejects a variable in a store without variables: GitHub has no address for it. */
function idFits(key: string, id: string | undefined): boolean {
  const store = readDestinationKey(key)?.store
  return !id?.startsWith('variable:') || (store !== undefined && hasVariables(store))
}

/** The ledger in the JSON of its line. Never throws: invalid JSON or values are `mangled`, a later format is `newer`. */
export function parseLedger(json: string): { ledger: Ledger } | { note: 'mangled' | 'newer' } {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    return { note: 'mangled' }
  }
  if (isNewer(data)) return { note: 'newer' }
  const parsed = lineSchema.safeParse(data)
  return parsed.success ? { ledger: longForm(parsed.data) } : { note: 'mangled' }
}

/**
 * Version 2 is version 1 with spaces. Versions of this action that don't know spaces would drop them with their next write, and the grants
 * would never be revoked: they refuse version 2. It is written only if there are spaces.
 */
function isNewer(data: unknown): boolean {
  const { version, spaces } = (data ?? {}) as { version?: unknown; spaces?: unknown }
  return typeof version === 'number' && (version > 2 || (version > 1 && spaces === undefined))
}

/** The ledger as its line. Equal ledgers give equal lines, whatever the order of their keys. */
export function ledgerLine(ledger: Ledger): string {
  return `${ledgerMarker} ${JSON.stringify(sorted(shortForm(ledger)))}`
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]))
}

/** Do these ledgers give exactly the same line? */
export function sameLedger(a: Ledger | undefined, b: Ledger | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && ledgerLine(a) === ledgerLine(b))
}

// --- the line leaves out usual values ----------------------------------------------------------------------------------

const usualId = `variable:${usualNames.id}`
const usualEnd = `/${usualNames.client_secret}`

/** Leaves out the current hint, the usual names, and the owner if it is the owner of the ledger's repository. */
function shortForm(ledger: Ledger): Line {
  const { announced, destinations, leaving } = ledger
  const hasSpaces = !isEmpty(ledger.spaces)
  return {
    ...ledger,
    version: hasSpaces ? 2 : 1,
    spaces: hasSpaces ? ledger.spaces : undefined,
    announced: announced && { ...announced, stamps: mapKeys(announced.stamps, shortKey) },
    destinations: shortPlaces(destinations, ledger),
    leaving: isEmpty(leaving) ? undefined : shortPlaces(leaving, ledger),
  }
}

function isEmpty(map: Record<string, unknown> | undefined): map is undefined {
  return map === undefined || Object.keys(map).length === 0
}

function shortPlaces(places: Ledger['destinations'], { current, owner }: Ledger): Line['destinations'] {
  const prefix = owner.name.slice(0, owner.name.indexOf('/') + 1)
  return mapValues(mapKeys(withSpelling(places), shortKey), ({ environment: _, ...delivered }) => ({
    ...delivered,
    hint: delivered.hint === current?.hint ? undefined : delivered.hint,
    id: delivered.id === usualId ? undefined : (delivered.id ?? 'none'),
    in: delivered.in?.startsWith(prefix) ? delivered.in.slice(prefix.length) : delivered.in,
  }))
}

/** The line keeps the environment in a key as people wrote it: requests about places that only the ledger names need it. */
function withSpelling(places: Ledger['destinations']): Ledger['destinations'] {
  return Object.fromEntries(
    Object.entries(places).map(([key, delivered]) => [
      delivered.environment === undefined ? key : withEnvironment(key, delivered.environment),
      delivered,
    ]),
  )
}

/** GitHub ignores the case of environments. If one place has two spellings, the later delivery is kept. */
function withoutSpelling(places: Ledger['destinations']): Ledger['destinations'] {
  const folded: Ledger['destinations'] = {}
  for (const [written, delivered] of Object.entries(places)) {
    const key = foldedKey(written)
    if ((folded[key]?.stamp ?? Number.NEGATIVE_INFINITY) > delivered.stamp) continue
    folded[key] = key === written ? delivered : { ...delivered, environment: environmentOf(written) }
  }
  return folded
}

function longForm(line: Line): Ledger {
  const { announced, leaving, ...rest } = line
  return {
    ...rest,
    // A line with spaces has version 2: see `shortForm`.
    version: 1,
    announced: announced && { ...announced, stamps: mapKeys(announced.stamps, (key) => foldedKey(longKey(key))) },
    destinations: longPlaces(line.destinations, line),
    ...(leaving === undefined ? {} : { leaving: longPlaces(leaving, line) }),
  }
}

function longPlaces(places: Line['destinations'], line: Line): Ledger['destinations'] {
  return withoutSpelling(mapValues(mapKeys(places, longKey), (delivered) => longDelivered(delivered, line)))
}

function longDelivered(
  { hint, stamp, idStamp, id: written, in: place }: Line['destinations'][string],
  { current, owner }: Pick<Line, 'current' | 'owner'>,
): Ledger['destinations'][string] {
  const id = longId(written)
  return {
    hint: hint || (current?.hint ?? ''),
    stamp,
    ...(idStamp === undefined ? {} : { idStamp }),
    ...(id === undefined ? {} : { id }),
    ...(place === undefined ? {} : { in: longName(place, owner.name) }),
  }
}

function mapKeys<T>(map: Record<string, T>, of: (key: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [of(key), value]))
}

function mapValues<T, U>(map: Record<string, T>, of: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, of(value)]))
}

function shortKey(key: string): string {
  return key.endsWith(usualEnd) ? key.slice(0, 1 - usualEnd.length) : key
}

function longKey(key: string): string {
  return key.endsWith('/') ? `${key}${usualNames.client_secret}` : key
}

function longId(id: string | undefined): string | undefined {
  return id === 'none' ? undefined : (id ?? usualId)
}

function longName(name: string, ownersName: string): string {
  return name.includes('/') ? name : `${ownersName.slice(0, ownersName.indexOf('/'))}/${name}`
}
