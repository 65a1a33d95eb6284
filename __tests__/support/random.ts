/** The same numbers for the same seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = (seed * 7919) >>> 0
  const next = (below: number) => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let skipped = 0; skipped < 5; skipped++) next(2)
  return next
}
