import type { ObservedClient } from '../model/client.ts'
import { type Actor, type ClientSpec, isPlan, type ManagingRepository, type Policy } from '../spec/client-spec.ts'
import type { Observed } from './client-plan.ts'
import { findClient } from './find-client.ts'

/**
 * The order of clients, as groups whose clients are handled side by side. A client that the spec lists as absent is deleted after its
 * successors were delivered to its places. The client that we sign in with comes last: retiring its secret may end the session of all
 * others.
 */
export function inRunOrder(
  clients: ClientSpec[],
  observed: Pick<Observed, 'clients' | 'now'>,
  { actor, policy }: { actor: Actor; policy: Policy },
): ClientSpec[][] {
  // A plan writes nothing, so it keeps the order of the file.
  if (isPlan(policy.mode)) return [clients]
  const rank = (spec: ClientSpec): 0 | 1 | 2 => {
    if (spec.state === 'absent') return 1
    const { adminClientId } = policy
    return adminClientId !== undefined && clientOf(spec, observed, actor)?.id === adminClientId ? 2 : 0
  }
  const groups = Map.groupBy(clients, rank)
  return ([0, 1, 2] as const).flatMap((it) => (groups.has(it) ? [groups.get(it)!] : []))
}

/** The client that a spec means; undefined if there is none, or if it can't be determined. */
export function clientOf(
  spec: ClientSpec,
  { clients, now }: Pick<Observed, 'clients' | 'now'>,
  actor: ManagingRepository,
): ObservedClient | undefined {
  try {
    const identity = findClient(spec, clients, actor, now)
    return identity.kind === 'found' ? identity.client : undefined
  } catch {
    // Planning this client throws the same error again and reports it.
    return undefined
  }
}
