import type { ActionError } from './base/errors.ts'
import type { Secret } from './base/secret.ts'
import type { CompleteFields, Consent, FieldChange, ObservedClient, PassedOver } from './model/client.ts'
import type { Destination, ObservedDestination } from './model/destination.ts'
import type { Assignment, ObservedBot, ObservedSpace } from './model/space.ts'
import type { ListedClient, TenantUser, TokenEvent, TokenEventName } from './model/tenant.ts'
import type { Observed } from './plan/client-plan.ts'
import type { RequestCost } from './plan/request-cost.ts'

/** An answer with the time of its service, in epoch seconds (the `Date` header). */
export type Timed<T> = { value: T; at: number }

export interface TenantReader {
  /** All clients of the tenant. `passedOver`: entries of its list that can't be ours, because they lack the documented form. */
  clients(): Promise<Timed<ObservedClient[]> & { passedOver: PassedOver[] }>
  /** One client; undefined if the tenant itself says that it is gone. */
  client(clientId: string): Promise<Timed<ObservedClient | undefined>>
  /** The consent of a client that the list shows without it; undefined if the tenant does not tell it here either. */
  consent(clientId: string): Promise<Consent | undefined>
}

/** Spaces and their members. `label`: the space as people know it, for messages. */
export interface SpaceReader {
  /** All spaces that the caller may see. */
  spaces(): Promise<ObservedSpace[]>
  /** One space; undefined if it is gone. */
  space(id: string, label: string): Promise<ObservedSpace | undefined>
  /** The assignments of all members of a space, or of one; undefined if the space is gone. */
  members(id: string, label: string, assigneeId?: string): Promise<Assignment[] | undefined>
  /** The user that a client acts as; undefined if it has none (yet). */
  bot(clientId: string): Promise<ObservedBot | undefined>
}

/** `taken`: the bot already has an assignment in the space. */
export type GrantResult = 'granted' | 'taken'
type Named = { id: string; label: string }

export interface SpaceWriter {
  /** Makes a bot a member. The port never repeats this request. */
  grant(space: Named, botId: string, roles: string[]): Promise<GrantResult>
  /** Changes the roles of a member; false if it is no longer a member. */
  change(space: Named, assignmentId: string, roles: string[]): Promise<boolean>
  /** Takes a member out, or does nothing if it is out already. */
  revoke(space: Named, assignmentId: string): Promise<void>
}

/** Reads a whole tenant, for an audit or an export. The tenant may refuse any of these endpoints to the caller. */
export interface WholeTenantReader {
  clients(): Promise<Timed<ListedClient[]>>
  /** As `TenantReader.consent`. */
  consent(clientId: string): Promise<Consent | undefined>
  /** The users on at most so many pages. `all`: there are no others. */
  users(mostPages: number): Promise<{ users: TenantUser[]; all: boolean }>
  /** The users that clients act as. */
  bots(): Promise<TenantUser[]>
  /** The users with these ids, if they exist. Only a few ids fit, because they are part of an address. */
  named(ids: string[]): Promise<TenantUser[]>
  /** The newest events with that name, on at most so many pages. */
  events(name: TokenEventName, mostPages: number): Promise<{ events: TokenEvent[]; all: boolean }>
  /** The newest event of a user; undefined if there is none. */
  eventOf(name: TokenEventName, userId: string): Promise<TokenEvent | undefined>
}

/** `key`: the key that the client signs in with; undefined for a secret. */
export type NewClient = { fields: CompleteFields; consent: Consent; key?: NewKey | undefined }
/** A fresh credential. `kid`: set for a key; then `secret` is its private half as PEM. */
export type Issued = {
  secret: Secret
  kid?: string | undefined
  hint?: string | undefined
  createdAt?: number | undefined
  createdBy?: string | undefined
}
/** A key pair that this run made, and that no service knows yet. `jwk`: its public half. */
export type NewKey = { issued: Issued & { hint: string; kid: string }; jwk: Record<string, unknown> }
/**
 * `check` gets the client as read just before its list of keys is written, and throws if the list must not be written. `sendBy` is called
 * after that reading: elapsed milliseconds after which the list must not be sent.
 */
export type KeyGuard = { check: (client: ObservedClient, now: number) => void; sendBy: () => number }
export type CreatedClient = { clientId: string; issued?: Issued | undefined }

/**
 * A request that failed with `uncertain` may have taken effect: the caller reads before it repeats a request that is not safe to repeat.
 * `sendBy`: elapsed milliseconds after which a request must not be sent (again), because its reading would be out of date; the failure then
 * has `retryAfter`.
 */
export interface TenantWriter {
  /** The id of the user that we signed in as; requested once a run. Undefined if the tenant does not say it within a few seconds. */
  caller(): Promise<string | undefined>
  create(client: NewClient, sendBy: number): Promise<Timed<CreatedClient>>
  /** Changes fields. Returns the secret that the tenant makes if this allows `client_secret`. */
  update(clientId: string, changes: FieldChange[], sendBy?: number): Promise<Timed<Issued | undefined>>
  /** Writes the whole description. The port never repeats this request, because its reading may be out of date. */
  describe(clientId: string, text: string, before: 'empty' | 'filled', sendBy: number): Promise<Timed<void>>
  setConsent(clientId: string, consent: Consent): Promise<void>
  issue(clientId: string, sendBy: number): Promise<Timed<Issued>>
  makeKey(): Promise<NewKey>
  /**
   * Adds the public half of a key, if it is missing, and allows its method. Returns the hint of a secret that the tenant made beside it,
   * if it did.
   */
  addKey(clientId: string, key: NewKey, guard: KeyGuard): Promise<Timed<string | undefined>>
  /** Deletes a secret or a public key, or does nothing if the tenant itself says that it is gone. */
  retire(clientId: string, hint: string, guard: KeyGuard): Promise<void>
  remove(clientId: string): Promise<void>
}

type Bot = { userId?: string | undefined; clientId?: string | undefined }

/** Proves credentials. Each proof gets an access token; `revoke` gives it back. */
export interface Prover {
  /** `within`: milliseconds for this try, if another one follows anyway. */
  accessToken(clientId: string, issued: Issued, within?: number): Promise<Secret>
  /** The user and the client behind an access token; undefined if the tenant does not say. `at`: the tenant's own time of its answer. */
  whoIs(accessToken: Secret): Promise<Bot & { at?: number | undefined }>
  revoke(accessToken: Secret): Promise<void>
}

/** `githubAt`: GitHub's own time of its first answer, in epoch seconds; undefined if it got no request. */
export type DestinationReading = Pick<Observed, 'destinations' | 'unread'> & { githubAt?: number | undefined }

export interface DestinationReader {
  /** Metadata of destinations by their key, read scope by scope. A failure that concerns only one scope is in `unread`. */
  read(destinations: Destination[]): Promise<DestinationReading>
  /** The data for a delivery, read just before it: the scope's public key, the present stamps and visibility. */
  prepare(destination: Destination): Promise<Timed<PreparedDelivery>>
  /**
   * The stamps of one destination. A stamp is missing only if GitHub itself says that the value does not exist; throws
   * `DESTINATION_MISSING` if the token can't see the place.
   */
  stamps(destination: Destination): Promise<ObservedDestination>
}

type PublicKey = { id: string; key: string }
export type PreparedDelivery = { publicKey: PublicKey; seen: ObservedDestination }

export type SecretToPut = {
  destination: Destination
  name: string
  value: Secret | string
  prepared: PreparedDelivery
  sendBy: number
}

export interface DestinationWriter {
  putSecret(secret: SecretToPut): Promise<Timed<void>>
  putVariable(destination: Destination, value: string, exists: boolean): Promise<void>
  /** Restores the previous value of a variable; undefined deletes it. */
  restoreVariable(destination: Destination, before: string | undefined): Promise<void>
  /** Deletes values of a destination, one after the other. A failure does not stop the others. Never throws. */
  remove(destination: Destination, parts: ('id' | 'secret')[]): Promise<Removal[]>
}

/**
 * The result of deleting a value. `left`: why it may still be there; without it GitHub itself says that it is gone. `left.absence` is
 * `unseen` if GitHub hides the place from the token.
 */
export type Removal = { part: 'id' | 'secret'; left?: ActionError | undefined }

/** Measures elapsed time only, in milliseconds: the runner's clock is never compared with another. */
export interface Clock {
  elapsed(): number
  /** Ends early if the signal aborts; never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** Whether the run was asked to stop. `onStop` calls the listener at once if it already was. */
export interface Stop {
  readonly requested: boolean
  onStop(listener: () => void): () => void
}

export interface Reporter {
  /** Prints one line at once. */
  step(line: string): void
  /** Shown only if the workflow runs with debug logging. */
  debug(line: string): void
  notice(line: string): void
  warning(line: string): void
}

/** Only runs that need spaces load their code. */
export type Readers = { tenant: TenantReader; destinations: DestinationReader; spaces: () => Promise<SpaceReader> }
/**
 * One reading of both services. In elapsed milliseconds: `readAt` at the request, `listedAt` at the list of clients, `answeredAt` at the
 * last answer.
 */
export type Reading = Observed & { readAt: number; listedAt: number; answeredAt: number; githubAt?: number | undefined }

export type Writers = {
  tenant: TenantWriter
  destinations: DestinationWriter
  spaces: () => Promise<SpaceWriter>
  prover: Prover
}

/** Work for which the limits of both services leave room to the end. */
export type Reservation = { readers: Readers; writers: Writers; release(): void }

/** Waits until the limits leave room for all requests of the work, and reports meanwhile the reason for the wait. */
export type Reserve = (need: RequestCost, reporter: Reporter, waiting: (text: string) => void) => Promise<Reservation>
export type Surroundings = { clock: Clock; stop: Stop; reporter: Reporter }
