import type { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { Inputs } from '../io/inputs/inputs.ts'
import type { Runner } from '../io/runner/runner.ts'
import { summaryBytes } from '../report/failure-report.ts'
import type { Outcome, RunOutcome } from '../report/outcome.ts'
import { outputsOf } from '../report/outputs.ts'
import { closingLine, shortSummaryOf, summaryOf } from '../report/summary.ts'

/** Reports the outcome of each client: outputs, the summary and each failure. */
export async function publishResults(
  { outcomes, warnings }: RunOutcome,
  inputs: Inputs,
  runner: Runner,
): Promise<void> {
  const { host } = new URL(inputs.tenant.origin)
  // First, so that failures are reported even if outputs or the summary fail.
  for (const error of failuresOf(outcomes)) runner.fail(error)
  const closing = closingLine(outcomes)
  if (closing !== undefined) runner.reporter.step(closing)
  await runner.output(outputsOf(outcomes, shortSummaryOf(outcomes, host, summaryBytes, warnings)))
  if (inputs.outputClientSecret) {
    await runner.outputSecret('client-secret', outcomes.length === 1 ? outcomes[0]?.secret : undefined)
  }
  await runner.summary(summaryOf(outcomes, host, { warnings }))
}

/** Each failure once, with the names of its clients if there are several. */
function failuresOf(outcomes: Outcome[]): ActionError[] {
  const failed = outcomes.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]))
  if (outcomes.length === 1) return failed.map(({ error }) => error)
  const ways = Map.groupBy(failed, ({ error: { code, message, hint } }) => `${code} ${message} ${hint}`)
  return [...ways.values()].map((same) =>
    ofClients(
      same.map(({ name }) => plain(name, 80)),
      same[0]!.error,
    ),
  )
}

function ofClients(names: string[], error: ActionError): ActionError {
  return error.with({ message: `${names.join(', ')}: ${error.message}` })
}
