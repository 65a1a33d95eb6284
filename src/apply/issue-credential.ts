import { secondsText } from '../base/duration.ts'
import { ActionError, toActionError } from '../base/errors.ts'
import { withLedger } from '../ledger/description.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { announcingKey } from '../ledger/ledger-transitions.ts'
import type { ObservedClient, ObservedSecret } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/steps.ts'
import type { Issued, NewKey } from '../ports.ts'
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
} from './apply-context.ts'

/**
 * Announces a fresh secret in the ledger, and issues it. From here to the commit is one critical section. Where the answer is
 * lost, the new secret is found by reading, retired, and issuing is tried once more.
 */
export async function announceAndIssue(step: Step & { kind: 'issue' }, work: Work): Promise<true> {
  const { clock, writers } = work.shop
  await requireFresh(work)
  const announcedAt = clock.elapsed()
  // The lease counts from the reading that the announcement rests on.
  const key = step.credential === 'key' ? await writers.tenant.makeKey() : undefined
  const planned = announcingKey(step.ledger, key?.issued.hint)
  const announced = { ...planned, announced: { ...planned.announced!, at: Math.floor(work.reading.now) } }
  const text = withLedger(step.user, announced)
  const sendBy = work.reading.readAt + freshness
  await written(work, writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy)).catch(againIfLate)
  const fresh: Fresh = {
    clientId: step.clientId,
    announced,
    announcedAt,
    user: step.user,
    key,
    delivered: [],
    idsWritten: [],
  }
  work.fresh = fresh
  if (work.shop.stop.requested) throw cancelled()
  requirePrompt(fresh, work)
  fresh.issued = await issueOnce(step, work).catch(async (thrown: unknown) => {
    await onceMore(fresh, await lost(thrown, fresh, work), work)
    return issueOnce(step, work).catch(async (again: unknown) => {
      throw new Again('the answer to issuing was lost', await lost(again, fresh, work))
    })
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

/** The failure of an issue that may have taken effect, once its secret is retired; throws any other, which did not. */
async function lost(thrown: unknown, fresh: Fresh, work: Work): Promise<ActionError> {
  if (thrown instanceof Again) throw thrown
  const error = toActionError(thrown)
  if (error.retryAfter !== undefined && !error.uncertain) throw new Again('the tenant made us wait', error)
  if (!error.uncertain || work.shop.stop.requested) throw error
  if (fresh.key === undefined) await retireLost(fresh, work)
  return error
}

/** Waits as the tenant asks before issuing once more, where the announcement lasts that long; else it is decided anew. */
async function onceMore({ announcedAt }: Fresh, error: ActionError, { shop }: Work): Promise<void> {
  if (error.code === 'RATE_LIMITED') throw error
  const wait = error.retryAfter ?? 0
  if (shop.clock.elapsed() + wait - announcedAt > promptness) throw new Again('the answer to issuing was lost', error)
  if (wait === 0) return
  shop.reporter.step(`… issuing once more in ${secondsText(wait)}: ${error.message}`)
  await pause(wait, shop)
  if (shop.stop.requested) throw cancelled()
}

/** Through the door that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step: Step & { kind: 'issue' }, work: Work): Promise<Issued> {
  const { shop, plan, fresh } = work
  const { tenant } = shop.writers
  if (fresh?.key !== undefined) return addKey(fresh.key, fresh, work)
  if (step.addMethod !== undefined) {
    const change = { field: 'authMethods' as const, before: plan.client?.authMethods, after: step.addMethod }
    const { value } = await tenant.update(step.clientId, [change], fresh!.announcedAt + promptness)
    if (value !== undefined) return value
  }
  return (await tenant.issue(step.clientId, fresh!.announcedAt + promptness)).value
}

/** Milliseconds between announcing a key and adding it: longer than another announcement may take that was decided before ours. */
const exclusion = freshness + 1000

/**
 * Adds a key to the client's list, which the tenant takes as a whole only: of two runs that write it at once one would undo the
 * other. So every run announces, waits until nobody can announce who has not seen it, and goes on only if its own announcement
 * stands.
 */
async function addKey(key: NewKey, fresh: Fresh, { shop }: Work): Promise<Issued> {
  const { clock, stop, writers } = shop
  await pause(Math.max(0, fresh.announcedAt + exclusion - clock.elapsed()), shop)
  if (stop.requested) throw cancelled()
  const check = ({ description }: ObservedClient) => {
    if (!sameLedger(description.ledger, fresh.announced)) throw new Again('another run announced at the same moment')
  }
  await writers.tenant.addKey(fresh.clientId, key, { check, sendBy: clock.elapsed() + freshness })
  return key.issued
}

/** A secret whose answer was lost was never delivered: it goes, where nobody else can have made it. */
export async function retireLost(fresh: Fresh, work: Work): Promise<void> {
  const { ledger, unknown } = await unknownHints(fresh, work)
  // Only where nobody else can have made it: an announcement that stands, and one new secret.
  if (!sameLedger(ledger, fresh.announced) || unknown.length > 1)
    throw new Again('the answer to issuing was lost while another run was at work')
  for (const { hint } of unknown) await retireIfAllowed(fresh.clientId, hint, work)
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
  const { known, issuing } = fresh.announced.announced!
  const isNew = ({ hint }: ObservedSecret) =>
    issuing === undefined ? !isKeyHint(hint) && !known.includes(hint) : hint === issuing
  return { ledger: value?.description.ledger, unknown: (value?.secrets ?? []).filter(isNew) }
}
