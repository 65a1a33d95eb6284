import { afterEach, beforeEach, expect } from 'vitest'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectSuccess } from './contract.ts'
import { theClient } from './promises.ts'
import { type RunResult, Simulation } from './simulation.ts'

// What tests of one client with the usual inputs share.

/** Gives each test a fresh simulation, and holds every request to GitHub against GitHub's own description of its API. */
export function eachTest(take: (simulation: Simulation) => void): void {
  let simulation: Simulation
  beforeEach(async () => {
    simulation = await Simulation.start()
    take(simulation)
  })
  afterEach(() => {
    const asked = simulation.sandbox.requests.filter(({ service }) => service === 'github')
    expect(asked.flatMap(validateGithubRequest), 'GitHub’s own description of these requests').toEqual([])
  })
}

/** The places that the usual inputs deliver to. */
export const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
export const idPlace = { repository: 'acme/app', name: 'QLIK_CLIENT_ID' }

/** The kinds of steps that create a client, and that rotate its secret. */
export const created = ['create', 'verify', 'deliver', 'commit']
export const rotated = ['issue', 'verify', 'deliver', 'commit']

/** A first run that creates the client; then so many hours pass. */
export async function settled(simulation: Simulation, inputs: Record<string, string> = {}, hours = 1): Promise<Client> {
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
export function stored({ sandbox: { github } }: Simulation) {
  return { secret: github.secretValue(place), at: github.secretUpdatedAt(place), id: github.variableValue(idPlace) }
}

/** The id and the secret in these places sign in together. */
export function expectWorks(
  { sandbox: { github, tenant } }: Simulation,
  client: Client,
  where: { repository?: string; environment?: string } = {},
): void {
  expect(github.variableValue({ ...idPlace, ...where })).toBe(client.clientId)
  expect(tenant.canAuthenticate(client.clientId, github.secretValue({ ...place, ...where }) ?? '')).toBe(true)
}
