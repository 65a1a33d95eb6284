import type { ObservedClient } from '../model/client.ts'
import { type Actor, type ClientSpec, isPlan, type Keeper, type Policy } from '../spec/client-spec.ts'
import { identify } from './find-client.ts'
import type { Observed } from './steps.ts'

/**
 * In which order clients are dealt with; those of one group side by side. What is to be absent goes when its successors have been
 * delivered in its places. The client that we sign in with comes last: retiring its secret may end what all others work with.
 */
export function inOrder(
  clients: ClientSpec[],
  observed: Pick<Observed, 'clients' | 'now'>,
  { actor, policy }: { actor: Actor; policy: Policy },
): ClientSpec[][] {
  // Who only plans writes nothing, and is told in the order of the file.
  if (isPlan(policy.mode)) return [clients]
  const rank = (spec: ClientSpec): 0 | 1 | 2 => {
    if (spec.state === 'absent') return 1
    const { adminClientId } = policy
    return adminClientId !== undefined && clientOf(spec, observed, actor)?.id === adminClientId ? 2 : 0
  }
  const groups = Map.groupBy(clients, rank)
  return ([0, 1, 2] as const).flatMap((it) => (groups.has(it) ? [groups.get(it)!] : []))
}

/** The client that a spec means; undefined where there is none, or none can be told. */
export function clientOf(
  spec: ClientSpec,
  { clients, now }: Pick<Observed, 'clients' | 'now'>,
  actor: Keeper,
): ObservedClient | undefined {
  try {
    const identity = identify(spec, clients, actor, now)
    return identity.kind === 'found' ? identity.client : undefined
  } catch {
    // Its own turn says why.
    return undefined
  }
}
