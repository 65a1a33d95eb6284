import { expect, test } from 'vitest'
import { live, lived } from './history.ts'

// Found by the histories, since they know gateways, tokens that see only part, slow tenants, and several troubles in one run.

test('P1: a place that the token can’t see any more may hold the fresh secret: it is not retired', async () => {
  const troubles = [
    { at: 18, kind: 'GitHub 404' },
    { at: 4, kind: '500 after' },
  ] as const
  const { watch, results } = await lived([{ run: 'apply', troubles: [...troubles] }], {}, { clients: 1 })
  expect(watch.broken).toEqual([])
  expect(results[0]?.error?.code).toBe('DESTINATION_MISSING')
})

test('P2: what a run made that waited before it began, and then died, is known for its own', async () => {
  const troubles = [
    { at: 15, kind: 'killed before' },
    { at: 1, kind: '429 for long' },
  ] as const
  await live([{ run: 'apply', troubles: [...troubles] }], {}, { clients: 2, method: 'secret' })
})
