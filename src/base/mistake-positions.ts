import { looksLikeCredential } from './credential-shape.ts'
import { plural } from './duration.ts'
import type { Mistake, Position } from './errors.ts'
import { ActionError } from './errors.ts'
import { plain } from './text.ts'

/** A value of a spec file with its position. `value` is plain data; `parts`: the values inside a mapping or list. */
export type Located = {
  value: unknown
  at: Position
  /** It has a YAML anchor, so aliases can repeat it. */
  isAnchored?: boolean
  /** It could not be read, which is reported as a separate mistake. */
  isUnread?: boolean
  parts?: ReadonlyMap<string | number, { key: Position; node: Located }> | undefined
}

/** The value at a path, or the innermost value around it that exists. */
export function locate(root: Located, path: readonly PropertyKey[]): Located {
  const [first, ...rest] = path
  const part = first === undefined ? undefined : root.parts?.get(typeof first === 'number' ? first : String(first))
  return part === undefined ? root : locate(part.node, rest)
}

/** The position of the key that ends a path. */
export function locateKey(root: Located, path: readonly PropertyKey[]): Position {
  const around = locate(root, path.slice(0, -1))
  const last = path.at(-1)
  const part = around.parts?.get(typeof last === 'number' ? last : String(last))
  return part?.key ?? around.at
}

/** A path in the usual notation: `clients[0].deliver[1].repository`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${shownKey(String(step))}`))
    .join('')
    .replace(/^\./, '')
}

/** A key may be a credential that was pasted in the wrong place. */
function shownKey(key: string): string {
  return looksLikeCredential(key) ? '…' : plain(key, 60)
}

/** `file:line:column: what is wrong`. */
export function mistakeText({ file, line, column, message }: Mistake): string {
  return `${plain(file)}:${line}:${column}: ${message}`
}

/** A summary has room for about ten times as many. */
const mostMistakes = 500

/** Sorted by file and line, without duplicates. */
export function sortedMistakes(mistakes: Mistake[], files: string[]): Mistake[] {
  const once = [...new Map(mistakes.map((mistake) => [mistakeText(mistake), mistake])).values()]
  const all = once.sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
  const [last] = all.slice(mostMistakes - 1)
  if (last === undefined || all.length === mostMistakes) return all
  const left = all.length - mostMistakes + 1
  return [
    ...all.slice(0, mostMistakes - 1),
    { ...last, message: `${last.message} (and ${left - 1} more from here on)` },
  ]
}

/** One error for all of them. */
export function specInvalid(mistakes: Mistake[]): ActionError {
  const [first] = mistakes
  const message = mistakes.length === 1 ? mistakeText(first!) : mistakesText('in the spec files', mistakes)
  const hint = 'Correct the spec file. No request was made: nothing has changed on the tenant or on GitHub.'
  return new ActionError('SPEC_INVALID', message, hint, { mistakes })
}

/** How many there are, and each of them on a line of its own. */
export function mistakesText(where: string, mistakes: Mistake[]): string {
  return `${plural(mistakes.length, 'mistake')} ${where}:\n${mistakes.map(mistakeLine).join('\n')}`
}

function mistakeLine(mistake: Mistake): string {
  return `- ${mistakeText(mistake)}`
}

/** The message without the lines that `mistakesText` makes of its mistakes. */
export function withoutMistakes({ message, mistakes }: ActionError): string {
  const lines = new Set(mistakes.map(mistakeLine))
  return message
    .split('\n')
    .filter((line) => !lines.has(line))
    .join('\n')
    .replace(/:$/, '')
}
