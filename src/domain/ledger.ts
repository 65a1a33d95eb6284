import * as z from 'zod/mini'
import { isKeyHint } from './credential.ts'
import { type Destination, destinationKey, hasVariables, readDestinationKey, repositoryPattern } from './destination.ts'
import { latestTime } from './duration.ts'
import { ActionError } from './errors.ts'

/** What stands before the ledger's JSON, at the start of its line in the client's description. */
export const ledgerMarker = 'qlik-oauth-client ledger:'

/** Qlik's limit for a client's description (API reference of oauth-clients). */
export const longestDescription = 4096

// Room for what later ledgers of the same client need beyond the one at hand: a few more hints with their times.
const spareRoom = 200
const spareRoomWithKeys = 400

// Whoever may edit a description on the tenant can write here, and from here addresses on GitHub are made: only what this
// action could have written itself is taken for a ledger.
// Made when the first ledger is read: that takes as long as reading all inputs does.
const ledgerSchema = z.lazy(() => {
  const time = z.number().check(z.minimum(-1), z.maximum(latestTime))
  const times = z.record(z.string(), time)
  const repositoryName = z.string().check(z.regex(repositoryPattern))
  const key = z.string().check(z.refine((text) => readDestinationKey(text) !== undefined))
  const delivered = z.object({
    hint: z.string(),
    stamp: time,
    idStamp: z.optional(time),
    /** `variable:NAME` or `secret:NAME`. */
    id: z.optional(z.string().check(z.regex(/^(variable|secret):[A-Z_][A-Z0-9_]*$/))),
    /** `owner/name`, where it is not the owner's own repository. */
    in: z.optional(repositoryName),
  })
  return z.object({
    version: z.literal(1),
    owner: z.object({
      /** The repository's id; `name` is for people, for names change. */
      repository: z.string(),
      name: repositoryName,
      /** The client's name in the spec. */
      client: z.string(),
      origin: z.enum(['made', 'adopted']),
    }),
    current: z.optional(z.object({ hint: z.string(), since: time })),
    /** What lies in the destinations can't be told: the next run delivers a fresh secret to all of them. */
    unproven: z.optional(z.literal(true)),
    retiring: z._default(times, {}),
    suspects: z._default(times, {}),
    announced: z.optional(
      z.object({
        run: z.string(),
        at: time,
        /** A slow run's second announcement; `at` stays what it was, for its secret was issued after that. */
        renewed: z.optional(time),
        known: z.array(z.string()),
        /** Hint of the key that this run is about to add: it is made before it is announced. */
        issuing: z.optional(z.string()),
        stamps: z.record(key, z.nullable(time)),
      }),
    ),
    destinations: z._default(
      z
        .record(key, delivered)
        .check(z.refine((places) => Object.entries(places).every(([at, { id }]) => idFits(at, id)))),
      {},
    ),
  })
})

/** A variable where the store has none would be looked for at an address that there is not. */
function idFits(key: string, id: string | undefined): boolean {
  const store = readDestinationKey(key)?.store
  return !id?.startsWith('variable:') || (store !== undefined && hasVariables(store))
}

/**
 * The memory of one client: who owns it, which secrets this action issued, and which destination holds which. All times are
 * the tenant's own in epoch seconds; stamps are GitHub's `updated_at`. It holds no secret. docs/secret-lifecycle.md says how
 * it is used.
 */
export type Ledger = z.infer<typeof ledgerSchema>
export type Announcement = NonNullable<Ledger['announced']>
export type Delivered = Ledger['destinations'][string]

/** A client's description, taken apart: what people wrote, and our line at its end. */
export type Description = { user: string; ledger?: Ledger; line?: string; note?: 'mangled' | 'newer' }

/** Takes a description apart. Never throws: a ledger that was edited into nonsense is `mangled`, a later format `newer`. */
export function readDescription(text: string): Description {
  const at = markerIn(text)
  if (at < 0) return { user: text }
  const [line = '', ...after] = text.slice(at).split('\n')
  // What people appended behind our line is theirs, and kept.
  const user = [text.slice(0, at).replace(/\n$/, ''), after.join('\n')].filter((part) => part.trim() !== '').join('\n')
  return { user, line, ...parseLedger(line.slice(ledgerMarker.length)) }
}

/** Our line is the last that begins with the marker; people may speak of it in theirs. */
function markerIn(text: string): number {
  const later = text.lastIndexOf(`\n${ledgerMarker}`)
  if (later >= 0) return later + 1
  return text.startsWith(ledgerMarker) ? 0 : -1
}

function parseLedger(json: string): Pick<Description, 'ledger' | 'note'> {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    return { note: 'mangled' }
  }
  const version = (data as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) return { note: 'newer' }
  const parsed = ledgerSchema.safeParse(data)
  if (!parsed.success) return { note: 'mangled' }
  return { ledger: withHints(parsed.data, '', currentKey(parsed.data)) }
}

/** The ledger as its line. Equal ledgers give equal lines, whatever the order in which their parts were put together. */
export function ledgerLine(ledger: Ledger): string {
  const key = currentKey(ledger)
  const short = key === undefined ? ledger : withHints(ledger, key, '')
  return `${ledgerMarker} ${JSON.stringify(sorted(short))}`
}

function currentKey({ current }: Ledger): string | undefined {
  return current !== undefined && isKeyHint(current.hint) ? current.hint : undefined
}

/** Hints of keys are long, and there may be twenty destinations: one that holds the current key has an empty hint in the line. */
function withHints(ledger: Ledger, from: string, to: string | undefined): Ledger {
  if (to === undefined) return ledger
  const destinations = Object.entries(ledger.destinations).map(([key, delivered]) => [
    key,
    delivered.hint === from ? { ...delivered, hint: to } : delivered,
  ])
  return { ...ledger, destinations: Object.fromEntries(destinations) }
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]))
}

/** The description that carries a ledger. */
export function withLedger(user: string, ledger: Ledger): string {
  return joined(user, ledgerLine(ledger))
}

/**
 * Throws `INPUT_INVALID` where Qlik's 4096 characters don't hold the description and the fullest ledger that can follow this
 * one: with an entry for each of these destinations, and a few more hints. Asked before anything is written, for later it
 * would be too late to commit.
 */
export function requireRoom(user: string, ledger: Ledger, destinations: Destination[]): void {
  // Of a key only the current one is there: while others are, there are no stamps of an announcement, which are longer.
  const hint = ledger.announced?.issuing === undefined ? 'xxxxx' : ''
  const stamp = 9_999_999_999
  const entries = destinations.map((destination) => [
    destinationKey(destination),
    deliveredEntry(destination, hint, stamp, destination.idAs === 'secret' ? stamp : undefined, ledger.owner),
  ])
  const fullest = { ...ledger, destinations: { ...ledger.destinations, ...Object.fromEntries(entries) } }
  const withKeys = ledger.announced?.issuing !== undefined
  const length = withLedger(user, fullest).length + (withKeys ? spareRoomWithKeys : spareRoom)
  if (length <= longestDescription) return
  throw new ActionError(
    'INPUT_INVALID',
    `description: its ${user.length} characters leave no room for the action's own line of up to ${length - user.length} characters`,
    `Qlik allows ${longestDescription} characters together: shorten the description by ${length - longestDescription} characters.`,
  )
}

/** A user's own description beside the ledger line exactly as it was read. */
export function withLine(user: string, line: string | undefined): string {
  return line === undefined ? user : joined(user, line)
}

function joined(user: string, line: string): string {
  return user.trim() === '' ? line : `${user.trimEnd()}\n${line}`
}

/** Are these the same ledger, to the letter? */
export function sameLedger(a: Ledger | undefined, b: Ledger | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && ledgerLine(a) === ledgerLine(b))
}

/** Hints that the ledger lists as issued by this action. */
export function listedHints(ledger: Ledger | undefined): Set<string> {
  if (ledger === undefined) return new Set()
  return new Set([
    ...(ledger.current ? [ledger.current.hint] : []),
    ...Object.keys(ledger.retiring),
    ...Object.keys(ledger.suspects),
  ])
}

/** Entries of one map with those of the other added where it has none: an earlier `since` is kept. */
export function added(times: Record<string, number>, hints: Iterable<string>, since: number): Record<string, number> {
  const result = { ...times }
  for (const hint of hints) result[hint] ??= since
  return result
}

/** The ledger's entry for one delivery. */
export function deliveredEntry(
  destination: Destination,
  hint: string,
  stamp: number,
  idStamp: number | undefined,
  owner: Ledger['owner'],
): Delivered {
  const { repository } = destination
  const isOwners = repository === undefined || repository.id === owner.repository
  return {
    hint,
    stamp,
    ...(idStamp === undefined ? {} : { idStamp }),
    ...(destination.idAs === 'none' ? {} : { id: `${destination.idAs}:${destination.idName}` }),
    ...(isOwners ? {} : { in: `${repository.owner}/${repository.name}` }),
  }
}

/** A destination that the ledger knows, as it was when it was delivered to. */
export function recalledDestination(key: string, delivered: Delivered, owner: Ledger['owner']): Destination {
  const parts = readDestinationKey(key)
  if (parts === undefined)
    throw new ActionError('BUG', 'a key of the ledger is none', 'This is a defect of the action.')
  const [idAs, idName = ''] = (delivered.id ?? 'none:').split(':') as [Destination['idAs'], string?]
  const { store, secretName, organization } = parts
  if (organization !== undefined) return { store, organization, secretName, idName, idAs }
  const [repositoryOwner = '', name = ''] = (delivered.in ?? owner.name).split('/')
  const repository = { owner: repositoryOwner, name, id: parts.repositoryId }
  return { store, repository, environment: parts.environment, secretName, idName, idAs }
}

/** Destinations that the ledger serves and these do not name. */
export function droppedDestinations(ledger: Ledger | undefined, named: Destination[]): Destination[] {
  const keys = new Set(named.map(destinationKey))
  return Object.entries(ledger?.destinations ?? {})
    .filter(([key]) => !keys.has(key))
    .map(([key, delivered]) => recalledDestination(key, delivered, ledger!.owner))
}
