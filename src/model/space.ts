import type { ActionError } from '../base/errors.ts'

/**
 * A space as somebody names it: in a file by its id or by its exact name. A line of the input does not say which of them it
 * names: then both have the same text.
 */
export type SpaceRef = { id?: string | undefined; name?: string | undefined }

/** A space in which a client's bot has exactly these roles. */
export type Membership = { space: SpaceRef; roles: string[] }

/** A space as the tenant reports it. `roles`: those that it offers; undefined where the tenant does not say. */
export type ObservedSpace = { id: string; name: string; type?: string | undefined; roles?: string[] | undefined }

/** What somebody has in a space; there is at most one assignment for each of its assignees. */
export type Assignment = { id: string; assigneeId: string; roles: string[]; createdBy?: string | undefined }

/** The user that a client acts as on the tenant. `isDisabled`: it can't sign in. */
export type ObservedBot = { id: string; isDisabled: boolean }

/** Ids stand in addresses, so no other characters may. */
export const spaceIdPattern = /^[\w-]{1,64}$/

/** Ids of users stand in the ledger and in requests. */
export function isUserId(text: string): boolean {
  return /^[\w|.-]{1,64}$/.test(text)
}

/** Has the text the form of Qlik's ids of spaces? No name of a space looks like that. */
export function looksLikeSpaceId(text: string): boolean {
  return /^([\da-f]{24}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12})$/i.test(text)
}

/** A space as people wrote it. */
export function refLabel({ id, name }: SpaceRef): string {
  return name ?? id ?? ''
}

/** Roles that Qlik's documentation names (August 2026). What a space offers decides; these tell slips from new roles. */
export const documentedRoles = [
  ...['basicconsumer', 'codeveloper', 'consumer', 'contributor', 'dataconsumer', 'datapreview'],
  ...['facilitator', 'operator', 'producer', 'publisher'],
]

/** Are these the same roles, in whatever order? */
export function sameRoles(a: string[], b: string[]): boolean {
  const has = new Set(a)
  return has.size === new Set(b).size && b.every((role) => has.has(role))
}

/**
 * All that was seen of spaces, each by its id, and of the clients' users. An error stands for what the tenant did not show. `all`:
 * every space that the caller may see, where names were looked for.
 */
export type ObservedSpaces = {
  all?: ObservedSpace[] | ActionError | undefined
  details: Map<string, ObservedSpace | 'gone' | ActionError>
  members: Map<string, Assignment[] | 'gone' | ActionError>
  /** By the id of the client. */
  bots: Map<string, ObservedBot | 'none' | ActionError>
}

export function nothingSeen(): ObservedSpaces {
  return { details: new Map(), members: new Map(), bots: new Map() }
}
