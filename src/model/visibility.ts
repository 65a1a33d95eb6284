import type { Access, Destination, ObservedDestination } from './destination.ts'

/** Says all that GitHub has to be told. */
export function isComplete(access: Access | undefined): access is Access {
  return access !== undefined && (access.visibility !== 'selected' || access.repositories !== undefined)
}

/**
 * Is what GitHub shows what the spec says? What the spec leaves out is as it should be. `undefined` for what is not there, and
 * so will be written anyway.
 */
export function isAsAsked(wanted: Access | undefined, seen: Access | undefined): boolean {
  if (wanted === undefined || seen === undefined) return true
  if (wanted.visibility !== seen.visibility) return false
  if (wanted.repositories === undefined || seen.repositories === undefined) return true
  const has = new Set(seen.repositories)
  return has.size === wanted.repositories.length && wanted.repositories.every((id) => has.has(id))
}

/** Do the destination's secrets show themselves to whom the spec says? Its variable is mended without a fresh secret. */
export function secretsAreAsAsked(destination: Destination, seen: ObservedDestination | undefined): boolean {
  return (
    isAsAsked(destination.access, seen?.secretAccess) &&
    (destination.idAs !== 'secret' || isAsAsked(destination.access, seen?.idAccess))
  )
}

/**
 * What a value is written with. GitHub wants to be told with every secret, and takes `selected` without a list for "nobody": so
 * what the spec leaves out is what is there, and for a new client id what its client secret has.
 */
export function accessToWrite(
  { access, secretName }: Destination,
  name: string,
  { secretAccess, idAccess }: ObservedDestination,
): Access | undefined {
  if (isComplete(access)) return access
  const kept = name === secretName ? secretAccess : (idAccess ?? secretAccess)
  return isComplete(kept) ? kept : undefined
}
