import { clientsPath, OwnClients, readPage } from './own-clients.ts'
import { OwnSpaces } from './own-spaces.ts'
import { type Ask, type Line, type Reply, Untold, Wire } from './wire.ts'

/** The credentials of a tenant administrator. */
export type SignIn = { kind: 'api-key'; key: string } | { kind: 'client'; id: string; secret: string }

/** A client of the probe with its credentials. */
export type Subject = { id: string; name: string; secret: string; created: Reply; bornAt: number }

/** The time of a change in seconds: not yet at `notYet`, but at `by`. Both undefined: it did not happen in time. */
export type Delay = { notYet: number | undefined; by: number | undefined }

// Frequent at first, when the delay matters most; 20 attempts in two minutes.
const gaps = [1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 10, 10, 10, 20, 20, 20]

/** The access that questions use: the tenant, with the credentials of an administrator or of the probe's clients. */
export class Bench {
  readonly wire: Wire
  readonly own: OwnClients
  readonly spaces: OwnSpaces
  readonly signIn: SignIn
  /** Bot users can't be removed: they outlive their clients. */
  readonly bots = new Set<string>()
  readonly #kept = new Map<string, Promise<unknown>>()
  readonly #tokens = new Set<string>()
  #bearer: Promise<string> | undefined

  constructor(line: Line, signIn: SignIn, run: string) {
    this.wire = new Wire(line)
    this.signIn = signIn
    this.own = new OwnClients(this.wire, (ask) => this.admin(ask), run)
    this.spaces = new OwnSpaces(this.wire, (ask) => this.admin(ask), run)
    this.wire.unspeakable.add(signIn.kind === 'api-key' ? signIn.key : signIn.secret)
  }

  get now(): number {
    return this.wire.line.clock.elapsed()
  }

  /** Makes a value once for all questions that need it; after a failure the next question tries again. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = (this.#kept.get(name) as Promise<T> | undefined) ?? make()
    this.#kept.set(name, made)
    made.catch(() => this.#kept.delete(name))
    return made
  }

  /** The next question that needs it makes a new one. */
  forget(name: string): void {
    this.#kept.delete(name)
  }

  async admin(ask: Ask): Promise<Reply> {
    return this.wire.send({ ...ask, bearer: await this.#signedIn() })
  }

  async client(id: string, path = ''): Promise<Reply> {
    return this.admin({ method: 'GET', path: `${clientsPath}/${id}${path}` })
  }

  async patch(id: string, operations: unknown[], path = '', bearer?: string): Promise<Reply> {
    if (!this.own.ids.includes(id)) throw new Error('not a client of this run')
    const ask = { method: 'PATCH', path: `${clientsPath}/${id}${path}`, body: operations }
    return bearer === undefined ? this.admin(ask) : this.wire.send({ ...ask, bearer })
  }

  consent(id: string, value: 'trusted' | 'required'): Promise<Reply> {
    const path = '/connection-configs/me'
    return this.patch(id, [{ op: 'replace', path: '/consentMethod', value }], path).then(granted(`consent ${value}`))
  }

  /** The ids of the listed clients that match a filter. */
  async filtered(filter: string): Promise<Record<string, unknown>[]> {
    const query = new URLSearchParams({ filter, limit: '100' })
    return (await readPage((ask) => this.admin(ask), `${clientsPath}?${query}`)).clients
  }

  /** Creates a client of the probe with which one can sign in, apart from its consent. */
  async subject(fields: Record<string, unknown>): Promise<Subject> {
    const clientName = this.own.nextName()
    const bornAt = this.now
    const grants = { allowedGrantTypes: ['client_credentials'] }
    const created = granted('creating a client')(await this.own.create({ clientName, ...grants, ...fields }))
    const { clientId, clientSecret } = created.body
    const secret = this.secret(clientSecret)
    return { id: String(clientId), name: clientName, secret, created, bornAt }
  }

  /** Makes sure that it is never printed. */
  secret(value: unknown): string {
    if (typeof value !== 'string') return ''
    if (value.length > 3) this.wire.unspeakable.add(value)
    return value
  }

  tokenReply(id: string, secret: string, scope?: string): Promise<Reply> {
    const body = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
    return this.askToken(id, { ...body, ...(scope === undefined ? {} : { scope }) })
  }

  async askToken(id: string, form: Record<string, string>): Promise<Reply> {
    const reply = await this.wire.send({ method: 'POST', path: '/oauth/token', body: new URLSearchParams(form) })
    const token = this.secret(reply.body.access_token)
    if (token === '') return reply.ok ? { ...reply, ok: false, refusal: 'an answer without access_token' } : reply
    this.#tokens.add(token)
    if (this.own.ids.includes(id)) this.bots.add(id)
    return reply
  }

  async token(id: string, secret: string, scope?: string): Promise<string> {
    const reply = granted('getting an access token')(await this.tokenReply(id, secret, scope))
    return String(reply.body.access_token)
  }

  /** Whether a token is granted now. It is given back at once: the number of tokens is limited. */
  async signsIn(id: string, secret: string): Promise<boolean> {
    const reply = await this.tokenReply(id, secret)
    if (reply.ok) await this.revoke(String(reply.body.access_token))
    return reply.ok
  }

  async revoke(token: string): Promise<void> {
    const body = { token, token_type_hint: 'access_token' }
    // One that is not given back ends by itself, after six hours at most.
    const reply = await this.wire
      .send({ method: 'POST', path: '/oauth/revoke', body, bearer: token })
      .catch(() => undefined)
    if (reply !== undefined) this.#tokens.delete(token)
  }

  /** Asks until the answer is yes, for two minutes at most. */
  async delay(since: number, isSo: () => Promise<boolean>, seconds = 120): Promise<Delay> {
    let notYet: number | undefined
    for (let tries = 0; ; tries++) {
      const at = (this.now - since) / 1000
      if (await isSo()) return { notYet, by: tries === 0 ? 0 : at }
      notYet = at
      const rest = seconds - at
      if (rest < 0.5) return { notYet, by: undefined }
      await this.wire.sleep(Math.min(rest, gaps[tries] ?? 20) * 1000)
    }
  }

  /** What is there still of all that was created. */
  left(): string[] {
    return [...this.own.left(), ...this.spaces.left()]
  }

  /** Removes all created clients and revokes all tokens. */
  async clean(): Promise<void> {
    this.wire.cleaning = true
    await this.spaces.removeAll()
    await this.own.removeAll()
    for (const token of this.#tokens) await this.revoke(token)
  }

  #signedIn(): Promise<string> {
    const { signIn } = this
    if (signIn.kind === 'api-key') return Promise.resolve(signIn.key)
    this.#bearer ??= this.token(signIn.id, signIn.secret)
    // During the clean-up, signing in is tried again after a failure.
    this.#bearer.catch(() => {
      this.#bearer = undefined
    })
    return this.#bearer
  }
}

/** The reply, if the tenant accepted the request. Throws otherwise, because later requests depend on it. */
export function granted(what: string): (reply: Reply) => Reply {
  return (reply) => {
    if (!reply.ok) throw new Untold(`${what} was refused: ${reply.refusal}`)
    return reply
  }
}
