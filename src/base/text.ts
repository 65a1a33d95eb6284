/**
 * Text from a tenant, a spec or a server as one harmless line: no control, line-break, direction or invisible characters, and
 * nothing that the runner could take for a command (`::…` counts at the start of a line, `##[` anywhere in it).
 */
export function plain(text: string, longest = 300): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]+/gu, ' ')
    .replaceAll('##[', '## [')
    .replace(/^\s*::+/, ':')
    .trim()
  return line.length > longest ? `${shortened(line, longest - 1)}…` : line
}

/** Has a name nothing in it that no name has: control characters, or half a character, which no address can hold? */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text)
}

// Of a word that does not fit so much is shown: too little to be the front part of a secret, which no mask would hide.
const showsOfWord = 8

function shortened(line: string, length: number): string {
  const start = line.lastIndexOf(' ', length) + 1
  // Half a character at the cut would be none.
  return line.slice(0, Math.min(length, start + showsOfWord)).replace(/[\ud800-\udbff]$/, '')
}
