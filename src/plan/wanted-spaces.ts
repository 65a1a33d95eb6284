import { didYouMean } from '../base/did-you-mean.ts'
import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { type Assignment, type Membership, type ObservedSpaces, refLabel, sameRoles } from '../model/space.ts'
import type { PlanContext } from './client-plan.ts'
import { findSpace, spaceDetails } from './find-space.ts'
import { assignmentOf, isBot } from './spaces-to-read.ts'

/** A membership that the spec names, with the present one. `isOurs`: we granted it, or are about to. */
export type WantedSpace = Membership & {
  id: string
  label: string
  offered: string[] | undefined
  has: Assignment | undefined
  differs: boolean
  isOurs: boolean
}

type Known = { ledger: Ledger | undefined; bot: string | undefined; seen: ObservedSpaces } & Pick<
  PlanContext,
  'granted'
>

/** Compares a membership in the spec with the tenant; an error if its space can't be found. */
export function findWantedSpace(
  membership: Membership,
  { ledger, bot, seen, granted }: Known,
): WantedSpace | ActionError {
  const { space, roles } = membership
  const found = findSpace(space, ledger, seen)
  if (found.kind !== 'found') return found.kind === 'none' ? found.error : unseen(membership)
  const { id } = found
  const members = seen.members.get(id)
  if (members instanceof ActionError) return members
  const single = seen.details.get(id)
  if (single instanceof ActionError) return single
  if (members === undefined || members === 'gone') return unseen(membership)
  const has = assignmentOf(members, bot)
  const details = spaceDetails(id, seen)
  return {
    ...membership,
    id,
    label: space.name ?? details?.name ?? id,
    offered: details?.roles,
    has,
    differs: has === undefined || !sameRoles(has.roles, roles),
    isOurs: has === undefined || ledger?.spaces?.[id] !== undefined || granted?.has(id) === true,
  }
}

/** The tenant shows a space in one answer and not in another. */
function unseen({ space }: Membership): ActionError {
  return new ActionError(
    'SPACE_MISSING',
    `spaces: ${plain(refLabel(space), 100)} was gone a moment after the tenant showed it, or its members are not shown`,
    'Run again. If this happens again, name the space by its id.',
  )
}

/** A space that the spec names in two ways. */
export function repeatedSpace(wanted: WantedSpace[]): ActionError[] {
  return wanted.flatMap(({ id, space }, index) => {
    const first = wanted.findIndex((other) => other.id === id)
    if (first === index) return []
    const [a, b] = [wanted[first]!.space, space].map((ref) => plain(refLabel(ref), 100))
    return [new ActionError('INPUT_INVALID', `spaces: ${a} and ${b} are one space`, 'Name it once, with all roles.')]
  })
}

/** Errors for roles that the space does not offer. They list the roles that it offers. */
export function unofferedRoles({ id, label, roles, offered }: WantedSpace): ActionError[] {
  if (offered === undefined) return []
  return roles
    .filter((role) => !offered.includes(role))
    .map((role) => {
      const all = offered.map((it) => plain(it, 60)).join(', ')
      return new ActionError(
        'INPUT_INVALID',
        `spaces: ${plain(label, 100)} (${id}) does not offer the role ${plain(role, 60)}${didYouMean(role, offered)}`,
        `It offers: ${all}.`,
      )
    })
}

/** Errors for a user that is needed, but that somebody deleted or disabled. */
export function unusableBot(
  client: ObservedClient | undefined,
  { seen, isNeeded, willProve }: { seen: ObservedSpaces; isNeeded: boolean; willProve: boolean },
): ActionError[] {
  if (client === undefined || !isNeeded) return []
  const shown = seen.bots.get(client.id)
  const remembered = client.description.ledger?.bot
  if (shown instanceof ActionError) return [shown]
  if (isBot(shown) && shown.isDisabled) {
    return [
      new ActionError(
        'TENANT_REJECTED',
        `spaces: the client’s user ${shown.id} is disabled on the tenant, so it reaches no space`,
        'Enable that user in the administration of the tenant, and run again.',
      ),
    ]
  }
  if (shown !== 'none' || remembered === undefined || willProve) return []
  return [
    new ActionError(
      'TENANT_REJECTED',
      `spaces: the client’s user ${plain(remembered, 64)} is gone from the tenant: somebody deleted it`,
      'The client’s next access token may create its user again: use the client once, or run with rotate: now, and then run again. If the user does not come back, delete the client: the next run creates a new one.',
    ),
  ]
}

/** One error with the messages and hints of all of these. */
export function combinedError(errors: ActionError[]): ActionError {
  const [first] = errors
  const once = (texts: string[]) => [...new Set(texts)]
  const messages = once(errors.map(({ code, message }) => (code === first!.code ? message : `${code}: ${message}`)))
  if (messages.length === 1) return first!
  const hint = once(errors.map((error) => error.hint)).join(' ')
  return first!.with({ message: messages.join('\n'), hint })
}
