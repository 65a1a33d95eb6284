import { ActionError, toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { leaseOfAnother } from '../ledger/rotation-decision.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientPlan } from '../plan/steps.ts'
import type { At, Issued, NewKey, Prepared, Readers, Reading, Surroundings, Writers } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import type { Policy } from '../spec/client-spec.ts'

/** What carrying out a plan works with. */
export type Workshop = Surroundings & { readers: Readers; writers: Writers; policy: Policy }

/** `readAt`: elapsed milliseconds. `idWritten`: its client id stands there already. */
type Ahead = { destination: Destination; prepared: At<Prepared>; readAt: number; idWritten: boolean }

/** A secret between its issue and its commit. */
export type Fresh = {
  clientId: string
  announced: Ledger
  /** Elapsed milliseconds when the announcement was sent. */
  announcedAt: number
  user: string
  /** The key that was made for it, where it is to be one. */
  key?: NewKey | undefined
  issued?: Issued | undefined
  hint?: string | undefined
  /** Not yet known to be the only client of its kind: its announcement stays, by which others know a twin that may go. */
  mayHaveTwin?: boolean | undefined
  /** A first access token, asked for while the new client is read back; undefined where there was none yet. */
  early?: Promise<Secret | undefined> | undefined
  /** What the first delivery needs, read while the secret is proven. */
  ahead?: Ahead | undefined
  /** Writes that GitHub answered, with its time. */
  delivered: { destination: Destination; at: number; idAt?: number | undefined }[]
  /** Client ids written to variables before the secret, and what stood there: taken back where the secret does not follow. */
  idsWritten: { destination: Destination; before: string | undefined }[]
  /** Somebody wrote to a destination between our announcement and our delivery. */
  overtaken?: boolean | undefined
  /** A delivery of which nobody can say whether it took effect. */
  perhaps?: Destination | undefined
}

export type Work = {
  plan: ClientPlan
  reading: Reading
  shop: Workshop
  progress: Progress
  fresh?: Fresh | undefined
  /** False where another run was at work: then nothing is retired. */
  settled: boolean
  /** Requests off the critical path, to be awaited before the end. */
  background: Promise<void>[]
}

/** Thrown where the plan rests on what is no longer so: read again, decide again. Not a failure. */
export class Again {
  readonly why: string
  readonly error: ActionError | undefined
  constructor(why: string, error?: ActionError) {
    this.why = why
    this.error = error
  }
}

/** Milliseconds within which a write of the ledger must follow the reading that it rests on. */
export const freshness = 2000

/** Milliseconds within which issuing must follow its announcement. */
export const promptness = 6000

/**
 * Sees to it that a ledger write rests on a reading of just now: where the plan's is older, the client is read once more. Throws
 * `Again` where it changed meanwhile, or is not there yet.
 */
export async function requireFresh(work: Work): Promise<void> {
  const { shop, reading, plan } = work
  if (shop.clock.elapsed() - reading.readAt <= freshness) return
  if (plan.client === undefined) throw new Again('what was read is more than two seconds old')
  const readAt = shop.clock.elapsed()
  const { value, at } = await shop.readers.tenant.client(plan.client.id)
  if (value === undefined || !isAsPlanned(value, work)) throw new Again('the client changed since it was read')
  work.reading = { ...reading, readAt, now: at }
}

/** The same ledger, the same secrets but for those that we retired, and what people wrote, unless the spec says that. */
function isAsPlanned(seen: ObservedClient, { plan, progress }: Work): boolean {
  const before = plan.client!
  const live = before.secrets.map(({ hint }) => hint).filter((hint) => !progress.retired.includes(hint))
  const isOurs = plan.spec.fields.description !== undefined || seen.description.user === before.description.user
  const hints = new Set(seen.secrets.map(({ hint }) => hint))
  const sameHints = hints.size === live.length && live.every((hint) => hints.has(hint))
  return isOurs && sameHints && seen.description.line === before.description.line
}

export function freshOf(work: Work): Fresh {
  if (work.fresh === undefined)
    throw new ActionError(
      'BUG',
      'a step came before its secret was issued',
      'This is a defect of the action. Please report it.',
    )
  return work.fresh
}

/**
 * Retires a secret or a key. The tenant takes the list of keys as a whole only, so none is written while another run may be writing
 * one: `Again` then.
 */
export async function retire(clientId: string, hint: string, { shop, plan }: Work): Promise<void> {
  const check = ({ description }: ObservedClient, now: number) => {
    if (leaseOfAnother(description.ledger, now, plan.run) !== undefined) throw new Again('another run is at work')
  }
  const sendBy = shop.clock.elapsed() + freshness
  await shop.writers.tenant.retire(clientId, hint, { check, sendBy }).catch((thrown: unknown) => {
    const late = isKeyHint(hint) && thrown instanceof ActionError && thrown.retryAfter !== undefined
    throw late ? new Again('the tenant made us wait', thrown) : thrown
  })
}

/** Retires a secret; false where the tenant refuses, as it may for a client's last one. */
export async function retireIfAllowed(clientId: string, hint: string, work: Work): Promise<boolean> {
  try {
    await retire(clientId, hint, work)
    return true
  } catch (thrown) {
    if (thrown instanceof Again) throw thrown
    const error = toActionError(thrown)
    if (error.code === 'TENANT_REJECTED') return false
    throw error
  }
}

export function cancelled(): ActionError {
  return new ActionError('CANCELLED', 'the run was asked to stop', 'Start it again: the next run goes on from here.')
}

/** Whether the client has a description before this plan writes it: it decides how a patch has to be said. */
export function descriptionBefore({ plan }: Work): 'empty' | 'filled' {
  const description = plan.client?.description
  const wanted = plan.spec.fields.description
  return description === undefined || description.line !== undefined || description.user !== '' || wanted
    ? 'filled'
    : 'empty'
}

/** Revokes an access token, off the critical path; one that stays lives six hours at most. */
export function giveBack(accessToken: Secret, work: Work): void {
  work.background.push(work.shop.writers.prover.revoke(accessToken).catch(() => {}))
}

/** Notes that something was written, also where only the answer got lost. */
export async function written<T>(work: Work, write: Promise<T>): Promise<T> {
  try {
    const result = await write
    work.progress.changed = true
    return result
  } catch (thrown) {
    work.progress.changed ||= !(thrown instanceof Again) && toActionError(thrown).uncertain
    throw thrown
  }
}
