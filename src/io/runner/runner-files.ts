import { issueFileCommand, prepareKeyValueMessage } from '../../../node_modules/@actions/core/lib/file-command.js'
import { summary } from '../../../node_modules/@actions/core/lib/summary.js'

// The files that the runner reads when the step has ended.

export function setOutput(name: string, value: string): void {
  issueFileCommand('OUTPUT', prepareKeyValueMessage(name, value))
}

export async function addSummary(markdown: string): Promise<void> {
  await summary.addRaw(markdown).write()
}
