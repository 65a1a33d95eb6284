import type { ObservedClient } from '../model/client.ts'
import type { ObservedPlaces } from './delivery-evidence.ts'

/**
 * Keys of the places with a stamp that both this client's ledger and another's record as their own delivery: the two wrote within one
 * second, and the stamp can't tell who wrote last.
 */
export function sameSecondWrites(
  client: ObservedClient,
  clients: ObservedClient[],
  observed: ObservedPlaces,
): Set<string> {
  const claims = Object.entries(client.description.ledger?.destinations ?? {})
  const ours = claims.filter(([key, { stamp }]) => observed.get(key)?.secretStamp === stamp)
  const others = clients.filter(({ id }) => id !== client.id)
  const isTheirs = (key: string, stamp: number) =>
    others.some(({ description: { ledger } }) =>
      [ledger?.destinations, ledger?.leaving].some((it) => it?.[key]?.stamp === stamp),
    )
  return new Set(ours.filter(([key, { stamp }]) => isTheirs(key, stamp)).map(([key]) => key))
}
