import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod/mini'
import { ActionError } from '../../base/errors.ts'
import type { ObservedClient } from '../../model/client.ts'
import { methodOf } from '../../model/credential.ts'
import type { At, TenantReader } from '../../ports.ts'
import type { Answer } from '../http/responses.ts'
import { ask, clientsPath, misread, parsed, parsedPart, type Session } from './session.ts'
import * as wire from './wire.ts'

export function createReader(session: Session): TenantReader {
  return {
    clients: () => readClients(session),
    client: (clientId) => readClient(session, clientId),
  }
}

const mostPages = 500

async function readClients(session: Session): Promise<At<ObservedClient[]>> {
  const { value, at } = await readList(session)
  return { value: value.map(({ observed }) => observed), at }
}

/** All clients by pages of a hundred, the most the tenant gives. The next page is asked for as the tenant says, never computed. */
async function readList(session: Session): Promise<At<wire.Listed[]>> {
  const what = 'reading the clients'
  const clients: wire.Listed[] = []
  let path: string | undefined | null = `${clientsPath}?limit=100`
  let at: number | undefined
  const seen = new Set<string>()
  while (path !== undefined) {
    seen.add(path)
    const answer: Answer = await ask(session, { method: 'GET', path, what })
    at ??= answer.at
    const page: z.infer<typeof wire.clientsSchema> = parsed(wire.clientsSchema, answer, what)
    const listed = page.data.map((raw, index) => listedClient(session, answer, raw, index))
    clients.push(...listed.filter(({ client }) => !client.deletedAt))
    path = nextPath(page.links?.next?.href, session.tenant.origin)
    if (path === null) throw misread(answer, what, 'links to something that is no address')
    // What is on a page that was not read must not count as absent.
    if (path !== undefined && seen.has(path)) throw misread(answer, what, 'leads back to a page that was read')
    if (seen.size >= mostPages) throw misread(answer, what, `has no end: ${mostPages} pages were read`)
  }
  return { value: clients, at: at! }
}

/** Every client's work reads the list of all: an entry that stands there as before is not taken apart again. */
function listedClient(session: Session, answer: Answer, raw: unknown, index: number): wire.Listed {
  const last = session.listed.get(String((raw as { clientId?: unknown } | null)?.clientId))
  if (last !== undefined && isDeepStrictEqual(last.raw, raw)) return last
  const part = { answer, part: raw, path: ['data', index] }
  const client = parsedPart(wire.clientSchema, part, 'reading the clients')
  const listed = { raw, client, observed: wire.toObservedClient(client) }
  session.listed.set(client.clientId, listed)
  return listed
}

/**
 * The tenant may link by another of its names: we stay with the one that was given to us. Null where it is no address of a page:
 * in others (`x:@host/`) the path begins without a slash, and could change the host that it is put behind.
 */
function nextPath(href: string | null | undefined, origin: string): string | undefined | null {
  if (!href) return undefined
  const url = URL.canParse(href, origin) ? new URL(href, origin) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? `${url.pathname}${url.search}` : null
}

async function readClient(session: Session, clientId: string): Promise<At<ObservedClient | undefined>> {
  const { value, at } = await readWire(session, clientId)
  return { value: value && wire.toObservedClient(value), at }
}

/** Where the single read leaves out the secrets or the keys, as some forms of it do, the list has them. */
export async function readWire(session: Session, clientId: string): Promise<At<wire.WireClient | undefined>> {
  const what = 'reading the client'
  try {
    const answer = await ask(session, {
      method: 'GET',
      path: `${clientsPath}/${encodeURIComponent(clientId)}`,
      what,
      codes: { 404: 'CLIENT_MISSING' },
    })
    const client = parsed(wire.clientSchema, answer, what)
    if (client.deletedAt) return { value: undefined, at: answer.at }
    if (isWhole(client)) return { value: client, at: answer.at }
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'CLIENT_MISSING') throw thrown
  }
  const { value, at } = await readList(session)
  return { value: value.find(({ client }) => client.clientId === clientId)?.client, at }
}

function isWhole(client: wire.WireClient): boolean {
  return client.clientSecrets != null && (client.publicKeys != null || !wire.methodsOf(client).includes(methodOf.key))
}
