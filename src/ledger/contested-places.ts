import type { ObservedClient } from '../model/client.ts'
import type { Places } from './delivery-evidence.ts'

/**
 * Keys of the places whose stamp both this client's ledger and another's record as that of their own delivery: the two wrote within one
 * second, and nobody can tell who wrote last.
 */
export function contestedPlaces(client: ObservedClient, clients: ObservedClient[], observed: Places): Set<string> {
  const claims = Object.entries(client.description.ledger?.destinations ?? {})
  const ours = claims.filter(([key, { stamp }]) => observed.get(key)?.secretStamp === stamp)
  const others = clients.filter(({ id }) => id !== client.id)
  const isTheirs = (key: string, stamp: number) =>
    others.some(({ description }) => description.ledger?.destinations[key]?.stamp === stamp)
  return new Set(ours.filter(([key, { stamp }]) => isTheirs(key, stamp)).map(([key]) => key))
}
