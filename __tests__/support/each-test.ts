import { afterEach, beforeEach, expect } from 'vitest'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import type { Settings } from '../../sandbox/settings.ts'
import { Simulation } from './simulation.ts'

/** The simulation of the test that is running, in files that call `eachTest`. */
export let simulation: Simulation

/** Gives each test a fresh simulation, and holds every request to GitHub against GitHub's own description of its API. */
export function eachTest(settings: Partial<Settings> = {}): void {
  beforeEach(() => startAnew(settings))
  afterEach(() => {
    const asked = simulation.sandbox.requests.filter(({ service }) => service === 'github')
    expect(asked.flatMap(validateGithubRequest), 'GitHub’s own description of these requests').toEqual([])
  })
}

/** A fresh simulation in the midst of a test. */
export async function startAnew(settings: Partial<Settings> = {}): Promise<void> {
  simulation = await Simulation.start(settings)
}
