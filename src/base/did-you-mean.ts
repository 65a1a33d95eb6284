/** The known name that a misspelt one is likely to mean; undefined where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // What is much longer than any name is none of them, and would take long to compare.
  if (name.length > 64) return undefined
  const [closest] = known
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return closest !== undefined && closest.distance <= Math.max(2, name.length / 3) ? closest.candidate : undefined
}

/** Edits between two names; names of the same dotted parts in another order (`automations.admin`) are one apart. */
function distance(a: string, b: string): number {
  const parts = (text: string) => text.split(/[.:]/).sort().join('.')
  if (parts(a) === parts(b)) return 1
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
