import type { ActionError } from '../base/errors.ts'
import type { Runner } from '../io/runner/runner.ts'
import { failureSummary, outputsWithoutClients } from '../report/failure-report.ts'

/** Reports an error that stopped a run before or outside the work on its clients. */
export async function publishFailure(error: ActionError, runner: Runner): Promise<void> {
  const summary = failureSummary(error)
  await runner.output({ ...outputsWithoutClients(summary), 'error-code': error.code })
  await runner.summary(summary)
}
