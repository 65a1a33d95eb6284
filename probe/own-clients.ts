import { type Admin, OwnThings } from './own-things.ts'
import { type Reply, Untold, type Wire } from './wire.ts'

export const clientsPath = '/api/v1/oauth-clients'

/** The probe's own clients. */
export class OwnClients extends OwnThings {
  constructor(wire: Wire, admin: Admin, run: string) {
    super('client', { wire, admin, run })
  }

  /** Creates a client, as the person who runs the probe or by another credential. */
  create(fields: { clientName: string } & Record<string, unknown>, bearer?: string): Promise<Reply> {
    const ask = { method: 'POST', path: clientsPath, body: { appType: 'web', ...fields } }
    const send = () => (bearer === undefined ? this.admin(ask) : this.wire.send({ ...ask, bearer }))
    return this.made(fields.clientName, send, 'clientId')
  }

  /** Deletes one of them. `confirm`: the value of the confirming header, normally the id. */
  remove(id: string, confirm: string | undefined = id): Promise<Reply> {
    const headers: Record<string, string> = confirm === '' ? {} : { 'qlik-confirm-delete': confirm }
    const ask = { method: 'DELETE', path: `${clientsPath}/${encodeURIComponent(id)}`, headers }
    return this.gone(id, ask, confirm === id)
  }

  protected async listed() {
    const clients = await everyClient(this.admin)
    return clients
      .filter(({ deletedAt }) => !deletedAt)
      .map(({ clientId, clientName }) => ({ id: clientId, name: clientName }))
  }
}

/** All clients of the tenant, page by page as the tenant links them. */
async function everyClient(admin: Admin): Promise<Record<string, unknown>[]> {
  const clients: Record<string, unknown>[] = []
  const seen = new Set<string>()
  let path: string | undefined = `${clientsPath}?limit=100`
  while (path !== undefined && !seen.has(path)) {
    seen.add(path)
    const page: Page = await readPage(admin, path)
    clients.push(...page.clients)
    path = page.next
  }
  return clients
}

type Page = { clients: Record<string, unknown>[]; next: string | undefined }

export async function readPage(admin: Admin, path: string): Promise<Page> {
  const reply = await admin({ method: 'GET', path })
  const { data, links } = reply.body as { data?: unknown; links?: { next?: { href?: unknown } | null } | null }
  if (!reply.ok || !Array.isArray(data)) throw new Untold(`the list: ${reply.refusal ?? 'has no data'}`)
  const href = links?.next?.href
  if (typeof href !== 'string' || href === '') return { clients: data, next: undefined }
  // The tenant may use another of its names in links: the credential is sent only to the given name.
  const { pathname, search } = new URL(href, 'https://tenant.invalid')
  return { clients: data, next: `${pathname}${search}` }
}
