import type { Settings } from '../settings.ts'
import { invalid } from './problem.ts'
import type { Client } from './types.ts'

const filterable: Record<string, (client: Client, tenantId: string) => string> = {
  clientid: (client) => client.clientId,
  clientname: (client) => client.clientName,
  apptype: (client) => client.appType,
  tenantid: (_client, tenantId) => tenantId,
  createdbytype: (client) => client.createdByType,
}

const sortable: Record<string, (client: Client) => string> = {
  clientId: (client) => client.clientId,
  clientName: (client) => client.clientName,
  appType: (client) => client.appType,
  tenantId: () => '',
  createdAt: (client) => client.createdAt,
  updatedAt: (client) => client.updatedAt,
}

type Position = { side: 'after' | 'before'; key: string; id: string } | { side: 'at'; entries: number }

export type ListPage = {
  clients: Client[]
  total: number
  next: string | undefined
  prev: string | undefined
}

export function listPage(all: Client[], query: URLSearchParams, tenantId: string, settings: Settings): ListPage {
  const keep = readFilter(query.get('filter'), settings)
  const { key, sign } = readSort(query.get('sort'))
  const limit = readLimit(query.get('limit'), settings)
  const position = readCursor(query.get('next') ?? query.get('prev'))
  const compare = (a: [string, string], b: [string, string]) => sign * order(a[0], b[0]) || sign * order(a[1], b[1])
  const found = all
    .filter((client) => keep(client, tenantId))
    .sort((a, b) => compare([key(a), a.clientId], [key(b), b.clientId]))
  const past = (client: Client) =>
    position && position.side !== 'at'
      ? compare([key(client), client.clientId], [position.key, position.id])
      : undefined
  const from = startOf(found, position, past, limit)
  const clients = found.slice(from, from + limit)
  const encoded = (cursor: Position) => Buffer.from(JSON.stringify(cursor)).toString('base64url')
  const cursor = (side: 'after' | 'before', client: Client | undefined) =>
    client && encoded({ side, key: key(client), id: client.clientId })
  const onward = settings.cursors === 'by number' ? encoded({ side: 'at', entries: from + limit }) : undefined
  return {
    clients,
    total: found.length,
    next: from + limit < found.length ? (onward ?? cursor('after', clients.at(-1))) : undefined,
    prev: from > 0 ? cursor('before', clients[0]) : undefined,
  }
}

function startOf(
  found: Client[],
  position: Position | undefined,
  past: (client: Client) => number | undefined,
  limit: number,
): number {
  if (!position) return 0
  if (position.side === 'at') return position.entries
  if (position.side === 'after') {
    const first = found.findIndex((client) => (past(client) ?? 0) > 0)
    return first < 0 ? found.length : first
  }
  const end = found.findIndex((client) => (past(client) ?? 0) >= 0)
  return Math.max(0, (end < 0 ? found.length : end) - limit)
}

/** The part of the filter syntax of RFC 7644 that the published examples use: comparisons with `eq`, joined by `and`. */
function readFilter(filter: string | null, settings: Settings): (client: Client, tenantId: string) => boolean {
  if (filter === null) return () => true
  const fold = (text: string) => (settings.filterCase === 'insensitive' ? text.toLowerCase() : text)
  const comparisons: { read: (client: Client, tenantId: string) => string; value: string }[] = []
  const term = /\s*([A-Za-z]+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*(and\s+|$)/iy
  let done = false
  while (!done) {
    const match = term.exec(filter)
    const read = filterable[match?.[1]?.toLowerCase() ?? '']
    if (!match || !read) throw invalid('The filter could not be read')
    comparisons.push({ read, value: fold(quoted(match[2] ?? '')) })
    done = match[3] === ''
  }
  return (client, tenantId) => comparisons.every(({ read, value }) => fold(read(client, tenantId)) === value)
}

/** The text of a quoted string in a filter. */
export function quoted(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    throw invalid('The filter holds a string that is not valid')
  }
}

function readSort(sort: string | null): { key: (client: Client) => string; sign: 1 | -1 } {
  if (sort === null) return { key: (client) => client.createdAt, sign: 1 }
  const key = sortable[sort.slice(1)]
  if (!key || !/^[+-]/.test(sort)) throw invalid('sort must be + or - and the name of a field')
  return { key, sign: sort.startsWith('-') ? -1 : 1 }
}

function readLimit(limit: string | null, settings: Settings): number {
  const asked = limit === null ? 20 : Number(limit)
  if (!Number.isInteger(asked) || asked < 1 || asked > 100) throw invalid('limit must be from 1 to 100')
  return Math.min(asked, settings.pageLimit)
}

function readCursor(cursor: string | null): Position | undefined {
  if (cursor === null) return undefined
  try {
    const { side, key, id, entries } = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (side === 'at' && typeof entries === 'number') return { side, entries }
    if ((side === 'after' || side === 'before') && typeof key === 'string' && typeof id === 'string') {
      return { side, key, id }
    }
  } catch {
    // Falls through: a cursor that we did not make.
  }
  throw invalid('The page cursor is not valid')
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
