import type { Consent, ObservedClient } from '../model/client.ts'
import { inParallel } from './in-parallel.ts'

const mostAtOnce = 8

/**
 * Asks for the consent of those among these clients that the list shows without it. Without an answer every run would set it again. Returns
 * a function that adds the answers to a client.
 */
export async function askConsent(
  clients: ObservedClient[],
  ask: (clientId: string) => Promise<Consent | undefined>,
): Promise<(client: ObservedClient) => ObservedClient> {
  const told = new Map<string, Consent | undefined>()
  const silent = clients.filter(({ consent }) => consent === undefined)
  await inParallel(silent, mostAtOnce, async ({ id }) => void told.set(id, await ask(id)))
  return (client) => (told.has(client.id) ? { ...client, consent: told.get(client.id) } : client)
}
