import { requireLedgerRoom } from '../ledger/description.ts'
import { graceStart } from '../ledger/ledger-entries.ts'
import { announcedLedger } from '../ledger/ledger-transitions.ts'
import { onlyNamed, withOwner, withoutNamed } from '../ledger/ownership.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import { methodOf } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { certainRetirements, retireSteps } from './auth-method.ts'
import type { Step } from './client-plan.ts'
import { deliverySteps } from './delivery-steps.ts'
import { consentSteps, type ExistingClient, idRepairs, retiresLast, twinSteps, updateSteps } from './existing-client.ts'
import { neededElsewhere, withGraceAnew, withLeaving } from './leaving-places.ts'
import { refuseFullSlots } from './refused-plans.ts'

/**
 * The steps for an existing client that gets a fresh secret, in the order in which they are carried out: each relies on those before it.
 * Throws `SECRET_SLOTS_FULL`, and `INPUT_INVALID` if the description leaves no room for the ledger.
 */
export function stepsWithIssue(existing: ExistingClient, rotation: Rotation): Step[] {
  const { client, changes, input } = existing
  const retirements = retireSteps(client, rotation.retire, input.kind)
  const retireLast = retiresLast(existing)
  const retired = certainRetirements(rotation, retireLast ? [] : retirements)
  return [
    ...(retireLast ? [] : retirements),
    // Allowing client_secret makes a secret (PATCH answers 202), so the step that issues one allows the method.
    ...updateSteps(
      existing,
      changes.filter(({ field }) => field !== 'authMethods'),
    ),
    ...consentSteps(existing, true),
    ...issueSteps(existing, { ...rotation, retire: retired }),
    // A delivery corrects an id that is wrong, but not one that only has the wrong visibility. Nothing is written to GitHub before the proof.
    ...idRepairs(existing).filter(({ before }) => before === client.id),
    ...(retireLast ? retirements : []),
    ...twinSteps(existing),
  ]
}

/** Announces, issues, proves, delivers and commits a fresh secret. */
function issueSteps(existing: ExistingClient, rotation: Rotation): Step[] {
  const { spec, observed, context, client, after, input } = existing
  if (input.kind === 'secret') refuseFullSlots(after, rotation)
  const ledger = announcementOf(existing, rotation)
  const { user } = after.description
  requireLedgerRoom(user, ledger, spec.destinations, spec.rotation)
  const addMethod = client.authMethods.includes(methodOf[input.kind]) ? undefined : after.authMethods
  const { reasons } = rotation
  return [
    { kind: 'issue', clientId: client.id, user, credential: input.kind, reasons, ledger, addMethod },
    ...deliverySteps(spec, observed, after.grantTypes, context.policy),
    ...retiredAtOnce(existing, ledger, rotation),
  ]
}

function announcementOf({ spec, context, after, leaving, letGo, input }: ExistingClient, rotation: Rotation): Ledger {
  const { ledger, user } = after.description
  const base = withGraceAnew(withOwner(ledger, spec, context.actor), letGo, graceStart(input.live, input.now))
  const kept = { ...base, destinations: onlyNamed(base.destinations, spec) }
  return withLeaving(announcedLedger(kept, rotation, input), leaving, user, spec)
}

/** The secrets that are retired in this run, after the commit: without a grace, or because the user names them. */
function retiredAtOnce({ spec, client, leaving, input }: ExistingClient, ledger: Ledger, rotation: Rotation): Step[] {
  const { live, kind, retireHints } = input
  const clientId = client.id
  const without = spec.rotation.grace === 0 ? [ledger.current?.hint, ...Object.keys(ledger.retiring)] : []
  const gone = new Set(rotation.retire.map(({ hint }) => hint))
  // By then a place that the spec names has the fresh secret.
  const needed = neededElsewhere(withoutNamed(leaving, spec), client.description.ledger)
  const alive = new Set(live.map(({ hint }) => hint).filter((hint) => !gone.has(hint) && !needed.has(hint)))
  // If a key replaces it, it may be the client's last secret, and tenants may refuse to delete that one.
  const mayStay = kind === 'key' ? { mayStay: true as const } : {}
  const named = rotation.foreign.map(({ hint }) => hint).filter((hint) => retireHints.includes(hint))
  return [
    ...without
      .filter((hint) => hint !== undefined && alive.has(hint))
      .map((hint) => ({ kind: 'retire' as const, clientId, hint: hint!, why: 'no grace' as const, ...mayStay })),
    ...named.map((hint) => ({ kind: 'retire' as const, clientId, hint, why: 'named in retire-hints' as const })),
  ]
}
