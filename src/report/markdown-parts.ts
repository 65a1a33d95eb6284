// GitHub discards a job summary of more than 1 MiB. So each part of ours gets a number of bytes, and counts the items that it
// leaves out.

/** GitHub takes 1 MiB for all summaries of a step. */
export const mostSummaryBytes = 700_000

const bytesOf = (text: string) => Buffer.byteLength(text)

/** A part of a document, written with at most so many bytes; empty if it has no content. */
export type MarkdownPart = { share: number; write: (bytes: number) => string }

/**
 * Parts with a blank line between them, the most important first. Each gets its share of all bytes, and the bytes that the parts
 * before it left over.
 */
export function joinParts(parts: MarkdownPart[], bytes: number): string {
  let spare = 0
  const written = parts.map(({ share, write }) => {
    const text = write(share * bytes + spare)
    spare += share * bytes - bytesOf(text)
    return text
  })
  return joinBlocks(written)
}

/** Texts with a blank line between them; empty ones are left out. */
export function joinBlocks(texts: string[]): string {
  return `${texts.filter(Boolean).join('\n\n')}\n`
}

/** `most`: the number of items that are shown, even if there is room for more. */
type Room = { bytes: number; most?: number }

/** The text of the first items that fit; `more` counts the others, whose text is never made. */
export function asManyAsFit<T>(
  items: T[],
  write: (item: T) => string,
  { bytes, most = items.length }: Room,
  more: (left: number) => string,
): string[] {
  const texts: string[] = []
  let used = bytesOf(more(items.length))
  for (const item of items.slice(0, most)) {
    const text = write(item)
    used += bytesOf(text) + 2
    if (used > bytes) break
    texts.push(text)
  }
  return texts.length === items.length ? texts : [...texts, more(items.length - texts.length)]
}

/** `| a | b |` */
export function rowOf(cells: string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A table with a row of Markdown cells for each item; empty without items. */
export function tableOf<T>(head: string[], items: T[], cellsOf: (item: T) => string[], room: Room): string {
  if (items.length === 0) return ''
  // A line directly after a table would become another row.
  const rows = asManyAsFit(
    items,
    (item) => rowOf(cellsOf(item)),
    room,
    (left) => `\n… and ${left} more`,
  )
  return [rowOf(head), `|${'---|'.repeat(head.length)}`, ...rows].join('\n')
}

/** Markdown that is folded up behind its title. */
export function folded(title: string, content: string): string {
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`
}

const mostNames = 10

/** The first names of a list, and the number of the others. */
export function firstFew(names: string[]): string {
  const left = names.length - mostNames
  return `${names.slice(0, mostNames).join(', ')}${left > 0 ? `, and ${left} more` : ''}`
}
