import { classifySecrets, hintsOf } from '../ledger/classify-secrets.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { droppedDestinations, withHints } from '../ledger/ledger-entries.ts'
import { isOwner, onlyNamed, withOwner } from '../ledger/ownership.ts'
import type { RotationInput } from '../ledger/rotation-situation.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { withLeaving } from './leaving-places.ts'
import type { Planning } from './plan-issue.ts'
import type { PlanContext, Step } from './steps.ts'

/** The steps that write the ledger when no delivery does. */
export function ledgerSteps(known: Owning, input: RotationInput, client: ObservedClient): Step[] {
  const over = undeliverable(known.spec, input, client, known.context)
  return over.length > 0 ? over : ownerSteps(known, client)
}

type Owning = Pick<Planning, 'spec' | 'context' | 'leaving'> & { settled: boolean }

/** Notes the client's owner, the places that it no longer serves, and the deliveries of an earlier run. */
function ownerSteps({ spec, context: { actor, policy }, settled, leaving }: Owning, client: ObservedClient): Step[] {
  const { ledger, user } = client.description
  const isOurs = isOwner(ledger, spec, actor)
  const drops = policy.dropDestinations && spec.destinations.length > 0 && givesUp(spec, ledger, leaving)
  if (isOurs && !drops && !settled) return []
  const next = withOwner(ledger, spec, actor)
  const named = { ...next, destinations: onlyNamed(next.destinations, spec) }
  const kept = drops ? withLeaving(named, leaving, user, spec) : next
  requireLedgerRoom(user, kept, [], spec.rotation)
  const what = !isOurs ? 'owner' : drops ? 'places' : 'settled'
  return [{ kind: 'own', clientId: client.id, user, ledger: kept, what }]
}

/** Does the ledger list places that the spec no longer names, other than those that stay in it as leaving? */
function givesUp({ destinations }: ClientSpec, ledger: Ledger | undefined, leaving: Ledger['destinations']): boolean {
  const isOver = Object.keys(ledger?.leaving ?? {}).some((key) => leaving[key] === undefined)
  return isOver || droppedDestinations(ledger, destinations).length > 0
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
