/**
 * Text from a tenant, a spec or a server as one harmless line: no control, line-break, direction or invisible characters, and
 * nothing that the runner could take for a command (`::…` counts at the start of a line, `##[` anywhere in it).
 */
export function plain(text: string, longest = 300): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .replaceAll('##[', '## [')
    .replace(/^\s*::+/, ':')
    .trim()
  // Half a character at the cut would be none.
  return line.length > longest ? `${line.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : line
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
