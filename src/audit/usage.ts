import type { ObservedClient } from '../model/client.ts'
import type { TenantUser, TokenEvent } from '../model/tenant.ts'
import { impersonationGrant } from '../spec/client-spec.ts'
import { eventsKept } from './judge-client.ts'

/*
 * Which clients are used. The tenant keeps an event for every access token, and can be asked for those of one user, not of one client
 * (qlik.dev/apis/rest/audits). So the newest events of all users are read first, some pages of them. They name the client:
 *
 *   the client …                                        is
 *   ─────────────────────────────────────────────────── ────────────────────────────────────────────
 *   is named by one of these events                     used
 *   is not, and these are all events, each with client  unused
 *   has a bot                                           asked about, by its bot
 *   has none, and acts as nobody else                   unused: the first token would have made its bot
 *   else                                                not judged
 */

/** The newest events of all users. `all`: the tenant has no others. */
export type EventStream = { events: TokenEvent[]; all: boolean }

/** The known use of clients, and the bots to ask about. */
export type ClientUsage = { unused: Set<string>; ask: { clientId: string; userId: string }[]; unknown: string[] }

type Known = {
  stream: EventStream
  /** Undefined: they could not be read. */
  bots: TenantUser[] | undefined
  now: number
  /** The client that this run signed in with counts as used. */
  adminClientId?: string | undefined
}

/** The number of pages of users to read, for so many clients. On a tenant with more users only the bots are read. */
export function userPagesFor(clients: number): number {
  return Math.max(1, Math.floor(clients / 4))
}

/**
 * The number of pages of events of each name, so that there are at most three requests for each client, even if each bot needs a
 * request of its own.
 */
export function eventPagesFor(clients: number, made: number, bots: number): number {
  const left = 3 * clients - made - 2 * bots
  return Math.max(0, Math.min(mostEventPages, Math.floor(left / 2)))
}

const mostEventPages = 10

/** The use of each client for machines, by the newest events; for other clients the tenant's events are not enough. */
export function usageOf(clients: ObservedClient[], { stream, bots, now, adminClientId }: Known): ClientUsage {
  const botOf = new Map((bots ?? []).map((bot) => [bot.clientId?.toLowerCase(), bot]))
  const recent = stream.events.filter((event) => isRecent(event, now))
  const used = new Set(
    [adminClientId, ...recent.map((event) => clientOfEvent(event, bots))].map((id) => id?.toLowerCase()),
  )
  const usage: ClientUsage = { unused: new Set(), ask: [], unknown: [] }
  const tellsUsers = namesBots(stream, botOf)
  const tellsAll = stream.all && stream.events.every((event) => clientOfEvent(event, bots) !== undefined)
  for (const client of clients) {
    const impersonates = client.grantTypes.includes(impersonationGrant)
    if (used.has(client.id.toLowerCase()) || !(impersonates || isForMachines(client))) continue
    const bot = botOf.get(client.id.toLowerCase())
    if (tellsAll) usage.unused.add(client.id)
    else if (impersonates || bots === undefined || (bot !== undefined && !tellsUsers)) usage.unknown.push(client.id)
    else if (bot === undefined) usage.unused.add(client.id)
    else usage.ask.push({ clientId: client.id, userId: bot.id })
  }
  return usage
}

/** May it get access tokens by itself? */
export function isForMachines({ grantTypes }: ObservedClient): boolean {
  return grantTypes.includes('client_credentials')
}

function clientOfEvent({ clientId, userId }: TokenEvent, bots: TenantUser[] | undefined): string | undefined {
  return clientId ?? bots?.find(({ id }) => id === userId)?.clientId
}

/** Is the event within the time for which tenants keep events? The tenant may show older ones. */
export function isRecent({ at }: TokenEvent, now: number): boolean {
  return at === undefined || now - at <= eventsKept
}

/** Do events name the bots that got the tokens? This is not documented: it is assumed until an event shows the opposite. */
function namesBots({ events }: EventStream, botOf: ReadonlyMap<string | undefined, TenantUser>): boolean {
  const telling = events.flatMap(({ toBot, clientId, userId }) => {
    const bot = toBot && clientId !== undefined ? botOf.get(clientId.toLowerCase()) : undefined
    return bot === undefined ? [] : [userId === bot.id]
  })
  return telling.length === 0 || telling.includes(true)
}
