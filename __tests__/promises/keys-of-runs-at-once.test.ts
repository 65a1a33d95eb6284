import { describe, expect, test } from 'vitest'
import { expectOnlyCurrent, expectSettled, expectUsable, theClient } from '../support/promises.ts'
import type { Simulation } from '../support/simulation.ts'
import { type Death, dice, thenUndisturbed } from './runs-at-once.ts'
import { keyPlace, prepared, type Scenario, scenarios } from './scenarios.ts'

const byKey = { 'auth-method': 'private_key_jwt' }
const now = { ...byKey, rotate: 'now' }

type Meeting = { scenario: Scenario; inputs: Record<string, string>[]; after: Record<string, string> }

/** Two runs that both write the whole list of keys, then undisturbed ones. */
async function meet({ scenario, inputs, after }: Meeting, next: () => number, death?: Death) {
  const { simulation, watch } = await prepared(scenario)
  const { steps, undisturbed, story } = await thenUndisturbed(simulation, inputs, { next, death, after })
  expect(watch.broken, story).toEqual([])
  expect(undisturbed.map(({ error }) => error?.message).filter(Boolean), story).toEqual([])
  expectUsable(simulation, [keyPlace])
  await expectSettled(simulation, after)
  return { simulation, steps, watch }
}

const meetings: Record<string, Meeting> = {
  'two creating runs': { scenario: { places: [keyPlace] }, inputs: [byKey, byKey], after: byKey },
  'two rotating runs': { scenario: scenarios['rotating a key'], inputs: [now, now], after: byKey },
  // Nothing but the announcements keeps one from undoing what the other wrote.
  'two rotating runs that prove nothing': {
    scenario: scenarios['rotating a key'],
    inputs: [now, now].map((given) => ({ ...given, verify: 'false' })),
    after: byKey,
  },
  'two rotating runs without grace, beside a key of somebody else': {
    scenario: scenarios['rotating a key without grace, beside one of somebody else'],
    inputs: [now, now].map((given) => ({ ...given, 'grace-period': '0' })),
    after: byKey,
  },
  'a rotating and a retiring run': { scenario: scenarios['retiring a key'], inputs: [now, byKey], after: byKey },
}

describe('P1, P2 and P4 for keys, where runs meet', () => {
  for (const [name, meeting] of Object.entries(meetings))
    test(`${name}: one key of ours remains, as the dice fall`, async () => {
      for (let seed = 0; seed < 60; seed++) {
        const { simulation, watch } = await meet(meeting, dice(seed))
        expectOnlyCurrent(simulation, [keyPlace], watch.foreign)
      }
    })

  for (const [name, meeting] of Object.entries(meetings))
    test(`${name}, one of which dies anywhere: nobody is locked out`, async () => {
      for (const who of [0, 1])
        for (let step = 0; ; step++) {
          const { simulation, steps, watch } = await meet(meeting, dice(step), { who, step })
          expect(leftOf(simulation) - watch.foreign.size).toBeLessThanOrEqual(2)
          if (steps[who]! < step) break
        }
    })
})

function leftOf(simulation: Simulation): number {
  return theClient(simulation).publicKeys?.length ?? 0
}
