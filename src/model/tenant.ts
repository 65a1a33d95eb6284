import type { ObservedClient } from './client.ts'

/** A client of the tenant's list. `odd`: its entry has another form than documented, so only a part of it could be read. */
export type ListedClient = { client: ObservedClient; odd: boolean }

/** A user of the tenant. `clientId`: the id of the client, if the user is its bot. */
export type TenantUser = {
  id: string
  name: string
  clientId?: string | undefined
  status?: string | undefined
}

/** The two names of one event; the older one is deprecated since 2026-08-31 (qlik.dev/changelog/244). */
export const tokenEvents = ['com.qlik.core.oauth-token.issued', 'com.qlik.oauth-token.issued'] as const
export type TokenEventName = (typeof tokenEvents)[number]

/** An access token was issued. `at`: epoch seconds. `toBot`: to the client's own bot, and not to a person. */
export type TokenEvent = {
  at?: number | undefined
  userId?: string | undefined
  clientId?: string | undefined
  toBot: boolean
}
