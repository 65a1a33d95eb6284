import { isDeepStrictEqual } from 'node:util'
import { ActionError, type ErrorCode } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'
import type { Consent, ObservedClient, PassedOver } from '../../model/client.ts'
import { methodOf } from '../../model/credential.ts'
import type { TenantReader, Timed } from '../../ports.ts'
import { unexpectedParts } from '../http/responses.ts'
import * as wire from './answer-schemas.ts'
import { pages } from './pages.ts'
import {
  askTenant,
  clientPath,
  clientsPath,
  parseTenantAnswer,
  type Session,
  unexpectedTenantAnswer,
} from './session.ts'

export function createTenantReader(session: Session): TenantReader {
  return {
    clients: () => readClients(session),
    client: (clientId) => readClient(session, clientId),
    consent: (clientId) => readConsent(session, clientId),
  }
}

type List = Timed<wire.ListedAnswer[]> & { passedOver: PassedOver[] }

async function readClients(session: Session): Promise<Timed<ObservedClient[]> & { passedOver: PassedOver[] }> {
  const { value, at, passedOver } = await readList(session)
  return { value: value.map(({ observed }) => observed), at, passedOver }
}

/**
 * All clients. Where this run deleted a client while the pages were read, the entries behind it may have moved to a page that was read
 * already: then all are read again.
 */
async function readList(session: Session): Promise<List> {
  const { deletions } = session
  for (;;) {
    const before = deletions.begun - deletions.underWay.size
    const { pages: read, ...list } = await readPages(session)
    if (read === 1 || deletions.begun === before) return list
    await Promise.allSettled(deletions.underWay)
  }
}

/** All clients, in pages of a hundred, the tenant's maximum. Other entries are read even if one lacks the documented form. */
async function readPages(session: Session): Promise<List & { pages: number }> {
  const clients: wire.ListedAnswer[] = []
  const passedOver: PassedOver[] = []
  let at: number | undefined
  let read = 0
  for await (const page of pages(session, `${clientsPath}?limit=100`, 'reading the clients')) {
    at ??= page.at
    read++
    for (const raw of page.items) {
      const entry = listedClient(session, raw)
      if ('lacks' in entry) passedOver.push(entry)
      else if (!entry.client.deletedAt) clients.push(entry)
    }
  }
  return { value: clients, at: at!, passedOver, pages: read }
}

/** The work on each client reads the list of all clients: an entry that has not changed is not parsed again. */
function listedClient(session: Session, raw: unknown): wire.ListedAnswer | PassedOver {
  const last = session.listed.get(String((raw as { clientId?: unknown } | null)?.clientId))
  if (last !== undefined && isDeepStrictEqual(last.raw, raw)) return last
  const result = wire.listedSchema.safeParse(raw)
  if (!result.success) return wire.toPassedOver(raw, unexpectedParts(result.error))
  const { data: client } = result
  const listed = { raw, client, observed: wire.toObservedClient(client) }
  session.listed.set(client.clientId, listed)
  return listed
}

async function readClient(session: Session, clientId: string): Promise<Timed<ObservedClient | undefined>> {
  const { value, at } = await readWire(session, clientId)
  return { value: value && wire.toObservedClient(value), at }
}

/** Some forms of the single read leave out the client, its secrets or its keys. The list has them. */
export async function readWire(session: Session, clientId: string): Promise<Timed<wire.WireClient | undefined>> {
  const seen = await readSingleClient(session, clientId)
  if (seen.value?.deletedAt) return { value: undefined, at: seen.at }
  if (seen.value !== undefined && isWhole(seen.value)) return seen
  const { value, at, passedOver } = await readList(session)
  const odd = passedOver.find(({ id }) => id === clientId)
  if (odd === undefined) return { value: value.find(({ client }) => client.clientId === clientId)?.client, at }
  throw unexpectedTenantAnswer(undefined, reading, `has another form than documented (${plain(odd.lacks, 100)})`)
}

const reading = 'reading the client'

/**
 * The client as the single read shows it, even if it is marked as deleted; undefined if the tenant itself says that it is gone.
 */
export async function readSingleClient(
  session: Session,
  clientId: string,
): Promise<Timed<wire.WireClient | undefined>> {
  const path = clientPath(clientId)
  try {
    const answer = await askTenant(session, { method: 'GET', path, what: reading, codes: { 404: 'CLIENT_MISSING' } })
    return { value: parseTenantAnswer(wire.clientAnswerSchema, answer, reading), at: answer.at }
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown
    return { value: undefined, at: thrown.at ?? Number.NaN }
  }
}

/** The tenant may close this endpoint, or answer in another form: that is no failure of the run. */
const untold: ErrorCode[] = ['TENANT_FORBIDDEN', 'TENANT_REJECTED', 'TENANT_UNEXPECTED', 'CLIENT_MISSING']

export async function readConsent(session: Session, clientId: string): Promise<Consent | undefined> {
  const what = 'reading the consent'
  const path = `${clientPath(clientId)}/connection-configs/me`
  try {
    const answer = await askTenant(session, { method: 'GET', path, what, codes: { 404: 'CLIENT_MISSING' } })
    return wire.toConsent(parseTenantAnswer(wire.connectionSchema, answer, what).consentMethod)
  } catch (thrown) {
    if (thrown instanceof ActionError && untold.includes(thrown.code)) return undefined
    throw thrown
  }
}

/** Did the tenant itself say that the resource does not exist? */
export function isGone(thrown: unknown): thrown is ActionError {
  return thrown instanceof ActionError && thrown.absence === 'gone'
}

/** Milliseconds before each read except the first: reads may still show a deleted thing for some seconds. */
const looksForGone = [0, 300, 700, 1500, 2500]

/**
 * A thing that is already deleted is no failure, if the tenant itself says so and another read confirms it: an earlier request of ours may
 * have deleted it, and its answer was lost. Something that we took for deleted by mistake would live on, and no ledger would know it.
 */
export async function requireGone(
  session: Session,
  thrown: unknown,
  what: string,
  look: () => Promise<boolean>,
): Promise<void> {
  if (!isGone(thrown)) throw thrown
  for (const delay of looksForGone) {
    if (delay > 0) await session.pause(delay)
    if (await look()) return
  }
  throw unexpectedTenantAnswer(undefined, what, 'says that it is gone, and the next one shows it', 'DELETE')
}

function isWhole(client: wire.WireClient): boolean {
  return client.clientSecrets != null && (client.publicKeys != null || !wire.methodsOf(client).includes(methodOf.key))
}
