import type { ClientSpec } from '../spec/client-spec.ts'
import type { ClientPlan, Observed, PlanContext } from './client-plan.ts'
import { type FoundClient, findClient } from './find-client.ts'
import { withEarlierDelivery } from './place-evidence.ts'
import { planCreate } from './plan-create.ts'
import { planDestroy } from './plan-destroy.ts'
import { planExisting } from './plan-existing.ts'
import { afterLeavingSpaces, withSpaces } from './plan-spaces.ts'
import { requireDestinationsRead, requireDocumentedForm } from './refused-plans.ts'
import { refuseTaken } from './taken-and-dropped-places.ts'
import { isOutOfReach } from './values-to-delete.ts'

/**
 * Plans the steps for one spec. Pure. Throws the refusals of `findClient`, and `INPUT_INVALID`, `DESTINATION_DROPPED`,
 * `DESTINATION_TAKEN`, `CLIENT_IN_USE`, `SECRET_SLOTS_FULL`, `CLIENT_IS_ADMIN`, all before anything is written.
 */
export function planClient(spec: ClientSpec, observed: Observed, context: PlanContext): ClientPlan {
  const destroy = spec.state === 'absent'
  if (spec.refusal !== undefined && !(destroy && isOutOfReach(spec.refusal))) throw spec.refusal
  requireDocumentedForm(spec, observed, context.actor)
  if (!destroy) requireDestinationsRead(spec.destinations, observed)
  // A pinned client that is already gone need not be destroyed.
  const gone = destroy && spec.clientId !== undefined && observed.clients.every(({ id }) => id !== spec.clientId)
  const identity: FoundClient = gone
    ? { kind: 'none' }
    : findClient(spec, observed.clients, context.actor, observed.now)
  if (destroy) return afterLeavingSpaces(planDestroy(spec, identity, observed, context), observed)
  refuseTaken(spec, identity.kind === 'found' ? identity.client : undefined, observed, context)
  const plan =
    identity.kind === 'none'
      ? planCreate(spec, observed, context)
      : planExisting(spec, { ...identity, ...withEarlierDelivery(spec, identity.client, observed) }, observed, context)
  return withSpaces(plan, observed, context)
}
