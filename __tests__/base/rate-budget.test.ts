import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Limit,
  learnFromRefusal,
  limitsOf,
  spend,
  startBudget,
  waitFor,
  weightOf,
} from '../../src/base/rate-budget.ts'

const minute = 60_000
const limit: Limit = { unit: 'writes a minute', within: minute, most: 100, least: 50, weight: { reads: 0, writes: 1 } }

/** Sends as early as it may, and returns when each was sent; `work`: milliseconds that pass by themselves between two requests. */
function sent(budget: ReturnType<typeof startBudget>, work: number[], weight = 1): number[] {
  let now = 0
  return work.map((milliseconds) => {
    now += milliseconds
    now += waitFor(budget, weight, 0, now)
    spend(budget, weight, now)
    return now
  })
}

describe('a budget', () => {
  it('never lets more through in any minute than the service allows, wherever that minute begins', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { minLength: 100, maxLength: 400 }), (work) => {
        const times = sent(startBudget(limit), work)
        for (const [index, time] of times.entries())
          expect(times.slice(index).filter((other) => other < time + minute).length).toBeLessThanOrEqual(limit.most)
      }),
      { numRuns: 50 },
    )
  })

  it('lets through nine tenths of that or more, where nothing else takes time', () => {
    const times = sent(startBudget(limit), Array(1000).fill(1))
    expect(1000 / (times.at(-1)! / minute)).toBeGreaterThan(90)
  })

  it('lets through at once what fits, and knows when the rest does', () => {
    const budget = startBudget(limit)
    for (let index = 0; index < 97; index++) spend(budget, 1, index * 10)
    expect(waitFor(budget, 1, 0, 1000)).toBe(60_000)
    expect(waitFor(budget, 5, 0, 1000)).toBe(60_040)
    expect(waitFor(budget, 0, 0, 1000)).toBe(0)
    expect(waitFor(budget, 1, 0, 61_000)).toBe(0)
  })

  it('leaves free what is kept, and waits for who keeps it where nothing else would help', () => {
    const budget = startBudget(limit)
    expect(waitFor(budget, 7, 90, 0)).toBe(0)
    expect(waitFor(budget, 8, 90, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  it('serves what is larger than itself when it is empty', () => {
    const budget = startBudget(limit)
    expect(waitFor(budget, 500, 0, 0)).toBe(0)
    spend(budget, 1, 0)
    expect(waitFor(budget, 500, 0, 10)).toBe(60_990)
  })

  it('learns from a refusal how much is allowed, whoever else was refused with it', () => {
    const budget = startBudget(limit)
    for (let index = 0; index < 66; index++) spend(budget, 1, index)
    for (let index = 0; index < 6; index++) learnFromRefusal(budget, 1, 100)
    expect(budget.most).toBe(58)
    expect(budget.used).toBe(60)
  })

  it('does not think that it is allowed less than the least: then others used it up', () => {
    const budget = startBudget(limit)
    spend(budget, 1, 0)
    learnFromRefusal(budget, 1, 10)
    expect(budget.most).toBe(48)
    learnFromRefusal(budget, 0, 20)
    expect(budget.most).toBe(48)
  })
})

describe('what a refusal taught', () => {
  /** A budget whose first write was refused. */
  const refused = () => {
    const budget = startBudget(limit)
    spend(budget, 1, 0)
    learnFromRefusal(budget, 1, 0)
    return budget
  }
  const mostAt = (budget: ReturnType<typeof startBudget>, now: number) => {
    waitFor(budget, 1, 0, now)
    return budget.most
  }

  it('fades within ten quiet minutes, little by little', () => {
    const budget = refused()
    const over = [0, 2, 4, 6, 8, 10].map((minutes) => mostAt(budget, minutes * minute))
    expect(over).toEqual([48, 57, 67, 77, 87, 97])
    expect(mostAt(budget, 11 * minute)).toBe(97)
  })

  it('fades more slowly where another refusal follows before that, but within an hour', () => {
    const budget = refused()
    for (let at = 0, n = 0; n < 6; n++) {
      at += 5 * minute
      learnFromRefusal(budget, 1, at)
      expect(budget.refused?.within).toBe(Math.min(60, 10 * 2 ** (n + 1)) * minute)
    }
    expect(mostAt(budget, 30 * minute + 60 * minute)).toBe(97)
  })

  it('is one lesson where requests that were under way together are refused together', () => {
    const budget = refused()
    for (let index = 0; index < 9; index++) learnFromRefusal(budget, 1, 100 * index)
    expect(budget.refused?.within).toBe(10 * minute)
    expect(mostAt(budget, 11 * minute)).toBe(97)
  })

  it('holds for every limit, that of an hour too', () => {
    for (const each of [...limitsOf.tenant, ...limitsOf.github]) {
      const budget = startBudget(each)
      const { most } = budget
      spend(budget, 1, 0)
      learnFromRefusal(budget, 1, 0)
      expect(budget.most).toBeLessThan(most)
      expect(mostAt(budget, 10 * minute)).toBe(most)
    }
  })
})

it('a read counts a point and a write five, as GitHub says', () => {
  const [points] = limitsOf.github
  expect(weightOf({ reads: 2, writes: 3 }, points!)).toBe(17)
})
