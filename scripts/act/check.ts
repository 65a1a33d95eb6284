import type { Run } from './stage.ts'

/** Checks a promise of a workflow; a broken promise ends it, with the engine's log if there is one. */
export function check(holds: boolean, sentence: string, run?: Run): void {
  if (holds) return
  const log = run === undefined ? '' : `\n${run.log.split('\n').slice(-120).join('\n')}`
  throw new Error(`not so: ${sentence}${log}`)
}

export function succeeds(run: Run): Run {
  check(run.exitCode === 0, 'the workflow succeeds', run)
  return run
}

export function fails(run: Run): Run {
  check(run.exitCode !== 0, 'the workflow fails', run)
  return run
}
