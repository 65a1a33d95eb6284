import { plural } from './duration.ts'
import type { Mistake, Position } from './errors.ts'
import { ActionError } from './errors.ts'
import { plain } from './text.ts'

/** A value of a spec file with where it stands. `value` is plain data; of a mapping or a list `parts` has the values in it. */
export type Located = {
  value: unknown
  at: Position
  parts?: ReadonlyMap<string | number, { key: Position; node: Located }> | undefined
}

/** What is at a path, or the innermost thing around it that is there. */
export function locate(root: Located, path: readonly PropertyKey[]): Located {
  const [first, ...rest] = path
  const part = first === undefined ? undefined : root.parts?.get(typeof first === 'number' ? first : String(first))
  return part === undefined ? root : locate(part.node, rest)
}

/** Where the key of the last step of a path stands. */
export function locateKey(root: Located, path: readonly PropertyKey[]): Position {
  const around = locate(root, path.slice(0, -1))
  const last = path.at(-1)
  const part = around.parts?.get(typeof last === 'number' ? last : String(last))
  return part?.key ?? around.at
}

/** A path as people write it: `clients[0].deliver[1].repository`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${plain(String(step), 60)}`))
    .join('')
    .replace(/^\./, '')
}

/** `file:line:column: what is wrong`. */
export function mistakeText({ file, line, column, message }: Mistake): string {
  return `${plain(file)}:${line}:${column}: ${message}`
}

/** A summary has room for about ten times as many. */
const mostMistakes = 500

/** In the order of the files and of their lines. What is said twice of one place is said once. */
export function sorted(mistakes: Mistake[], files: string[]): Mistake[] {
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

/** One refusal for all of them. */
export function specInvalid(mistakes: Mistake[]): ActionError {
  const [first] = mistakes
  const message =
    mistakes.length === 1
      ? mistakeText(first!)
      : `${plural(mistakes.length, 'mistake')} in the spec files:\n${mistakes.map((it) => `- ${mistakeText(it)}`).join('\n')}`
  const hint = 'Correct the spec file. No request was made: nothing has changed on the tenant or on GitHub.'
  return new ActionError('SPEC_INVALID', message, hint, { mistakes })
}
