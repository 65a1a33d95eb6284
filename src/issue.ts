import { readAhead } from './deliver.ts'
import type { ObservedSecret } from './domain/client.ts'
import { type Destination, destinationKey, destinationLabel } from './domain/destination.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import { deliveredEntry, type Ledger, sameLedger, withLedger } from './domain/ledger.ts'
import type { Secret } from './domain/secret.ts'
import type { Step } from './domain/steps.ts'
import { plain } from './domain/text.ts'
import { givingUp } from './domain/transitions.ts'
import { writeLedger } from './ledger-write.ts'
import { pause } from './pause.ts'
import type { Issued } from './ports.ts'
import {
  Again,
  cancelled,
  descriptionBefore,
  type Fresh,
  freshness,
  freshOf,
  giveBack,
  promptness,
  requireFresh,
  retireIfAllowed,
  type Work,
  written,
} from './work.ts'

/** Milliseconds for which a new secret may take to work: it and fresh consent have to spread. */
const patience = 20_000

/**
 * Announces a fresh secret in the ledger, and issues it. From here to the commit is one critical section. Where the answer is
 * lost, the new secret is found by reading, retired, and issuing is tried once more.
 */
export async function announceAndIssue(step: Step & { kind: 'issue' }, work: Work): Promise<true> {
  const { clock, writers } = work.shop
  requireFresh(work)
  const announcedAt = clock.elapsed()
  const text = withLedger(step.user, step.ledger)
  const sendBy = work.reading.readAt + freshness
  await written(work, writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy)).catch(againIfLate)
  const fresh: Fresh = {
    clientId: step.clientId,
    announced: step.ledger,
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

async function retireLost(fresh: Fresh, work: Work): Promise<void> {
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

/** Proves the fresh secret with an access token, and sees whose it is. Fails with `VERIFY_FAILED`. */
export async function verify(step: Step & { kind: 'verify' }, work: Work): Promise<boolean> {
  const { prover } = work.shop.writers
  const { clientId, issued, early } = freshOf(work)
  if (step.skip !== undefined) {
    work.progress.notes.push(`The secret was not proven: ${step.skip}.`)
    return false
  }
  const accessToken = (await early) ?? (await tokenWithPatience(clientId, issued!.secret, work))
  freshOf(work).early = undefined
  const ahead = readAhead(work)
  // It fails below, when the token has been given back.
  ahead.catch(() => {})
  const bot = await prover.whoIs(accessToken)
  giveBack(accessToken, work)
  await ahead
  if (bot?.clientId !== undefined && bot.clientId !== clientId) {
    throw new ActionError(
      'VERIFY_FAILED',
      `the new secret signs in as another client, ${plain(bot.clientId)}`,
      'Report this to Qlik: it should not happen. The previous secret stays.',
    )
  }
  work.progress.botUserId = bot?.userId
  return true
}

async function tokenWithPatience(clientId: string, secret: Secret, { shop }: Work): Promise<Secret> {
  const since = shop.clock.elapsed()
  for (let delay = 500; ; delay = Math.min(delay * 2, 4000)) {
    try {
      return await shop.writers.prover.accessToken(clientId, secret)
    } catch (thrown) {
      const error = toActionError(thrown)
      if (shop.stop.requested) throw cancelled()
      if (error.status === undefined || ![400, 401, 403].includes(error.status)) throw error
      if (shop.clock.elapsed() - since + delay > patience) throw verifyFailed(error)
    }
    await pause(delay, shop)
    if (shop.stop.requested) throw cancelled()
  }
}

function verifyFailed(cause: ActionError): ActionError {
  return new ActionError(
    'VERIFY_FAILED',
    `the new secret got no access token within ${patience / 1000} seconds: ${cause.message}`,
    'The previous secret stays in use. Is the client disabled, its consent not trusted, or its limit of access tokens reached? With verify: false the secret is delivered unproven.',
    { cause, trace: cause.trace },
  )
}

/**
 * Ends a section that failed. A secret that no destination can hold is retired at once; one that a destination may hold stays,
 * and the ledger says so. Returns the error to fail with.
 */
export async function abandon(work: Work, error: ActionError): Promise<ActionError> {
  const { fresh } = work
  if (fresh === undefined) return error
  work.fresh = undefined
  const unused = await fresh.early
  if (unused !== undefined) giveBack(unused, work)
  const held = fresh.delivered.length > 0 || fresh.perhaps !== undefined
  try {
    // Issuing may still take effect: the announcement stays, by which the next run knows its secret as ours.
    if (fresh.issued === undefined && error.uncertain) {
      await retireLost(fresh, work)
      return error
    }
    const kept = held || (fresh.issued !== undefined && !(await retireNew(fresh, work))) ? fresh.hint : undefined
    if (!fresh.mayHaveTwin) await takeBack(fresh, kept, work)
    if (!held) await restoreIds(fresh, work)
  } catch (thrown) {
    // With another run at work nothing of what is unknown can be called ours.
    if (thrown instanceof Again) return error
    work.progress.notes.push(`Cleaning up failed too (${toActionError(thrown).message}): the next run does it.`)
  }
  const everywhere = fresh.delivered.length === work.plan.spec.destinations.length
  if (fresh.delivered.length === 0 && fresh.perhaps !== undefined) return perhapsDelivered(fresh.perhaps, error)
  if (fresh.delivered.length === 0 || everywhere || error.code === 'CANCELLED') return error
  return deliveryFailed(work, fresh, error)
}

/** An id beside a secret of another client would spoil both: where the secret did not follow, what stood there comes back. */
async function restoreIds({ idsWritten }: Fresh, { shop }: Work): Promise<void> {
  for (const { destination, before } of idsWritten) await shop.writers.destinations.restoreVariable(destination, before)
}

async function retireNew(fresh: Fresh, work: Work): Promise<boolean> {
  const hint = fresh.hint ?? (await findHint(fresh, work))
  const gone = await retireIfAllowed(fresh.clientId, hint, work.shop)
  if (gone) work.progress.notes.push(`The new secret (${hint}) was delivered nowhere and is retired again.`)
  fresh.hint = hint
  return gone
}

/** Takes the announcement back, where it still stands; a secret that may be held somewhere becomes a suspect. */
async function takeBack(fresh: Fresh, kept: string | undefined, work: Work): Promise<void> {
  const hint = fresh.hint ?? ''
  const { owner } = fresh.announced
  const entries = fresh.delivered.map(({ destination, at, idAt }) => [
    destinationKey(destination),
    deliveredEntry(destination, hint, at, idAt, owner),
  ])
  await writeLedger(fresh, work, (seen) => {
    if (!sameLedger(seen.ledger, fresh.announced)) return undefined
    return { ledger: givingUp(fresh.announced, kept, Object.fromEntries(entries), seen.now) }
  })
}

function perhapsDelivered(destination: Destination, error: ActionError): ActionError {
  const place = plain(destinationLabel(destination))
  const message = `${error.message}; the new secret may or may not have arrived in ${place}`
  const hint = `The previous secret stays live, and the next run delivers a fresh one. ${error.hint}`
  return new ActionError(error.code, message, hint, { cause: error, trace: error.trace, status: error.status })
}

function deliveryFailed(work: Work, fresh: Fresh, cause: ActionError): ActionError {
  const took = new Set(fresh.delivered.map(({ destination }) => destinationKey(destination)))
  const label = (taken: boolean) =>
    work.plan.spec.destinations
      .filter((destination) => took.has(destinationKey(destination)) === taken)
      .map((destination) => plain(destinationLabel(destination)))
      .join('; ') || 'none'
  return new ActionError(
    'DELIVERY_FAILED',
    `the new secret is in: ${label(true)}; not, or not surely, in: ${label(false)} (${cause.code}: ${cause.message})`,
    `All of them hold a live secret, and nothing was retired. Mend the cause and run again: a fresh secret goes to all. ${cause.hint}`,
    { cause, trace: cause.trace },
  )
}
