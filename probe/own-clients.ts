import { type Ask, NoAnswer, type Reply, Stopped, Untold, type Wire } from './wire.ts'

export const clientsPath = '/api/v1/oauth-clients'

export type Admin = (ask: Ask) => Promise<Reply>

/**
 * The probe's own clients: it never changes or deletes other clients. It knows a client by the id in the tenant's answer, or, if
 * that answer was lost, by a unique name, which ends in this run's random number.
 */
export class OwnClients {
  readonly #wire: Wire
  readonly #admin: Admin
  readonly #name: string
  readonly #byId = new Map<string, string>()
  /** Names of clients whose creation got no answer, so that they may exist. */
  readonly #unclear = new Set<string>()
  #count = 0

  constructor(wire: Wire, admin: Admin, run: string) {
    this.#wire = wire
    this.#admin = admin
    this.#name = `qlik-oauth-client probe ${run}`
  }

  get ids(): string[] {
    return [...this.#byId.keys()]
  }

  nextName(): string {
    this.#count += 1
    return this.#count === 1 ? this.#name : `${this.#name} ${this.#count}`
  }

  /** Creates a client, as the person who runs the probe or by another credential. */
  async create(fields: { clientName: string } & Record<string, unknown>, bearer?: string): Promise<Reply> {
    const { clientName } = fields
    this.#unclear.add(clientName)
    const ask = { method: 'POST', path: clientsPath, body: { appType: 'web', ...fields } }
    const sending = bearer === undefined ? this.#admin(ask) : this.#wire.send({ ...ask, bearer })
    const reply = await sending.catch((error: unknown) => {
      const neverSent = error instanceof Stopped || (error instanceof NoAnswer && !error.sent)
      if (neverSent) this.#unclear.delete(clientName)
      throw error
    })
    const { clientId } = reply.body
    if (reply.ok && typeof clientId === 'string' && clientId !== '') this.#byId.set(clientId, clientName)
    if (reply.ok && !this.#byId.has(String(clientId))) throw new NoAnswer('POST: the answer names no client')
    this.#unclear.delete(clientName)
    return reply
  }

  /** Deletes one of them. `confirm`: the value of the confirming header, normally the id. */
  async remove(id: string, confirm: string | undefined = id): Promise<Reply> {
    if (!this.#byId.has(id)) throw new Error('not a client of this run')
    const headers: Record<string, string> = confirm === '' ? {} : { 'qlik-confirm-delete': confirm }
    const reply = await this.#admin({ method: 'DELETE', path: `${clientsPath}/${encodeURIComponent(id)}`, headers })
    if (reply.ok || (reply.status === 404 && confirm === id)) this.#byId.delete(id)
    return reply
  }

  /** Deletes all of them, with retries. Afterwards `left` names the remaining ones. */
  async removeAll(): Promise<void> {
    await persist(this.#wire, () => this.#findUnclear(), 60)
    for (const id of this.ids) {
      const isGone = async () => {
        await this.remove(id)
        return !this.#byId.has(id)
      }
      await persist(this.#wire, isGone, 60)
    }
  }

  /** The clients that remain or may remain, with enough words to find them. */
  left(): string[] {
    const known = [...this.#byId].map(([id, name]) => `client ${id}, named “${name}” when it was created`)
    const unclear = [...this.#unclear].map(
      (name) => `perhaps a client named “${name}”: its creation got no answer, and it was not found in the list`,
    )
    return [...known, ...unclear]
  }

  /** True if the state of all clients is known. A client may appear in the list with a delay. */
  async #findUnclear(): Promise<boolean> {
    if (this.#unclear.size === 0) return true
    for (const { clientId, clientName, deletedAt } of await everyClient(this.#admin)) {
      if (typeof clientId !== 'string' || typeof clientName !== 'string' || deletedAt) continue
      if (!this.#unclear.has(clientName) || this.#byId.has(clientId)) continue
      this.#byId.set(clientId, clientName)
      this.#unclear.delete(clientName)
    }
    return this.#unclear.size === 0
  }
}

/** Repeats a task until it is done, for so many seconds. A failure here must not prevent the removal of the other clients. */
export async function persist(wire: Wire, task: () => Promise<boolean>, seconds: number): Promise<void> {
  const { clock } = wire.line
  const end = clock.elapsed() + seconds * 1000
  for (let wait = 1000; ; wait = Math.min(wait * 2, 16_000)) {
    if (await task().catch(() => false)) return
    if (clock.elapsed() >= end) return
    await wire.sleep(wait)
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
