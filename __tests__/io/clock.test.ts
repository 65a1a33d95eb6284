import { expect, it } from 'vitest'
import { createClock } from '../../src/io/runner/clock.ts'

/** A machine of which one measure counts only while it is awake. */
function machine() {
  const now = { counted: 1000, timeOfDay: 1_800_000_000_000 }
  const clock = createClock({ counted: () => now.counted, timeOfDay: () => now.timeOfDay })
  return {
    clock,
    pass: (awake: number, asleep = 0) => {
      now.counted += awake
      now.timeOfDay += awake + asleep
    },
    correct: (milliseconds: number) => {
      now.timeOfDay += milliseconds
    },
  }
}

it('counts the time for which the host sleeps', () => {
  const { clock, pass } = machine()
  const began = clock.elapsed()
  pass(3000, 660_000)
  expect(clock.elapsed() - began).toBe(663_000)
  pass(10)
  expect(clock.elapsed() - began).toBe(663_010)
})

it('takes no correction of the time of day for elapsed time, and never runs backwards', () => {
  const { clock, pass, correct } = machine()
  const began = clock.elapsed()
  pass(50)
  correct(1500)
  expect(clock.elapsed() - began).toBe(50)
  correct(-3_600_000)
  pass(50)
  expect(clock.elapsed() - began).toBe(100)
})
