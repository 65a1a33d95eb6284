import type { Consent, ObservedClient } from '../model/client.ts'
import { clientOf } from '../plan/client-order.ts'
import type { Readers, Timed } from '../ports.ts'
import { inParallel } from './in-parallel.ts'
import type { WhoseSpaces } from './observe-spaces.ts'

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

/** The list, with the consent of the run's clients also if the tenant shows it only alone. */
export async function consentOfClients<T extends Timed<ObservedClient[]>>(
  { specs, here }: WhoseSpaces,
  list: T,
  tenant: Readers['tenant'],
): Promise<T> {
  // Usual tenants show every consent, and finding the run's clients takes time in a fleet.
  if (list.value.every(({ consent }) => consent !== undefined)) return list
  const observed = { clients: list.value, now: list.at }
  const present = specs.filter(({ state }) => state === 'present')
  const ours = present.flatMap((spec) => clientOf(spec, observed, { repository: here }) ?? [])
  return { ...list, value: list.value.map(await askConsent(ours, tenant.consent)) }
}
