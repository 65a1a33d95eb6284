import type { ActionError } from './base/errors.ts'
import type { Secret } from './base/secret.ts'
import type { CompleteFields, Consent, FieldChange, ObservedClient, PassedOver } from './model/client.ts'
import type { Destination, ObservedDestination } from './model/destination.ts'
import type { Assignment, ObservedBot, ObservedSpace } from './model/space.ts'
import type { ListedClient, TenantUser, TokenEvent, TokenEventName } from './model/tenant.ts'
import type { Need } from './plan/request-cost.ts'
import type { Observed } from './plan/steps.ts'

/** An answer with the time of the service that gave it (its `Date` header): epoch seconds. */
export type At<T> = { value: T; at: number }

export interface TenantReader {
  /** All clients of the tenant; and the entries of its list that can't be ours, for they lack the documented form. */
  clients(): Promise<At<ObservedClient[]> & { passedOver: PassedOver[] }>
  /** One client; undefined where it is gone, by the tenant's own word. */
  client(clientId: string): Promise<At<ObservedClient | undefined>>
}

/** Spaces, and who is a member of them. `label`: the space as people know it, for messages. */
export interface SpaceReader {
  /** All spaces that the caller may see. */
  spaces(): Promise<ObservedSpace[]>
  /** One space; undefined where it is gone. */
  space(id: string, label: string): Promise<ObservedSpace | undefined>
  /** The members of a space, or what one of them has; undefined where the space is gone. */
  members(id: string, label: string, assigneeId?: string): Promise<Assignment[] | undefined>
  /** The user that a client acts as; undefined where it has none (yet). */
  bot(clientId: string): Promise<ObservedBot | undefined>
  /** The id of the user that we signed in as; undefined where the tenant does not say. */
  me(): Promise<string | undefined>
}

/** `taken`: the bot has an assignment in the space already. */
export type GrantResult = 'granted' | 'taken'
type Named = { id: string; label: string }

export interface SpaceWriter {
  /** Makes a bot a member; never repeated by itself. */
  grant(space: Named, botId: string, roles: string[]): Promise<GrantResult>
  /** Gives a member other roles; false where it is none any more. */
  change(space: Named, assignmentId: string, roles: string[]): Promise<boolean>
  /** Takes a member out; that it is out already is fine. */
  revoke(space: Named, assignmentId: string): Promise<void>
}

/** Reads a whole tenant, for an audit or an export: endpoints that may be closed to the caller, each by itself. */
export interface Survey {
  clients(): Promise<At<ListedClient[]>>
  /** Users of so many pages at most; `all`: there are no others. */
  users(mostPages: number): Promise<{ users: TenantUser[]; all: boolean }>
  /** The users of clients. */
  bots(): Promise<TenantUser[]>
  /** Those of these ids that there are: a few, for they are part of an address. */
  named(ids: string[]): Promise<TenantUser[]>
  /** The newest events of that name, of so many pages at most. */
  events(name: TokenEventName, mostPages: number): Promise<{ events: TokenEvent[]; all: boolean }>
  /** The newest event of a user; undefined where there is none. */
  eventOf(name: TokenEventName, userId: string): Promise<TokenEvent | undefined>
}

/** `key`: the key that it signs in with, where that is no secret. */
export type NewClient = { fields: CompleteFields; consent: Consent; key?: NewKey | undefined }
/** A fresh credential. `kid`: it is a key, and `secret` its private half as PEM. */
export type Issued = {
  secret: Secret
  kid?: string | undefined
  hint?: string | undefined
  createdAt?: number | undefined
  createdBy?: string | undefined
}
/** A key pair that was made here, and that nobody knows yet. `jwk`: its public half. */
export type NewKey = { issued: Issued & { hint: string; kid: string }; jwk: Record<string, unknown> }
/**
 * `check` looks at the client as read just before its list of keys is written, and throws where that must not be. `sendBy` is asked once
 * that reading is there: elapsed milliseconds after which the list must not be sent.
 */
export type KeyGuard = { check: (client: ObservedClient, now: number) => void; sendBy: () => number }
export type Created = { clientId: string; issued?: Issued | undefined }

/**
 * Failures with `uncertain` may have taken effect: the caller looks before it repeats what is not safe to repeat. `sendBy`:
 * elapsed milliseconds after which a request must not be sent (again), for what it rests on would be out of date; the failure
 * then has `retryAfter`.
 */
export interface TenantWriter {
  /** The id of the user as whom we sign in; asked for once a run. Undefined where the tenant does not say it in a few seconds. */
  caller(): Promise<string | undefined>
  create(client: NewClient, sendBy: number): Promise<At<Created>>
  /** Changes fields. A secret is born where this allows `client_secret`. */
  update(clientId: string, changes: FieldChange[], sendBy?: number): Promise<At<Issued | undefined>>
  /** Writes the description as a whole; never repeated by itself, for what it rests on may have changed. */
  describe(clientId: string, text: string, before: 'empty' | 'filled', sendBy: number): Promise<At<void>>
  setConsent(clientId: string, consent: Consent): Promise<void>
  issue(clientId: string, sendBy: number): Promise<At<Issued>>
  makeKey(): Promise<NewKey>
  /**
   * Adds the public half of a key, and allows its method. That it is there already is fine. Returns the hint of a secret that the
   * tenant made by the way, where it did.
   */
  addKey(clientId: string, key: NewKey, guard: KeyGuard): Promise<At<string | undefined>>
  /** Deletes a secret or a public key; that it is gone already, by the tenant's own word, is fine. */
  retire(clientId: string, hint: string, guard: KeyGuard): Promise<void>
  remove(clientId: string): Promise<void>
}

export type Bot = { userId?: string | undefined; clientId?: string | undefined }

/** Proves credentials. Each proof mints an access token, which is given back with `revoke`. */
export interface Prover {
  /** `within`: milliseconds for one try, where another one follows anyway. */
  accessToken(clientId: string, issued: Issued, within?: number): Promise<Secret>
  /** Whom the tenant sees behind an access token; what it does not say is undefined. `at`: the tenant's own time of its answer. */
  whoIs(accessToken: Secret): Promise<Bot & { at?: number | undefined }>
  revoke(accessToken: Secret): Promise<void>
}

/** `githubAt`: GitHub's own time when it began to answer, in epoch seconds; undefined where it was not asked. */
export type Sighting = Pick<Observed, 'destinations' | 'unread'> & { githubAt?: number | undefined }

export interface DestinationReader {
  /** Metadata of destinations by their key, read scope by scope. What concerns one scope alone is told of its destinations. */
  read(destinations: Destination[]): Promise<Sighting>
  /** What a delivery needs, read just before it: the scope's public key, the stamps as they are, and who sees what. */
  prepare(destination: Destination): Promise<At<Prepared>>
  /** Stamps of one destination. What is absent is so by GitHub's own word; throws `DESTINATION_MISSING` where the token can't see. */
  stamps(destination: Destination): Promise<ObservedDestination>
}

export type PublicKey = { id: string; key: string }
export type Prepared = { publicKey: PublicKey; seen: ObservedDestination }

export interface DestinationWriter {
  putSecret(
    destination: Destination,
    name: string,
    value: Secret | string,
    prepared: Prepared,
    sendBy: number,
  ): Promise<At<void>>
  putVariable(destination: Destination, value: string, exists: boolean): Promise<void>
  /** Puts a variable back to what it was; undefined: it was not there. */
  restoreVariable(destination: Destination, before: string | undefined): Promise<void>
  /** Deletes values of a destination, one after the other; one failure stops no other. Throws nothing. */
  remove(destination: Destination, parts: ('id' | 'secret')[]): Promise<Removal[]>
}

/**
 * What became of a value that was to be deleted. `left`: why it may still be there; without it GitHub itself says that it is gone.
 * `left.absence` is `unseen` where GitHub does not show its place to the token.
 */
export type Removal = { part: 'id' | 'secret'; left?: ActionError | undefined }

/** Measures elapsed time only: the runner's clock is compared with nothing. Milliseconds. */
export interface Clock {
  elapsed(): number
  /** Ends early where the signal aborts; never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** Whether the run was asked to stop; `onStop` fires at once where it already was. */
export interface Stop {
  readonly requested: boolean
  onStop(listener: () => void): () => void
}

export interface Reporter {
  /** One line, as it happens. */
  step(line: string): void
  /** Shown only where somebody debugs the workflow. */
  debug(line: string): void
  notice(line: string): void
  warning(line: string): void
}

/** What speaks of spaces is loaded by the runs that need it. */
export type Readers = { tenant: TenantReader; destinations: DestinationReader; spaces: () => Promise<SpaceReader> }
/** One reading of both services: in elapsed milliseconds when it was asked for, when the list of clients was there, and when all was. */
export type Reading = Observed & { readAt: number; listedAt: number; answeredAt: number; githubAt?: number | undefined }

export type Writers = {
  tenant: TenantWriter
  destinations: DestinationWriter
  spaces: () => Promise<SpaceWriter>
  prover: Prover
}

/** Work that the limits of both services can serve to its end, once it has been let in. */
export type Section = { readers: Readers; writers: Writers; leave(): void }

/** Lets work in when the limits can serve all of its requests; says meanwhile what it waits for. */
export type Enter = (need: Need, reporter: Reporter, waiting: (text: string) => void) => Promise<Section>
export type Surroundings = { clock: Clock; stop: Stop; reporter: Reporter }
