import fc from 'fast-check'

// SEED=… makes every property try the same values again.
fc.configureGlobal({ seed: Number(process.env.SEED) })
