import { type ActionError, toActionError, unreachable } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { withLedger, withLine } from '../ledger/description.ts'
import { scopeLabel } from '../model/destination.ts'
import type { ClientPlan, Step } from '../plan/steps.ts'
import type { Reading } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import { stepLine } from '../report/step-text.ts'
import {
  Again,
  cancelled,
  descriptionBefore,
  freshness,
  requireFresh,
  retire,
  retireIfAllowed,
  type Work,
  type Workshop,
  written,
} from './apply-context.ts'
import { commit } from './commit-delivery.ts'
import { createClient } from './create-client.ts'
import { deliver } from './deliver-credential.ts'
import { announceAndIssue } from './issue-credential.ts'
import { abandon } from './roll-back.ts'
import { verify } from './verify-credential.ts'

/**
 * Carries out the steps of one plan, in order, telling each as it is done. What happens is written into `progress`, which
 * holds even where this throws. Throws `Again` where the plan has to be made anew, else an ActionError.
 */
export async function apply(plan: ClientPlan, reading: Reading, shop: Workshop, progress: Progress): Promise<void> {
  const work: Work = { plan, reading, shop, progress, settled: true, background: [] }
  progress.clientId ??= plan.client?.id
  try {
    for (const [index, step] of plan.steps.entries()) {
      if (shop.stop.requested && step.kind !== 'commit') throw cancelled()
      const since = shop.clock.elapsed()
      if (!(await carryOut(step, work))) continue
      progress.done.push(step)
      const told = { clientId: progress.clientId, milliseconds: shop.clock.elapsed() - since }
      shop.reporter.step(stepLine(step, 'done', plan.steps.slice(0, index), told))
    }
  } catch (thrown) {
    throw thrown instanceof Again ? thrown : await abandon(work, toActionError(thrown))
  } finally {
    await Promise.all(work.background)
  }
}

/** True where the step was carried out, false where it turned out not to be needed. */
async function carryOut(step: Step, work: Work): Promise<boolean> {
  switch (step.kind) {
    case 'delete-twin':
    case 'delete':
      return changes(work, () => work.shop.writers.tenant.remove(step.clientId))
    case 'retire':
      return retireOne(step, work)
    case 'create':
      return createClient(step, work)
    case 'update':
      return update(step, work)
    case 'consent':
      return changes(work, () => work.shop.writers.tenant.setConsent(step.clientId, step.after))
    case 'own':
      await requireFresh(work)
      return changes(work, () =>
        work.shop.writers.tenant.describe(
          step.clientId,
          withLedger(step.user, step.ledger),
          descriptionBefore(work),
          sendBy(work),
        ),
      )
    case 'write-id':
      return changes(work, () =>
        work.shop.writers.destinations.putVariable(step.destination, step.clientId, step.before !== undefined),
      )
    case 'issue':
      return announceAndIssue(step, work)
    case 'verify':
      return verify(step, work)
    case 'deliver':
      return deliver(step, work)
    case 'commit':
      return commit(work)
    case 'remove-values':
      return removeValues(step, work)
    default:
      return unreachable(step)
  }
}

/** A value that GitHub does not let go, or does not show, is named as left behind: the client goes all the same. */
async function removeValues({ destination, parts }: Step & { kind: 'remove-values' }, work: Work): Promise<boolean> {
  const removals = await work.shop.writers.destinations.remove(destination, parts)
  const left = removals.filter((removal) => removal.left !== undefined)
  work.progress.changed ||= left.length < removals.length || left.some((removal) => removal.left?.uncertain)
  for (const { part, left: error } of left) {
    if (error!.code !== 'DESTINATION_MISSING' && error!.code !== 'DESTINATION_FORBIDDEN') throw error
    const name = part === 'id' ? destination.idName : destination.secretName
    work.progress.notes.push(`${name} is left behind in ${plain(scopeLabel(destination))}: ${error!.message}`)
  }
  return left.length === 0
}

async function changes(work: Work, write: () => Promise<unknown>): Promise<true> {
  await written(work, write())
  return true
}

async function retireOne(step: Step & { kind: 'retire' }, work: Work): Promise<boolean> {
  const { progress } = work
  if (!work.settled || step.hint === progress.current?.hint) return false
  try {
    if (step.mayStay && !(await written(work, retireIfAllowed(step.clientId, step.hint, work)))) return false
    if (!step.mayStay) await written(work, retire(step.clientId, step.hint, work))
  } catch (thrown) {
    if (thrown instanceof Again || !signedOut(step.clientId, toActionError(thrown), work)) throw thrown
    progress.notes.push(
      `Retiring ${step.hint} is left to the next run: the secret that this one signed in with is retired.`,
    )
    return false
  }
  progress.retired.push(step.hint)
  return true
}

/** Did we retire the very secret that we signed in with, and does the tenant end what was signed in with it? */
function signedOut(clientId: string, { code }: ActionError, { progress, shop }: Work): boolean {
  return code === 'TENANT_UNAUTHORIZED' && clientId === shop.policy.adminClientId && progress.retired.length > 0
}

function sendBy({ reading }: Work): number {
  return reading.readAt + freshness
}

/** A description is written beside the ledger as it was read, so it follows the reading closely, like every ledger. */
async function update(step: Step & { kind: 'update' }, work: Work): Promise<true> {
  const describes = step.changes.some(({ field }) => field === 'description')
  if (describes) await requireFresh(work)
  const changes = step.changes.map((change) =>
    change.field === 'description' ? { ...change, after: withLine(change.after as string, step.line) } : change,
  )
  const { tenant } = work.shop.writers
  const { value: issued } = await written(
    work,
    tenant.update(step.clientId, changes, describes ? sendBy(work) : undefined),
  ).catch((thrown: unknown) => {
    const error = toActionError(thrown)
    const stale = describes && (error.uncertain || error.retryAfter !== undefined)
    throw stale ? new Again('the change of the description has to be decided anew', error) : error
  })
  if (issued !== undefined) await retireUnwanted(step.clientId, work)
  return true
}

/** Allowing client_secret makes a secret that nobody asked for here: it goes at once. */
async function retireUnwanted(clientId: string, work: Work): Promise<void> {
  const { value } = await work.shop.readers.tenant.client(clientId)
  const before = new Set(work.plan.client?.secrets.map(({ hint }) => hint))
  for (const { hint } of value?.secrets ?? []) {
    if (!before.has(hint)) await retire(clientId, hint, work)
  }
}
