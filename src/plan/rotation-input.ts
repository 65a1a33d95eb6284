import type { DeliveryEvidence } from '../ledger/delivery-evidence.ts'
import { proveEarlierDelivery } from '../ledger/prove-earlier-delivery.ts'
import type { RotationInput } from '../ledger/rotation-situation.ts'
import { sameSecondWrites } from '../ledger/same-second-writes.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { credentialKindOf } from './auth-method.ts'
import type { Observed, PlanContext } from './steps.ts'

// The evidence for decisions about a client's secrets.

/** `settled`: the ledger was settled by this plan; the tenant still has an earlier one. */
export type SettledClient = { client: ObservedClient; settled: boolean }

/** The client with a settled ledger: if GitHub shows by now a delivery that an earlier run could not prove, the ledger records it. */
export function withEarlierDelivery(
  { destinations }: ClientSpec,
  client: ObservedClient,
  observed: Observed,
): SettledClient {
  const later = proveEarlierDelivery({ live: client.secrets, destinations, evidence: evidenceOf(client, observed) })
  if (later?.kind !== 'settled') return { client, settled: false }
  return { client: { ...client, description: { ...client.description, ledger: later.ledger } }, settled: true }
}

/** The evidence about a client's deliveries in one reading. */
export function evidenceOf(
  client: ObservedClient,
  { clients, destinations, deadSecretPlaces = new Set(), now }: Observed,
): DeliveryEvidence {
  const ambiguousPlaces = new Set([...sameSecondWrites(client, clients, destinations), ...deadSecretPlaces])
  return { ledger: client.description.ledger, observed: destinations, now, ambiguousPlaces }
}

/** The input of a decision on rotation: the answers of both services, the spec and the run. */
export function rotationInput(
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
  { actor, policy, seen }: PlanContext,
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
  }
}
