import type { ActionError } from '../base/errors.ts'

/**
 * A space as the spec names it: in a file by its id or by its exact name. A line of the input may be either: then both have the same text.
 */
export type SpaceRef = { id?: string | undefined; name?: string | undefined }

/** A space in which a client's bot has exactly these roles. */
export type Membership = { space: SpaceRef; roles: string[] }

/** A space as the tenant reports it. `roles`: the roles that it offers; undefined if the tenant does not say. */
export type ObservedSpace = { id: string; name: string; type?: string | undefined; roles?: string[] | undefined }

/** The roles of a member in a space. Each member has one assignment at most. */
export type Assignment = { id: string; assigneeId: string; roles: string[]; createdBy?: string | undefined }

/** The user that a client acts as on the tenant. `isDisabled`: it can't sign in. */
export type ObservedBot = { id: string; isDisabled: boolean }

/** Ids are part of addresses, so they must have no other characters. */
export const spaceIdPattern = /^[\w-]{1,64}$/

/** Ids of users are part of the ledger and of requests. */
export function isUserId(text: string): boolean {
  return /^[\w|.-]{1,64}$/.test(text)
}

/** Does the text look like Qlik's ids of spaces? No name of a space does. */
export function looksLikeSpaceId(text: string): boolean {
  return /^([\da-f]{24}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12})$/i.test(text)
}

/** A space as people wrote it. */
export function refLabel({ id, name }: SpaceRef): string {
  return name ?? id ?? ''
}

/**
 * Roles in Qlik's documentation (August 2026). The roles that a space offers decide; this list distinguishes typing errors from new roles.
 */
export const documentedRoles = [
  ...['basicconsumer', 'codeveloper', 'consumer', 'contributor', 'dataconsumer', 'datapreview'],
  ...['facilitator', 'operator', 'producer', 'publisher'],
]

/** Are these the same roles, in any order? */
export function sameRoles(a: string[], b: string[]): boolean {
  const has = new Set(a)
  return has.size === new Set(b).size && b.every((role) => has.has(role))
}

/**
 * The answers about spaces, each by its id, and about the clients' users. An error takes the place of a missing answer. `all`: every space
 * that the caller may see, if a spec names spaces by name.
 */
export type ObservedSpaces = {
  all?: ObservedSpace[] | ActionError | undefined
  details: Map<string, ObservedSpace | 'gone' | ActionError>
  members: Map<string, Assignment[] | 'gone' | ActionError>
  /** By the id of the client. */
  bots: Map<string, ObservedBot | 'none' | ActionError>
}

export function noSpacesSeen(): ObservedSpaces {
  return { details: new Map(), members: new Map(), bots: new Map() }
}
