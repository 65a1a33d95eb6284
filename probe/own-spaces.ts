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
  readonly #byId = new Map<string, string>()
  /** Names of spaces that were asked for and of which no answer told whether they are there. */
  readonly #unclear = new Set<string>()
  #count = 0

  constructor(wire: Wire, admin: Admin, run: string) {
    this.#wire = wire
    this.#admin = admin
    this.#name = `qlik-oauth-client probe ${run}`
  }

  /** Creates a shared space, and tells its id. */
  async create(): Promise<string> {
    this.#count += 1
    const name = this.#count === 1 ? this.#name : `${this.#name} ${this.#count}`
    this.#unclear.add(name)
    const ask = { method: 'POST', path: spacesPath, body: { name, type: 'shared' } }
    const reply = await this.#admin(ask).catch((error: unknown) => {
      if (error instanceof Stopped || (error instanceof NoAnswer && !error.sent)) this.#unclear.delete(name)
      throw error
    })
    const { id } = reply.body
    if (reply.ok && (typeof id !== 'string' || id === '')) throw new NoAnswer('POST: the answer names no space')
    this.#unclear.delete(name)
    if (!reply.ok) throw new Untold(`creating a space was refused: ${reply.refusal}`)
    this.#byId.set(String(id), name)
    return String(id)
  }

  async remove(id: string): Promise<Reply> {
    if (!this.#byId.has(id)) throw new Error('not a space of this run')
    const reply = await this.#admin({ method: 'DELETE', path: `${spacesPath}/${encodeURIComponent(id)}` })
    if (reply.ok || reply.status === 404) this.#byId.delete(id)
    return reply
  }

  /** Deletes all of them, with patience. What is left afterwards, `left` tells. */
  async removeAll(): Promise<void> {
    await persist(this.#wire, () => this.#findUnclear(), 60)
    for (const id of [...this.#byId.keys()]) {
      const isGone = async () => {
        await this.remove(id)
        return !this.#byId.has(id)
      }
      await persist(this.#wire, isGone, 60)
    }
  }

  /** What is there still, or may be, in words that let somebody find it. */
  left(): string[] {
    const known = [...this.#byId].map(([id, name]) => `space ${id}, named “${name}”`)
    const unclear = [...this.#unclear].map(
      (name) => `perhaps a space named “${name}”: its creation got no answer, and it was not found in the list`,
    )
    return [...known, ...unclear]
  }

  /** True where nothing is unclear any more. */
  async #findUnclear(): Promise<boolean> {
    if (this.#unclear.size === 0) return true
    const query = new URLSearchParams({ name: this.#name, limit: '100' })
    const { ok, body } = await this.#admin({ method: 'GET', path: `${spacesPath}?${query}` })
    if (!ok || !Array.isArray(body.data)) return false
    for (const { id, name } of body.data as Record<string, unknown>[]) {
      if (typeof id !== 'string' || typeof name !== 'string' || !this.#unclear.has(name)) continue
      this.#byId.set(id, name)
      this.#unclear.delete(name)
    }
    return this.#unclear.size === 0
  }
}
