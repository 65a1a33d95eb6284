import type { Access, Destination, ObservedDestination } from './destination.ts'

/** Is this everything that GitHub requires? */
export function isCompleteAccess(access: Access | undefined): access is Access {
  return access !== undefined && (access.visibility !== 'selected' || access.repositories !== undefined)
}

/**
 * Does GitHub show the visibility in the spec? Parts that the spec leaves out always match. An `undefined` value, which does not exist
 * yet, matches too: it will be written anyway.
 */
export function isVisibilityAsAsked(wanted: Access | undefined, seen: Access | undefined): boolean {
  if (wanted === undefined || seen === undefined) return true
  if (wanted.visibility !== seen.visibility) return false
  if (wanted.repositories === undefined || seen.repositories === undefined) return true
  const has = new Set(seen.repositories)
  return has.size === wanted.repositories.length && wanted.repositories.every((id) => has.has(id))
}

/** Do the destination's secrets have the visibility in the spec? A variable is corrected without a fresh secret. */
export function secretsAreAsAsked(destination: Destination, seen: ObservedDestination | undefined): boolean {
  return (
    isVisibilityAsAsked(destination.access, seen?.secretAccess) &&
    (destination.idAs !== 'secret' || isVisibilityAsAsked(destination.access, seen?.idAccess))
  )
}

/**
 * The visibility to write a value with. GitHub requires it with every secret, and takes `selected` without a list for "nobody". So parts
 * that the spec leaves out keep their present values; a new client id gets those of its client secret.
 */
export function accessToWrite(
  { access, secretName }: Destination,
  name: string,
  { secretAccess, idAccess }: ObservedDestination,
): Access | undefined {
  if (isCompleteAccess(access)) return access
  const kept = name === secretName ? secretAccess : (idAccess ?? secretAccess)
  return isCompleteAccess(kept) ? kept : undefined
}
