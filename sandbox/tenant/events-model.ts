import type { SandboxClock } from '../clock.ts'
import { hex } from '../random.ts'
import type { Settings } from '../settings.ts'
import type { Client, User } from './types.ts'

export type AuditEvent = {
  id: string
  source: string
  eventType: string
  eventTime: string
  at: number
  userId?: string
  data: Record<string, unknown>
}

/** Days for which a tenant keeps its events: https://qlik.dev/apis/rest/audits */
const kept = 90 * 86_400_000

/** The present and the previous name of the event of an access token: https://qlik.dev/changelog/244 */
const names = { new: 'com.qlik.core.oauth-token.issued', old: 'com.qlik.oauth-token.issued' }

/** The events that a tenant keeps. */
export class Events {
  readonly #settings: Settings
  readonly #clock: SandboxClock
  #all: AuditEvent[] = []

  constructor(settings: Settings, clock: SandboxClock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** Newest first. */
  get kept(): AuditEvent[] {
    const since = this.#clock.now() - kept
    this.#all = this.#all.filter(({ at }) => at >= since)
    return this.#all.toReversed()
  }

  tokenIssued(client: Client, user: User, scopes: string[], grantType = 'client_credentials'): void {
    const { nameOfTokenEvents: name, usersOfTokenEvents } = this.#settings
    const userType = user.clientId === undefined ? 'user' : 'bot'
    const data = { issuedToClientId: client.clientId, grantType, userType, scopes }
    for (const kind of name === 'both' ? (['old', 'new'] as const) : [name])
      this.add(names[kind], data, usersOfTokenEvents === 'told' || userType === 'user' ? user.id : undefined)
  }

  add(eventType: string, data: Record<string, unknown>, userId?: string): void {
    const eventTime = this.#clock.nanoStamp()
    const event = { id: hex(24), source: 'com.qlik/oauth-tokens', eventType, eventTime, at: this.#clock.now(), data }
    this.#all.push({ ...event, ...(userId === undefined ? {} : { userId }) })
  }
}
