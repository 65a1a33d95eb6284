import { createPublicKey } from 'node:crypto'
import type { SandboxClock } from '../clock.ts'
import { hex } from '../random.ts'
import type { Settings } from '../settings.ts'
import { Events } from './events-model.ts'
import { Spaces } from './spaces-model.ts'
import type {
  AccessToken,
  Actor,
  ApiKey,
  Client,
  ClientFields,
  ConsentMethod,
  Jwk,
  StoredSecret,
  User,
} from './types.ts'

export type AddClient = Partial<ClientFields> & {
  clientName: string
  consentMethod?: ConsentMethod
  createdByType?: string
  createdBy?: string
  /** The number of secrets at the start; default: one. */
  secrets?: number
  disableTag?: string
}

export type AddedSecret = { hint: string; value: string }

/** The public key of a client that belongs to a private key. */
export function keyOf(client: Client, pem: string): Jwk | undefined {
  if (!pem.startsWith('-----BEGIN')) return undefined
  const { kty, x, y, n } = createPublicKey(pem).export({ format: 'jwk' })
  return client.publicKeys?.find((key) => key.kty === kty && key.x === x && key.y === y && key.n === n)
}

/** A Qlik Cloud tenant's OAuth clients, users and credentials, with the edits that a person could make by hand. */
export class Tenant {
  readonly tenantId = hex(32)
  /** The person who set the tenant up. */
  readonly owner: User
  readonly clients = new Map<string, Client>()
  readonly users = new Map<string, User>()
  readonly spaces: Spaces
  readonly events: Events
  readonly apiKeys = new Map<string, ApiKey>()
  readonly tokens = new Map<string, AccessToken>()
  /** `jti` of the client assertions that were seen. */
  readonly usedAssertions = new Set<string>()
  readonly #settings: Settings
  readonly #clock: SandboxClock

  constructor(settings: Settings, clock: SandboxClock) {
    this.#settings = settings
    this.#clock = clock
    this.owner = this.addUser({ name: 'Olive Owner', admin: true })
    this.spaces = new Spaces(clock, this.owner.id)
    this.events = new Events(settings, clock)
  }

  addUser(user: { name: string; admin: boolean; clientId?: string }): User {
    const subject = user.clientId === undefined ? `auth0|${hex(32)}` : `qlikbot\\${user.clientId}`
    const added: User = { id: hex(24), subject, status: 'active', ...user }
    this.users.set(added.id, added)
    return added
  }

  /** The user of a client; created if the client has none. */
  botOf(client: Client): User {
    const known = this.knownBot(client.clientId)
    return known ?? this.addUser({ name: client.clientName, admin: true, clientId: client.clientId })
  }

  knownBot(clientId: string): User | undefined {
    return [...this.users.values()].find((user) => user.clientId === clientId)
  }

  disableUser(userId: string, status: User['status'] = 'disabled'): void {
    const user = this.users.get(userId)
    if (user) user.status = status
  }

  /** A deleted user is a member of no space. */
  deleteUser(userId: string): void {
    this.users.delete(userId)
    this.spaces.forget(userId)
  }

  /** `expiresAt` in ms since the epoch; without it the key does not expire. */
  issueApiKey(options: { admin: boolean; expiresAt?: number; userId?: string }): { value: string; userId: string } {
    const user =
      options.userId ?? (options.admin ? this.owner.id : this.addUser({ name: 'Ulla User', admin: false }).id)
    const value = `eyJhbGciOiJFUzM4NCJ9.${hex(96)}.${hex(128)}`
    this.apiKeys.set(value, { value, userId: user, expiresAt: options.expiresAt })
    return { value, userId: user }
  }

  revokeApiKey(value: string): void {
    this.apiKeys.delete(value)
  }

  /** A client that can manage others: trusted, with the scopes such a client needs. */
  createAdminClient(name = 'Automation'): { clientId: string; secret: string; hint: string } {
    const client = this.addClient({ clientName: name, allowedScopes: ['admin_classic', 'user_default'] })
    const secret = client.secrets[0]!
    return { clientId: client.clientId, secret: secret.value, hint: secret.hint }
  }

  /** A client made by hand: effective at once, and by default trusted and able to sign in. */
  addClient(options: AddClient): Client {
    const { consentMethod, createdByType, createdBy, secrets, ...fields } = options
    const client = this.makeClient(
      { appType: 'web', allowedGrantTypes: ['client_credentials'], allowedAuthMethods: ['client_secret'], ...fields },
      { consentMethod: consentMethod ?? 'trusted', createdByType: createdByType ?? 'user' },
    )
    client.consentAt = Number.NEGATIVE_INFINITY
    for (let i = 0; i < (secrets ?? 1); i++) {
      this.makeSecret(client, createdBy ?? this.owner.id).usableAt = Number.NEGATIVE_INFINITY
    }
    return client
  }

  /** A secret that somebody else added, usable at once. */
  addSecret(clientId: string, options: { createdBy?: string } = {}): AddedSecret {
    const secret = this.makeSecret(this.#edited(clientId), options.createdBy ?? this.owner.id)
    secret.usableAt = Number.NEGATIVE_INFINITY
    return { hint: secret.hint, value: secret.value }
  }

  deleteSecret(clientId: string, hint: string): boolean {
    return this.removeSecret(this.#edited(clientId), hint)
  }

  rename(clientId: string, clientName: string): void {
    this.#edited(clientId).clientName = clientName
  }

  setDescription(clientId: string, description: string | undefined): void {
    const client = this.#edited(clientId)
    if (description === undefined) delete client.description
    else client.description = description
  }

  setScopes(clientId: string, scopes: string[]): void {
    this.#edited(clientId).allowedScopes = [...scopes]
  }

  setConsent(clientId: string, consentMethod: ConsentMethod): void {
    const client = this.#edited(clientId)
    client.consentMethod = consentMethod
    client.consentAt = Number.NEGATIVE_INFINITY
  }

  disable(clientId: string, disableTag: string | undefined): void {
    const client = this.#edited(clientId)
    if (disableTag === undefined) delete client.disableTag
    else client.disableTag = disableTag
  }

  deleteClient(clientId: string): void {
    this.#edited(clientId).deletedAt = this.#clock.nanoStamp()
  }

  /** Every client of that name that is not deleted. */
  findByName(clientName: string): Client[] {
    return this.liveClients().filter((client) => client.clientName === clientName)
  }

  liveClients(): Client[] {
    return [...this.clients.values()].filter((client) => client.deletedAt === undefined)
  }

  /** Whether the value is one of the client's secrets, or the PEM of one of its keys. It may still be inside its delay: see `canAuthenticate`. */
  secretIsLive(clientId: string, value: string): boolean {
    const client = this.clients.get(clientId)
    if (client === undefined || client.deletedAt !== undefined) return false
    return client.secrets.some((secret) => secret.value === value) || keyOf(client, value) !== undefined
  }

  /** Whether a token request with this secret would be answered with a token now. */
  canAuthenticate(clientId: string, value: string): boolean {
    const client = this.clients.get(clientId)
    const now = this.#clock.now()
    return (
      client !== undefined &&
      this.secretIsLive(clientId, value) &&
      client.disableTag === undefined &&
      client.allowedGrantTypes?.includes('client_credentials') === true &&
      this.isTrusted(client) &&
      (keyOf(client, value) !== undefined
        ? client.allowedAuthMethods?.includes('private_key_jwt') === true
        : client.allowedAuthMethods?.includes('client_secret') === true &&
          client.secrets.some((secret) => secret.value === value && secret.usableAt <= now))
    )
  }

  isTrusted(client: Client): boolean {
    const effective = client.consentAt + this.#settings.consentDelay * 1000 <= this.#clock.now()
    return effective && client.consentMethod === 'trusted'
  }

  makeClient(fields: ClientFields, made: { consentMethod: ConsentMethod; createdByType: string }): Client {
    const stamp = this.#clock.nanoStamp()
    const client: Client = {
      ...structuredClone(fields),
      ...made,
      clientId: hex(32),
      createdAt: stamp,
      createdMs: this.#clock.now(),
      updatedAt: stamp,
      consentAt: this.#clock.now(),
      secrets: [],
    }
    this.clients.set(client.clientId, client)
    return client
  }

  makeSecret(client: Client, createdBy: string): StoredSecret {
    let value = hex(64)
    let hint = this.#hintOf(value)
    // A hint is the key for deletion, so two equal ones on one client would make the sandbox's answers ambiguous.
    while (client.secrets.some((other) => other.hint === hint)) {
      value = hex(64)
      hint = this.#hintOf(value)
    }
    const usableAt = this.#clock.now() + this.#settings.secretDelay * 1000
    const createdAt = this.#clock.nanoStamp(this.#settings.secretClockAhead)
    const secret: StoredSecret = { hint, value, createdAt, createdBy, usableAt }
    client.secrets.push(secret)
    return secret
  }

  removeSecret(client: Client, hint: string): boolean {
    const index = client.secrets.findIndex((secret) => secret.hint === hint)
    if (index < 0) return false
    client.secrets.splice(index, 1)
    return true
  }

  /** Who the bearer is, or undefined when the credential is unknown or no longer valid. */
  actorOf(bearer: string | undefined): Actor | undefined {
    if (bearer === undefined) return undefined
    const key = this.apiKeys.get(bearer)
    if (key) {
      if (key.expiresAt !== undefined && key.expiresAt <= this.#clock.now()) return undefined
      const admin = this.users.get(key.userId)?.admin === true
      return { userId: key.userId, admin, scopes: undefined, clientId: undefined }
    }
    const token = this.tokens.get(bearer)
    if (!token || !this.#tokenIsValid(token)) return undefined
    token.usedAt = this.#clock.now()
    return this.#botActor(token)
  }

  #tokenIsValid(token: AccessToken): boolean {
    if (token.expiresAt <= this.#clock.now()) return false
    const client = this.clients.get(token.clientId)
    if (this.#settings.tokensDieWithClient && client?.deletedAt !== undefined) return false
    if (!this.#settings.tokensDieWithSecret || token.secret === undefined) return true
    return client?.secrets.some((secret) => secret.value === token.secret) === true
  }

  /** Scopes only narrow what a bot's role allows: https://qlik.dev/authenticate/oauth */
  #botActor(token: AccessToken): Actor {
    const allowed = this.clients.get(token.clientId)?.allowedScopes ?? []
    const now = this.#settings.scopeChanges === 'immediate'
    const scopes = now ? token.scopes.filter((scope) => allowed.includes(scope)) : token.scopes
    const admin = this.#settings.scopesToManage.split(' ').every((scope) => scopes.includes(scope))
    return { userId: token.userId, admin, scopes, clientId: token.clientId }
  }

  #hintOf(value: string): string {
    if (this.#settings.hints === 'opaque') return hex(6).slice(0, 5)
    return this.#settings.hints === 'prefix' ? value.slice(0, 5) : value.slice(-5)
  }

  #edited(clientId: string): Client {
    const client = this.clients.get(clientId)
    if (!client) throw new Error(`The sandbox has no client ${clientId}`)
    return client
  }
}
