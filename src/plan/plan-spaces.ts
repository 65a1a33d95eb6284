import { ActionError } from '../base/errors.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { grantedSpaces, nameMark, withGranted } from '../ledger/granted-spaces.ts'
import { otherRunAtWork } from '../ledger/lease.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { withOwner } from '../ledger/ownership.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { type Membership, noSpacesSeen, type ObservedSpaces } from '../model/space.ts'
import type { ClientPlan, Observed, PlanContext, SpaceStep, Step } from './client-plan.ts'
import { spaceDetails } from './find-space.ts'
import { assignmentOf, knownBot } from './spaces-to-read.ts'
import {
  combinedError,
  findWantedSpace,
  repeatedSpace,
  unofferedRoles,
  unusableBot,
  type WantedSpace,
} from './wanted-spaces.ts'

/**
 * Adds the steps for the client's spaces to its plan. Throws `SPACE_MISSING`, `SPACE_AMBIGUOUS`, `INPUT_INVALID` if a space does not offer
 * a role, and failures of reading: all in one error.
 */
export function withSpaces(plan: ClientPlan, observed: Observed, context: PlanContext): ClientPlan {
  const { spec, client } = plan
  if (spec.spaces === undefined) return plan
  const willProve = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined)
  const { steps, note, drift, warnings } = planSpaces(spec.spaces, client, {
    seen: observed.spaces,
    willProve,
    granted: context.granted,
  })
  const noted = plan.steps.map((step) => withNote(step, note))
  const own = noted.some((step) => 'ledger' in step) ? [] : ownStep(plan, note, context)
  for (const step of [...noted, ...own])
    if ('ledger' in step) requireLedgerRoom(step.user, step.ledger, spec.destinations, spec.rotation)
  const at = noted.findLastIndex(({ kind }) => !leavesLast.includes(kind)) + 1
  const wait = plan.wait ?? (own.length > 0 ? leaseOf(client, observed, context) : undefined)
  return {
    ...plan,
    steps: [...noted.slice(0, at), ...own, ...steps, ...noted.slice(at)],
    wait,
    drift: plan.drift || drift,
    warnings: [...plan.warnings, ...warnings],
  }
}

/**
 * Steps that follow the steps for spaces: they may retire the secret that we signed in with. The steps for spaces follow the proof, which
 * creates the client's user.
 */
const leavesLast: Step['kind'][] = ['retire', 'delete-twin']

/** A step that writes the ledger notes the spaces in the same write. */
function withNote(step: Step, note: (ledger: Ledger) => Ledger): Step {
  if (step.kind === 'update' && step.announcing !== undefined) return { ...step, announcing: note(step.announcing) }
  return 'ledger' in step ? { ...step, ledger: note(step.ledger) } : step
}

function ownStep({ client, spec }: ClientPlan, note: (ledger: Ledger) => Ledger, { actor }: PlanContext): Step[] {
  if (client === undefined) return []
  const ledger = withOwner(client.description.ledger, spec, actor)
  const noted = note(ledger)
  const user = spec.fields.description ?? client.description.user
  return noted === ledger ? [] : [{ kind: 'own', clientId: client.id, user, ledger: noted, what: 'spaces' }]
}

function leaseOf(client: ObservedClient | undefined, { now }: Observed, { actor }: PlanContext): ClientPlan['wait'] {
  return otherRunAtWork(client?.description.ledger, now, actor.run)
}

/**
 * The plan to delete a client, after the spaces that we granted are revoked. If one can't be revoked, a warning says so, and the client is
 * deleted anyway.
 */
export function afterLeavingSpaces(plan: ClientPlan, { spaces: seen = noSpacesSeen() }: Observed): ClientPlan {
  const { client } = plan
  if (client === undefined) return plan
  const errors: ActionError[] = []
  const ids = grantedSpaces(client.description.ledger)
  const steps = revocations(client, ids, { bot: knownBot(client, seen), seen, errors })
  const warnings = errors.map(
    ({ code, message }) => `The client’s user stays a member where it can’t be removed (${code}: ${message}).`,
  )
  return {
    ...plan,
    steps: [...steps.map((step) => ({ ...step, mayStay: true as const })), ...plan.steps],
    warnings: [...plan.warnings, ...warnings],
  }
}

/**
 * Grants and revocations. `note`: returns the ledger with the spaces that are about to be granted, and without those that we no longer
 * grant; the same object if nothing changes. `drift`: the memberships differ from the spec.
 */
type SpacePlan = { steps: SpaceStep[]; note: (ledger: Ledger) => Ledger; drift: boolean; warnings: string[] }

type Circumstances = Pick<PlanContext, 'granted'> & { seen: ObservedSpaces | undefined; willProve: boolean }

function planSpaces(
  memberships: Membership[],
  client: ObservedClient | undefined,
  { seen = noSpacesSeen(), willProve, granted }: Circumstances,
): SpacePlan {
  const ledger = client?.description.ledger
  const bot = knownBot(client, seen)
  const errors: ActionError[] = []
  const found = memberships.map((membership) => findWantedSpace(membership, { ledger, bot, seen, granted }))
  const wanted = found.filter((it): it is WantedSpace => !(it instanceof ActionError))
  const named = new Set(wanted.map(({ id }) => id))
  const left = grantedSpaces(ledger).filter((id) => !named.has(id))
  const revokes = revocations(client, left, { bot, seen, errors })
  const changes = wanted.filter(({ differs }) => differs)
  errors.push(
    ...found.filter((it) => it instanceof ActionError),
    ...repeatedSpace(wanted),
    ...changes.flatMap(unofferedRoles),
    ...unusableBot(client, { seen, isNeeded: changes.length > 0, willProve }),
  )
  if (errors.length > 0) throw combinedError(errors)
  const canGrant = bot !== undefined || willProve || client === undefined
  const steps: SpaceStep[] = [...revokes, ...(canGrant ? changes.map((change) => grantStep(change, bot)) : [])]
  return {
    steps: steps.map((step, index) => (index === steps.length - 1 ? { ...step, isLast: true } : step)),
    note: noteOf({ wanted, revokes, bot, willGrant: bot !== undefined || willProve }),
    drift: revokes.length > 0 || changes.length > 0,
    warnings: canGrant || changes.length === 0 ? [] : [noBotYet],
  }
}

/** A warning in the plan, and in a run that finds this out later. */
export const noBotYet =
  'The client has no user on the tenant yet, so it can’t be added to a space. Its first access token creates that user; the next run after that adds it to the spaces.'

// --- steps ------------------------------------------------------------------------------------------------------------

function grantStep({ id, label, space, roles, has }: WantedSpace, bot: string | undefined): SpaceStep {
  const mark = nameMark(space.name)
  return { kind: 'grant', space: { id, name: label }, roles, before: has?.roles, assignmentId: has?.id, bot, mark }
}

type RevokeStep = SpaceStep & { kind: 'revoke' }
type Leaving = { bot: string | undefined; seen: ObservedSpaces; errors: ActionError[] }

/** Revokes spaces that we granted and in which the client is still a member. */
function revocations(client: ObservedClient | undefined, ids: string[], { bot, seen, errors }: Leaving): RevokeStep[] {
  const shown = client && seen.bots.get(client.id)
  if (ids.length > 0 && bot === undefined && shown instanceof ActionError) errors.push(shown)
  return ids.flatMap((id) => {
    const members = seen.members.get(id)
    if (members instanceof ActionError) errors.push(members)
    const has = Array.isArray(members) ? assignmentOf(members, bot) : undefined
    if (has === undefined) return []
    const name = spaceDetails(id, seen)?.name ?? id
    return [{ kind: 'revoke' as const, space: { id, name }, before: has.roles, assignmentId: has.id }]
  })
}

/** The ledger does not list the grants of others; it lists a space that we revoke until that is done. */
function noteOf(given: {
  wanted: WantedSpace[]
  revokes: SpaceStep[]
  bot: string | undefined
  willGrant: boolean
}): SpacePlan['note'] {
  const { wanted, revokes, bot, willGrant } = given
  return (ledger) => {
    const before = ledger.spaces ?? {}
    const kept = wanted.filter(({ id, isOurs, has }) => isOurs && (has !== undefined || willGrant || id in before))
    const spaces = Object.fromEntries([
      ...revokes.map(({ space }) => [space.id, before[space.id] ?? '']),
      ...kept.map(({ id, space }) => [id, nameMark(space.name)]),
    ])
    const isNeeded = wanted.length > 0 || Object.keys(spaces).length > 0
    const next = withGranted(ledger, spaces, isNeeded ? (bot ?? ledger.bot) : undefined)
    return sameLedger(next, ledger) ? ledger : next
  }
}
