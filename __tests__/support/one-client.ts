import { expect } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectSuccess } from './contract.ts'
import { simulation } from './each-test.ts'
import { theClient } from './promises.ts'
import type { RunResult } from './simulation.ts'

// What tests of one client with the usual inputs share. All of it is about the simulation of the test that is running.

/** The places that the usual inputs deliver to. */
export const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
export const idPlace = { repository: 'acme/app', name: 'QLIK_CLIENT_ID' }

/** The kinds of steps that create a client, and that rotate its secret. */
export const created = ['create', 'verify', 'deliver', 'commit']
export const rotated = ['issue', 'verify', 'deliver', 'commit']

/** A first run that creates the client; then so many hours pass. */
export async function settled(inputs: Record<string, string> = {}, hours = 1): Promise<Client> {
  expectSuccess(await simulation.run(inputs), { result: 'created' })
  simulation.advance(hours)
  return theClient(simulation)
}

export function hints(client: Client): string[] {
  return client.secrets.map(({ hint }) => hint)
}

/** The kinds of the steps that a run carried out, or planned. */
export function kinds(result: RunResult): string[] {
  return (JSON.parse(result.outputs!.plan!) as { kind: string }[]).map(({ kind }) => kind)
}

/** The values that the usual places hold, to compare before and after. */
export function stored() {
  const { github } = simulation.sandbox
  return { secret: github.secretValue(place), at: github.secretUpdatedAt(place), id: github.variableValue(idPlace) }
}

/** The id and the secret in these places sign in together. */
export function expectWorks(client: Client, where: { repository?: string; environment?: string } = {}): void {
  const { github, tenant } = simulation.sandbox
  expect(github.variableValue({ ...idPlace, ...where })).toBe(client.clientId)
  expect(tenant.canAuthenticate(client.clientId, github.secretValue({ ...place, ...where }) ?? '')).toBe(true)
}

/** The time that a run took, by the simulation's clock, in seconds. */
export async function timed(run: () => Promise<RunResult>): Promise<{ result: RunResult; seconds: number }> {
  const { clock } = simulation.sandbox
  const since = clock.now()
  const result = await run()
  return { result, seconds: (clock.now() - since) / 1000 }
}
