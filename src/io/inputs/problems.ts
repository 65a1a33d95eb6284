import { plural } from '../../base/duration.ts'
import { ActionError, type Mistake } from '../../base/errors.ts'
import { mistakesText } from '../../base/mistake-positions.ts'

/**
 * Collects all mistakes in the inputs, so that one error reports them together. `refuse`: no other check looks at the value, and
 * no other problem of that input is reported.
 */
export type Problems = {
  add(input: string, message: string, value?: string): void
  refuse(input: string, message: string, value: string): void
  refused: Set<string>
  list: string[]
}

/** One error for all problems, and for the mistakes in spec files. */
export function inputInvalid(list: string[], mistakes: Mistake[] = []): ActionError {
  const inputs =
    list.length === 1 ? list[0]! : `${list.length} inputs can’t be used:\n${list.map((line) => `- ${line}`).join('\n')}`
  const specs = mistakes.length === 0 ? '' : `\nAnd ${mistakesText('in the spec files', mistakes)}`
  return new ActionError(
    'INPUT_INVALID',
    `${inputs}${specs}`,
    'Correct the step’s `with:`. Nothing was read or written yet. docs/inputs.md of the action lists all inputs.',
    { mistakes },
  )
}

export function collectProblems(): Problems {
  const list: string[] = []
  const refused = new Set<string>()
  const tell = (input: string, message: string, value: string | undefined) =>
    void list.push(`${input}: ${message}${value === undefined ? '' : ` (got ${shape(value)})`}`)
  return {
    list,
    refused,
    add: (input, message, value) => {
      if (!refused.has(input)) tell(input, message, value)
    },
    refuse: (input, message, value) => {
      refused.add(input)
      tell(input, message, value)
    },
  }
}

/** Describes the form of a value. It never quotes the value, which may be a secret in the wrong input. */
function shape(value: string): string {
  if (value === '') return 'nothing'
  const kinds = [
    /\s/.test(value) ? 'spaces or line breaks' : '',
    /[^\x20-\x7e\s]/.test(value) ? 'characters beyond ASCII' : '',
  ].filter(Boolean)
  return `a text of ${plural(value.length, 'character')}${kinds.length > 0 ? ` with ${kinds.join(' and ')}` : ''}`
}
