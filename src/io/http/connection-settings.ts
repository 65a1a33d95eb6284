/**
 * The options of every connection. `rejectUnauthorized` is explicit: without it NODE_TLS_REJECT_UNAUTHORIZED could switch the check of
 * certificates off. Each address of a host gets so many milliseconds: Node's default of a quarter of a second is too short for a slow
 * line.
 */
export const connectionSettings = { rejectUnauthorized: true, autoSelectFamilyAttemptTimeout: 4000 }

/** What all requests share. `connectWithin`: milliseconds for a connection; `answered`: hosts that answered before. */
export type Shared = { connectWithin: number; answered: Set<string> }
