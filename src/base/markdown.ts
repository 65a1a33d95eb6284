import { plain } from './text.ts'

/**
 * A text as Markdown that shows exactly its characters: everything but letters, digits and a few harmless marks becomes a
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

/** A text as Markdown in a monospaced span. */
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
