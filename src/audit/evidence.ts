import type { ListedClient, TenantUser } from '../model/tenant.ts'
import type { WrittenClient } from '../spec/client-spec.ts'

/** Users as far as they were read: of a large tenant all bots, and of the other users those that were asked for. */
export type KnownUsers = { users: TenantUser[]; gone: ReadonlySet<string> }

/** Part of a tenant that could not be read: which, why, and what could not be judged without it. */
export type Closed = { part: string; why: string; unjudged: string }

/** All that an audit knows of a tenant. `now`: the tenant's time, in epoch seconds. */
export type Evidence = {
  now: number
  /** The client that this run signed in with, where it did; one of a region is in no list. */
  adminClientId?: string | undefined
  clients: ListedClient[]
  /** Undefined: they could not be read. */
  users: KnownUsers | undefined
  /** Ids of clients of which it is known that they got no access token for as long as the tenant keeps events. */
  unused: ReadonlySet<string>
  closed: Closed[]
}

/** What an audit is held against. `files`: clients of spec files with the file of each, where there are some. */
export type Measure = {
  /** Seconds. */
  maxAge: number
  /** The running repository; its id, where the runner says it. */
  here: { fullName: string; id?: string | undefined }
  files?: { file: string; clients: WrittenClient[] }[] | undefined
}
