/**
 * How every connection is made. Certificates are checked: said outright, or NODE_TLS_REJECT_UNAUTHORIZED could take it back. Of a
 * host's addresses each has so many milliseconds: Node's quarter of a second is too short for a slow line.
 */
export const connectionSettings = { rejectUnauthorized: true, autoSelectFamilyAttemptTimeout: 4000 }

/** What all requests share. `connectWithin`: milliseconds for a connection; `answered`: hosts that answered before. */
export type Shared = { connectWithin: number; answered: Set<string> }
