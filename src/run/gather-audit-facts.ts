import type { AuditFacts, KnownUsers, UnreadPart } from '../audit/audit-facts.ts'
import {
  type ClientUsage,
  type EventStream,
  eventPagesFor,
  isForMachines,
  isRecent,
  usageOf,
  userPagesFor,
} from '../audit/usage.ts'
import { plural } from '../base/duration.ts'
import { ActionError } from '../base/errors.ts'
import { tellEvery } from '../base/retry-policy.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ListedClient } from '../model/tenant.ts'
import { type TenantUser, tokenEvents } from '../model/tenant.ts'
import type { Surroundings, WholeTenantReader } from '../ports.ts'
import { inParallel } from './in-parallel.ts'

type AuditTools = Pick<Surroundings, 'clock' | 'reporter'> & { adminClientId?: string | undefined }

/** Requests under way at a time: as many as the limits of the service allow. */
const mostAtOnce = 24
/** Ids of users in one request: each is 24 characters of its address. */
const idsAtOnce = 19

/** Reads the evidence for an audit. Throws if the clients can't be read. If users or events can't be read, the result says so. */
export async function gatherAuditFacts(reader: WholeTenantReader, about: AuditTools): Promise<AuditFacts> {
  const { value: listed, at: now } = await reader.clients()
  const clients = listed.map(({ client }) => client)
  const users = await errorIfRefused(() => readUsers(reader, clients))
  const known = users instanceof ActionError ? undefined : users
  const usage = await errorIfRefused(() => readUsage(reader, clients, known, { ...about, now }))
  const isRead = !(usage instanceof ActionError)
  return {
    now,
    adminClientId: about.adminClientId,
    clients: listed,
    users: known,
    unused: isRead ? usage.unused : new Set(),
    closed: [
      ...hiddenFromCaller(listed),
      ...untoldConsents(clients),
      ...(users instanceof ActionError ? [{ part: usersPart, why: reason(users), unjudged: byUsers }] : []),
      ...(isRead ? unknownUse(usage, users) : [{ part: eventsPart, why: reason(usage), unjudged: byEvents }]),
    ],
  }
}

const usersPart = 'users (/api/v1/users)'
const eventsPart = 'events (/api/v1/audits)'
const byUsers = 'orphaned bots, and secrets whose makers are gone'
const byEvents = 'which clients are unused'

/** Returns the error of a read that the service refused, did not answer or does not offer: it does not end the audit. */
async function errorIfRefused<T>(read: () => Promise<T>): Promise<T | ActionError> {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof ActionError && !['CANCELLED', 'BUG'].includes(thrown.code)) return thrown
    throw thrown
  }
}

/** Callers who are not administrators see less of each client. */
function hiddenFromCaller(listed: ListedClient[]): UnreadPart[] {
  const hidden = listed.filter(({ client, odd }) => !odd && client.appType === 'web' && !client.shownToAdmin).length
  const why = `the tenant shows parts of ${hidden} of them to administrators only, and this credential is not one`
  return hidden === 0 ? [] : [{ part: 'clients', why, unjudged: 'their consent, secrets and keys' }]
}

/** The list of an odd tenant lacks the consent. To ask for it client by client would cost more requests than an audit may take. */
function untoldConsents(clients: ObservedClient[]): UnreadPart[] {
  const untold = clients.filter(
    (client) => isForMachines(client) && client.shownToAdmin && client.consent === undefined,
  )
  if (untold.length === 0) return []
  const why = `the list does not show the consent of ${plural(untold.length, 'client')}`
  return [{ part: 'clients', why, unjudged: 'whether it is trusted' }]
}

function reason({ message }: ActionError): string {
  return message.replace(/^reading the (users|events): /, '')
}

function unknownUse({ unknown, failure }: Read, users: unknown): UnreadPart[] {
  if (unknown.length === 0) return []
  const isBlind = users instanceof ActionError
  const unsaid = isBlind ? 'they can’t be found without the users' : 'they do not say which client they belong to'
  const unjudged = `whether ${plural(unknown.length, 'client')} ${unknown.length === 1 ? 'is' : 'are'} unused`
  return [{ part: eventsPart, why: failure === undefined ? unsaid : reason(failure), unjudged }]
}

// --- users ---------------------------------------------------------------------------------------------------------------

type Users = KnownUsers & { requests: number }

/** All users; on a large tenant only the bots and the makers of secrets. */
async function readUsers(reader: WholeTenantReader, clients: ObservedClient[]): Promise<Users> {
  const makers = new Set(clients.flatMap(({ secrets }) => secrets.flatMap(({ createdBy }) => createdBy ?? [])))
  const first = await reader.users(userPagesFor(clients.length))
  const bots = first.all ? [] : await reader.bots().catch(refused)
  // If the tenant does not find users that it has just shown, its filters can't be trusted: then all users are read.
  const isFound = bots !== undefined && first.users.every((user) => first.all || !isBot(user) || has(bots, user))
  const { users } = isFound ? { users: distinct([...first.users, ...bots]) } : await reader.users(everyPage)
  const requests = Math.max(1, Math.ceil(users.length / 100)) + (first.all ? 0 : 1)
  if (first.all || !isFound) return { users, gone: goneOf(makers, users), requests }
  const asked = [...goneOf(makers, users)]
  const batches = Array.from({ length: Math.ceil(asked.length / idsAtOnce) }, (_, index) =>
    asked.slice(index * idsAtOnce, (index + 1) * idsAtOnce),
  )
  for (const ids of batches) users.push(...(await usersNamed(reader, ids, first.users[0])))
  return { users: distinct(users), gone: goneOf(makers, users), requests: requests + batches.length }
}

const everyPage = Number.POSITIVE_INFINITY

/**
 * The users with these ids. `known`: a user that the tenant showed just now. If its answer lacks that user, the answer proves nothing about
 * the others: then none counts as gone.
 */
async function usersNamed(reader: WholeTenantReader, ids: string[], known: TenantUser | undefined) {
  const found = await reader.named(known === undefined ? ids : [...ids, known.id]).catch(refused)
  const isAnswer = found !== undefined && (known === undefined || has(found, known))
  return isAnswer ? found : ids.map(unknownUser)
}

/** A user that the tenant did not show. It does not count as deleted, because no answer says so. */
function unknownUser(id: string): TenantUser {
  return { id, name: '' }
}

/** Undefined if the tenant rejects this kind of request; other failures are thrown. */
function refused(thrown: unknown): undefined {
  if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_REJECTED') throw thrown
  return undefined
}

function isBot({ clientId }: TenantUser): boolean {
  return clientId !== undefined
}

function has(users: TenantUser[], { id }: TenantUser): boolean {
  return users.some((user) => user.id === id)
}

function goneOf(makers: ReadonlySet<string>, users: TenantUser[]): Set<string> {
  const ids = new Set(users.flatMap(({ id, clientId }) => [id, clientId ?? id]))
  return new Set([...makers].filter((maker) => !ids.has(maker)))
}

function distinct(users: TenantUser[]): TenantUser[] {
  return [...new Map(users.map((user) => [user.id, user])).values()]
}

// --- events --------------------------------------------------------------------------------------------------------------

/** `failure`: why the events of some bots could not be read. */
type Read = ClientUsage & { failure?: ActionError | undefined }

async function readUsage(
  reader: WholeTenantReader,
  clients: ObservedClient[],
  known: Users | undefined,
  about: AuditTools & { now: number },
): Promise<Read> {
  const { now, adminClientId } = about
  const bots = known?.users.filter(isBot)
  const made = Math.ceil(clients.length / 100) + (known?.requests ?? 1)
  const machines = clients.filter(isForMachines).length
  // If the bots are unknown, only the stream of events can tell.
  const mostPages = Math.max(bots === undefined ? 1 : 0, eventPagesFor(clients.length, made, machines))
  const { failure: closed, ...stream } = await readStream(reader, mostPages)
  const usage = usageOf(clients, { stream, bots, now, adminClientId })
  // Missing bots prove nothing unless events can be read at all.
  const isSure = closed === undefined && mostPages > 0
  if (!isSure && usage.ask.length === 0 && usage.unused.size > 0) await reader.events(tokenEvents[0], 1)
  const failure = await askByBot(reader, usage, about)
  // No bot got an answer: then events can't be read at all.
  if (failure !== undefined && !isSure && usage.ask.every(({ clientId }) => usage.unknown.includes(clientId)))
    throw failure
  return { ...usage, failure }
}

/**
 * The newest events of both names. If the tenant no longer knows the old name, the new one has all events. `failure`: the tenant refuses
 * to show the events of all users together.
 */
async function readStream(
  reader: WholeTenantReader,
  mostPages: number,
): Promise<EventStream & { failure?: ActionError }> {
  if (mostPages === 0) return { events: [], all: false }
  const [name, oldName] = tokenEvents
  try {
    const newer = await reader.events(name, mostPages)
    const older = (await reader.events(oldName, mostPages).catch(refused)) ?? { events: [], all: true }
    return { events: [...newer.events, ...older.events], all: newer.all && older.all }
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_REJECTED') throw thrown
    return { events: [], all: false, failure: thrown }
  }
}

/** Reads the events of each bot. Stops at the first refusal, because the tenant would refuse the others too. */
async function askByBot(
  reader: WholeTenantReader,
  usage: ClientUsage,
  { clock, reporter, now }: AuditTools & { now: number },
): Promise<ActionError | undefined> {
  let failure: ActionError | undefined
  let [done, told] = [0, clock.elapsed()]
  await inParallel(usage.ask, mostAtOnce, async ({ clientId, userId }) => {
    const used = failure ?? (await errorIfRefused(() => isUsed(reader, userId, now)))
    if (used instanceof ActionError) {
      failure ??= used
      usage.unknown.push(clientId)
    } else if (!used) usage.unused.add(clientId)
    done++
    if (clock.elapsed() - told < tellEvery) return
    told = clock.elapsed()
    reporter.step(`… ${done} of ${usage.ask.length} clients asked about`)
  })
  return failure
}

async function isUsed(reader: WholeTenantReader, userId: string, now: number): Promise<boolean> {
  const [name, oldName] = tokenEvents
  const newer = await reader.eventOf(name, userId)
  if (newer !== undefined && isRecent(newer, now)) return true
  const older = await reader.eventOf(oldName, userId).catch(refused)
  return older !== undefined && isRecent(older, now)
}
