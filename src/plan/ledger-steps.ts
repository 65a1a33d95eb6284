import { classifySecrets, hintsOfKind } from '../ledger/classify-secrets.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { droppedDestinations, graceStart, keptLast, withHints } from '../ledger/ledger-entries.ts'
import { isOwner, onlyNamed, withOwner } from '../ledger/ownership.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import type { Step } from './client-plan.ts'
import { endOfDelivery } from './end-of-delivery.ts'
import type { ExistingClient } from './existing-client.ts'
import { withGraceAnew, withLeaving } from './leaving-places.ts'

/** The steps that write the ledger when no delivery does. */
export function ledgerSteps(existing: ExistingClient): Step[] {
  const over = retireUndelivered(existing)
  if (over.length > 0) return over
  const ending = endOfDelivery(existing)
  return ending.length > 0 ? ending : ownerSteps(existing)
}

/** Notes the client's owner, the places that it no longer serves, and the deliveries of an earlier run. */
function ownerSteps({ spec, context, settled, leaving, letGo, after, input }: ExistingClient): Step[] {
  const { actor, policy } = context
  const { ledger, user } = after.description
  const isOurs = isOwner(ledger, spec, actor)
  const mayDrop = policy.dropDestinations && spec.destinations.length > 0
  const drops = Object.keys(letGo).length > 0 || (mayDrop && givesUp(spec, ledger, leaving))
  if (isOurs && !drops && !settled) return []
  const next = withOwner(ledger, spec, actor)
  const named = {
    ...withGraceAnew(next, letGo, graceStart(input.live, input.now)),
    destinations: onlyNamed(next.destinations, spec),
  }
  const kept = drops ? withLeaving(named, leaving, user, spec) : next
  requireLedgerRoom(user, kept, [], spec.rotation)
  const what = !isOurs ? 'owner' : drops ? 'places' : 'settled'
  return [{ kind: 'own', clientId: after.id, user, ledger: kept, what }]
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
function retireUndelivered({ spec, input, after, context }: ExistingClient): Step[] {
  const { id: clientId, description } = after
  const { ledger, destinations } = input
  if (destinations.length > 0) return []
  const secrets = classifySecrets(input.live, input)
  const hints = [...hintsOfKind(secrets, 'lost'), ...hintsOfKind(secrets, 'orphan')]
  if (ledger === undefined || hints.length === 0 || Object.keys(ledger.announced?.stamps ?? {}).length > 0) return []
  const suspects = withHints(ledger.suspects, hints, keptLast)
  const over = { ...withOwner(ledger, spec, context.actor), announced: undefined, suspects }
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
