import { test } from 'vitest'
import { live, tryHistories } from './history.ts'

tryHistories(1, 2 / 3)

// Found by SEED=60186082: nothing tells which of three secrets lies in the place, but surely it is not the one before them.
test('P3: three runs are stopped within seconds, each right after its delivery', async () => {
  await live(
    [
      { pause: 'quarter' },
      { run: 'apply' },
      { foreign: true },
      { run: 'rotate', troubles: [{ kind: 'SIGTERM', at: 15 }] },
      { run: 'apply', troubles: [{ kind: '429 for long', at: 24 }] },
      { run: 'by age', troubles: [{ kind: 'SIGTERM', at: 16 }] },
      { run: 'plan' },
    ],
    { stampDelay: 3, secretDelay: 2 },
    { clients: 1, method: 'secret' },
  )
})

// Found by SEED=1969183988: the stamp that GitHub showed was that of a write long before the last one.
test('P1: runs follow each other faster than stamps spread, with all slots taken', async () => {
  const pair = { runs: ['apply', 'apply'] as ['apply', 'apply'], seed: 0, death: undefined }
  await live(
    [
      { run: 'apply' },
      { edit: 'secret deleted on the tenant' },
      pair,
      pair,
      { pause: 'quarter' },
      { run: 'apply' },
      { run: 'apply' },
    ],
    { stampDelay: 60 },
    { clients: 1, method: 'secret' },
  )
})
