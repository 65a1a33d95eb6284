import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { Inputs } from '../io/inputs/inputs.ts'
import type { SpecFile } from '../io/inputs/spec-files.ts'
import type { Runner } from '../io/runner/runner.ts'
import type { Outcome } from '../report/outcome.ts'
import { outputsOf } from '../report/outputs.ts'
import { failureSummary, summaryOf } from '../report/summary.ts'
import { checkedLine, checkedOutputs, checkedSummary, checkedWarnings } from '../report/validation-report.ts'

/** What stopped a run before any client was looked at, or outside of all of them. */
export async function reportFailure(error: ActionError, runner: Runner): Promise<void> {
  const summary = failureSummary(error)
  await runner.output({ ...outputsOf([], summary), result: '', 'error-code': error.code })
  await runner.summary(summary)
}

/** What `validate` says: what was checked, and nothing that only a tenant knows. */
export async function reportChecked(files: SpecFile[], runner: Runner): Promise<void> {
  const summary = checkedSummary(files)
  for (const warning of checkedWarnings(files)) runner.reporter.warning(warning)
  runner.reporter.step(checkedLine(files))
  await runner.output(checkedOutputs(files, summary))
  await runner.summary(summary)
}

/** What came of each client: outputs, the summary, and each failure. */
export async function report(outcomes: Outcome[], inputs: Inputs, runner: Runner): Promise<void> {
  const summary = summaryOf(outcomes, new URL(inputs.tenant.origin).host)
  // Should outputs or summary fail, this has been told.
  for (const { name, error } of outcomes)
    if (error !== undefined) runner.fail(outcomes.length === 1 ? error : ofClient(name, error))
  await runner.output(outputsOf(outcomes, summary))
  if (inputs.outputClientSecret) {
    await runner.outputSecret('client-secret', outcomes.length === 1 ? outcomes[0]?.secret : undefined)
  }
  await runner.summary(summary)
}

/** Of several clients each failure says whose it is. */
function ofClient(name: string, error: ActionError): ActionError {
  return new ActionError(error.code, `${plain(name, 80)}: ${error.message}`, error.hint, {
    cause: error,
    trace: error.trace,
    status: error.status,
  })
}
