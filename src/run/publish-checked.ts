import type { SpecFile } from '../io/inputs/read-spec-files.ts'
import type { Runner } from '../io/runner/runner.ts'
import { checkedLine, checkedOutputs, checkedSummary, checkedWarnings } from '../report/validation-report.ts'

/** Reports the result of `validate`: the checks that need no tenant. */
export async function publishChecked(files: SpecFile[], runner: Runner): Promise<void> {
  const warnings = checkedWarnings(files)
  const summary = checkedSummary(files, warnings)
  for (const warning of warnings) runner.reporter.warning(warning)
  runner.reporter.step(checkedLine(files))
  await runner.output(checkedOutputs(files, summary))
  await runner.summary(summary)
}
