import { type Admin, OwnThings } from './own-things.ts'
import { type Reply, Untold, type Wire } from './wire.ts'

export const spacesPath = '/api/v1/spaces'

/** The probe's own spaces. */
export class OwnSpaces extends OwnThings {
  constructor(wire: Wire, admin: Admin, run: string) {
    super('space', { wire, admin, run })
  }

  /** Creates a shared space, and returns its id. */
  async create(): Promise<string> {
    const name = this.nextName()
    const ask = { method: 'POST', path: spacesPath, body: { name, type: 'shared' } }
    const reply = await this.made(name, () => this.admin(ask), 'id')
    if (!reply.ok) throw new Untold(`creating a space was refused: ${reply.refusal}`)
    return String(reply.body.id)
  }

  remove(id: string): Promise<Reply> {
    return this.gone(id, { method: 'DELETE', path: `${spacesPath}/${encodeURIComponent(id)}` })
  }

  protected async listed() {
    const query = new URLSearchParams({ name: this.name, limit: '100' })
    const { ok, body } = await this.admin({ method: 'GET', path: `${spacesPath}?${query}` })
    return ok && Array.isArray(body.data) ? (body.data as Record<'id' | 'name', unknown>[]) : undefined
  }
}
