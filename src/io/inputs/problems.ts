import { mistakeText } from '../../base/diagnostics.ts'
import { plural } from '../../base/duration.ts'
import { ActionError, type Mistake } from '../../base/errors.ts'

/** Collects what is wrong, so that all of it is told at once. */
export type Problems = { add(input: string, message: string, value?: string): void; list: string[] }

/** One refusal for all of them, and for what is wrong with spec files besides. */
export function invalid(list: string[], mistakes: Mistake[] = []): ActionError {
  const inputs =
    list.length === 1 ? list[0]! : `${list.length} inputs can't be used:\n${list.map((line) => `- ${line}`).join('\n')}`
  const specs =
    mistakes.length === 0 ? '' : `\nAnd of the spec:\n${mistakes.map((it) => `- ${mistakeText(it)}`).join('\n')}`
  return new ActionError(
    'INPUT_INVALID',
    `${inputs}${specs}`,
    'Correct the step’s `with:`; nothing was read or written yet. The README lists all inputs.',
    { mistakes },
  )
}

export function collectProblems(): Problems {
  const list: string[] = []
  return {
    list,
    add: (input, message, value) =>
      void list.push(`${input}: ${message}${value === undefined ? '' : ` (got ${shape(value)})`}`),
  }
}

/** The shape of a value, never the value: it may be a secret in the wrong place. */
function shape(value: string): string {
  if (value === '') return 'nothing'
  const kinds = [
    /\s/.test(value) ? 'spaces or line breaks' : '',
    /[^\x20-\x7e\s]/.test(value) ? 'characters beyond ASCII' : '',
  ].filter(Boolean)
  return `a text of ${plural(value.length, 'character')}${kinds.length > 0 ? ` with ${kinds.join(' and ')}` : ''}`
}
