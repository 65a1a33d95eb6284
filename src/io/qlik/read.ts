import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod/mini'
import { ActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'
import type { ObservedClient, PassedOver } from '../../model/client.ts'
import { methodOf } from '../../model/credential.ts'
import type { At, TenantReader } from '../../ports.ts'
import type { Answer } from '../http/responses.ts'
import { partsOf } from '../http/responses.ts'
import { ask, clientsPath, misread, parsed, type Session } from './session.ts'
import * as wire from './wire.ts'

export function createReader(session: Session): TenantReader {
  return {
    clients: () => readClients(session),
    client: (clientId) => readClient(session, clientId),
  }
}

const mostPages = 500

type List = At<wire.Listed[]> & { passedOver: PassedOver[] }

async function readClients(session: Session): Promise<At<ObservedClient[]> & { passedOver: PassedOver[] }> {
  const { value, at, passedOver } = await readList(session)
  return { value: value.map(({ observed }) => observed), at, passedOver }
}

/**
 * All clients by pages of a hundred, the most the tenant gives. The next page is asked for as the tenant says, never computed. An
 * entry without the documented form stops nobody.
 */
async function readList(session: Session): Promise<List> {
  const what = 'reading the clients'
  const clients: wire.Listed[] = []
  const passedOver: PassedOver[] = []
  let path: string | undefined | null = `${clientsPath}?limit=100`
  let at: number | undefined
  const seen = new Set<string>()
  while (path !== undefined) {
    seen.add(path)
    const answer: Answer = await ask(session, { method: 'GET', path, what })
    at ??= answer.at
    const page: z.infer<typeof wire.clientsSchema> = parsed(wire.clientsSchema, answer, what)
    for (const raw of page.data) {
      const entry = listedClient(session, raw)
      if ('lacks' in entry) passedOver.push(entry)
      else if (!entry.client.deletedAt) clients.push(entry)
    }
    path = nextPath(page.links?.next?.href, session.tenant.origin)
    if (path === null) throw misread(answer, what, 'links to something that is no address')
    // What is on a page that was not read must not count as absent.
    if (path !== undefined && seen.has(path)) throw misread(answer, what, 'leads back to a page that was read')
    if (seen.size >= mostPages) throw misread(answer, what, `has no end: ${mostPages} pages were read`)
  }
  return { value: clients, at: at!, passedOver }
}

/** Every client's work reads the list of all: an entry that stands there as before is not taken apart again. */
function listedClient(session: Session, raw: unknown): wire.Listed | PassedOver {
  const last = session.listed.get(String((raw as { clientId?: unknown } | null)?.clientId))
  if (last !== undefined && isDeepStrictEqual(last.raw, raw)) return last
  const result = wire.listedSchema.safeParse(raw)
  if (!result.success) return wire.toPassedOver(raw, partsOf(result.error))
  const { data: client } = result
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

/** Where the single read leaves out the client, its secrets or its keys, as some forms of it do, the list has them. */
export async function readWire(session: Session, clientId: string): Promise<At<wire.WireClient | undefined>> {
  const seen = await lookAt(session, clientId)
  if (seen.value?.deletedAt) return { value: undefined, at: seen.at }
  if (seen.value !== undefined && isWhole(seen.value)) return seen
  const { value, at, passedOver } = await readList(session)
  const odd = passedOver.find(({ id }) => id === clientId)
  if (odd === undefined) return { value: value.find(({ client }) => client.clientId === clientId)?.client, at }
  throw misread(undefined, reading, `has another form than documented (${plain(odd.lacks, 100)})`)
}

const reading = 'reading the client'

/** The client as the single read shows it, also one that is deleted; undefined where it is gone by the tenant's own word. */
export async function lookAt(session: Session, clientId: string): Promise<At<wire.WireClient | undefined>> {
  const path = `${clientsPath}/${encodeURIComponent(clientId)}`
  try {
    const answer = await ask(session, { method: 'GET', path, what: reading, codes: { 404: 'CLIENT_MISSING' } })
    return { value: parsed(wire.clientSchema, answer, reading), at: answer.at }
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown
    return { value: undefined, at: thrown.at ?? Number.NaN }
  }
}

/** Did the tenant itself say that there is no such thing? */
export function isGone(thrown: unknown): thrown is ActionError {
  return thrown instanceof ActionError && thrown.absence === 'gone'
}

function isWhole(client: wire.WireClient): boolean {
  return client.clientSecrets != null && (client.publicKeys != null || !wire.methodsOf(client).includes(methodOf.key))
}
