import { classifySecrets, hintsOfKind } from '../ledger/classify-secrets.ts'
import { announcementAge, lostAfter, otherRunAtWork } from '../ledger/lease.ts'
import { graceStart, keptLast, recalledDestination, withHints } from '../ledger/ledger-entries.ts'
import { withOwner } from '../ledger/ownership.ts'
import { outOfGrace } from '../ledger/retirement-decision.ts'
import type { RotationInput } from '../ledger/rotation-situation.ts'
import { successorAt } from '../ledger/served-places.ts'
import { isKeyHint } from '../model/credential.ts'
import { destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { retireSteps } from './auth-method.ts'
import type { Step } from './client-plan.ts'
import type { ExistingClient } from './existing-client.ts'
import { isTaken, neededElsewhere, unnotedPlaces } from './leaving-places.ts'
import { droppedPlaces } from './taken-and-dropped-places.ts'

/**
 * The steps for a client that was delivered before, and whose spec names no place any more: the ledger forgets the places, the secrets of
 * this action begin their grace, and a run after that retires them.
 */
export function endOfDelivery(existing: ExistingClient): Step[] {
  const { spec, context, input, after } = existing
  const { ledger } = after.description
  if (ledger === undefined || spec.destinations.length > 0 || mayStillDeliver(input)) return []
  if (keepsPlaces(existing)) return []
  const isLeft =
    orphansOf(input).length > 0 ||
    Object.keys(ledger.leaving ?? {}).length > 0 ||
    Object.values(ledger.suspects).some((since) => since !== keptLast)
  const isServing = Object.keys(ledger.destinations).length > 0 || ledger.current !== undefined
  if (isServing || (isLeft && context.policy.dropDestinations)) return forgetPlaces(existing, ledger)
  // A run that died may have delivered to a place again, and nobody said that this place is no longer needed.
  const { announced } = ledger
  const isOver = announced === undefined || announcementAge(announced, input.now) >= lostAfter
  return isOver && orphansOf(input).length === 0 ? retireDue(existing, ledger) : []
}

/** May a run that stopped still deliver? While its announcement is a lease, this run waits for it and plans again. */
export function mayStillDeliver({ ledger, now, run }: Pick<RotationInput, 'ledger' | 'now' | 'run'>): boolean {
  const announced = ledger?.announced
  const isRecent = announced !== undefined && announcementAge(announced, now) < lostAfter
  return isRecent && otherRunAtWork(ledger, now, run) === undefined
}

/** Does the client keep its places: for other runs, or until another client of the run's files was delivered there? */
function keepsPlaces(existing: ExistingClient): boolean {
  const { spec, context, client, observed } = existing
  const dropped = droppedPlaces(spec, client, observed)
  const announced = unnotedPlaces(client, observed)
  if (dropped.length + announced.length > 0 && !context.policy.dropDestinations) return true
  const { leaving = {}, owner } = client.description.ledger ?? {}
  const awaited = Object.entries(leaving).flatMap(([key, entry]) =>
    successorAt(recalledDestination(key, entry, owner!), observed, client) === undefined ? [key] : [],
  )
  return [...dropped.map(destinationKey), ...announced, ...awaited].some((key) => isTaken(key, spec, context))
}

function orphansOf(input: RotationInput): string[] {
  const secrets = classifySecrets(input.live, input)
  return [...hintsOfKind(secrets, 'orphan'), ...hintsOfKind(secrets, 'lost')]
}

function forgetPlaces(existing: ExistingClient, before: Ledger): Step[] {
  const { spec, context, after, input } = existing
  const { id: clientId, description } = after
  const base = withOwner(before, spec, context.actor)
  const own = (ledger: Ledger): Step => ({ kind: 'own', clientId, user: description.user, ledger, what: 'places' })
  // The action signs in with a secret of this client.
  if (clientId === context.policy.adminClientId)
    return Object.keys(base.destinations).length > 0 ? [own({ ...base, destinations: {} })] : []
  const { current, retiring, suspects, leaving } = base
  const ours = [...(current === undefined ? [] : [current.hint]), ...Object.keys(suspects), ...orphansOf(input)]
  const live = new Set(input.live.map(({ hint }) => hint))
  // Leaving places may have held theirs until a moment ago: that grace begins now.
  const left = context.policy.dropDestinations ? Object.values(leaving ?? {}).map(({ hint }) => hint) : []
  const begun = [...ours, ...left].filter((hint) => live.has(hint))
  const earlier = Object.fromEntries(Object.entries(retiring).filter(([hint]) => !left.includes(hint)))
  const { version, owner, bot, spaces } = base
  const ledger = {
    ...{ version, owner, bot, spaces },
    destinations: {},
    suspects: {},
    retiring: withHints(earlier, begun, graceStart(input.live, input.now)),
    ...(context.policy.dropDestinations ? {} : { leaving }),
  }
  const needed = neededElsewhere(ledger.leaving ?? {}, base)
  const atOnce = Object.keys(ledger.retiring).filter((hint) => live.has(hint) && !needed.has(hint))
  return [own(ledger), ...(input.grace > 0 ? [] : retired(atOnce, existing))]
}

function retireDue(existing: ExistingClient, ledger: Ledger): Step[] {
  const { spec, context, after, input } = existing
  const { id: clientId, description } = after
  if (clientId === context.policy.adminClientId) return []
  const due = outOfGrace({ ...input, secrets: classifySecrets(input.live, input) })
  const steps = retired(due, existing)
  const mayStay = steps.flatMap((step) => (step.mayStay ? [step.hint] : []))
  if (mayStay.length === 0) return steps
  // Noted before anybody knows whether the tenant refuses: later runs must not try again.
  const base = withOwner(ledger, spec, context.actor)
  const retiring = Object.fromEntries(Object.entries(base.retiring).filter(([hint]) => !mayStay.includes(hint)))
  const suspects = withHints(base.suspects, mayStay, keptLast)
  const ended = { ...base, retiring, suspects }
  return [...steps, { kind: 'own', clientId, user: description.user, ledger: ended, what: 'ended' }]
}

/** Some tenants refuse to delete a client's last secret, as `retireSteps` knows, and its last key if it has no other method. */
function retired(hints: string[], { input, after }: ExistingClient): (Step & { kind: 'retire' })[] {
  const { grace, kind, live } = input
  const why = grace === 0 ? ('no grace' as const) : ('grace is over' as const)
  const retirements = hints.map((hint) => ({ hint, why }))
  const leavesNoKey = live.every(({ hint }) => !isKeyHint(hint) || hints.includes(hint))
  const lastKey = leavesNoKey ? hints.findLast((hint) => isKeyHint(hint)) : undefined
  return retireSteps(after, retirements, kind).map((step) =>
    step.hint === lastKey ? { ...step, mayStay: true as const } : step,
  )
}
