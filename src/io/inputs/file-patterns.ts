import { isPrintable } from '../../base/text.ts'

const longestPath = 1024
/** Alternatives multiply: each combination is a search of its own. */
const mostAlternatives = 100
/** A star can match text of any length, so each star multiplies the attempts for a name. */
const mostStars = 3
const mostFolders = 2

/** The paths and patterns of a list. A comma within braces belongs to its pattern. */
export function patternsOf(text: string): string[] {
  const patterns: string[] = []
  let [depth, pattern] = [0, '']
  for (const char of `${text}\n`) {
    if (char === '{') depth++
    if (char === '}') depth = Math.max(0, depth - 1)
    if (/\s/.test(char) || (char === ',' && depth === 0)) {
      if (pattern !== '') patterns.push(pattern)
      pattern = ''
      depth = 0
    } else pattern += char
  }
  return patterns
}

/**
 * Why a pattern is refused; undefined if the time of its search depends only on the size of the folders. Node's own search builds
 * every alternative of `{1..9999999}`, and a regular expression from `+(a+(a))` that never ends.
 */
export function patternComplaint(pattern: string): string | undefined {
  if (pattern.length > longestPath) return `has at most ${longestPath} characters for each path`
  if (!isPrintable(pattern)) return 'contains control characters'
  if (pattern.split(/[\\/]/).some((part) => new TextEncoder().encode(part).length > 255))
    return 'has a name of more than 255 bytes, which no file has'
  if (/[?*+@!]\(/.test(pattern)) return 'takes *, **, ?, [abc] and {a,b}, but no (…)'
  if (/\{[^{}]*\.\.[^{}]*\}/.test(pattern) || /\{[^{}]*\{/.test(pattern))
    return 'takes {a,b}, but neither ranges nor braces within braces'
  const alternatives = [...pattern.matchAll(/\{([^{}]*)\}/g)].reduce((all, [, it]) => all * it!.split(',').length, 1)
  if (alternatives > mostAlternatives)
    return `has more than ${mostAlternatives} alternatives: give the files one by one`
  const parts = pattern.split(/[\\/]/)
  if (parts.filter((part) => part.includes('**')).length > mostFolders)
    return `has at most ${mostFolders} parts with **`
  if (parts.some((part) => (part.match(/\*+/g) ?? []).length > mostStars))
    return `has at most ${mostStars} stars in each part of the path`
  return undefined
}
