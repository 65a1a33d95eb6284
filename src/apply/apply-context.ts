import { arrivedAt } from '../base/duration.ts'
import { ActionError, toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientPlan } from '../plan/steps.ts'
import type { At, Readers, Reading, Surroundings, Writers } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import type { Policy } from '../spec/client-spec.ts'
import type { Fresh } from './fresh-credential.ts'
import type { SpaceWork } from './grant-spaces.ts'

/** What carrying out a plan works with. */
export type Workshop = Surroundings & { readers: Readers; writers: Writers; policy: Policy }

export type Work = {
  plan: ClientPlan
  reading: Reading
  /** Elapsed milliseconds when the client was there as it was read last, where that was after the reading. */
  restsOn?: number
  shop: Workshop
  progress: Progress
  fresh?: Fresh | undefined
  /** A first access token of a new client, asked for while that is read back; undefined where there was none yet. */
  early?: Promise<Secret | undefined> | undefined
  spaces: SpaceWork
  /** False where another run was at work: then nothing is retired. */
  settled: boolean
  /** A failure that stops none of the steps: the run fails with it when all of them are done. */
  failure?: ActionError | undefined
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

/**
 * Milliseconds within which a write of the ledger must follow the reading that it rests on, from when that was there: so many runs
 * notice each other, and a tenant that answers slowly is served all the same.
 */
export const freshness = 2000

/** Milliseconds for which the tenant's reads may lag behind what it answered to our writes, and between two looks meanwhile. */
export const mostLag = 5000
export const lookEvery = 300

/** Milliseconds within which issuing must follow the answer to its announcement. */
export const promptness = 6000

/**
 * Sees to it that a ledger write rests on a reading of just now: where the plan's is older, the client alone is read once more, or the
 * list where it is to be created. Throws `Again` where something changed meanwhile. Members of spaces are read after the ledger, which
 * decides whose they are: so it must be the same still.
 */
export async function requireFresh(work: Work): Promise<void> {
  const { shop, plan } = work
  const isNewest = plan.client === undefined || work.reading.spaces === undefined
  const askedAt = shop.clock.elapsed()
  if (isNewest && askedAt <= sendBy(work)) return
  const { value, at } =
    plan.client === undefined ? await lookForTwin(work) : await shop.readers.tenant.client(plan.client.id)
  const isAsBefore = plan.client === undefined ? value === undefined : value !== undefined && isAsPlanned(value, work)
  if (!isAsBefore) throw new Again('the client changed since it was read')
  work.reading = { ...work.reading, spaces: undefined, now: at }
  work.restsOn = arrivedAt(askedAt, shop.clock.elapsed())
}

/** A client that somebody else made meanwhile, which a new one would be the twin of. */
async function lookForTwin({ shop, plan }: Work): Promise<At<ObservedClient | undefined>> {
  const { value: clients, at } = await shop.readers.tenant.clients()
  const { name, pinnedByOthers } = plan.spec
  const owner = plan.steps.find((step) => step.kind === 'create')?.ledger.owner
  const isOurs = ({ description: { ledger } }: ObservedClient) =>
    ledger !== undefined && ledger.owner.repository === owner?.repository && ledger.owner.client === owner.client
  const twin = clients.find((client) => !pinnedByOthers?.has(client.id) && (client.name === name || isOurs(client)))
  return { value: twin, at }
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

/**
 * Elapsed milliseconds until which a write may be sent that rests on the reading. That a client is not there is known by the end of the
 * list; one that is there may be on its first page.
 */
export function sendBy({ reading, plan, restsOn }: Work): number {
  return (restsOn ?? (plan.client === undefined ? reading.listedAt : reading.readAt)) + freshness
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

/** The same for a first token that nobody needs any more. */
export async function giveBackEarly(work: Work): Promise<void> {
  const accessToken = await work.early
  work.early = undefined
  if (accessToken !== undefined) giveBack(accessToken, work)
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

/** For a ledger write whose answer was lost, or that came too late: nothing of it is repeated blindly, all is read again. */
export function againIfLate(what: string): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof Again) throw thrown
    const error = toActionError(thrown)
    if (error.uncertain) throw new Again(`the answer to ${what} was lost`, error)
    throw error.retryAfter === undefined ? error : new Again('the tenant made us wait', error)
  }
}
