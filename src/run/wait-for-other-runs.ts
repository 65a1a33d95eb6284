import { ActionError, cancelledError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { pause } from '../pause.ts'
import type { ClientPlan } from '../plan/client-plan.ts'
import { clientLabel } from '../plan/find-client.ts'
import { type ClientUnderWay, type Decision, decideAnew } from './client-under-way.ts'

/** Seconds that a run waits for others before it gives up. */
const patienceWithOthers = 120

/** Waits until no other run's announcement is fresh; reads every few seconds. */
export async function waitForOtherRuns(underWay: ClientUnderWay, decision: Decision): Promise<Decision> {
  const { spec, tools } = underWay
  const { clock, reporter, stop } = tools
  const since = { elapsed: clock.elapsed(), now: decision.reading.now }
  let latest = decision
  reporter.notice(
    `Another run (${plain(decision.plan.wait!.run, 60)}) is at work on ${plain(spec.name, 80)}; waiting for it to end.`,
  )
  while (latest.plan.wait !== undefined) {
    const left = latest.plan.wait.until - latest.reading.now
    await pause(Math.min(Math.max(left, 0.5), 3) * 1000, tools)
    if (stop.requested) throw cancelledError()
    latest = await decideAnew(underWay, latest)
    const waited = Math.max(latest.reading.now - since.now, (clock.elapsed() - since.elapsed) / 1000)
    if (latest.plan.wait !== undefined && waited >= patienceWithOthers) throw busy(latest.plan)
  }
  return latest
}

function busy(plan: ClientPlan): ActionError {
  const client = plan.client === undefined ? plain(plan.spec.name) : clientLabel(plan.client)
  return new ActionError(
    'CLIENT_BUSY',
    `other runs were at work on ${client} for two minutes (the last one is ${plain(plan.wait!.run, 60)})`,
    'Give the workflows that manage this client one concurrency group, and run again.',
  )
}
