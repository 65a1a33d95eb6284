import { plain } from './text.ts'

/**
 * A text as Markdown that shows exactly its characters, in one line of at most `longest` characters. It creates no markup, link,
 * mention or table border.
 */
export function markdown(text: string, longest = 300): string {
  return escaped(plain(text, longest))
}

/** A text as Markdown in a monospaced span. */
export function markdownCode(text: string, longest = 300): string {
  return `<code>${markdown(text, longest)}</code>`
}

/** The longest part of a word that fits into a table's cell. */
const widest = 30

/**
 * A text for a table's cell, in which a browser may break long words; otherwise they would make the table wider than the page.
 */
export function markdownCell(text: string, longest = 300): string {
  return plain(text, longest).split(' ').map(breakable).join(' ')
}

/** The same in a monospaced span; nothing for an empty text. */
export function markdownCodeCell(text: string, longest = 300): string {
  return text === '' ? '' : `<code>${markdownCell(text, longest)}</code>`
}

function breakable(word: string): string {
  if (word.length <= widest) return escaped(word)
  const parts = word.split(/(?<=[_/.-])(?=[\p{L}\p{N}])/u)
  // A part does not show whether its dot follows www: each dot is a reference.
  return parts
    .flatMap((part) => part.match(/.{1,30}/gu) ?? [])
    .map((part) => escaped(part).replaceAll('.', '&#46;'))
    .join('<wbr>')
}

/**
 * Everything but letters, digits and a few harmless marks as a character reference. GitHub looks for mentions and issue numbers
 * after it has resolved references (github/cmark-gfm#181): an empty comment keeps them apart from their sign.
 */
function escaped(line: string): string {
  // A dot makes a link only after www; an underscore is emphasis only at the edge of a word; lists begin a line.
  return line.replace(
    /(?<=www|^\d{1,9})\.|(?<=^\d{1,9})\)|^-|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[^\p{L}\p{N} ,;()./_-]/giu,
    (char) => `&#${char.codePointAt(0)};${char === '@' || char === '#' ? '<!-- -->' : ''}`,
  )
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
  // A folded text that is not closed would hide the text after it.
  const open = kept.split('<details>').length > kept.split('</details>').length
  return `${kept}${open ? '\n</details>\n' : ''}\n${shortenedNote}\n`
}

/** The note at the end of a summary that was made shorter for a comment. */
export const shortenedNote = '_… cut: the job summary has all of it._'
