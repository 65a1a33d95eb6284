import { withLedger, withLine } from '../ledger/description.ts'
import { withIssuer } from '../ledger/ledger-transitions.ts'
import type { FieldChange, Fields } from '../model/client.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { Step } from '../plan/client-plan.ts'
import { noteWritten, planAgainIfLate, requireFresh, sendBy, type Work } from './apply-context.ts'
import { readAfterChange, requireFieldsKept } from './check-fields-kept.ts'
import { inDoubtUntilAnswered } from './issue-credential.ts'
import { retireUnwanted } from './retire-unwanted-secret.ts'

type UpdateStep = Step & { kind: 'update' }

/**
 * Changes fields, and checks whether the tenant kept them. If allowing `client_secret` makes a secret, the same request announces it, and
 * it is retired at once. Returns the step with the changes that took effect; undefined if none did.
 */
export async function updateClient(step: UpdateStep, work: Work): Promise<UpdateStep | undefined> {
  const { tenant } = work.tools.writers
  const writesDescription = step.announcing !== undefined || step.changes.some(({ field }) => field === 'description')
  const announcing = step.announcing && withIssuer(step.announcing, await tenant.caller(), undefined)
  if (writesDescription) await requireFresh(work)
  const changes = announcing === undefined ? descriptionBesideLine(step) : descriptionWithLedger(step, announcing, work)
  const by = writesDescription ? sendBy(work) : undefined
  const send = () => noteWritten(work, tenant.update(step.clientId, changes, by))
  if (announcing !== undefined) {
    const { value: issued } = await inDoubtUntilAnswered(work, send).catch(planAgainIfLate('the change'))
    await retireUnwanted(issued, work)
  } else await (writesDescription ? send().catch(planAgainIfLate('the change of the description')) : send())
  return keptChanges(step, work)
}

/** Writes a description beside the ledger as it was read. */
function descriptionBesideLine({ changes, line }: UpdateStep): FieldChange[] {
  return changes.map((change) =>
    change.field === 'description' ? { ...change, after: withLine(change.after as string, line) } : change,
  )
}

/** Changes that issue a secret, with its announcement. From here on the secret is under way. */
function descriptionWithLedger(step: UpdateStep, ledger: Ledger, work: Work): FieldChange[] {
  const { description } = work.plan.client!
  const announced = { ...ledger, announced: { ...ledger.announced!, at: Math.floor(work.reading.now) } }
  const change = step.changes.find(({ field }) => field === 'description')
  const user = (change?.after as string | undefined) ?? description.user
  const before = description.line ?? description.user
  work.fresh = {
    phase: 'announced',
    inDoubt: false,
    clientId: step.clientId,
    announced,
    announcedAt: work.tools.clock.elapsed(),
    answeredAt: work.tools.clock.elapsed(),
    githubAt: work.reading.githubAt,
    user,
    replaced: new Set([description.line]),
    mayHaveTwin: false,
  }
  return [
    { field: 'description', before, after: withLedger(user, announced) },
    ...step.changes.filter(({ field }) => field !== 'description'),
  ]
}

/** The part of these changes that the tenant shows. */
async function keptChanges(step: UpdateStep, work: Work): Promise<UpdateStep | undefined> {
  const wanted: Partial<Fields> = Object.fromEntries(step.changes.map(({ field, after }) => [field, after]))
  const fields = { name: work.plan.client!.name, ...wanted }
  const seen = await readAfterChange(step.clientId, fields, work)
  const missing = requireFieldsKept(fields, seen, work)
  const changes = step.changes.filter((change) => missing.every(({ field }) => field !== change.field))
  return changes.length === 0 ? undefined : { ...step, changes }
}
