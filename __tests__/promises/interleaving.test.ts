import { describe, expect, test } from 'vitest'
import { expectOnlyCurrent, expectSettled, expectUsable, repositoryPlace, theClient } from '../support/promises.ts'
import type { Simulation } from '../support/simulation.ts'
import { type Death, dice, thenUndisturbed } from './runs-at-once.ts'
import { prepared, type Scenario, scenarios } from './scenarios.ts'

const places = [repositoryPlace]
const now = { rotate: 'now' }

/** Who goes on next: one strictly after the other, one some steps ahead, or as the dice fall. */
function ahead(steps: number): () => number {
  let step = 0
  return () => (step++ < steps ? 0 : step % 2 === 0 ? 0 : 0.99)
}

type Meeting = { scenario: Scenario; inputs: Record<string, string>[]; next: () => number; death?: Death | undefined }

/** Two runs at once, then undisturbed ones. P1 is looked at after every request of all of them. */
async function meet({ scenario, inputs, next, death }: Meeting): Promise<{ simulation: Simulation; steps: number[] }> {
  const { simulation, watch } = await prepared(scenario)
  const { steps, undisturbed, story } = await thenUndisturbed(simulation, inputs, { next, death })
  expect(watch.broken, story).toEqual([])
  expect(
    undisturbed.map(({ error }) => error?.message),
    story,
  ).toEqual([undefined, undefined, undefined, undefined, undefined])
  expectUsable(simulation, places)
  await expectSettled(simulation)
  return { simulation, steps }
}

describe('two creating runs at the same moment', () => {
  const creating = { scenario: {}, inputs: [{}, {}] }

  test('P2 and P7: one client and one secret remain, whichever is ahead and by how much', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const { simulation } = await meet({ ...creating, next: ahead(steps) })
      expectOnlyCurrent(simulation, places)
    }
  })

  test('P2 and P7: one client and one secret remain, as the dice fall', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { simulation } = await meet({ ...creating, next: dice(seed) })
      expectOnlyCurrent(simulation, places)
    }
  })

  test('P1 and P7: one client and a live secret remain where one of them dies anywhere', async () => {
    await dyingAnywhere(creating)
  })
})

describe('two rotating runs at the same moment', () => {
  const rotating = { scenario: scenarios['rotating on demand'], inputs: [now, now] }

  test('P1 and P2: nobody is locked out and one secret remains, whichever is ahead and by how much', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const { simulation } = await meet({ ...rotating, next: ahead(steps) })
      expectOnlyCurrent(simulation, places)
    }
  })

  test('P1 and P2: nobody is locked out and one secret remains, as the dice fall', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { simulation } = await meet({ ...rotating, next: dice(seed) })
      expectOnlyCurrent(simulation, places)
    }
  })

  test('P1 and P2: the same without grace', async () => {
    const inputs = [now, now].map((given) => ({ ...given, 'grace-period': '0' }))
    for (let seed = 0; seed < 100; seed++) {
      const { simulation } = await meet({
        scenario: { ...rotating.scenario, grace: 0 },
        inputs,
        next: dice(seed),
      })
      expectOnlyCurrent(simulation, places)
    }
  })

  test('P1: nobody is locked out where one of them dies anywhere', async () => {
    await dyingAnywhere(rotating)
  })

  test('P1: nobody is locked out where one of them dies anywhere, without grace', async () => {
    const inputs = [now, now].map((given) => ({ ...given, 'grace-period': '0' }))
    await dyingAnywhere({ scenario: { ...rotating.scenario, grace: 0 }, inputs })
  })
})

/** Each of the two dies at each of its steps. What the dead one left behind may stay: one secret at most. */
async function dyingAnywhere(meeting: Omit<Meeting, 'next'>): Promise<void> {
  const schedules = [
    ...[0, 3, 6, 9].map((steps) => () => ahead(steps)),
    ...[1, 2, 3, 4].map((seed) => () => dice(seed)),
  ]
  for (const schedule of schedules)
    for (const who of [0, 1])
      for (let step = 0; ; step++) {
        const { simulation, steps } = await meet({ ...meeting, next: schedule(), death: { who, step } })
        const left = theClient(simulation).secrets.length
        expect(left, theClient(simulation).description).toBeLessThanOrEqual(2)
        if (steps[who]! < step) break
      }
}
