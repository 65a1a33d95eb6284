import { linesOf, type Piece, space, type Word, widthOfLine, widthOfWord, wrapped } from './inline.ts'

// A job summary as a picture. It reads the Markdown that our summaries use. The picture needs no font and no other file: each
// text has a fixed width, so that any font fits.

const width = 940
const margin = 24
const lineHeight = 21

type Drawing = { y: number; parts: string[] }

/** The summary as GitHub would show it, in an SVG for light and dark. */
export function pictureOf(markdown: string): string {
  const drawing: Drawing = { y: margin, parts: [] }
  const folded = markdown.replace(/<details><summary>(.*?)<\/summary>[\s\S]*?<\/details>/g, '▸ $1')
  for (const block of folded.trim().split(/\n{2,}/)) drawBlock(block, drawing)
  const height = drawing.y + margin - 12
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A job summary">
<style>${style}</style>
<rect class="page" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${drawing.parts.join('\n')}
</svg>
`
}

const style = `
text{font:14px -apple-system,BlinkMacSystemFont,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;fill:#1f2328}
.dot{fill:#59636e}.bold,.heading{font-weight:600}.heading{font-size:20px}
.code{font:12px ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
.page{fill:#fff;stroke:#d1d9e0}.back{fill:#eff1f3}.head{fill:#f6f8fa}.line{stroke:#d1d9e0}
.quote{fill:#d1d9e0}.full{fill:#1a7f37}.empty{fill:#d1d9e0}
.good{fill:#1a7f37}.bad{fill:#d1242f}.look{fill:#9a6700}.sign{stroke:#fff;stroke-width:2;fill:none;stroke-linecap:round}
@media(prefers-color-scheme:dark){
text{fill:#f0f6fc}.page{fill:#0d1117;stroke:#3d444d}.back{fill:#262c36}.head{fill:#151b23}.line{stroke:#3d444d}
.dot{fill:#9198a1}.quote{fill:#3d444d}.full{fill:#3fb950}.empty{fill:#3d444d}.good{fill:#238636}.bad{fill:#da3633}.look{fill:#9e6a03}}
`

function drawBlock(block: string, drawing: Drawing): void {
  const lines = block.split('\n')
  const [first = ''] = lines
  if (first.startsWith('### ')) {
    drawLines(linesOf(first.slice(4), 'heading'), margin, drawing, 28)
    drawing.parts.push(`<path class="line" d="M${margin} ${drawing.y - 2}H${width - margin}"/>`)
    drawing.y += 4
  } else if (first.startsWith('|')) drawTable(lines.map(cellsOf), drawing)
  else if (first.startsWith('>')) drawQuote(lines, drawing)
  else
    for (const line of lines) {
      const isItem = line.startsWith('- ')
      const left = isItem ? margin + 22 : margin
      if (isItem) drawing.parts.push(`<circle class="dot" cx="${margin + 10}" cy="${drawing.y + 11}" r="3"/>`)
      drawLines(wrapped(linesOf(isItem ? line.slice(2) : line), width - margin - left), left, drawing)
    }
  drawing.y += 12
}

function drawQuote(lines: string[], drawing: Drawing): void {
  const top = drawing.y
  for (const line of lines.map((it) => it.replace(/^> ?/, ''))) {
    if (line.trim() === '') drawing.y += 10
    else drawLines(wrapped(linesOf(line), width - 2 * margin - 20), margin + 20, drawing)
  }
  drawing.parts.push(`<rect class="quote" x="${margin}" y="${top}" width="4" height="${drawing.y - top}"/>`)
}

// --- tables ----------------------------------------------------------------------------------------------------------

const padding = 10

function cellsOf(row: string): string[] {
  return row.split('|').slice(1, -1)
}

function drawTable([head = [], , ...rows]: string[][], drawing: Drawing): void {
  const columns = widthsOf([head, ...rows])
  for (const [index, row] of [head.map((cell) => (cell.trim() ? `**${cell.trim()}**` : '')), ...rows].entries())
    drawRow(row, columns, index === 0, drawing)
}

/**
 * Each column is as wide as its widest line, if there is room; otherwise the columns that break lines share the remaining width.
 */
function widthsOf(rows: string[][]): number[] {
  const room = width - 2 * margin
  const columns = rows[0]!.map((_, column) => {
    const lines = rows.flatMap((row) => linesOf(row[column]!.trim(), 'bold'))
    const least = Math.max(0, ...lines.flat().map(widthOfWord))
    return { least: least + 2 * padding, most: Math.max(0, ...lines.map(widthOfLine)) + 2 * padding }
  })
  const least = columns.reduce((sum, column) => sum + column.least, 0)
  const wish = columns.reduce((sum, column) => sum + column.most - column.least, 0)
  const share = wish === 0 ? 0 : Math.max(0, Math.min(1, (room - least) / wish))
  return columns.map((column) => Math.round(column.least + (column.most - column.least) * share))
}

function drawRow(row: string[], columns: number[], isHead: boolean, drawing: Drawing): void {
  const cells = row.map((cell, index) => wrapped(linesOf(cell.trim()), columns[index]! - 2 * padding))
  const height = Math.max(...cells.map((lines) => lines.length)) * lineHeight + 12
  const all = columns.reduce((sum, column) => sum + column, 0)
  const top = drawing.y
  if (isHead) drawing.parts.push(`<rect class="head" x="${margin}" y="${top}" width="${all}" height="${height}"/>`)
  let left = margin
  for (const [index, lines] of cells.entries()) {
    drawing.y = top + 6
    drawLines(lines, left + padding, drawing)
    drawing.parts.push(`<path class="line" d="M${left} ${top}v${height}"/>`)
    left += columns[index]!
  }
  const borders = `M${left} ${top}v${height}M${margin} ${top + height}h${all}${isHead ? `M${margin} ${top}h${all}` : ''}`
  drawing.parts.push(`<path class="line" d="${borders}"/>`)
  drawing.y = top + height
}

// --- lines -----------------------------------------------------------------------------------------------------------

function drawLines(lines: Word[][], left: number, drawing: Drawing, height = lineHeight): void {
  for (const words of lines) {
    let x = left
    for (const word of words) {
      for (const piece of word) {
        drawing.parts.push(drawn(piece, x, drawing.y))
        x += piece.width
      }
      x += space
    }
    drawing.y += height
  }
}

function drawn({ kind, text, width }: Piece, x: number, y: number): string {
  if (kind === 'mark') return markAt(text, x, y + 3)
  if (kind === 'bar') return barAt(text, x, y + 5)
  const written = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  if (kind === 'code')
    return `<rect class="back" x="${x}" y="${y + 2}" width="${width}" height="18" rx="4"/><text class="code" x="${x + 4}" y="${y + 15}" textLength="${width - 8}">${written}</text>`
  return `<text class="${kind}" x="${x}" y="${y + (kind === 'heading' ? 19 : 15)}" textLength="${width}">${written}</text>`
}

function barAt(text: string, x: number, y: number): string {
  const cells = [...text].map(
    (cell, index) =>
      `<rect class="${cell === '█' ? 'full' : 'empty'}" x="${x + index * 8}" y="${y}" width="7" height="10"/>`,
  )
  return cells.join('')
}

/** Drawn, because not every machine has these characters. */
function markAt(mark: string, x: number, y: number): string {
  const sign = (d: string) => `<path class="sign" d="${d}"/>`
  if (mark === '✅')
    return `<rect class="good" x="${x}" y="${y}" width="14" height="14" rx="3"/>${sign(`M${x + 3.5} ${y + 7.5}l2.5 2.5 4.5-5.5`)}`
  if (mark === '❌')
    return `<circle class="bad" cx="${x + 7}" cy="${y + 7}" r="7"/>${sign(`M${x + 4.5} ${y + 4.5}l5 5m0-5l-5 5`)}`
  if (mark === '⚠️')
    return `<path class="look" d="M${x + 7} ${y}l7.5 14h-15z"/>${sign(`M${x + 7} ${y + 5}v4m0 2.8v.01`)}`
  return `<circle class="line" fill="none" cx="${x + 7}" cy="${y + 7}" r="5"/>`
}
