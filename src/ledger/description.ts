import { ActionError } from '../base/errors.ts'
import { type Description, ledgerMarker, longestDescription } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { lease } from './lease.ts'
import { ledgerLine, longestUserId, mostWriteTimes, parseLedger } from './ledger-codec.ts'
import { deliveredEntry } from './ledger-entries.ts'

/**
 * Takes a description apart. Never throws: a ledger that was edited into nonsense is `mangled`, a later format `newer`. People and tenants
 * may indent the line, space or order its JSON in another way, end lines with CR LF, join lines, or append text.
 */
export function readDescription(text: string): Description {
  const at = markerIn(text)
  if (at === undefined) return { user: text }
  const line = lineAt(text, at)
  const before = text.slice(0, at).replace(/\n[ \t]*$|[ \t]$/, '')
  // Text that people appended after our line is theirs, and kept.
  const after = text.slice(at + line.length).replace(/^[ \t]*\r?\n/, '')
  const user = [before, after].filter((part) => part.trim() !== '').join('\n')
  return { user, line, ...parseLedger(line.slice(ledgerMarker.length)) }
}

/**
 * Our line is the last one that begins with the marker; people may mention the marker in their text. If no line begins with it, the last
 * marker with a whole ledger behind it: somebody joined the lines.
 */
function markerIn(text: string): number | undefined {
  const last = text.lastIndexOf(ledgerMarker)
  for (let at = last; at >= 0; at = at === 0 ? -1 : text.lastIndexOf(ledgerMarker, at - 1)) {
    if (/(^|[\r\n])[ \t]*$/.test(text.slice(Math.max(0, at - mostIndented), at))) return at
  }
  if (last < 0) return undefined
  const parsed = parseLedger(lineAt(text, last).slice(ledgerMarker.length))
  return 'ledger' in parsed || parsed.note === 'newer' ? last : undefined
}

const mostIndented = 40

/** From the marker to the end of its JSON, or to the end of its line if that is no JSON. */
function lineAt(text: string, at: number): string {
  const end = endOfObject(text, at + ledgerMarker.length)
  if (end !== undefined) return text.slice(at, end)
  const [line = ''] = text.slice(at).split('\n', 1)
  return line.trimEnd()
}

/** The end of the JSON object that begins here, after spaces; undefined if there is none. */
function endOfObject(text: string, from: number): number | undefined {
  const parts = /[{}]|"(?:[^"\\]|\\.)*"/g
  parts.lastIndex = from
  if (!/^[ \t]*\{/.test(text.slice(from, from + mostIndented))) return undefined
  let depth = 0
  for (let part = parts.exec(text); part !== null; part = parts.exec(text)) {
    if (part[0] === '{') depth++
    if (part[0] === '}' && --depth === 0) return parts.lastIndex
  }
  return undefined
}

/** The description that carries a ledger. */
export function withLedger(user: string, ledger: Ledger): string {
  return joined(user, ledgerLine(ledger))
}

/** A user's own description beside the ledger line exactly as it was read. */
export function withLine(user: string, line: string | undefined): string {
  return line === undefined ? user : joined(user, line)
}

function joined(user: string, line: string): string {
  return user.trim() === '' ? line : `${user}\n${line}`
}

// --- room ------------------------------------------------------------------------------------------------------------

/** How long credentials of a client live, in seconds. The number of keys that it has at a time depends on this. */
export type Lifetime = { after?: number | undefined; grace: number }

/**
 * Throws `INPUT_INVALID` if Qlik's 4096 characters don't hold the description and the longest ledger that can follow this one, with an
 * entry for each of these destinations. Call it before the first write: a run that finds this out later can't commit.
 */
export function requireLedgerRoom(
  user: string,
  ledger: Ledger,
  destinations: Destination[],
  lifetime?: Lifetime,
): void {
  const room = roomBeside(ledger, destinations, lifetime)
  if (user.length <= room) return
  throw new ActionError('INPUT_INVALID', `description: ${roomText(user, room)}`, roomHint(room))
}

/** The complaint about a description that is longer than this room. */
export function roomText(user: string, room: number): string {
  const line = longestDescription - room
  return `its ${user.length} characters leave no room for the action’s own line of up to ${line} characters`
}

export function roomHint(room: number): string {
  const most = `Qlik allows ${longestDescription} characters`
  return room > 0
    ? `${most} together: the description may have ${room}.`
    : `${most}, and so many destinations, or keys that live at the same time, need more: give some destinations to another client, or rotate keys less often or with a shorter grace-period.`
}

/** The number of characters that people may use beside the longest ledger that can follow this one. */
export function roomBeside(ledger: Ledger, destinations: Destination[], lifetime?: Lifetime): number {
  return longestDescription - ledgerLine(longestLedger(ledger, destinations, lifetime)).length - 1
}

const longestTime = 9_999_999_999
/** More seconds than an announcement takes to its commit: GitHub may make a run wait for a quarter of an hour. */
const longestCriticalSection = 9999
/** A text as long as the ids of users. */
const longestBotId = 'x'.repeat(24)

/**
 * The longest ledger that a client can have, whatever happens: in the middle of a run, after another run failed halfway. It depends on
 * nothing that changes from run to run, so a description that fits once always fits.
 */
function longestLedger(ledger: Ledger, destinations: Destination[], lifetime?: Lifetime): Ledger {
  const isKey = ledger.announced?.issuing !== undefined || isKeyHint(ledger.current?.hint ?? '')
  const hints = hintsLike(ledger, isKey ? keysAtOnce(ledger, lifetime) : 0)
  const places = destinations.map((destination) => {
    const stamp = destination.idAs === 'secret' ? longestTime : undefined
    return [
      destinationKey(destination),
      deliveredEntry(destination, { hint: '', stamp: longestTime, idStamp: stamp }, ledger.owner),
    ] as const
  })
  const all = { ...ledger.destinations, ...Object.fromEntries(places) }
  // Hints of keys are long. A ledger in which each place has another hint than the current one is so unlikely that no room is kept for it.
  const held = (index: number) => (isKey ? hints[0]! : hints[1 + (index % (hints.length - 1))]!)
  const entries = Object.entries(all).map(([key, entry], index) => [key, { ...entry, hint: held(index) }] as const)
  return {
    ...ledger,
    unproven: true,
    current: { hint: hints[0]!, since: longestTime },
    retiring: Object.fromEntries(hints.slice(1).map((hint) => [hint, longestTime])),
    suspects: {},
    written: Object.fromEntries(
      hints.slice(1, 1 + mostWriteTimes).map((hint) => [hint, [longestTime, lease, longestCriticalSection] as const]),
    ),
    announced: {
      run: 'x'.repeat(Math.max(26, ledger.announced?.run.length ?? 0)),
      by: 'x'.repeat(longestUserId),
      at: longestTime,
      renewed: longestTime,
      known: hints.filter((hint) => !isKeyHint(hint)).slice(0, 4),
      ...(isKey ? { issuing: hints[1]! } : {}),
      stamps: Object.fromEntries(entries.map(([key]) => [key, longestTime])),
    },
    destinations: Object.fromEntries(entries),
    ...(ledger.spaces === undefined ? {} : { bot: ledger.bot ?? longestBotId }),
  }
}

/**
 * The number of keys that a ledger may have to list: the current one, those within their grace, and two from runs that died. Qlik does not
 * limit keys to five.
 */
function keysAtOnce({ retiring, suspects }: Ledger, lifetime: Lifetime | undefined): number {
  const inGrace = lifetime?.after === undefined ? 1 : Math.ceil(lifetime.grace / lifetime.after) + 1
  const known = Object.keys({ ...retiring, ...suspects }).filter(isKeyHint).length
  return 1 + Math.max(inGrace + 2, known + 1)
}

/**
 * The most hints that a client can have: five of secrets, with the same length as here; or so many of keys, beside the secrets that they
 * replace.
 */
function hintsLike({ current, retiring, suspects }: Ledger, keys: number): string[] {
  const known = [current?.hint ?? '', ...Object.keys(retiring), ...Object.keys(suspects)].filter((it) => !isKeyHint(it))
  const longest = Math.max(5, ...known.map(({ length }) => length))
  const like = (length: number) => (_: unknown, index: number) => `${index}-`.padEnd(length, 'x')
  const secrets = Array.from({ length: keys === 0 ? 5 : 2 }, like(longest))
  return [...Array.from({ length: keys }, like(43)), ...secrets]
}
