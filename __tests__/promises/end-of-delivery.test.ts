import { expect, test } from 'vitest'
import { expectSuccess, writes } from '../support/contract.ts'
import { theClient } from '../support/promises.ts'
import { Simulation } from '../support/simulation.ts'
import type { Trouble } from '../support/troubles.ts'

// A client is delivered nowhere any more, and runs stop while they end its delivery.

const troubles: Trouble[] = [
  'killed before',
  'killed after',
  'answer lost',
  '500 after',
  'page after',
  'SIGTERM',
  '429',
]
const none = { deliver: 'false' }
const dropping = { ...none, 'drop-destinations': 'true' }

/** Stops the run with these inputs at each of its requests in turn, until it no longer stops. */
async function stoppedEverywhere(
  trouble: Trouble,
  inputs: Record<string, string>,
  before: (simulation: Simulation) => Promise<unknown>,
  after: (simulation: Simulation, person: string) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < 30; at++) {
    const simulation = await Simulation.start()
    await simulation.run()
    simulation.advance(1)
    await simulation.run({ rotate: 'now' })
    const person = simulation.sandbox.tenant.addSecret(theClient(simulation).clientId).hint
    simulation.advance(1)
    await before(simulation)
    const { requests } = await simulation.run(inputs, { at, kind: trouble })
    await after(simulation, person)
    if (requests.length <= at) return
  }
}

async function ends(simulation: Simulation, person: string): Promise<void> {
  for (const [hours, inputs] of [
    [11 / 60, dropping],
    [25, none],
  ] as const) {
    simulation.advance(hours)
    expectSuccess(await simulation.run(inputs))
  }
  expect(theClient(simulation).secrets.map(({ hint }) => hint)).toEqual([person])
  const idle = await simulation.run(none)
  expectSuccess(idle, { result: 'unchanged' })
  expect(writes(idle)).toEqual([])
}

test.each(troubles)('P2, P4, P6, P7: dropping every place × %s', async (trouble) => {
  await stoppedEverywhere(trouble, dropping, async () => {}, ends)
})

test.each(troubles)('P2, P4, P6, P7: retiring the last secrets × %s', async (trouble) => {
  const before = async (simulation: Simulation) => {
    await simulation.run(dropping)
    simulation.advance(25)
  }
  await stoppedEverywhere(trouble, none, before, ends)
})

test.each(troubles)('P1: the place keeps a live secret for the grace × %s', async (trouble) => {
  const isLive = async (simulation: Simulation) => {
    const { tenant, github } = simulation.sandbox
    const value = github.secretValue({ repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' })!
    simulation.advance(22)
    await simulation.run(none)
    expect(tenant.secretIsLive(theClient(simulation).clientId, value)).toBe(true)
  }
  await stoppedEverywhere(trouble, dropping, async () => {}, isLive)
})
