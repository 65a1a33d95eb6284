import { readingArrivedAt, secondsText } from '../base/duration.ts'
import { type ActionError, cancelledError, toActionError } from '../base/errors.ts'
import { withLedger } from '../ledger/description.ts'
import { lease } from '../ledger/lease.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { withIssuer } from '../ledger/ledger-transitions.ts'
import type { ObservedClient } from '../model/client.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/client-plan.ts'
import type { Issued, NewKey, Timed } from '../ports.ts'
import {
  descriptionBefore,
  longestAnnounceToIssue,
  longestReadToWrite,
  noteWritten,
  PlanAgain,
  planAgainIfLate,
  requireFresh,
  sendBy,
  type Work,
} from './apply-context.ts'
import { findHint, retireAfterLostAnswer } from './find-issued-secret.ts'
import { type AnnouncedCredential, type CriticalSection, inPhase } from './fresh-credential.ts'
import { retireIfAllowed } from './retire-secret.ts'

type IssueStep = Step & { kind: 'issue' }

/**
 * Announces a fresh credential in the ledger, and issues it. From here to the commit is one critical section. If the answer is lost, finds
 * the new secret by reading, retires it, and tries once more.
 */
export async function announceAndIssue(step: IssueStep, work: Work): Promise<true> {
  const by = await work.tools.writers.tenant.caller()
  await requireFresh(work)
  const key = step.credential === 'key' ? await work.tools.writers.tenant.makeKey() : undefined
  await announce({ ...step, ledger: withIssuer(step.ledger, by, key?.issued.hint) }, work)
  if (work.tools.stop.requested) throw cancelledError()
  const { value: issued, at } = await issueWithOneRetry(step, key, work)
  await recordIssued(issued, work)
  await requireInTime(at, work)
  return true
}

async function announce({ clientId, user, ledger }: IssueStep, work: Work): Promise<void> {
  const { clock, writers } = work.tools
  const announcedAt = clock.elapsed()
  // The lease counts from the reading behind the announcement.
  const announced = { ...ledger, announced: { ...ledger.announced!, at: Math.floor(work.reading.now) } }
  const text = withLedger(user, announced)
  const write = writers.tenant.describe(clientId, text, descriptionBefore(work), sendBy(work))
  const { at } = await noteWritten(work, write).catch(planAgainIfLate('the announcement'))
  const answeredAt = clock.elapsed()
  const { githubAt } = work.reading
  const replaced = new Set([work.plan.client?.description.line])
  const section = { clientId, announced, announcedAt, answeredAt, githubAt, user, replaced, mayHaveTwin: false }
  work.fresh = { ...section, phase: 'announced', inDoubt: false }
  if (!isInTime(at, section)) throw new PlanAgain('the announcement in the ledger took too long')
}

/**
 * Was the announcement in time by the tenant's own clock? That clock continues while the host sleeps and the run's own stops. After a late
 * announcement another run may have announced unseen.
 */
function isInTime(at: number, { announced }: CriticalSection): boolean {
  return at < announced.announced!.at + lease
}

/**
 * A secret that was issued too late can't be distinguished later from secrets of other people: it is retired at once, and the run plans
 * again.
 */
async function requireInTime(issuedAt: number, work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'issued')
  if (isInTime(issuedAt, fresh)) return
  await retireIfAllowed(fresh.clientId, fresh.hint, work)
  throw new PlanAgain('the tenant took too long to issue the secret')
}

/** Issues. If the answer was lost, settles that request and tries once more. */
async function issueWithOneRetry(step: IssueStep, key: NewKey | undefined, work: Work): Promise<Timed<Issued>> {
  const once = () => inDoubtUntilAnswered(work, () => issueOnce(step, key, work))
  try {
    return await once()
  } catch (thrown) {
    await waitToIssueAgain(await retireIfIssued(thrown, work), work)
  }
  try {
    return await once()
  } catch (thrown) {
    throw new PlanAgain('the answer to issuing was lost', await retireIfIssued(thrown, work))
  }
}

/** Sends a request that may issue a credential. The credential is in doubt until a good answer or a certain refusal comes. */
export async function inDoubtUntilAnswered<T>(work: Work, send: () => Promise<T>): Promise<T> {
  const fresh = inPhase(work.fresh, 'announced')
  const before = fresh.inDoubt
  fresh.inDoubt = true
  try {
    return await send()
  } catch (thrown) {
    if (thrown instanceof PlanAgain || !toActionError(thrown).uncertain) fresh.inDoubt = before
    throw thrown
  }
}

/** From now on the fresh credential is known by its hint. `listed`: the hint in a reading of the client. */
export async function recordIssued(issued: Issued, work: Work, listed?: string): Promise<void> {
  const { inDoubt: _over, ...section } = inPhase(work.fresh, 'announced')
  const hint = issued.hint ?? listed ?? (await findHint(section, work, issued.createdBy))
  work.fresh = { ...section, phase: 'issued', issued, hint }
}

/**
 * Retires the secret of an issue that may have taken effect, and returns its failure. Throws the failure of an issue that had no effect.
 */
async function retireIfIssued(thrown: unknown, work: Work): Promise<ActionError> {
  if (thrown instanceof PlanAgain) throw thrown
  const error = toActionError(thrown)
  if (error.retryAfter !== undefined && !error.uncertain) throw new PlanAgain('the tenant made us wait', error)
  if (!error.uncertain || work.tools.stop.requested) throw error
  const fresh = inPhase(work.fresh, 'announced')
  // Adding the same key twice is harmless.
  if (fresh.announced.announced!.issuing === undefined) await retireAfterLostAnswer(fresh, work)
  return error
}

/** Waits as the tenant asks before issuing once more, if the announcement lasts that long; else throws `PlanAgain`. */
async function waitToIssueAgain(error: ActionError, { fresh, tools }: Work): Promise<void> {
  if (error.code === 'RATE_LIMITED') throw error
  const wait = error.retryAfter ?? 0
  const age = tools.clock.elapsed() - fresh!.answeredAt
  if (age + wait > longestAnnounceToIssue) throw new PlanAgain('the answer to issuing was lost', error)
  if (wait === 0) return
  tools.reporter.step(`… issuing once more in ${secondsText(wait)}: ${error.message}`)
  await pause(wait, tools)
  if (tools.stop.requested) throw cancelledError()
}

/** Issues by the request that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step: IssueStep, key: NewKey | undefined, work: Work): Promise<Timed<Issued>> {
  const { tenant } = work.tools.writers
  const fresh = inPhase(work.fresh, 'announced')
  if (key !== undefined) return addAnnouncedKey(key, fresh, work)
  const issueBy = fresh.answeredAt + longestAnnounceToIssue
  if (step.addMethod !== undefined) {
    const change = { field: 'authMethods' as const, before: work.plan.client?.authMethods, after: step.addMethod }
    const { value, at } = await tenant.update(step.clientId, [change], issueBy)
    if (value !== undefined) return { value, at }
  }
  return tenant.issue(step.clientId, issueBy)
}

/**
 * Milliseconds between announcing a key and adding it. After this time the announcement of another run that decided before ours must have
 * arrived, also on a slow tenant: its reading and writing take as long there as ours did.
 */
function waitBeforeAddingKey({ announcedAt, answeredAt }: CriticalSection): number {
  return longestReadToWrite + 1000 + 2 * (answeredAt - announcedAt)
}

/**
 * Adds a key to the client's list. The tenant accepts only the whole list, so of two runs that write it at once one would undo the other.
 * Each run therefore announces, waits until every other run would see its announcement, and writes only if it is still there.
 */
async function addAnnouncedKey(key: NewKey, fresh: AnnouncedCredential, work: Work): Promise<Timed<Issued>> {
  const { tools } = work
  const { clock, stop, writers } = tools
  await pause(Math.max(0, fresh.answeredAt + waitBeforeAddingKey(fresh) - clock.elapsed()), tools)
  if (stop.requested) throw cancelledError()
  const check = ({ description }: ObservedClient) => {
    if (!sameLedger(description.ledger, fresh.announced))
      throw new PlanAgain('another run announced at the same moment')
  }
  const askedAt = clock.elapsed()
  const guard = { check, sendBy: () => readingArrivedAt(askedAt, clock.elapsed()) + longestReadToWrite }
  const { value: unwanted, at } = await writers.tenant.addKey(fresh.clientId, key, guard)
  if (unwanted !== undefined) await retireIfAllowed(fresh.clientId, unwanted, work)
  return { value: key.issued, at }
}
