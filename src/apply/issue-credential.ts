import { arrivedAt, secondsText } from '../base/duration.ts'
import { type ActionError, toActionError } from '../base/errors.ts'
import { lease } from '../ledger/delivery-evidence.ts'
import { withLedger } from '../ledger/description.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { completed } from '../ledger/ledger-transitions.ts'
import type { ObservedClient } from '../model/client.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/steps.ts'
import type { At, Issued, NewKey } from '../ports.ts'
import {
  Again,
  againIfLate,
  cancelled,
  descriptionBefore,
  freshness,
  promptness,
  requireFresh,
  sendBy,
  type Work,
  written,
} from './apply-context.ts'
import { findHint, retireLost } from './find-issued.ts'
import { type Announced, inPhase, type Section } from './fresh-credential.ts'
import { retireIfAllowed } from './retire.ts'

type IssueStep = Step & { kind: 'issue' }

/**
 * Announces a fresh credential in the ledger, and issues it. From here to the commit is one critical section. Where the answer is
 * lost, the new secret is found by reading, retired, and issuing is tried once more.
 */
export async function announceAndIssue(step: IssueStep, work: Work): Promise<true> {
  const by = await work.shop.writers.tenant.caller()
  await requireFresh(work)
  const key = step.credential === 'key' ? await work.shop.writers.tenant.makeKey() : undefined
  await announce({ ...step, ledger: completed(step.ledger, by, key?.issued.hint) }, work)
  if (work.shop.stop.requested) throw cancelled()
  const { value: issued, at } = await issueTwice(step, key, work)
  await hold(issued, work)
  await requireInTime(at, work)
  return true
}

async function announce({ clientId, user, ledger }: IssueStep, work: Work): Promise<void> {
  const { clock, writers } = work.shop
  const announcedAt = clock.elapsed()
  // The lease counts from the reading that the announcement rests on.
  const announced = { ...ledger, announced: { ...ledger.announced!, at: Math.floor(work.reading.now) } }
  const text = withLedger(user, announced)
  const write = writers.tenant.describe(clientId, text, descriptionBefore(work), sendBy(work))
  const { at } = await written(work, write).catch(againIfLate('the announcement'))
  const answeredAt = clock.elapsed()
  const { githubAt } = work.reading
  const replaced = new Set([work.plan.client?.description.line])
  const section = { clientId, announced, announcedAt, answeredAt, githubAt, user, replaced, mayHaveTwin: false }
  work.fresh = { ...section, phase: 'announced', inDoubt: false }
  if (!isInTime(at, section)) throw new Again('announcing took too long')
}

/** By the tenant's own clock, which goes on where the run's own stops: the host sleeps. Who announced later than that is unknown. */
function isInTime(at: number, { announced }: Section): boolean {
  return at < announced.announced!.at + lease
}

/** A secret that was issued so late is told from nobody's: it is retired at once, and all is decided anew. */
async function requireInTime(issuedAt: number, work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'issued')
  if (isInTime(issuedAt, fresh)) return
  await retireIfAllowed(fresh.clientId, fresh.hint, work)
  throw new Again('issuing took too long')
}

/** Issues; where the answer was lost, looks at what came of it, and tries once more. */
async function issueTwice(step: IssueStep, key: NewKey | undefined, work: Work): Promise<At<Issued>> {
  const once = () => inDoubtUntilAnswered(work, () => issueOnce(step, key, work))
  try {
    return await once()
  } catch (thrown) {
    await onceMore(await lookAfter(thrown, work), work)
  }
  try {
    return await once()
  } catch (thrown) {
    throw new Again('the answer to issuing was lost', await lookAfter(thrown, work))
  }
}

/** Sends what may issue a credential: until a good answer comes, or a refusal that is certain, nobody knows whether it did. */
export async function inDoubtUntilAnswered<T>(work: Work, send: () => Promise<T>): Promise<T> {
  const fresh = inPhase(work.fresh, 'announced')
  const before = fresh.inDoubt
  fresh.inDoubt = true
  try {
    return await send()
  } catch (thrown) {
    if (thrown instanceof Again || !toActionError(thrown).uncertain) fresh.inDoubt = before
    throw thrown
  }
}

/** From now on the fresh credential is known by its hint. `listed`: what a reading of the client showed it to be. */
export async function hold(issued: Issued, work: Work, listed?: string): Promise<void> {
  const { inDoubt: _over, ...section } = inPhase(work.fresh, 'announced')
  const hint = issued.hint ?? listed ?? (await findHint(section, work, issued.createdBy))
  work.fresh = { ...section, phase: 'issued', issued, hint }
}

/** The failure of an issue that may have taken effect, once its secret is retired; throws any other, which did not. */
async function lookAfter(thrown: unknown, work: Work): Promise<ActionError> {
  if (thrown instanceof Again) throw thrown
  const error = toActionError(thrown)
  if (error.retryAfter !== undefined && !error.uncertain) throw new Again('the tenant made us wait', error)
  if (!error.uncertain || work.shop.stop.requested) throw error
  const fresh = inPhase(work.fresh, 'announced')
  // A key may be added twice: it is the same one.
  if (fresh.announced.announced!.issuing === undefined) await retireLost(fresh, work)
  return error
}

/** Waits as the tenant asks before issuing once more, where the announcement lasts that long; else it is decided anew. */
async function onceMore(error: ActionError, { fresh, shop }: Work): Promise<void> {
  if (error.code === 'RATE_LIMITED') throw error
  const wait = error.retryAfter ?? 0
  const age = shop.clock.elapsed() - fresh!.answeredAt
  if (age + wait > promptness) throw new Again('the answer to issuing was lost', error)
  if (wait === 0) return
  shop.reporter.step(`… issuing once more in ${secondsText(wait)}: ${error.message}`)
  await pause(wait, shop)
  if (shop.stop.requested) throw cancelled()
}

/** Through the door that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step: IssueStep, key: NewKey | undefined, work: Work): Promise<At<Issued>> {
  const { tenant } = work.shop.writers
  const fresh = inPhase(work.fresh, 'announced')
  if (key !== undefined) return addKey(key, fresh, work)
  const issueBy = fresh.answeredAt + promptness
  if (step.addMethod !== undefined) {
    const change = { field: 'authMethods' as const, before: work.plan.client?.authMethods, after: step.addMethod }
    const { value, at } = await tenant.update(step.clientId, [change], issueBy)
    if (value !== undefined) return { value, at }
  }
  return tenant.issue(step.clientId, issueBy)
}

/**
 * Milliseconds between announcing a key and adding it: longer than another announcement may take that was decided before ours. On a
 * slow tenant that one's reading and writing take as long as ours did.
 */
function exclusion({ announcedAt, answeredAt }: Section): number {
  return freshness + 1000 + 2 * (answeredAt - announcedAt)
}

/**
 * Adds a key to the client's list, which the tenant takes as a whole only: of two runs that write it at once one would undo the
 * other. So every run announces, waits until nobody can announce who has not seen it, and writes only if its own announcement is
 * still there.
 */
async function addKey(key: NewKey, fresh: Announced, work: Work): Promise<At<Issued>> {
  const { shop } = work
  const { clock, stop, writers } = shop
  await pause(Math.max(0, fresh.answeredAt + exclusion(fresh) - clock.elapsed()), shop)
  if (stop.requested) throw cancelled()
  const check = ({ description }: ObservedClient) => {
    if (!sameLedger(description.ledger, fresh.announced)) throw new Again('another run announced at the same moment')
  }
  const askedAt = clock.elapsed()
  const guard = { check, sendBy: () => arrivedAt(askedAt, clock.elapsed()) + freshness }
  const { value: unwanted, at } = await writers.tenant.addKey(fresh.clientId, key, guard)
  if (unwanted !== undefined) await retireIfAllowed(fresh.clientId, unwanted, work)
  return { value: key.issued, at }
}
