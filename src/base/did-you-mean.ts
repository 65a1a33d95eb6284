import { distance } from 'fastest-levenshtein'
import { plain } from './text.ts'

/** The end of a message about an unknown name: `; did you mean X?`, or nothing if no known name is similar. */
export function didYouMean(name: string, known: readonly string[]): string {
  const closest = nearestName(name, known)
  return closest === undefined ? '' : `; did you mean ${shown(closest)}?`
}

/** The same as a sentence of its own: ` Did you mean X?` */
export function didYouMeanSentence(name: string, known: readonly string[], label = shown): string {
  const closest = nearestName(name, known)
  return closest === undefined ? '' : ` Did you mean ${label(closest)}?`
}

function shown(name: string): string {
  return plain(name, 100)
}

/** The known name that a misspelt one probably means; undefined if none is similar. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  // A text that is much longer than every name is not a misspelt name.
  if (name.length > 64) return undefined
  const most = Math.max(2, name.length / 3)
  let closest: { candidate: string; edits: number } | undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > most) continue
    const edits = editsBetween(name, candidate)
    if (edits <= most && edits < (closest?.edits ?? Number.POSITIVE_INFINITY)) closest = { candidate, edits }
  }
  return closest?.candidate
}

/**
 * The number of edits between two names. Names with the same dotted parts in another order (`automations.admin`) count as one
 * edit.
 */
function editsBetween(a: string, b: string): number {
  const parts = (text: string) => text.split(/[.:]/).sort().join('.')
  return a.length === b.length && parts(a) === parts(b) ? 1 : distance(a, b)
}
