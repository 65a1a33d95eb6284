// Text of a summary as pieces that can be measured and drawn: words, code, marks, and the bar of a secret's age.

export type Kind = 'text' | 'bold' | 'code' | 'heading' | 'mark' | 'bar'
export type Piece = { kind: Kind; text: string; width: number }
/** Pieces that stay together: a line may break only between words. */
export type Word = Piece[]

const sizes: Record<Kind, number> = { text: 14, bold: 14, code: 12, heading: 20, mark: 16, bar: 8 }
export const space = 4

/** Widths of letters in Arial and similar fonts, in thousandths of the font size, with a default for other letters. */
const narrow: Record<string, number> = {
  ...Object.fromEntries([..."ijl'|"].map((char) => [char, 222])),
  ...Object.fromEntries([...'fIt .,:;/!'].map((char) => [char, 278])),
  ...Object.fromEntries([...'r()-`'].map((char) => [char, 333])),
  ...Object.fromEntries([...'cksvxyzJ'].map((char) => [char, 500])),
  ...Object.fromEntries([...'ABEKPSVXY'].map((char) => [char, 667])),
  ...Object.fromEntries([...'CDHNRUw'].map((char) => [char, 722])),
  ...Object.fromEntries([...'GOQ'].map((char) => [char, 778])),
  ...{ m: 833, M: 833, W: 944, F: 611, T: 611, Z: 611, '…': 1000, '→': 1000, '▸': 600 },
}

function widthOf(kind: Kind, text: string): number {
  const chars = [...text]
  if (kind === 'mark') return sizes.mark
  if (kind === 'bar') return chars.length * sizes.bar
  if (kind === 'code') return chars.length * sizes.code * 0.602 + 8
  // Only small letters are wider in bold.
  const wider = (char: string) => (kind !== 'text' && /[a-z\d]/.test(char) ? 1.08 : 1)
  const thousandths = chars.reduce((sum, char) => sum + (narrow[char] ?? 556) * wider(char), 0)
  return (thousandths / 1000) * sizes[kind]
}

/** The lines that `<br>` makes of a text, each of them as words. */
export function linesOf(markdown: string, kind: Kind = 'text'): Word[][] {
  return markdown
    .replaceAll('<wbr>', '')
    .split('<br>')
    .map((line) => wordsOf(line, kind))
}

function wordsOf(line: string, usual: Kind): Word[] {
  const words: Word[] = []
  let glued = false
  for (const [part] of line.matchAll(/<code>.*?<\/code>|`[^`]+`|\*\*.+?\*\*|❌|⚠️|✅|○|[^ <`*❌⚠✅○]+| +/gu)) {
    if (part.trim() === '') glued = false
    else {
      const pieces = piecesOf(part, usual)
      for (const piece of pieces) {
        if (glued) words.at(-1)!.push(piece)
        else words.push([piece])
        // The words of one bold part are separate.
        glued = pieces.length === 1 || piece === pieces.at(-1)
      }
    }
  }
  return words
}

function piecesOf(part: string, usual: Kind): Piece[] {
  const [, code] = /^(?:<code>|`)(.*?)(?:<\/code>|`)$/.exec(part) ?? []
  if (code !== undefined) return [piece(/^[█░]+$/.test(code) ? 'bar' : 'code', decoded(code))]
  const [, bold] = /^\*\*(.+)\*\*$/.exec(part) ?? []
  if (bold !== undefined)
    return decoded(bold)
      .split(' ')
      .map((word) => piece('bold', word))
  return [piece(/^(❌|⚠️|✅|○)$/u.test(part) ? 'mark' : usual, decoded(part))]
}

function piece(kind: Kind, text: string): Piece {
  return { kind, text, width: Math.round(widthOf(kind, text)) }
}

function decoded(text: string): string {
  return text.replaceAll('<!-- -->', '').replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
}

export function widthOfWord(word: Word): number {
  return word.reduce((sum, { width }) => sum + width, 0)
}

export function widthOfLine(words: Word[]): number {
  return words.reduce((sum, word) => sum + widthOfWord(word), 0) + Math.max(0, words.length - 1) * space
}

/** Lines that are too wide are broken between words. */
export function wrapped(lines: Word[][], width: number): Word[][] {
  return lines.flatMap((words) => {
    const broken: Word[][] = [[]]
    for (const word of words) {
      const line = broken.at(-1)!
      if (line.length > 0 && widthOfLine([...line, word]) > width) broken.push([word])
      else line.push(word)
    }
    return broken
  })
}
