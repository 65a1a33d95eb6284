import type { DeliveryEvidence } from '../ledger/delivery-evidence.ts'
import { proveEarlierDelivery } from '../ledger/prove-earlier-delivery.ts'
import { sameSecondWrites } from '../ledger/same-second-writes.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import type { Observed } from './client-plan.ts'

// The evidence about the places of one client, and its ledger as that evidence settles it.

/** `settled`: the ledger was settled by this plan; the tenant still has an earlier one. */
export type ClientWithProof = { client: ObservedClient; settled: boolean }

/** The client with a settled ledger: if GitHub shows by now a delivery that an earlier run could not prove, the ledger records it. */
export function withEarlierDelivery(
  { destinations }: ClientSpec,
  client: ObservedClient,
  observed: Observed,
): ClientWithProof {
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
