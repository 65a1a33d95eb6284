// GitHub takes a summary of 1 MiB, and drops a longer one as a whole. Each part has a share of that, all of them less than
// 700,000 bytes; what a part has no room for is counted.

const encoder = new TextEncoder()

/** Parts with a blank line between them; empty ones are left out. */
export function blocks(parts: string[]): string {
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** As many of the texts as have room in so many bytes, from the first on; `more` tells how many are left out. */
export function fitted(texts: string[], bytes: number, more: (left: number) => string): string[] {
  let used = 0
  const first = texts.findIndex((text) => {
    used += encoder.encode(text).length + 4
    return used > bytes
  })
  return first < 0 ? texts : [...texts.slice(0, first), more(texts.length - first)]
}

/** A table whose cells are Markdown; empty without rows. What follows a table right away would be a row of it. */
export function tableOf(head: string[], rows: string[][], bytes: number, most = Number.POSITIVE_INFINITY): string {
  if (rows.length === 0) return ''
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const rest = rows.length - most
  const more = (left: number) => `\n… and ${left + Math.max(0, rest)} more`
  const shown = fitted(rows.slice(0, most).map(line), bytes, more)
  const all = rest > 0 && shown.length === most ? [...shown, more(0)] : shown
  return [line(head), `|${'---|'.repeat(head.length)}`, ...all].join('\n')
}
