/**
 * The memory of one client: who owns it, which secrets this action issued, and which destination holds which. All times are
 * the tenant's own in epoch seconds; stamps are GitHub's `updated_at`. It holds no secret. docs/secret-lifecycle.md says how
 * it is used.
 */
export type Ledger = {
  version: 1
  owner: {
    /** The repository's id; `name` is for people, because names change. */
    repository: string
    name: string
    /** The client's name in the spec. */
    client: string
    origin: 'made' | 'adopted'
  }
  current?: { hint: string; since: number } | undefined
  /** Nobody can tell which secret the destinations hold: the next run delivers a fresh one to all of them. */
  unproven?: true | undefined
  retiring: Record<string, number>
  suspects: Record<string, number>
  /** When suspects were written to every place: a later run recognises by it which of them a place holds. */
  written?: Record<string, WriteTimes> | undefined
  announced?: Announcement | undefined
  destinations: Record<string, LedgerDelivery>
  /**
   * Places that the client gave up to another client of the same files. Until that one is delivered there, they hold a secret of this
   * client. A stamp of -1: it is not certain which one.
   */
  leaving?: Record<string, LedgerDelivery> | undefined
  /** The client's user on the tenant, if spaces needed it. */
  bot?: string | undefined
  /** Spaces that this action granted, or is about to, by their ids. Values: `nameMark` of the name that found each of them. */
  spaces?: Record<string, string> | undefined
}

/**
 * By GitHub's own time: when it answered the first of a run's writes, and how many seconds later the last. By the tenant's time: how many
 * seconds passed from the run's announcement until the secret was suspected.
 */
type WriteTimes = readonly [first: number, seconds: number, announced: number]

/** `by`: the tenant's id of the user who issues, if the tenant gives it: a secret by another maker is not ours. */
export type Announcement = {
  run: string
  by?: string | undefined
  at: number
  /** A slow run's second announcement; `at` keeps its first value, because the secret was issued after that. */
  renewed?: number | undefined
  known: string[]
  /** Hint of the key that this run is about to add: it is made before it is announced. */
  issuing?: string | undefined
  stamps: Record<string, number | null>
}

/**
 * `id`: `variable:NAME` or `secret:NAME`; `in`: `owner/name`, if it is not the owner's own repository; `environment`: its name as people
 * wrote it, if that is not in lower case.
 */
export type LedgerDelivery = {
  hint: string
  stamp: number
  idStamp?: number | undefined
  id?: string | undefined
  in?: string | undefined
  environment?: string | undefined
}
