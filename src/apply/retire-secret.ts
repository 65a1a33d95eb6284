import { readingArrivedAt } from '../base/duration.ts'
import { ActionError, toActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { otherRunAtWork } from '../ledger/lease.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Step } from '../plan/client-plan.ts'
import { isDone, longestReadToWrite, noteWritten, PlanAgain, type Work } from './apply-context.ts'

/** Carries out one step of the plan; false if it was skipped. */
export async function retireStep(step: Step & { kind: 'retire' }, work: Work): Promise<boolean> {
  const { progress } = work
  if (!work.mayRetire || step.hint === progress.current?.hint) return false
  try {
    if (!step.mayStay) await noteWritten(work, retireSecret(step.clientId, step.hint, work))
    else if (!(await noteWritten(work, retireIfAllowed(step.clientId, step.hint, work), isDone)))
      return kept(step.hint, work)
  } catch (thrown) {
    if (thrown instanceof PlanAgain || !signedOut(step.clientId, toActionError(thrown), work)) throw thrown
    progress.notes.push(
      `The next run retires ${plain(step.hint, 50)}, because this run retired the secret that it signed in with.`,
    )
    return false
  }
  progress.retired.push(step.hint)
  return true
}

/** A client whose secrets all end may have to keep its last one. */
function kept(hint: string, { plan, progress }: Work): false {
  if (plan.spec.destinations.length === 0) progress.notes.push(lastIsKept(hint))
  return false
}

export function lastIsKept(hint: string): string {
  const what = isKeyHint(hint) ? 'key' : 'secret'
  return `The tenant refuses to delete the client’s last ${what} (${plain(hint, 50)}).`
}

/** Did we retire the secret that we signed in with, and did the tenant end that session? */
function signedOut(clientId: string, { code }: ActionError, { progress, tools }: Work): boolean {
  return code === 'TENANT_UNAUTHORIZED' && clientId === tools.policy.adminClientId && progress.retired.length > 0
}

/**
 * Retires a secret or a key. The tenant accepts only the whole list of keys, so it is not written while another run may be writing it:
 * throws `PlanAgain` then, and if the answer to the write was lost.
 */
async function retireSecret(clientId: string, hint: string, { tools, plan }: Work): Promise<void> {
  const check = ({ description }: ObservedClient, now: number) => {
    if (otherRunAtWork(description.ledger, now, plan.run) !== undefined) throw new PlanAgain('another run is at work')
  }
  const askedAt = tools.clock.elapsed()
  const sendBy = () => readingArrivedAt(askedAt, tools.clock.elapsed()) + longestReadToWrite
  await tools.writers.tenant.retire(clientId, hint, { check, sendBy }).catch((thrown: unknown) => {
    if (!isKeyHint(hint) || !(thrown instanceof ActionError)) throw thrown
    if (thrown.uncertain) throw new PlanAgain('the answer to retiring a key was lost', thrown)
    throw thrown.retryAfter === undefined ? thrown : new PlanAgain('the tenant made us wait', thrown)
  })
}

/** Retires a secret; false if the tenant refuses, as it may for a client's last one. */
export async function retireIfAllowed(clientId: string, hint: string, work: Work): Promise<boolean> {
  try {
    await retireSecret(clientId, hint, work)
    return true
  } catch (thrown) {
    if (thrown instanceof PlanAgain) throw thrown
    const error = toActionError(thrown)
    if (error.code === 'TENANT_REJECTED' && !error.uncertain) return false
    throw error
  }
}
