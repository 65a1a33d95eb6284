import { readingArrivedAt } from '../base/duration.ts'
import { ActionError, cancelledError, toActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { withLedger } from '../ledger/description.ts'
import { withGranted, withoutSpaces } from '../ledger/granted-spaces.ts'
import { otherRunAtWork } from '../ledger/lease.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { type Assignment, isUserId, sameRoles } from '../model/space.ts'
import { pause } from '../pause.ts'
import type { SpaceStep } from '../plan/client-plan.ts'
import { noBotYet } from '../plan/plan-spaces.ts'
import { combinedError } from '../plan/wanted-spaces.ts'
import type { GrantResult } from '../ports.ts'
import { isDone, longestReadToWrite, noteWritten, PlanAgain, type Work, warn } from './apply-context.ts'

/**
 * The progress on spaces while a plan is carried out. `bot`: the client's user, once it is known; `granted`: spaces that the ledger must
 * list, each with its mark; `forget`: those that it must not list any more.
 */
export type SpaceWork = {
  bot?: string | undefined
  granted: Map<string, string>
  forget: Set<string>
  isBotMissed?: true
  /** Elapsed milliseconds at the start of the first space. */
  since: number
}

export function startSpaceWork(): SpaceWork {
  return { granted: new Map(), forget: new Set(), since: Number.POSITIVE_INFINITY }
}

type GrantStep = SpaceStep & { kind: 'grant' }
type RevokeStep = SpaceStep & { kind: 'revoke' }

/**
 * Grants or revokes one space; the last step updates the ledger. A refusal is kept for the end of the plan, and the other spaces follow.
 * Returns false if nothing was done. Throws errors that would stop all spaces.
 */
export async function changeSpace(step: SpaceStep, work: Work): Promise<boolean> {
  work.spaces.since = Math.min(work.spaces.since, work.tools.clock.elapsed())
  const done = await attempt(step, work)
  if (step.isLast) await lookBack(work)
  return done
}

async function attempt(step: SpaceStep, work: Work): Promise<boolean> {
  const { spaces, tools } = work
  try {
    return step.kind === 'grant' ? await grant(step, work) : await revoke(step, work)
  } catch (thrown) {
    if (thrown instanceof PlanAgain) throw thrown
    const error = toActionError(thrown)
    if (tools.stop.requested || concernsAllSpaces(error)) throw error
    // A space that was certainly not granted leaves the ledger: if somebody else grants it later, it must not look like ours.
    if (step.kind === 'grant' && step.before === undefined && !error.uncertain) spaces.forget.add(step.space.id)
    if (step.kind === 'revoke' && step.mayStay) warn(`The client’s user stays a member: ${error.message}.`, work)
    else work.failure = combinedError(work.failure === undefined ? [error] : [work.failure, error])
    return false
  }
}

function concernsAllSpaces({ code, status }: ActionError): boolean {
  const always = ['TENANT_UNAUTHORIZED', 'RATE_LIMITED', 'CANCELLED', 'BUG']
  return always.includes(code) || (code === 'TENANT_UNREACHABLE' && status === undefined)
}

function target({ space }: SpaceStep): { id: string; label: string } {
  return { id: space.id, label: space.name }
}

async function revoke(step: RevokeStep, work: Work): Promise<true> {
  const writer = await work.tools.writers.spaces()
  await noteWritten(work, writer.revoke(target(step), step.assignmentId))
  work.spaces.forget.add(step.space.id)
  return true
}

// --- granting ----------------------------------------------------------------------------------------------------------

async function grant(step: GrantStep, work: Work): Promise<boolean> {
  const bot = await botFor(step, work)
  if (bot === undefined) return noBot(step, work)
  if (step.assignmentId !== undefined) {
    await changeRoles(step, step.assignmentId, work)
    return true
  }
  await requireNoted(work, bot)
  const answer = await requestMembership(step, bot, work)
  if (answer === 'granted') return ours(step, work)
  const has = await readMembership(step, bot, work)
  if (has === undefined) throw refused(step)
  if (await isOurs(has, answer, work)) ours(step, work)
  else work.spaces.forget.add(step.space.id)
  if (!sameRoles(has.roles, step.roles)) await changeRoles(step, has.id, work)
  return true
}

function ours({ space, mark }: GrantStep, { spaces, progress }: Work): true {
  spaces.granted.set(space.id, mark)
  progress.granted.add(space.id)
  return true
}

/**
 * Requests a membership, and once more if the first request was lost without effect. `lost`: the membership exists, but the answer was
 * lost.
 */
async function requestMembership(step: GrantStep, bot: string, work: Work): Promise<'granted' | 'taken' | 'lost'> {
  const writer = await work.tools.writers.spaces()
  try {
    return await noteWritten(work, writer.grant(target(step), bot, step.roles), isGranted)
  } catch (thrown) {
    if (!toActionError(thrown).uncertain || work.tools.stop.requested) throw thrown
    if ((await readMembership(step, bot, work)) !== undefined) return 'lost'
    return noteWritten(work, writer.grant(target(step), bot, step.roles), isGranted)
  }
}

const isGranted = (result: GrantResult) => result === 'granted'

async function changeRoles(step: GrantStep, assignmentId: string, work: Work): Promise<void> {
  const writer = await work.tools.writers.spaces()
  const isThere = await noteWritten(work, writer.change(target(step), assignmentId, step.roles), isDone)
  if (!isThere) throw new PlanAgain(`somebody took the client out of space ${plain(step.space.name, 100)}`)
}

async function readMembership(step: GrantStep, bot: string, { tools }: Work): Promise<Assignment | undefined> {
  const reader = await tools.readers.spaces()
  const members = await reader.members(step.space.id, step.space.name, bot)
  return members?.find(({ assigneeId }) => assigneeId === bot)
}

/**
 * Did we, or another run of ours at the same moment, make this membership? If the tenant does not name its maker, it counts as somebody
 * else's.
 */
async function isOurs({ createdBy }: Assignment, answer: 'taken' | 'lost', { tools }: Work): Promise<boolean> {
  if (createdBy === undefined) return answer === 'lost'
  return createdBy === (await tools.writers.tenant.caller())
}

function refused({ space }: GrantStep): ActionError {
  return new ActionError(
    'TENANT_REJECTED',
    `space ${plain(space.name, 100)}: the tenant says that the client’s user is a member already (409), but does not show it among the members`,
    'Is the client’s user the owner of the space? An owner is not a member, and has all roles: leave the space out.',
    { status: 409 },
  )
}

// --- the client's user -------------------------------------------------------------------------------------------------

/** The user that the proof showed, else the user in the plan, else the user that the tenant shows now. */
async function botFor(step: GrantStep, { spaces, progress, plan, tools }: Work): Promise<string | undefined> {
  const proven = progress.botUserId
  spaces.bot ??= proven !== undefined && isUserId(proven) ? proven : step.bot
  if (spaces.bot !== undefined || spaces.isBotMissed) return spaces.bot
  const shown = await (await tools.readers.spaces()).bot(progress.clientId ?? plan.client!.id)
  spaces.bot = shown?.id
  return spaces.bot
}

function noBot(step: GrantStep, { spaces, progress }: Work): false {
  if (!spaces.isBotMissed) progress.notes.push(noBotYet)
  spaces.isBotMissed = true
  spaces.forget.add(step.space.id)
  return false
}

/** The ledger of a commit with the user that the proof showed, if the plan grants it spaces. */
export function withBot(ledger: Ledger, { progress: { botUserId } }: Work): Ledger {
  if (ledger.spaces === undefined || botUserId === undefined || !isUserId(botUserId)) return ledger
  return { ...ledger, bot: botUserId }
}

// --- the ledger --------------------------------------------------------------------------------------------------------

/** The present ledger by the reads and writes of this run. */
function presentLedger({ progress, plan }: Work): Ledger | undefined {
  const noted = progress.done.findLast((step) => step.kind === 'own' || step.kind === 'create')
  return progress.ledger ?? noted?.ledger ?? plan.client?.description.ledger
}

/** Makes sure that the ledger lists a space before the first request to grant it. Usually the plan's own writes have done that. */
async function requireNoted(work: Work, bot: string): Promise<void> {
  const granted = work.plan.steps.filter((step) => step.kind === 'grant' && step.before === undefined) as GrantStep[]
  const marks = Object.fromEntries(granted.map(({ space, mark }) => [space.id, mark]))
  const before = presentLedger(work)?.spaces ?? {}
  if (Object.keys(marks).every((id) => id in before)) return
  const isDone = await changeLedger(work, (ledger) => withGranted(ledger, { ...ledger.spaces, ...marks }, bot))
  if (!isDone) throw new PlanAgain('another run is at work')
}

/**
 * Looks back: removes spaces that we no longer grant, notes the user, and makes sure that the ledger still lists this run's grants
 * although another run may have written it. Throws `PlanAgain` if another run's announcement prevents that.
 */
async function lookBack(work: Work): Promise<void> {
  const { spaces, plan } = work
  const before = presentLedger(work)
  const isListed = [...spaces.forget].some((id) => before?.spaces?.[id] !== undefined)
  const isNewBot = spaces.bot !== undefined && before?.spaces !== undefined && before.bot !== spaces.bot
  // No other run knows a client that was just created.
  const isShared = plan.client !== undefined && spaces.granted.size > 0
  if (!isShared && !isListed && !isNewBot) return
  if (isShared) await waitForUnseenWrites(work)
  const isDone = await changeLedger(work, (ledger) => withSpaceChanges(ledger, work))
  if (!isDone && isShared) throw new PlanAgain('another run is at work')
}

/** Milliseconds after our note within which a run that read the ledger before it may still write. */
const unseenWrites = longestReadToWrite + 1000

/** Waits until no run can overwrite our note unseen. A rotation takes longer than that anyway. */
async function waitForUnseenWrites({ plan, tools, spaces }: Work): Promise<void> {
  if (plan.steps.some(({ kind }) => kind === 'issue')) return
  await pause(Math.max(0, spaces.since + unseenWrites - tools.clock.elapsed()), tools)
}

function withSpaceChanges(ledger: Ledger, { spaces: { granted, forget, bot }, plan }: Work): Ledger {
  const all = withGranted(ledger, { ...ledger.spaces, ...Object.fromEntries(granted) }, bot ?? ledger.bot)
  const left = withoutSpaces(all, forget)
  const isNeeded = left.spaces !== undefined || (plan.spec.spaces ?? []).length > 0
  return isNeeded ? left : withGranted(left, {}, undefined)
}

const mostAttempts = 3

/** Changes the present ledger. Returns false if it has another run's announcement, which only that run may overwrite. */
async function changeLedger(work: Work, change: (ledger: Ledger) => Ledger): Promise<boolean> {
  const { tools, progress, plan } = work
  const clientId = progress.clientId ?? plan.client!.id
  for (let attempt = 1; ; attempt++) {
    const askedAt = tools.clock.elapsed()
    const { value, at } = await tools.readers.tenant.client(clientId)
    const readAt = readingArrivedAt(askedAt, tools.clock.elapsed())
    const ledger = value?.description.ledger
    if (ledger === undefined || otherRunAtWork(ledger, at, plan.run) !== undefined) return false
    const next = change(ledger)
    progress.ledger = next
    if (sameLedger(next, ledger)) return true
    try {
      const text = withLedger(value!.description.user, next)
      await noteWritten(work, tools.writers.tenant.describe(clientId, text, 'filled', readAt + longestReadToWrite))
      return true
    } catch (thrown) {
      const error = toActionError(thrown)
      if (tools.stop.requested) throw cancelledError()
      if (attempt === mostAttempts || !(error.uncertain || error.retryAfter !== undefined)) throw error
    }
  }
}
