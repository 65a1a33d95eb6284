import { cancelledError, toActionError, unreachable } from '../base/errors.ts'
import { withLedger } from '../ledger/description.ts'
import type { ClientPlan, Step } from '../plan/client-plan.ts'
import type { Reading } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import { stepLine } from '../report/step-text.ts'
import {
  type ApplyTools,
  descriptionBefore,
  noteWritten,
  PlanAgain,
  planAgainIfLate,
  requireFresh,
  sendBy,
  type Work,
} from './apply-context.ts'
import { setConsent } from './check-fields-kept.ts'
import { commitDelivery } from './commit-delivery.ts'
import { createClient } from './create-client.ts'
import { deliverCredential } from './deliver-credential.ts'
import { deleteClient, removeValues } from './destroy-client.ts'
import { changeSpace, startSpaceWork } from './grant-spaces.ts'
import { announceAndIssue } from './issue-credential.ts'
import { retireStep } from './retire-secret.ts'
import { rollBack } from './roll-back.ts'
import { updateClient } from './update-client.ts'
import { verifyCredential } from './verify-credential.ts'

/**
 * Carries out the steps of one plan, in order, and reports each when it is done. `progress` records the events, also if this throws.
 * Throws `PlanAgain` if a new plan is needed, else an ActionError.
 */
export async function applyPlan(
  plan: ClientPlan,
  reading: Reading,
  tools: ApplyTools,
  progress: Progress,
): Promise<void> {
  const work: Work = { plan, reading, tools, progress, mayRetire: true, spaces: startSpaceWork(), background: [] }
  progress.clientId ??= plan.client?.id
  try {
    for (const [index, step] of plan.steps.entries()) {
      if (tools.stop.requested && step.kind !== 'commit') throw cancelledError()
      const since = tools.clock.elapsed()
      const done = await carryOut(step, work)
      if (done === undefined) continue
      progress.done.push(done)
      const told = { clientId: progress.clientId, milliseconds: tools.clock.elapsed() - since }
      tools.reporter.step(stepLine(done, 'done', plan.steps.slice(0, index), told))
    }
    if (work.failure !== undefined) throw work.failure
  } catch (thrown) {
    throw thrown instanceof PlanAgain ? thrown : await rollBack(work, toActionError(thrown))
  } finally {
    await Promise.all(work.background)
  }
}

/** The step as it was carried out; undefined if it was not needed. */
async function carryOut(step: Step, work: Work): Promise<Step | undefined> {
  if (step.kind === 'update') return updateClient(step, work)
  if (step.kind === 'remove-values') return removeValues(step, work)
  return (await isCarriedOut(step, work)) ? step : undefined
}

async function isCarriedOut(step: Exclude<Step, { kind: 'update' | 'remove-values' }>, work: Work): Promise<boolean> {
  const { tenant, destinations } = work.tools.writers
  switch (step.kind) {
    case 'delete':
      return deleteClient(step, work)
    case 'delete-twin':
      return changes(work, tenant.remove(step.clientId))
    case 'retire':
      return retireStep(step, work)
    case 'create':
      return createClient(step, work)
    case 'consent':
      return setConsent(step.clientId, step.after, work)
    case 'own':
      return writeOwnLedger(step, work)
    case 'write-id':
      return changes(work, destinations.putVariable(step.destination, step.clientId, step.before !== undefined))
    case 'issue':
      return announceAndIssue(step, work)
    case 'verify':
      return verifyCredential(step, work)
    case 'deliver':
      return deliverCredential(step, work)
    case 'commit':
      return commitDelivery(work)
    case 'grant':
    case 'revoke':
      return changeSpace(step, work)
    default:
      return unreachable(step)
  }
}

async function changes(work: Work, write: Promise<unknown>): Promise<true> {
  await noteWritten(work, write)
  return true
}

/** Writes the ledger without an issue. Like every ledger write it needs a fresh reading, else the run plans again. */
async function writeOwnLedger(step: Step & { kind: 'own' }, work: Work): Promise<true> {
  await requireFresh(work)
  const text = withLedger(step.user, step.ledger)
  const write = work.tools.writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy(work))
  return changes(work, write).catch(planAgainIfLate('the note in the ledger'))
}
