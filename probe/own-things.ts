import { type Ask, NoAnswer, type Reply, Stopped, type Wire } from './wire.ts'

export type Admin = (ask: Ask) => Promise<Reply>

/**
 * The probe's own clients, or its own spaces: it never changes or deletes others. It knows each by the id in the tenant's answer, or, if
 * that answer was lost, by a unique name, which ends in this run's random number.
 */
export abstract class OwnThings {
  protected readonly wire: Wire
  protected readonly admin: Admin
  /** The name of the first one, and the beginning of all other names. */
  protected readonly name: string
  readonly #kind: 'client' | 'space'
  readonly #byId = new Map<string, string>()
  /** Names of things whose creation got no answer, so that they may exist. */
  readonly #unclear = new Set<string>()
  #count = 0

  protected constructor(kind: 'client' | 'space', { wire, admin, run }: { wire: Wire; admin: Admin; run: string }) {
    this.#kind = kind
    this.wire = wire
    this.admin = admin
    this.name = `qlik-oauth-client probe ${run}`
  }

  get ids(): string[] {
    return [...this.#byId.keys()]
  }

  nextName(): string {
    this.#count += 1
    return this.#count === 1 ? this.name : `${this.name} ${this.#count}`
  }

  abstract remove(id: string): Promise<Reply>

  /** All that the tenant lists, ours among them; undefined if it does not answer. */
  protected abstract listed(): Promise<{ id: unknown; name: unknown }[] | undefined>

  /** Sends a creation and notes its result. `idIn`: where the answer has the id. */
  protected async made(name: string, send: () => Promise<Reply>, idIn: 'clientId' | 'id'): Promise<Reply> {
    this.#unclear.add(name)
    const reply = await send().catch((error: unknown) => {
      const neverSent = error instanceof Stopped || (error instanceof NoAnswer && !error.sent)
      if (neverSent) this.#unclear.delete(name)
      throw error
    })
    const id = reply.body[idIn]
    if (reply.ok && (typeof id !== 'string' || id === '')) throw new NoAnswer(`POST: the answer names no ${this.#kind}`)
    if (reply.ok) this.#byId.set(String(id), name)
    this.#unclear.delete(name)
    return reply
  }

  /** Sends a deletion of one of them, and notes its result. */
  protected async gone(id: string, ask: Ask, countsIfMissing = true): Promise<Reply> {
    if (!this.#byId.has(id)) throw new Error(`not a ${this.#kind} of this run`)
    const reply = await this.admin(ask)
    if (reply.ok || (reply.status === 404 && countsIfMissing)) this.#byId.delete(id)
    return reply
  }

  /** Deletes all of them, with retries. Afterwards `left` names the remaining ones. */
  async removeAll(): Promise<void> {
    await persist(this.wire, () => this.#findUnclear(), 60)
    for (const id of this.ids) {
      const isGone = async () => {
        await this.remove(id)
        return !this.#byId.has(id)
      }
      await persist(this.wire, isGone, 60)
    }
  }

  /** The things that remain or may remain, with enough words to find them. */
  left(): string[] {
    const known = [...this.#byId].map(([id, name]) => `${this.#kind} ${id}, named “${name}” when it was created`)
    const unclear = [...this.#unclear].map(
      (name) => `perhaps a ${this.#kind} named “${name}”: its creation got no answer, and it was not found in the list`,
    )
    return [...known, ...unclear]
  }

  /** True if the state of all is known. A new one may appear in the list with a delay. */
  async #findUnclear(): Promise<boolean> {
    if (this.#unclear.size === 0) return true
    for (const { id, name } of (await this.listed()) ?? []) {
      if (typeof id !== 'string' || typeof name !== 'string') continue
      if (!this.#unclear.has(name) || this.#byId.has(id)) continue
      this.#byId.set(id, name)
      this.#unclear.delete(name)
    }
    return this.#unclear.size === 0
  }
}

/** Repeats a task until it is done, for so many seconds. A failure here must not prevent the removal of other things. */
async function persist(wire: Wire, task: () => Promise<boolean>, seconds: number): Promise<void> {
  const { clock } = wire.line
  const end = clock.elapsed() + seconds * 1000
  for (let wait = 1000; ; wait = Math.min(wait * 2, 16_000)) {
    if (await task().catch(() => false)) return
    if (clock.elapsed() >= end) return
    await wire.sleep(wait)
  }
}
