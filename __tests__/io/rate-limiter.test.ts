import { describe, expect, it } from 'vitest'
import { createRateLimiter, type Wait } from '../../src/io/http/rate-limiter.ts'

type Sleeper = { until: number; wake: () => void }

/** A clock that a test moves, and who sleeps by it. */
function timeline() {
  let now = 0
  let sleepers: Sleeper[] = []
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    clock: {
      elapsed: () => now,
      sleep: (milliseconds: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          sleepers.push({ until: now + milliseconds, wake: resolve })
          signal.addEventListener('abort', () => resolve())
        }),
    },
    stop: { requested: false, onStop: () => () => {} },
    settled,
    /** Lets so much time pass, for one sleeper after the other. */
    pass: async (milliseconds: number) => {
      const end = now + milliseconds
      for (;;) {
        await settled()
        const next = sleepers.filter(({ until }) => until <= end).sort((a, b) => a.until - b.until)[0]
        if (next === undefined) break
        sleepers = sleepers.filter((other) => other !== next)
        now = Math.max(now, next.until)
        next.wake()
      }
      now = end
    },
  }
}

const fine = () => {}

describe('the pace of one service', () => {
  it('lets work in when the limits can serve all of it, in the order of asking', async () => {
    const time = timeline()
    const pace = createRateLimiter('tenant', time)
    const entered: string[] = []
    const enter = (name: string, writes: number) =>
      pace.reserve({ reads: 0, writes }, fine).then((kept) => {
        entered.push(name)
        return kept
      })
    const first = await enter('first', 60)
    void enter('second', 60)
    void enter('third', 1)
    await time.pass(10_000)
    expect(entered).toEqual(['first'])
    pace.release(first)
    await time.settled()
    expect(entered).toEqual(['first', 'second', 'third'])
  })

  it('counts what was kept and not used as free again', async () => {
    const time = timeline()
    const pace = createRateLimiter('tenant', time)
    const kept = await pace.reserve({ reads: 0, writes: 97 }, fine)
    for (let index = 0; index < 3; index++) await pace.admit('writes', kept, fine)
    pace.release(kept)
    let isIn = false
    void pace.reserve({ reads: 0, writes: 94 }, fine).then(() => {
      isIn = true
    })
    await time.settled()
    expect(isIn).toBe(true)
  })

  it('does not let those who have begun wait for what is kept for others', async () => {
    const time = timeline()
    const pace = createRateLimiter('tenant', time)
    const kept = await pace.reserve({ reads: 0, writes: 1 }, fine)
    await pace.reserve({ reads: 0, writes: 96 }, fine)
    await pace.admit('writes', kept, fine)
    await pace.admit('writes', kept, fine)
    expect(time.clock.elapsed()).toBe(0)
  })

  it('lets in no more than fit, however many ask in the same moment', async () => {
    const time = timeline()
    const pace = createRateLimiter('tenant', time)
    let sent = 0
    for (let index = 0; index < 150; index++) void pace.admit('writes', undefined, fine).then(() => sent++)
    await time.settled()
    expect(sent).toBe(97)
    await time.pass(61_000)
    expect(sent).toBe(150)
  })

  it('is silent for as long as the tenant asks, in the tier that it refused', async () => {
    const time = timeline()
    const pace = createRateLimiter('tenant', time)
    pace.refused('writes', 30_000)
    await pace.admit('reads', undefined, fine)
    const waits: Wait[] = []
    const sent = pace.admit('writes', undefined, (wait) => void waits.push(wait))
    await time.pass(31_000)
    await sent
    // Looked at every ten seconds, so that whoever waits can say so.
    const of = (milliseconds: number) => ({ milliseconds, limit: 'the pause it asked for', told: true })
    expect(waits).toEqual([30_000, 20_000, 10_000].map(of))
  })

  it('is silent altogether where GitHub asks, and where GitHub’s count is used up', async () => {
    for (const [tell, limit] of [
      ['refused', 'the pause it asked for'],
      ['left', 'its count of requests'],
    ] as const) {
      const time = timeline()
      const pace = createRateLimiter('github', time)
      if (tell === 'refused') pace.refused('writes', 60_000)
      else pace.left(0, 60_000)
      const waits: Wait[] = []
      const sent = pace.admit('reads', undefined, (wait) => void waits.push(wait))
      await time.pass(61_000)
      await sent
      expect(waits[0]).toEqual({ milliseconds: 60_000, limit, told: true })
      expect(waits).toHaveLength(6)
    }
  })

  it('waits no longer when the run is asked to stop', async () => {
    const time = timeline()
    const stop = { requested: true, onStop: () => () => {} }
    const pace = createRateLimiter('tenant', { ...time, stop })
    pace.refused('writes', 30_000)
    await pace.admit('writes', undefined, fine)
    expect(time.clock.elapsed()).toBe(0)
  })
})
