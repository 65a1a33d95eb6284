import { test } from 'vitest'
import { live, tryHistories } from './history.ts'

tryHistories(1, 2 / 3)

// Not mended yet: each of three runs is stopped a moment after it delivered, where GitHub shows a delivery late, and beside somebody
// else's secret. Nothing tells which of four secrets of ours lies there: nobody is locked out, but all five slots are taken, and a
// person has to delete one, as SECRET_SLOTS_FULL says. Found by SEED=60186082.
test.fails('P3: three runs are stopped within seconds, each right after its delivery', async () => {
  await live(
    [
      { pause: 'quarter' },
      { run: 'apply' },
      { foreign: true },
      { run: 'rotate', trouble: 'SIGTERM', at: 15 },
      { run: 'apply', trouble: '429 for long', at: 24 },
      { run: 'by age', trouble: 'SIGTERM', at: 16 },
      { run: 'plan' },
    ],
    true,
    { clients: 1, method: 'secret' },
  )
})
