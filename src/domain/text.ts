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

/**
 * The same as Markdown that shows exactly these characters: everything but letters, digits and a few harmless marks becomes a
 * character reference, so neither markup, nor links, mentions or table borders can come of it. Mentions and issue numbers are
 * looked for after references are resolved (github/cmark-gfm#181); what parts them from their sign is an empty comment.
 */
export function markdown(text: string, longest = 300): string {
  // A dot makes a link only after www; an underscore is emphasis only at the edge of a word; lists begin a line.
  return plain(text, longest).replace(
    /(?<=www|^\d{1,9})\.|(?<=^\d{1,9})\)|^-|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[^\p{L}\p{N} ,;()./_-]/giu,
    (char) => `&#${char.codePointAt(0)};${char === '@' || char === '#' ? '<!-- -->' : ''}`,
  )
}

/** The same in a monospaced span. */
export function markdownCode(text: string, longest = 300): string {
  return `<code>${markdown(text, longest)}</code>`
}

/**
 * Markdown at its whole lines that fit into so many bytes, with a note where some did not: GitHub takes 65,536 characters in a
 * comment, and Linux 131,072 bytes in an environment variable, which is how the next step gets an output.
 */
export function cutMarkdown(text: string, bytes: number): string {
  const encoder = new TextEncoder()
  if (encoder.encode(text).length <= bytes) return text
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes))
  const fitting = text.slice(0, read)
  const kept = fitting.slice(0, fitting.lastIndexOf('\n') + 1)
  // What is folded away and not closed would swallow all that comes behind it.
  const open = kept.split('<details>').length > kept.split('</details>').length
  return `${kept}${open ? '\n</details>\n' : ''}\n_… cut: the job summary has all of it._\n`
}
