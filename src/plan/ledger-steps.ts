import { classifySecrets, hintsOf } from '../ledger/classify-secrets.ts'
import { requireRoom } from '../ledger/description.ts'
import { droppedDestinations, withHints } from '../ledger/ledger.ts'
import { isOwner, onlyNamed, withOwner } from '../ledger/ownership.ts'
import type { RotationInput } from '../ledger/rotation-situation.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import type { PlanContext, Step } from './steps.ts'

/** The steps that write the ledger when no delivery does. */
export function ledgerSteps(known: Owning, input: RotationInput, client: ObservedClient): Step[] {
  const over = undeliverable(known.spec, input, client, known.context)
  return over.length > 0 ? over : ownerSteps(known, client)
}

type Owning = { spec: ClientSpec; context: PlanContext; settled: boolean }

/** Notes the client's owner, the places that it no longer serves, and the deliveries of an earlier run. */
function ownerSteps({ spec, context, settled }: Owning, client: ObservedClient): Step[] {
  const { actor, policy } = context
  const { ledger, user } = client.description
  const isOurs = isOwner(ledger, spec, actor)
  const drops =
    policy.dropDestinations && spec.destinations.length > 0 && droppedDestinations(ledger, spec.destinations).length > 0
  if (isOurs && !drops && !settled) return []
  const next = withOwner(ledger, spec, actor)
  const kept = drops ? { ...next, destinations: onlyNamed(next.destinations, spec) } : next
  requireRoom(user, kept, [], spec.rotation)
  const what = !isOurs ? 'owner' : drops ? 'places' : 'settled'
  return [{ kind: 'own', clientId: client.id, user, ledger: kept, what }]
}

/**
 * If nothing is delivered, retires the secrets that a dead run made when it created the client, if the tenant allows that. The ledger
 * notes it, so that later runs do not try again.
 */
function undeliverable(
  spec: ClientSpec,
  input: RotationInput,
  { id: clientId, description }: ObservedClient,
  { actor }: PlanContext,
): Step[] {
  const { ledger, destinations } = input
  if (destinations.length > 0) return []
  const secrets = classifySecrets(input.live, input)
  const hints = [...hintsOf(secrets, 'lost'), ...hintsOf(secrets, 'orphan')]
  if (ledger === undefined || hints.length === 0 || Object.keys(ledger.announced?.stamps ?? {}).length > 0) return []
  const suspects = withHints(ledger.suspects, hints, Math.floor(input.now))
  const over = { ...withOwner(ledger, spec, actor), announced: undefined, suspects }
  return [
    ...hints.map((hint) => ({
      kind: 'retire' as const,
      clientId,
      hint,
      why: 'never delivered' as const,
      mayStay: true as const,
    })),
    { kind: 'own', clientId, user: description.user, ledger: over, what: 'over' },
  ]
}
