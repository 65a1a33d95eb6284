import { longestReadToWrite, PlanAgain } from '../apply/apply-context.ts'
import { applyPlan } from '../apply/apply-plan.ts'
import { secondsText } from '../base/duration.ts'
import { ActionError, cancelledError, toActionError } from '../base/errors.ts'
import { retryPatience } from '../base/retry-policy.ts'
import { pause } from '../pause.ts'
import { requestCostOf } from '../plan/request-cost.ts'
import type { Reading, Reservation, Reserve } from '../ports.ts'
import { type Outcome, outcomeOf, startProgress } from '../report/outcome.ts'
import { type ClientUnderWay, type Decision, decideAnew, decideFirst, type RunTools } from './client-under-way.ts'
import { reportBeforeSteps, reportEnd, reportPlan } from './report-client.ts'
import { waitForOtherRuns } from './wait-for-other-runs.ts'

/** How often a run decides before it gives up. */
const mostRounds = 6

/**
 * Reconciles one client with its spec, or in plan mode reports the steps for that. `reading`: a reading of all clients; `now`: the
 * tenant's time for an outcome without a reading. Never rejects: a failure is the outcome's `error`.
 */
export async function reconcileClient(
  client: Omit<ClientUnderWay, 'progress'>,
  { reading, now }: { reading: Promise<Reading>; now: number },
): Promise<Outcome> {
  const underWay: ClientUnderWay = { ...client, progress: startProgress() }
  const { tools } = underWay
  try {
    const decision = await decideFirst(underWay, await reading)
    reportBeforeSteps(decision.plan, tools)
    if (tools.stop.requested) throw cancelledError()
    if (tools.reserve === undefined) return conclude(underWay, now, reportPlan(underWay, decision.plan))
    await carryOut(underWay, decision, tools.reserve)
    return conclude(underWay, now)
  } catch (thrown) {
    for (const note of underWay.progress.notes) tools.reporter.notice(note)
    return conclude(underWay, now, toActionError(thrown))
  }
}

function conclude(underWay: ClientUnderWay, now: number, error?: ActionError): Outcome {
  const { spec, request, progress, first, latest } = underWay
  const { mode } = request.policy
  return outcomeOf({ spec, mode, first, plan: latest?.plan, now: latest?.reading.now ?? now, progress, error })
}

/** Carries out a decision. If it turns out to be out of date, decides again. */
async function carryOut(underWay: ClientUnderWay, first: Decision, reserve: Reserve): Promise<void> {
  const { tools } = underWay
  let decision = first
  let spent = 0
  for (let round = 1; ; round++) {
    if (decision.plan.wait !== undefined) decision = await waitForOtherRuns(underWay, decision)
    const again = await tryPlan(underWay, decision, reserve)
    if (again === undefined) break
    if (round === mostRounds) throw again.error ?? tooSlow(again)
    if (again.error !== undefined) spent = await waitAfterLostAnswer(again.error, { spent, round }, tools)
    decision = await decideAnew(underWay, decision)
  }
  if (tools.stop.requested) throw cancelledError()
  reportEnd(underWay, underWay.latest?.plan ?? decision.plan)
}

/**
 * Waits after a lost answer, because the tenant may be in trouble: as long as it asks, or half a minute in all. Throws the failure after
 * that. Returns the milliseconds that were spent so far.
 */
async function waitAfterLostAnswer(
  error: ActionError,
  { spent, round }: { spent: number; round: number },
  tools: RunTools,
): Promise<number> {
  const { retryAfter } = error
  const wait = retryAfter ?? 500 * 2 ** round
  const after = spent + error.spent + (retryAfter === undefined ? wait : 0)
  const isLimited = error.code === 'RATE_LIMITED' && retryAfter === undefined
  if (isLimited || after >= retryPatience) throw error
  if (wait > 0) tools.reporter.step(`… waiting ${secondsText(wait)}: ${error.message}`)
  await pause(wait, tools)
  return after
}

/** Carries out a plan once the limits leave room for all of it. Returns the reason to read and decide again, if there is one. */
async function tryPlan(underWay: ClientUnderWay, decision: Decision, reserve: Reserve): Promise<PlanAgain | undefined> {
  const { tools, request, progress } = underWay
  if (decision.plan.steps.length === 0) return undefined
  const reservation = await reserve(requestCostOf(decision.plan.steps), tools.reporter, underWay.waiting)
  try {
    if (tools.stop.requested) throw cancelledError()
    const { plan, reading } = await upToDate(underWay, decision, reservation)
    if (plan.wait !== undefined) throw new PlanAgain('another run began meanwhile')
    const { readers, writers } = reservation
    await applyPlan(plan, reading, { ...tools, readers, writers, policy: request.policy }, progress)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof PlanAgain)) throw thrown
    tools.reporter.step(`… reading again: ${thrown.why}`)
    return thrown
  } finally {
    reservation.release()
  }
}

/** Reads again if the limits delayed the work for long. */
async function upToDate(underWay: ClientUnderWay, decision: Decision, { readers }: Reservation): Promise<Decision> {
  const isOld = underWay.tools.clock.elapsed() - decision.reading.answeredAt > longestReadToWrite
  return isOld ? decideAnew(underWay, decision, readers) : decision
}

function tooSlow(again: PlanAgain): ActionError {
  return new ActionError(
    'CLIENT_BUSY',
    `this run planned ${mostRounds} times, and each plan was out of date at once: ${again.why}`,
    'The tenant answers slowly, or others change the client all the time. Run again later.',
  )
}
