import { type Admin, persist } from './own-clients.ts'
import { NoAnswer, type Reply, Stopped, Untold, type Wire } from './wire.ts'

export const spacesPath = '/api/v1/spaces'

/**
 * The probe's own spaces, like its own clients: what it created, and nothing else, is ever changed or deleted. Where the answer to a
 * creation was lost, a space is its own by a name that nobody else can have.
 */
export class OwnSpaces {
  readonly #wire: Wire
  readonly #admin: Admin
  readonly #name: string
  readonly #ids = new Set<string>()
  #isUnclear = false

  constructor(wire: Wire, admin: Admin, run: string) {
    this.#wire = wire
    this.#admin = admin
    this.#name = `qlik-oauth-client probe ${run}`
  }

  /** Creates a shared space, and tells its id. */
  async create(): Promise<string> {
    this.#isUnclear = true
    const ask = { method: 'POST', path: spacesPath, body: { name: this.#name, type: 'shared' } }
    const reply = await this.#admin(ask).catch((error: unknown) => {
      if (error instanceof Stopped || (error instanceof NoAnswer && !error.sent)) this.#isUnclear = false
      throw error
    })
    const { id } = reply.body
    if (reply.ok && typeof id === 'string' && id !== '') this.#ids.add(id)
    else if (reply.ok) throw new NoAnswer('POST: the answer names no space')
    this.#isUnclear = false
    if (!reply.ok) throw new Untold(`creating a space was refused: ${reply.refusal}`)
    return String(id)
  }

  async remove(id: string): Promise<Reply> {
    if (!this.#ids.has(id)) throw new Error('not a space of this run')
    const reply = await this.#admin({ method: 'DELETE', path: `${spacesPath}/${encodeURIComponent(id)}` })
    if (reply.ok || reply.status === 404) this.#ids.delete(id)
    return reply
  }

  /** Deletes all of them, with patience. What is left afterwards, `left` tells. */
  async removeAll(): Promise<void> {
    if (this.#isUnclear) await persist(this.#wire, () => this.#findUnclear(), 60)
    for (const id of [...this.#ids]) {
      const isGone = async () => {
        await this.remove(id)
        return !this.#ids.has(id)
      }
      await persist(this.#wire, isGone, 60)
    }
  }

  /** What is there still, or may be, in words that let somebody find it. */
  left(): string[] {
    const known = [...this.#ids].map((id) => `space ${id}, named “${this.#name}”`)
    const unclear = `perhaps a space named “${this.#name}”: its creation got no answer, and it was not found`
    return this.#isUnclear ? [...known, unclear] : known
  }

  /** True where it is known whether the space is there: spaces are listed at once. */
  async #findUnclear(): Promise<boolean> {
    const query = new URLSearchParams({ name: this.#name, limit: '100' })
    const { ok, body } = await this.#admin({ method: 'GET', path: `${spacesPath}?${query}` })
    if (!ok || !Array.isArray(body.data)) return false
    for (const { id, name } of body.data as Record<string, unknown>[])
      if (typeof id === 'string' && name === this.#name) this.#ids.add(id)
    this.#isUnclear = this.#ids.size === 0
    return !this.#isUnclear
  }
}
