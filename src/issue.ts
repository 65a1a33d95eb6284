import type { ObservedSecret } from './domain/client.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import { type Ledger, sameLedger, withLedger } from './domain/ledger.ts'
import type { Step } from './domain/steps.ts'
import type { Issued } from './ports.ts'
import {
  Again,
  cancelled,
  descriptionBefore,
  type Fresh,
  freshness,
  promptness,
  requireFresh,
  retireIfAllowed,
  type Work,
  written,
} from './work.ts'

/**
 * Announces a fresh secret in the ledger, and issues it. From here to the commit is one critical section. Where the answer is
 * lost, the new secret is found by reading, retired, and issuing is tried once more.
 */
export async function announceAndIssue(step: Step & { kind: 'issue' }, work: Work): Promise<true> {
  const { clock, writers } = work.shop
  await requireFresh(work)
  const announcedAt = clock.elapsed()
  // The lease counts from the reading that the announcement rests on.
  const announced = { ...step.ledger, announced: { ...step.ledger.announced!, at: Math.floor(work.reading.now) } }
  const text = withLedger(step.user, announced)
  const sendBy = work.reading.readAt + freshness
  await written(work, writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy)).catch(againIfLate)
  const fresh: Fresh = {
    clientId: step.clientId,
    announced,
    announcedAt,
    user: step.user,
    delivered: [],
    idsWritten: [],
  }
  work.fresh = fresh
  if (work.shop.stop.requested) throw cancelled()
  requirePrompt(fresh, work)
  fresh.issued = await issueOnce(step, work).catch(async (thrown: unknown) => {
    const error = toActionError(thrown)
    if (error.retryAfter !== undefined && !error.uncertain) throw new Again('the tenant made us wait', error)
    if (!error.uncertain || work.shop.stop.requested) throw error
    await retireLost(fresh, work)
    requirePrompt(fresh, work)
    return issueOnce(step, work)
  })
  fresh.hint = fresh.issued.hint ?? (await findHint(fresh, work))
  return true
}

/** Nothing of it is to be repeated blindly: what it rested on has to be read again. */
function againIfLate(thrown: unknown): never {
  const error = toActionError(thrown)
  if (error.uncertain) throw new Again('the answer to the announcement was lost', error)
  throw error.retryAfter === undefined ? error : new Again('the tenant made us wait', error)
}

/** Throws `Again` where issuing would come too long after its announcement. */
function requirePrompt({ announcedAt }: Fresh, { shop }: Work): void {
  if (shop.clock.elapsed() - announcedAt > promptness) throw new Again('announcing took too long')
}

/** Through the door that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step: Step & { kind: 'issue' }, { shop, plan, fresh }: Work): Promise<Issued> {
  const { tenant } = shop.writers
  if (step.addMethod !== undefined) {
    const change = { field: 'authMethods' as const, before: plan.client?.authMethods, after: step.addMethod }
    const { value } = await tenant.update(step.clientId, [change], fresh!.announcedAt + promptness)
    if (value !== undefined) return value
  }
  return (await tenant.issue(step.clientId, fresh!.announcedAt + promptness)).value
}

/** A secret whose answer was lost was never delivered: it goes, where nobody else can have made it. */
export async function retireLost(fresh: Fresh, work: Work): Promise<void> {
  const { ledger, unknown } = await unknownHints(fresh, work)
  // Only where nobody else can have made it: an announcement that stands, and one new secret.
  if (!sameLedger(ledger, fresh.announced) || unknown.length > 1)
    throw new Again('the answer to issuing was lost while another run was at work')
  for (const { hint } of unknown) await retireIfAllowed(fresh.clientId, hint, work.shop)
}

/** The hint of a secret whose issue did not say it: the one that was not there before. */
export async function findHint(fresh: Fresh, work: Work): Promise<string> {
  const { unknown } = await unknownHints(fresh, work)
  if (unknown.length === 1) return unknown[0]!.hint
  throw new ActionError(
    'TENANT_UNEXPECTED',
    `the tenant issued a secret without saying its hint, and shows ${unknown.length} new ones`,
    'Run again: the next run issues a fresh one, and retires this one.',
  )
}

async function unknownHints(
  fresh: Fresh,
  { shop }: Work,
): Promise<{ ledger: Ledger | undefined; unknown: ObservedSecret[] }> {
  const { value } = await shop.readers.tenant.client(fresh.clientId)
  const known = new Set(fresh.announced.announced?.known)
  return { ledger: value?.description.ledger, unknown: (value?.secrets ?? []).filter(({ hint }) => !known.has(hint)) }
}
