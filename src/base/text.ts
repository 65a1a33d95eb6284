/**
 * Text from a tenant, a spec or a server as one harmless line: no control, line-break, direction or invisible characters, and no
 * text that the runner could take for a command (`::…` counts at the start of a line, `##[` anywhere in it).
 */
export function plain(text: string, longest = 300): string {
  const line = harmless(text)
  return line.length > longest ? `${shortened(line, longest - 1)}…` : line
}

/** The same for an instruction: an address in it is shown complete or not at all. */
export function sentence(text: string, longest = 600): string {
  const line = harmless(text)
  if (line.length <= longest) return line
  const start = line.lastIndexOf(' ', longest - 1) + 1
  const [word = ''] = line.slice(start).split(' ')
  if (!isAddress(word)) return plain(line, longest)
  return `${line.slice(0, word.length > longestAddress ? start : start + word.length)}…`
}

/** Characters: a longer address is not shown. */
export const longestAddress = 2000

function isAddress(word: string): boolean {
  return /^\W{0,3}https?:\/\//i.test(word)
}

function harmless(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]+/gu, ' ')
    .replaceAll('##[', '## [')
    .replace(/^\s*::+/, ':')
    .trim()
}

/** Is a name free of control characters and of half characters, which no address can contain? */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text)
}

// The number of characters shown of a word that does not fit: too few for the front part of a secret, which no mask would hide.
const showsOfWord = 8

function shortened(line: string, length: number): string {
  const start = line.lastIndexOf(' ', length) + 1
  // Half a character at the cut would be invalid.
  return line.slice(0, Math.min(length, start + showsOfWord)).replace(/[\ud800-\udbff]$/, '')
}
