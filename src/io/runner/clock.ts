import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../../ports.ts'

/** Milliseconds: corrections of the time of day are smaller than this; a larger jump means that the host slept. */
const longestCorrection = 5000

type Measures = { counted: () => number; timeOfDay: () => number }

/**
 * Elapsed time of this machine; it is never compared with another clock. It includes the time for which the host sleeps: Node's
 * own measure stops then, so the time of day shows it.
 */
export function createClock(measures: Measures = { counted, timeOfDay: Date.now }): Clock {
  const ahead = () => measures.timeOfDay() - measures.counted()
  let [before, asleep] = [ahead(), 0]
  return {
    elapsed: () => {
      const now = ahead()
      if (now - before > longestCorrection) asleep += now - before
      before = now
      return measures.counted() + asleep
    },
    sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => {}),
  }
}

/** Milliseconds. `performance.now()` counts the same, but its module takes a millisecond to load. */
function counted(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
