import { parseTimestamp } from '../../base/duration.ts'
import { cancelledError } from '../../base/errors.ts'
import type { ListedClient, TenantUser, TokenEvent, TokenEventName } from '../../model/tenant.ts'
import type { Stop, Timed, WholeTenantReader } from '../../ports.ts'
import * as wire from './answer-schemas.ts'
import { type Page, pages } from './pages.ts'
import { readConsent } from './read.ts'
import { clientsPath, type Session, usersPath } from './session.ts'

const auditsPath = '/api/v1/audits'

/** Reads a whole tenant. Every method throws if its endpoint refuses, and `CANCELLED` after a request to stop. Items that lack the documented form are read in part. */
export function createWholeTenantReader(session: Session, stop: Stop): WholeTenantReader {
  const read: ReadPages = (path, what) => untilStopped(pages(session, path, what), stop)
  const users = (query: Record<string, string>, mostPages?: number) =>
    firstPages(read, `${usersPath}?${new URLSearchParams({ ...query, limit: '100' })}`, 'reading the users', mostPages)
  const events = (query: Record<string, string>, mostPages: number) =>
    firstPages(read, `${auditsPath}?${new URLSearchParams(query)}`, 'reading the events', mostPages)
  return {
    clients: () => readClients(read),
    consent: async (clientId) => {
      if (stop.requested) throw cancelledError()
      return readConsent(session, clientId)
    },
    users: async (mostPages) => {
      const { items, all } = await users({}, mostPages)
      return { users: items.flatMap(toUser), all }
    },
    bots: async () => {
      const { items } = await users({ filter: 'subject co "qlikbot"' })
      return items.flatMap(toUser).filter(({ clientId }) => clientId !== undefined)
    },
    named: async (ids) => {
      const { items } = await users({ filter: ids.map((id) => `id eq ${JSON.stringify(id)}`).join(' or ') })
      return items.flatMap(toUser)
    },
    events: async (name, mostPages) => {
      const { items, all } = await events({ eventType: name, sort: '-eventTime', limit: '100' }, mostPages)
      return { events: items.flatMap((item) => toEvent(item, name)), all }
    },
    eventOf: async (name, userId) => {
      const { items } = await events({ eventType: name, userId, sort: '-eventTime', limit: '1' }, 1)
      return items.flatMap((item) => toEvent(item, name)).find((event) => event.userId === userId)
    },
  }
}

type ReadPages = (path: string, what: string) => AsyncGenerator<Page>

/** Nothing has to be put in order after a stop: no other page is read. */
async function* untilStopped(list: AsyncGenerator<Page>, stop: Stop): AsyncGenerator<Page> {
  for await (const page of list) {
    if (stop.requested) throw cancelledError()
    yield page
  }
}

/** The items of the first so many pages. `all`: the list has no others. */
async function firstPages(
  read: ReadPages,
  path: string,
  what: string,
  mostPages = Number.POSITIVE_INFINITY,
): Promise<{ items: unknown[]; all: boolean }> {
  const items: unknown[] = []
  let count = 0
  for await (const page of read(path, what)) {
    items.push(...page.items)
    if (++count >= mostPages && page.more) return { items, all: false }
  }
  return { items, all: true }
}

// --- clients -------------------------------------------------------------------------------------------------------------

async function readClients(read: ReadPages): Promise<Timed<ListedClient[]>> {
  const listed: ListedClient[] = []
  let at: number | undefined
  for await (const page of read(`${clientsPath}?limit=100`, 'reading the clients')) {
    at ??= page.at
    listed.push(...page.items.flatMap(toListed))
  }
  // A client can be on two pages if another client was added or deleted between the two reads.
  const once = new Map(listed.map((entry) => [entry.client.id || entry, entry]))
  return { value: [...once.values()], at: at! }
}

function toListed(raw: unknown): ListedClient[] {
  const result = wire.clientAnswerSchema.safeParse(raw)
  const client = result.success ? result.data : readable(raw)
  // An entry without an id is not a client that anybody could find.
  const isNobody = client.clientId === ''
  return client.deletedAt || isNobody ? [] : [{ client: wire.toObservedClient(client), odd: !result.success }]
}

/**
 * The readable parts of an entry that lacks the documented form. Its id is shown in any form; its ledger counts only if the id
 * has the form of a client id.
 */
function readable(raw: unknown): wire.WireClient {
  const fields = fieldsOf(raw)
  const { shape } = wire.clientAnswerSchema
  const fitting = Object.entries(shape).map(([key, schema]) => [
    key,
    schema.safeParse(fields[key]).success ? fields[key] : null,
  ])
  const secrets = Array.isArray(fields.clientSecrets) ? fields.clientSecrets.map(readableSecret) : undefined
  const client = { ...Object.fromEntries(fitting), ...(secrets === undefined ? {} : { clientSecrets: secrets }) }
  const isOurForm = shape.clientId.safeParse(fields.clientId).success
  return { ...client, clientId: textOf(fields.clientId) ?? '', ...(isOurForm ? {} : { description: null }) }
}

/** A hint that is much too long could be the secret. */
function readableSecret(raw: unknown): {
  hint: string
  createdAt?: string | undefined
  createdBy?: string | undefined
} {
  const { hint, createdAt, createdBy } = fieldsOf(raw)
  const isHint = typeof hint === 'string' && wire.hintSchema.safeParse({ hint }).success
  return { hint: isHint ? hint : '(not shown)', createdAt: textOf(createdAt), createdBy: textOf(createdBy) }
}

// --- users and events ------------------------------------------------------------------------------------------------------

/** The subject of a bot, in either case (qlik.dev/apis/rest/users). */
const botSubject = /^qlikbot\\(.+)$/i

function toUser(raw: unknown): TenantUser[] {
  const { id, name, clientId, subject, status } = fieldsOf(raw)
  if (typeof id !== 'string') return []
  const [, ofSubject] = botSubject.exec(textOf(subject) ?? '') ?? []
  return [{ id, name: textOf(name) ?? '', clientId: textOf(clientId) || ofSubject, status: textOf(status) }]
}

function toEvent(raw: unknown, name: TokenEventName): TokenEvent[] {
  const { eventTime, eventType, userId, data } = fieldsOf(raw)
  // A tenant that does not know the filter answers with events of other kinds too.
  if (eventType !== undefined && eventType !== name) return []
  const { issuedToClientId, grantType, userType } = fieldsOf(data)
  return [
    {
      at: parseTimestamp(textOf(eventTime)),
      userId: textOf(userId),
      clientId: textOf(issuedToClientId) || undefined,
      toBot: userType === 'bot' || grantType === 'client_credentials',
    },
  ]
}

function fieldsOf(raw: unknown): Record<string, unknown> {
  return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
