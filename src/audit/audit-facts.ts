import type { ListedClient, TenantUser } from '../model/tenant.ts'
import type { WrittenClient } from '../spec/client-spec.ts'

/** The users that were read: of a large tenant all bots, and the other users that were looked up. */
export type KnownUsers = { users: TenantUser[]; gone: ReadonlySet<string> }

/** A part of a tenant that could not be read: its name, the reason, and the judgements that need it. */
export type UnreadPart = { part: string; why: string; unjudged: string }

/** All facts that an audit reads from a tenant. `now`: the tenant's time, in epoch seconds. */
export type AuditFacts = {
  now: number
  /** The client that this run signed in with, if any; a region's client is in no list. */
  adminClientId?: string | undefined
  clients: ListedClient[]
  /** Undefined if they could not be read. */
  users: KnownUsers | undefined
  /** Ids of clients that certainly got no access token within the time for which the tenant keeps events. */
  unused: ReadonlySet<string>
  closed: UnreadPart[]
}

/** The standard of an audit. `files`: clients of spec files, each with its file, if there are any. */
export type AuditStandard = {
  /** Seconds. */
  maxAge: number
  /** The running repository, with its id if the runner sets it. */
  here: { fullName: string; id?: string | undefined }
  files?: { file: string; clients: WrittenClient[] }[] | undefined
}
