import type { RotationInput } from '../ledger/rotation-situation.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { credentialKindOf } from './auth-method.ts'
import type { Observed, PlanContext } from './client-plan.ts'
import { neededElsewhere } from './leaving-places.ts'
import { evidenceOf } from './place-evidence.ts'

/** The input of a decision on rotation: the answers of both services, the spec and the run. `leaving` and `letGo`: see `leavingPlaces`. */
export function rotationInput(
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
  { actor, policy, seen, leaving, letGo }: PlanContext & Record<'leaving' | 'letGo', Ledger['destinations']>,
): RotationInput {
  return {
    kind: credentialKindOf(spec.fields, client),
    ...evidenceOf(client, observed),
    live: client.secrets,
    destinations: spec.destinations,
    seen,
    run: actor.run,
    after: spec.rotation.after,
    grace: spec.rotation.grace,
    rotate: policy.rotate,
    retireHints: policy.retireHints,
    neededElsewhere: neededElsewhere(leaving, client.description.ledger),
    graceAnew: neededElsewhere(letGo, client.description.ledger),
  }
}
