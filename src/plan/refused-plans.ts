import { isoTime } from '../base/duration.ts'
import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { isOwner } from '../ledger/ownership.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import type { Consent, FieldChange, ObservedClient, ObservedSecret } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import type { ObservedDestination } from '../model/destination.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import { isCompleteAccess, isVisibilityAsAsked } from '../model/visibility.ts'
import type { Actor, ClientSpec } from '../spec/client-spec.ts'
import type { Observed } from './client-plan.ts'
import { clientLabel } from './find-client.ts'

/** Throws the reason why one of these destinations could not be read. `absent`: a destination that does not exist counts as empty. */
export function requireDestinationsRead(destinations: Destination[], { unread }: Observed, absent = false): void {
  for (const destination of destinations) {
    const error = unread.get(destinationKey(destination))
    if (error !== undefined && !(absent && error.code === 'DESTINATION_MISSING')) throw error
    const nobody = absent ? undefined : destination.access?.repositories?.find((id) => !/^\d+$/.test(id))
    if (nobody !== undefined)
      throw new ActionError(
        'DESTINATION_MISSING',
        `selected-repositories of ${plain(destinationLabel(destination))}: there is no repository ${plain(nobody)}`,
        'Check its spelling. GitHub gives the same answer if the github-token may not see the repository: the token needs access to it.',
      )
  }
}

/**
 * Throws `TENANT_UNEXPECTED` if the entry of our client lacks the documented form: if it counted as absent, it would be created a second
 * time. An entry that only has the name in the spec is not ours.
 */
export function requireDocumentedForm(spec: ClientSpec, { passedOver = [] }: Observed, actor: Actor): void {
  const pinned = spec.clientId === undefined ? undefined : passedOver.find(({ id }) => id === spec.clientId)
  const odd = pinned ?? passedOver.find(({ description }) => isOwner(description.ledger, spec, actor))
  if (odd === undefined) return
  throw new ActionError(
    'TENANT_UNEXPECTED',
    `the tenant shows the client of ${plain(spec.name)} in another form than documented (${plain(odd.lacks, 100)})`,
    'Nothing was changed. Report this: either Qlik changed the form, or something between the tenant and this runner did.',
  )
}

/** Throws `SECRET_SLOTS_FULL` if a secret must be issued, and none of the five may be retired first. */
export function refuseFullSlots(client: ObservedClient, { retire, foreign, foreignIsUnused }: Rotation): void {
  const gone = new Set(retire.map(({ hint }) => hint))
  const left = client.secrets.filter(({ hint }) => !gone.has(hint) && !isKeyHint(hint))
  if (left.length < secretSlots) return
  const list = left.map((secret) => secretLabel(secret, foreign.includes(secret))).join('; ')
  throw new ActionError(
    'SECRET_SLOTS_FULL',
    `${clientLabel(client)} has all ${secretSlots} secrets that Qlik allows, and none of them may be retired yet: ${list}`,
    `Delete secrets that are not needed in the Administration activity center, or run again when the grace period of the others is over.${foreignIsUnused ? ' No destination holds a secret of somebody else: name the hint of one of those in retire-hints, and this action retires it first.' : ''}`,
  )
}

function secretLabel({ hint, createdAt, createdBy }: ObservedSecret, foreign: boolean): string {
  const since = createdAt === undefined ? '' : ` of ${isoTime(createdAt)}`
  return `${plain(hint, 20)}${since}, ${foreign ? `made by ${createdBy === undefined ? 'somebody else' : plain(createdBy, 64)}` : 'issued by this action'}`
}

/** Throws `CLIENT_IS_ADMIN` if the client that we sign in with would lose scopes, grant types or consent. */
export function protectAdmin(client: ObservedClient, changes: FieldChange[], consent: Consent): void {
  const narrowed = changes.flatMap(({ field, before, after }) => {
    if (field !== 'scopes' && field !== 'grantTypes') return []
    return (before as string[]).filter((item) => !after.includes(item))
  })
  if (narrowed.length > 0) throw clientIsAdmin(client, `would lose ${narrowed.map((item) => plain(item)).join(', ')}`)
  if (consent === 'required' && client.consent !== 'required')
    throw clientIsAdmin(client, 'would lose its trusted consent')
}

/** Throws `CLIENT_IS_ADMIN` if we sign in with a twin: somebody may have edited its description so that it only looks like one. */
export function protectTwin(twins: ObservedClient[], adminClientId: string | undefined): void {
  const admin = twins.find(({ id }) => id === adminClientId)
  if (admin !== undefined)
    throw clientIsAdmin(admin, 'would be deleted, because its ledger says that a run stopped while creating it')
}

/** The refusal of a step against the client that this action signs in with. `what`: the end of the message, which names the harm. */
export function clientIsAdmin(client: ObservedClient, what: string): ActionError {
  return new ActionError(
    'CLIENT_IS_ADMIN',
    `${clientLabel(client)} is the client that this action signs in with, and it ${what}`,
    'That would lock the action out. Correct the spec, or sign in with another client for this.',
  )
}

/** Throws `INPUT_INVALID` if a value is new to its organization or newly `selected`, and the spec does not say who may see it. */
export function requireVisibility(
  destinations: Destination[],
  observed: ReadonlyMap<string, ObservedDestination>,
): void {
  for (const destination of destinations) {
    if (destination.organization === undefined || isCompleteAccess(destination.access)) continue
    const seen = observed.get(destinationKey(destination)) ?? {}
    if (seen.secretStamp === undefined) throw unsaid(destination, 'does not exist yet')
    const isNew = [seen.secretAccess, seen.idAccess].some((it) => !isVisibilityAsAsked(destination.access, it))
    if (isNew) throw unsaid(destination, 'would become visible to selected repositories only')
  }
}

function unsaid(destination: Destination, why: string): ActionError {
  const input = destination.access === undefined ? 'visibility' : 'selected-repositories'
  const place = plain(destinationLabel(destination))
  return new ActionError(
    'INPUT_INVALID',
    `${input}: is missing; the secret ${place} ${why}, and GitHub needs to know which repositories may see it`,
    input === 'visibility'
      ? 'Set visibility: all, private, or selected with selected-repositories. Once the secret exists, you can leave it out: the setting is kept.'
      : 'List the repositories in selected-repositories. Once the secret is visible to selected repositories, you can leave the list out: it is kept.',
  )
}
