import { distance } from 'fastest-levenshtein'

/** The known name that a misspelt one is likely to mean; undefined if none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // A text that is much longer than any name is none of them.
  if (name.length > 64) return undefined
  const [closest] = known
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .sort((a, b) => a.edits - b.edits)
  return closest !== undefined && closest.edits <= Math.max(2, name.length / 3) ? closest.candidate : undefined
}

/** Edits between two names; names of the same dotted parts in another order (`automations.admin`) are one apart. */
function editsBetween(a: string, b: string): number {
  const parts = (text: string) => text.split(/[.:]/).sort().join('.')
  return parts(a) === parts(b) ? 1 : distance(a, b)
}
