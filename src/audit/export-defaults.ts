import { clientNameWord, nameAsWord } from '../spec/destination-schema.ts'
import type { DraftValue } from '../spec/spec-draft.ts'
import { completedWith } from './export-check.ts'
import type { ExportEntry } from './export-entry.ts'

/** The program's own defaults, which change no existing client. */
const usual: Record<string, DraftValue> = {
  'grant-types': ['client_credentials'],
  'auth-method': 'client_secret',
  consent: 'trusted',
}

/** Keys for which most clients have the same value. */
const common = ['grant-types', 'scopes', 'auth-method', 'consent', 'deliver']

export type EntriesWithDefaults = { defaults: Record<string, DraftValue>; clients: Record<string, DraftValue>[] }

/** The same clients with their common values moved to `defaults`, and without values that equal the program's own defaults. */
export function withDefaults(entries: ExportEntry[]): EntriesWithDefaults {
  const defaults = Object.fromEntries(
    common.flatMap((key) => {
      const value = mostlyAgreed(key, entries)
      return value === undefined || same(key, value, usual[key]) ? [] : [[key, value]]
    }),
  )
  // If the defaults would change the meaning of the file, it gets none.
  const fitting = isSame(entries, defaults) ? defaults : {}
  return { defaults: fitting, clients: without(entries, fitting).map(({ says }) => says) }
}

function isSame(entries: ExportEntry[], defaults: Record<string, DraftValue>): boolean {
  const [long, short] = [completedWith(entries, {}), completedWith(without(entries, defaults), defaults)]
  const places = (clients: typeof long) => JSON.stringify(clients?.map(({ deliver }) => deliver))
  return short !== undefined && places(long) === places(short)
}

/** The value of more than half of the clients; none if a client can't override it with its own. */
function mostlyAgreed(key: string, entries: ExportEntry[]): DraftValue | undefined {
  if (entries.some(({ says }) => says[key] === undefined)) return undefined
  const values = entries.map((entry) => (key === 'deliver' ? templateOf(entry) : entry.says[key]!))
  const groups = Map.groupBy(values, (value) => comparable(key, value))
  const [first] = [...groups.values()].toSorted((a, b) => b.length - a.length)
  return first !== undefined && first.length > 1 && 2 * first.length > entries.length ? first[0] : undefined
}

function without(entries: ExportEntry[], defaults: Record<string, DraftValue>): ExportEntry[] {
  return entries.map((entry) => {
    const holds = ([key, value]: [string, DraftValue]) =>
      same(key, value, defaults[key] ?? usual[key]) ||
      (key === 'deliver' && same(key, templateOf(entry), defaults[key]))
    const kept = Object.entries(entry.says).filter((pair) => !holds(pair))
    return { ...entry, says: Object.fromEntries(kept) }
  })
}

function same(key: string, a: DraftValue, b: DraftValue | undefined): boolean {
  return b !== undefined && comparable(key, a) === comparable(key, b)
}

/** Lists are sets, except lists of destinations. */
function comparable(key: string, value: DraftValue): string {
  const isSet = Array.isArray(value) && key !== 'deliver'
  return JSON.stringify(isSet ? [...new Set(value)].sort() : value)
}

/** The places of a client in a form for any name: `{name}` replaces its own name in the names of values. */
function templateOf({ says }: ExportEntry): DraftValue {
  const word = nameAsWord(String(says.name))
  const named = ([key, value]: [string, DraftValue]): [string, DraftValue] => [
    key,
    /^client-(id|secret)-name$/.test(key) ? String(value).replaceAll(word, clientNameWord) : value,
  ]
  return (says.deliver as Record<string, DraftValue>[]).map((place) =>
    Object.fromEntries(Object.entries(place).map(named)),
  )
}
