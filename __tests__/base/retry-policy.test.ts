import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AttemptsSoFar,
  longestWait,
  retryDecision,
  retryPatience,
  type Trouble,
} from '../../src/base/retry-policy.ts'

const tried = (more: Partial<AttemptsSoFar> = {}): AttemptsSoFar => ({
  attempts: 1,
  elapsed: 0,
  asked: 0,
  repeatable: true,
  ...more,
})

const troubles: fc.Arbitrary<Trouble> = fc.oneof(
  fc.constantFrom<Trouble>({ kind: 'refused' }, { kind: 'hopeless' }, { kind: 'lost' }),
  fc.record({ kind: fc.constant('server' as const), after: fc.option(fc.nat(4000), { nil: undefined }) }),
  fc.record({
    kind: fc.constant('limited' as const),
    after: fc.option(fc.nat(4000), { nil: undefined }),
    minute: fc.boolean(),
  }),
)

/** Milliseconds until a request is given up whose every attempt meets this trouble. */
function endurance(trouble: Trouble, repeatable = true): { waited: number; attempts: number; limited: boolean } {
  let [waited, asked] = [0, 0]
  for (let attempts = 1; ; attempts++) {
    const next = retryDecision(trouble, { attempts, elapsed: waited, asked, repeatable })
    if (!next.retry) return { waited, attempts, limited: next.limited }
    waited += next.wait
    if (next.named) asked += next.wait
  }
}

describe('whether to try once more', () => {
  it('is no where it will fail the same way again', () => {
    expect(retryDecision({ kind: 'hopeless' }, tried())).toMatchObject({ retry: false, limited: false })
  })

  it('is no where it may have taken effect and is not safe to repeat', () => {
    for (const trouble of [{ kind: 'lost' }, { kind: 'server' }, { kind: 'server', after: 1 }] as Trouble[]) {
      expect(retryDecision(trouble, tried({ repeatable: false })).retry).toBe(false)
      expect(retryDecision(trouble, tried()).retry).toBe(true)
    }
  })

  it('is yes where nothing was sent or carried out, repeatable or not', () => {
    for (const trouble of [{ kind: 'refused' }, { kind: 'limited', minute: false }] as Trouble[])
      expect(retryDecision(trouble, tried({ repeatable: false })).retry).toBe(true)
  })

  it('waits longer each time, up to eight seconds', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 20].map((attempts) => retryDecision({ kind: 'refused' }, tried({ attempts })))
    expect(waits.map((it) => it.retry && it.wait)).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000])
  })

  it('ends after half a minute where the service names no time', () => {
    for (const trouble of [{ kind: 'refused' }, { kind: 'lost' }, { kind: 'server' }] as Trouble[]) {
      const { waited, limited } = endurance(trouble)
      expect(waited).toBeGreaterThan(retryPatience / 2)
      expect(waited).toBeLessThanOrEqual(retryPatience)
      expect(limited).toBe(false)
    }
  })

  it('waits as long as the service asks, for fifteen minutes in all', () => {
    expect(retryDecision({ kind: 'limited', after: 900, minute: false }, tried())).toMatchObject({
      retry: true,
      wait: 900_000,
      named: true,
    })
    expect(retryDecision({ kind: 'limited', after: 901, minute: false }, tried())).toMatchObject({
      retry: false,
      limited: true,
    })
    expect(retryDecision({ kind: 'server', after: 901 }, tried())).toMatchObject({ retry: false, limited: true })
    expect(endurance({ kind: 'limited', after: 300, minute: false })).toMatchObject({ waited: 900_000, attempts: 4 })
  })

  it('does not count what the service asked for against its own patience', () => {
    expect(retryDecision({ kind: 'lost' }, tried({ elapsed: 400_000, asked: 399_000 })).retry).toBe(true)
    expect(retryDecision({ kind: 'lost' }, tried({ elapsed: 400_000, asked: 300_000 })).retry).toBe(false)
  })

  it('always ends, and never waits longer than fifteen minutes and a half', () => {
    fc.assert(
      fc.property(troubles, fc.boolean(), (trouble, repeatable) => {
        const { waited } = endurance(trouble, repeatable)
        expect(waited).toBeLessThanOrEqual(longestWait + retryPatience)
      }),
    )
  })

  it('never hammers: there is always some pause', () => {
    fc.assert(
      fc.property(troubles, fc.integer({ min: 1, max: 50 }), (trouble, attempts) => {
        const next = retryDecision(trouble, tried({ attempts }))
        if (next.retry) expect(next.wait).toBeGreaterThanOrEqual(100)
      }),
    )
  })
})
