import { readingArrivedAt } from '../base/duration.ts'
import { ActionError, toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientPlan } from '../plan/client-plan.ts'
import type { Readers, Reading, Surroundings, Timed, Writers } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import type { Policy } from '../spec/client-spec.ts'
import type { FreshCredential } from './fresh-credential.ts'
import type { SpaceWork } from './grant-spaces.ts'

/** The state of a plan that is carried out. */
export type ApplyTools = Surroundings & { readers: Readers; writers: Writers; policy: Policy }

export type Work = {
  plan: ClientPlan
  reading: Reading
  /** Elapsed milliseconds of the last answer that showed the client, if it came after the reading. */
  restsOn?: number
  tools: ApplyTools
  progress: Progress
  fresh?: FreshCredential | undefined
  /** A first access token of a new client, requested while the client is read back; undefined if there was none yet. */
  early?: Promise<Secret | undefined> | undefined
  spaces: SpaceWork
  /** False if another run was at work, or the delivery is not proven: then nothing is retired. */
  mayRetire: boolean
  /** A failure that stops no step: the run fails with it after all steps. */
  failure?: ActionError | undefined
  /** Requests off the critical path, to be awaited before the end. */
  background: Promise<void>[]
}

/** Thrown if the reading behind the plan is out of date: the run reads and plans again. Not a failure. */
export class PlanAgain {
  readonly why: string
  readonly error: ActionError | undefined
  constructor(why: string, error?: ActionError) {
    this.why = why
    this.error = error
  }
}

/**
 * Milliseconds within which a write of the ledger must follow the answer that it is based on: short enough for runs to notice each other,
 * long enough for a slow tenant.
 */
export const longestReadToWrite = 2000

/** Milliseconds for which the tenant's reads may lag behind our writes, and the milliseconds between two reads meanwhile. */
export const longestLag = 5000
export const readEvery = 300

/** Milliseconds within which issuing must follow the answer to its announcement. */
export const longestAnnounceToIssue = 6000

/**
 * Makes sure that a ledger write is based on a fresh reading: if the plan's is older, reads the client once more, or the list if the
 * client is new. Throws `PlanAgain` if something changed meanwhile.
 */
export async function requireFresh(work: Work): Promise<void> {
  const { tools, plan } = work
  const askedAt = tools.clock.elapsed()
  if (askedAt <= sendBy(work)) return
  const { value, at } =
    plan.client === undefined ? await lookForTwin(work) : await tools.readers.tenant.client(plan.client.id)
  const isAsBefore = plan.client === undefined ? value === undefined : value !== undefined && isAsPlanned(value, work)
  if (!isAsBefore) throw new PlanAgain('the client changed since it was read')
  work.reading = { ...work.reading, now: at }
  work.restsOn = readingArrivedAt(askedAt, tools.clock.elapsed())
}

/** A client that somebody else created meanwhile: a new one would be its twin. */
async function lookForTwin({ tools, plan }: Work): Promise<Timed<ObservedClient | undefined>> {
  const { value: clients, at } = await tools.readers.tenant.clients()
  const { name, pinnedByOthers } = plan.spec
  const owner = plan.steps.find((step) => step.kind === 'create')?.ledger.owner
  const isOurs = ({ description: { ledger } }: ObservedClient) =>
    ledger !== undefined && ledger.owner.repository === owner?.repository && ledger.owner.client === owner.client
  const twin = clients.find((client) => !pinnedByOthers?.has(client.id) && (client.name === name || isOurs(client)))
  return { value: twin, at }
}

/**
 * Is the client unchanged: the same ledger, the same secrets without those that we retired, and, unless the spec sets it, the same
 * description?
 */
function isAsPlanned(seen: ObservedClient, { plan, progress }: Work): boolean {
  const before = plan.client!
  const live = before.secrets.map(({ hint }) => hint).filter((hint) => !progress.retired.includes(hint))
  const isOurs = plan.spec.fields.description !== undefined || seen.description.user === before.description.user
  const hints = new Set(seen.secrets.map(({ hint }) => hint))
  const sameHints = hints.size === live.length && live.every((hint) => hints.has(hint))
  return isOurs && sameHints && seen.description.line === before.description.line
}

/**
 * Elapsed milliseconds until which a write that is based on the reading may be sent. They count from the end of the list if the client is
 * missing, and from its beginning if it exists, because it may be on the first page.
 */
export function sendBy({ reading, plan, restsOn }: Work): number {
  return (restsOn ?? (plan.client === undefined ? reading.listedAt : reading.readAt)) + longestReadToWrite
}

/** Whether the client has a description before this plan writes it: a patch adds or replaces it accordingly. */
export function descriptionBefore({ plan }: Work): 'empty' | 'filled' {
  const description = plan.client?.description
  const wanted = plan.spec.fields.description
  return description === undefined || description.line !== undefined || description.user !== '' || wanted
    ? 'filled'
    : 'empty'
}

/** Revokes an access token, off the critical path. If that fails, the token lives six hours at most. */
export function revokeInBackground(accessToken: Secret, work: Work): void {
  work.background.push(work.tools.writers.prover.revoke(accessToken).catch(() => {}))
}

/** Revokes a first token that is no longer needed. */
export async function revokeEarlyToken(work: Work): Promise<void> {
  const accessToken = await work.early
  work.early = undefined
  if (accessToken !== undefined) revokeInBackground(accessToken, work)
}

/** Notes that something was written, also if the answer was lost. `tookEffect`: whether a good answer says so. */
export async function noteWritten<T>(
  work: Work,
  write: Promise<T>,
  tookEffect: (result: T) => boolean = () => true,
): Promise<T> {
  try {
    const result = await write
    work.progress.changed ||= tookEffect(result)
    return result
  } catch (thrown) {
    work.progress.changed ||= !(thrown instanceof PlanAgain) && toActionError(thrown).uncertain
    throw thrown
  }
}

/** For `noteWritten`: a write that answers whether it did something. */
export function isDone(result: boolean): boolean {
  return result
}

/**
 * Turns the failure of a ledger write into `PlanAgain` if its answer was lost or it was too late: the run reads everything again before it
 * repeats the write.
 */
export function planAgainIfLate(what: string): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof PlanAgain) throw thrown
    const error = toActionError(thrown)
    if (error.uncertain) throw new PlanAgain(`the answer to ${what} was lost`, error)
    throw error.retryAfter === undefined ? error : new PlanAgain('the tenant made us wait', error)
  }
}

/** Reports a warning at once, and in the summary. */
export function warn(text: string, { progress, tools }: Work): void {
  progress.warnings.push(text)
  tools.reporter.warning(text)
}

/** The error of a run that finds its client deleted. */
export function clientGoneError(): ActionError {
  return new ActionError(
    'CLIENT_MISSING',
    'somebody deleted the client while this run was at work on it',
    'Run again: the next run creates it again, unless client-id names it.',
  )
}
