import { expect } from 'vitest'
import type { Scenario } from '../promises/scenarios.ts'
import { expectOnlyCurrent, expectSettled, expectUsable, repositoryPlace, type Watch } from './promises.ts'
import type { Running, Simulation } from './simulation.ts'

export const minutes = 1 / 60
export const putSecret = /^PUT .*\/secrets\/QLIK_CLIENT_SECRET$/
export const issueSecret = /^POST .*\/client-secrets$/
export const createClient = /^POST .*\/oauth-clients$/
export const describeClient = /^PATCH .*\/oauth-clients\/[^/]+$/

/** After whatever happened: undisturbed runs bring everything in order, and nothing is left behind. */
export async function expectHealing(
  simulation: Simulation,
  watch: Watch,
  { places = [repositoryPlace], inputs = {} }: { places?: Scenario['places']; inputs?: Record<string, string> } = {},
): Promise<void> {
  const log: string[] = []
  for (const hours of [0, 11 * minutes, 25]) {
    simulation.advance(hours)
    const next = await simulation.run(inputs)
    log.push('---', ...next.log)
    expect(next.error?.message, log.join('\n')).toBeUndefined()
    expect(watch.broken, log.join('\n')).toEqual([])
    expectUsable(simulation, places!)
  }
  expectOnlyCurrent(simulation, places!, watch.foreign)
  // A tenant's reads may lag behind its writes.
  simulation.advance(minutes)
  await expectSettled(simulation, inputs)
}

/** Lets a run go on until it is about to send such a request. */
export async function until(running: Running, request: RegExp): Promise<void> {
  while (!(await running.waiting()).some((waiting) => request.test(waiting))) await running.step()
}

export const rotated: Scenario = {
  before: async (simulation) => {
    await simulation.run()
    simulation.advance(1)
  },
}
