import { EOL } from 'node:os'
// Single files of GitHub's toolkit: its index evaluates an HTTP client for OpenID tokens, which costs more time than the rest of
// the start.
import { issueCommand } from '../../../node_modules/@actions/core/lib/command.js'
import { ActionError, type Mistake } from '../../base/errors.ts'
import { mistakeText, withoutMistakes } from '../../base/mistake-positions.ts'
import type { Secret } from '../../base/secret.ts'
import { plain } from '../../base/text.ts'
import type { Reporter } from '../../ports.ts'
import type { Mask } from './mask-secret.ts'

/** The only way to the runner: masks, log, annotations, outputs, summary. The caller has made its texts harmless already. */
export type Runner = {
  mask: Mask
  reporter: Reporter
  output(values: Record<string, string>): Promise<void>
  /** The only secret output, set because the user asked for it. It is empty, with a notice, if this run issued no secret. */
  outputSecret(name: string, secret: Secret | undefined): Promise<void>
  summary(markdown: string): Promise<void>
  fail(error: ActionError): void
  /**
   * Mistakes in spec files: the first ones become annotations on their lines. If there are several, the log lists all of them.
   */
  annotate(mistakes: readonly Mistake[]): void
}

/** GitHub shows ten annotations of a step; the tenth is the failure itself. */
const mostAnnotations = 9

export function createRunner(env: NodeJS.ProcessEnv): Runner {
  // If the log is full, or no process reads it any more, the run continues: a stop in the middle of a delivery would be worse.
  process.stdout.on('error', () => {})
  return {
    mask: (text) => issueCommand('add-mask', {}, text),
    reporter: {
      step: print,
      debug: (line) => issueCommand('debug', {}, line),
      notice: (line) => issueCommand('notice', {}, line),
      warning: (line) => issueCommand('warning', {}, line),
    },
    output: (values) => setOutputs(env, values),
    outputSecret: async (name, secret) => {
      if (secret === undefined) issueCommand('notice', {}, `${name} is empty: no secret was issued in this run.`)
      await setOutputs(env, { [name]: secret?.open() ?? '' })
    },
    summary: (markdown) => writeSummary(env, markdown),
    fail,
    annotate,
  }
}

function print(line: string): void {
  process.stdout.write(`${line}${EOL}`)
}

async function setOutputs(env: NodeJS.ProcessEnv, values: Record<string, string>): Promise<void> {
  if (!env.GITHUB_OUTPUT) return
  const { setOutput } = await files()
  try {
    for (const [name, value] of Object.entries(values)) setOutput(name, value)
  } catch (cause) {
    throw unwritable('GITHUB_OUTPUT', cause)
  }
}

async function writeSummary(env: NodeJS.ProcessEnv, markdown: string): Promise<void> {
  // Outside a workflow there is no summary file.
  if (!env.GITHUB_STEP_SUMMARY) return
  const { addSummary } = await files()
  await addSummary(markdown).catch((cause: unknown) => {
    throw unwritable('GITHUB_STEP_SUMMARY', cause)
  })
}

/** Loaded at the end, because these files are written at the end. */
function files() {
  return import('./runner-files.ts')
}

function fail(error: ActionError): void {
  const trace = error.trace === undefined ? '' : `\n(${error.trace})`
  issueCommand('error', {}, `${error.code}: ${messageOf(error)}\n${error.hint}${trace}`)
  process.exitCode = 1
}

function annotate(mistakes: readonly Mistake[]): void {
  // A single mistake is the whole message of the failure that follows.
  if (mistakes.length > 1) for (const mistake of mistakes) print(`✗ ${mistakeText(mistake)}`)
  for (const { file, line, column, message } of mistakes.slice(0, mostAnnotations))
    issueCommand('error', { file, line, col: column }, message)
}

/** The failure only counts the mistakes that the log already shows on lines of their own. */
function messageOf(error: ActionError): string {
  if (error.mistakes.length < 2) return error.message
  return `${withoutMistakes(error)}. The log has each of them on a line above, marked ✗.`
}

function unwritable(variable: string, cause: unknown): ActionError {
  const hint =
    'The runner sets it to a file of the step. The log has the steps of this run. The next run continues from here.'
  const why = plain(String((cause as { code?: unknown } | undefined)?.code ?? 'for an unknown reason'), 40)
  return new ActionError('INPUT_INVALID', `${variable}: the file that it names can’t be written (${why})`, hint, {
    cause,
  })
}
