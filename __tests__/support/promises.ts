import { expect } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { leaks, type RunResult, type Simulation } from './simulation.ts'

/** A destination of the tests, as the sandbox names it. */
export type Place = { repository: string; environment?: string; name: string }

export const repositoryPlace: Place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }

/** P1: every place that ever held a live secret of the client holds one now. Call it after each request. */
export function lockedOut(simulation: Simulation, places: Place[], everLive: Set<string>): string[] {
  const { github, tenant } = simulation.sandbox
  const clients = [...tenant.clients.values()]
  return places
    .filter((place) => {
      const value = github.secretValue(place)
      const live = value !== undefined && clients.some(({ clientId }) => tenant.secretIsLive(clientId, value))
      if (live) everLive.add(JSON.stringify(place))
      return !live && everLive.has(JSON.stringify(place))
    })
    .map((place) => JSON.stringify(place))
}

export function theClient(simulation: Simulation, name = 'deployer'): Client {
  const [client, ...others] = simulation.sandbox.tenant.findByName(name)
  expect(others.map(({ clientId }) => clientId)).toEqual([])
  if (client === undefined) throw new Error(`the tenant has no client ${name}`)
  return client
}

/** P6 and P7: a run that has nothing to do writes nothing, and a plan of it is empty. */
export async function expectSettled(simulation: Simulation, inputs: Record<string, string> = {}): Promise<void> {
  const { rotate: _once, ...again } = inputs
  const plan = await simulation.run({ ...again, mode: 'plan' })
  expect(JSON.parse(plan.outputs?.plan ?? 'null')).toEqual([])
  const second = await simulation.run(again)
  expect(second.error?.message).toBeUndefined()
  expect(second.outputs?.result).toBe('unchanged')
  expect(second.requests.filter(({ method }) => method !== 'GET')).toEqual([])
}

/** P5: none of these runs says a secret. */
export function expectNoLeaks(simulation: Simulation, results: RunResult[]): void {
  const secrets = [...simulation.sandbox.tenant.clients.values()].flatMap(({ secrets: live }) =>
    live.map(({ value }) => value),
  )
  for (const result of results) expect(leaks(result, secrets)).toEqual([])
}
