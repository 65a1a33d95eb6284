import { expect } from 'vitest'
import { readable, shownByRunner } from './masker.ts'
import type { RunResult, Simulation } from './simulation.ts'

/** Nothing of any secret can be read in what a run shows, with debugging on. */
export function expectNothingReadable(simulation: Simulation, { raw, summary, outputs = {} }: RunResult): void {
  const { 'client-secret': _asked, ...others } = outputs
  const { shown } = shownByRunner({ raw, summary, outputs: others })
  const given = ['api-key', 'github-token', 'admin-client-secret'].map((name) => simulation.inputs[name] ?? '')
  for (const secret of [...simulation.everySecret, ...given])
    expect(secret.length > 12 ? readable(shown, secret) : undefined, shown).toBeUndefined()
}
