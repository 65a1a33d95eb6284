import fc from 'fast-check'
import type { Settings } from '../../sandbox/settings.ts'

/** Clocks that differ, stamps that spread slowly, reads that lag behind: what no run can change, for a whole history. */
export type Weather = Partial<
  Pick<Settings, 'stampDelay' | 'secretDelay' | 'githubDateAhead' | 'readsBehind' | 'secretClockAhead'>
>

/** Mostly fair; else several troubles at once. */
export const weather: fc.Arbitrary<Weather> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant({ stampDelay: 3, secretDelay: 2 }) },
  {
    weight: 3,
    arbitrary: fc.record({
      stampDelay: fc.constantFrom(0, 0, 3, 20, 60),
      secretDelay: fc.constantFrom(0, 2),
      githubDateAhead: fc.integer({ min: -3, max: 3 }),
      readsBehind: fc.constantFrom(0, 0, 0.3, 1),
      secretClockAhead: fc.constantFrom(0, 0, 5),
    }),
  },
)

/** Milliseconds after which everybody sees what somebody did. */
export function spreading({ stampDelay = 0, readsBehind = 0 }: Weather): number {
  // Stamps up to five seconds from an unconfirmed delivery are taken for it; both count whole seconds.
  return (7 + stampDelay + readsBehind) * 1000
}
