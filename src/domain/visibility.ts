import type { Destination, ObservedDestination } from './destination.ts'
import { destinationKey, destinationLabel } from './destination.ts'
import { ActionError } from './errors.ts'
import { plain } from './text.ts'

export const visibilities = ['all', 'private', 'selected'] as const
export type Visibility = (typeof visibilities)[number]

/** Which repositories of an organization see a value. `repositories`: ids, sorted, only with `selected`. */
export type Access = { visibility: Visibility; repositories?: string[] | undefined }

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

/** Throws `INPUT_INVALID` where a value is new to its organization, or newly `selected`, and nobody says who may see it. */
export function requireVisibility(
  destinations: Destination[],
  observed: ReadonlyMap<string, ObservedDestination>,
): void {
  for (const destination of destinations) {
    if (destination.organization === undefined || isComplete(destination.access)) continue
    const seen = observed.get(destinationKey(destination)) ?? {}
    if (seen.secretStamp === undefined) throw unsaid(destination, 'is not there yet')
    const isNew = [seen.secretAccess, seen.idAccess].some((it) => !isAsAsked(destination.access, it))
    if (isNew) throw unsaid(destination, 'is to be visible to selected repositories from now on')
  }
}

function unsaid(destination: Destination, why: string): ActionError {
  const input = destination.access === undefined ? 'visibility' : 'selected-repositories'
  const place = plain(destinationLabel(destination))
  return new ActionError(
    'INPUT_INVALID',
    `${input}: is missing; the secret ${place} ${why}, and GitHub has to be told which repositories may see it`,
    input === 'visibility'
      ? 'Give visibility: all, private, or selected with selected-repositories. It can be left out once the secret is there: then it is kept.'
      : 'List the repositories in selected-repositories. It can be left out once the secret is visible to selected ones: then they are kept.',
  )
}
