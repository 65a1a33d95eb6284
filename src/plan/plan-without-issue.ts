import { requireLedgerRoom } from '../ledger/description.ts'
import { announcedLedger } from '../ledger/ledger-transitions.ts'
import { withOwner } from '../ledger/ownership.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { allowsNewMethod, retireSteps, surplusMethod } from './auth-method.ts'
import type { Step } from './client-plan.ts'
import { consentSteps, type ExistingClient, idRepairs, retiresLast, twinSteps, updateSteps } from './existing-client.ts'
import { ledgerSteps } from './ledger-steps.ts'

/**
 * The steps for an existing client that keeps its secret, in the order in which they are carried out. `rotation`: undefined if the spec
 * delivers nothing. Throws `INPUT_INVALID` if the description leaves no room for the ledger.
 */
export function stepsWithoutIssue(existing: ExistingClient, rotation: Rotation | undefined): Step[] {
  const { spec, client, after, changes, input } = existing
  const retirements = retireSteps(client, rotation?.retire ?? [], input.kind)
  const retireLast = retiresLast(existing)
  const own = ledgerSteps(existing)
  const announcing = unwantedSecret(existing, own)
  return [
    ...(retireLast ? [] : retirements),
    // An announcement is built on the ledger that these steps write.
    ...(announcing === undefined ? [] : own),
    ...updateSteps(existing, changes, announcing),
    ...consentSteps(existing, own.length > 0),
    ...idRepairs(existing),
    ...(announcing === undefined ? own : []),
    ...(retireLast ? retirements : []),
    ...surplusMethod(after, rotation, spec),
    ...twinSteps(existing),
  ]
}

/**
 * The ledger that announces a secret that nobody wants: changes that allow `client_secret` make one, also if nothing is delivered.
 * Undefined if these changes make none. `own`: the steps that write the ledger before them.
 */
function unwantedSecret({ spec, context, changes, after, input }: ExistingClient, own: Step[]): Ledger | undefined {
  if (spec.destinations.length > 0 || !allowsNewMethod(changes, 'secret')) return undefined
  const { ledger, user } = after.description
  const before = own.find((step) => step.kind === 'own')?.ledger ?? withOwner(ledger, spec, context.actor)
  const announced = announcedLedger(before, { orphans: [], retire: [] }, input)
  requireLedgerRoom(user, announced, [], spec.rotation)
  return announced
}
