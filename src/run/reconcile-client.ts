import { Again, cancelled, freshness } from '../apply/apply-context.ts'
import { apply } from '../apply/apply-plan.ts'
import { secondsText } from '../base/duration.ts'
import { ActionError, toActionError } from '../base/errors.ts'
import { patience } from '../base/retry-policy.ts'
import { plain } from '../base/text.ts'
import type { Destination } from '../model/destination.ts'
import { pause } from '../pause.ts'
import { clientLabel } from '../plan/find-client.ts'
import { placesOf } from '../plan/leftovers.ts'
import { planClient } from '../plan/plan-client.ts'
import { needOf } from '../plan/request-cost.ts'
import type { ClientPlan } from '../plan/steps.ts'
import type { Enter, Readers, Reading, Surroundings } from '../ports.ts'
import { type Outcome, outcomeOf, type Progress, startProgress } from '../report/outcome.ts'
import { stepLine } from '../report/step-text.ts'
import type { Actor, ClientSpec, Policy } from '../spec/client-spec.ts'
import { observe } from './observe.ts'

/**
 * `beside`: clients of the run's files that it leaves alone. `file`: whether the clients are `all` of a file, or those that the input
 * `only` has `chosen`; undefined where inputs describe one.
 */
export type RunRequest = {
  clients: ClientSpec[]
  beside: ClientSpec[]
  file: 'all' | 'chosen' | undefined
  actor: Actor
  policy: Policy
}

/** What a run works with. In plan mode nothing is let in: it can't write. */
export type World = Surroundings & { readers: Readers; enter?: Enter | undefined }

/** Seconds for which a run waits for others before it gives up, and how often it decides anew before it calls that a failure. */
const patienceWithOthers = 120
const mostRounds = 6

/** `waiting` is told what keeps the client from its turn. */
type Settling = {
  spec: ClientSpec
  request: RunRequest
  world: World
  waiting: (text: string) => void
  progress: Progress
  seen?: ReadonlySet<string>
}

/** A decision and the reading that it rests on. */
type Decision = { plan: ClientPlan; reading: Reading }

/**
 * Brings one client to what its spec says, or in plan mode says what that would take. `reading`: one of all; `now`: the tenant's time
 * where there is none. A failure is the outcome's `error`.
 */
export async function settle(
  spec: ClientSpec,
  { reading, now }: { reading: Promise<Reading>; now: number },
  request: RunRequest,
  world: World,
  waiting: (text: string) => void,
): Promise<Outcome> {
  const settling: Settling = { spec, request, world, waiting, progress: startProgress() }
  const { mode } = request.policy
  let first: ClientPlan | undefined
  let latest: Decision | undefined
  const outcome = (error?: ActionError) => {
    const { progress } = settling
    return outcomeOf({ spec, mode, first, plan: latest?.plan, now: latest?.reading.now ?? now, progress, error })
  }
  try {
    const decision = await firstDecision(settling, await reading)
    latest = decision
    first = decision.plan
    tell(decision.plan, world)
    if (world.enter === undefined) return outcome(tellPlan(settling, decision.plan))
    await carryOut(settling, decision, world.enter, (later) => {
      latest = later
    })
    return outcome()
  } catch (thrown) {
    for (const note of settling.progress.notes) world.reporter.notice(note)
    return outcome(toActionError(thrown))
  }
}

/** Carries out a decision; what turns out to be out of date is decided anew, and told to `decided`. */
async function carryOut(
  settling: Settling,
  first: Decision,
  enter: Enter,
  decided: (decision: Decision) => void,
): Promise<void> {
  const { world } = settling
  let decision = first
  let spent = 0
  const take = (later: Decision) => {
    decision = later
    decided(later)
  }
  for (let round = 1; ; round++) {
    if (decision.plan.wait !== undefined) take(await outwait(settling, decision))
    const again = await tryPlan(settling, decision, enter, take)
    if (again === undefined) break
    if (round === mostRounds) throw again.error ?? tooSlow(again)
    if (again.error !== undefined) spent = await outlast(again.error, { spent, round }, world)
    take(await decideAnew(settling, decision.plan))
  }
  if (world.stop.requested) throw cancelled()
  closingWords(settling, decision.plan)
}

/**
 * A lost answer may mean that the tenant is in trouble: it gets time as it asks, or half a minute in all. Throws the failure where
 * that is over. Returns the milliseconds that were spent so far.
 */
async function outlast(
  error: ActionError,
  { spent, round }: { spent: number; round: number },
  world: World,
): Promise<number> {
  const { retryAfter } = error
  const wait = retryAfter ?? 500 * 2 ** round
  const after = spent + error.spent + (retryAfter === undefined ? wait : 0)
  const isLimited = error.code === 'RATE_LIMITED' && retryAfter === undefined
  if (isLimited || after >= patience) throw error
  if (wait > 0) world.reporter.step(`… waiting ${secondsText(wait)}: ${error.message}`)
  await pause(wait, world)
  return after
}

function decide({ spec, request, seen }: Settling, reading: Reading): Decision {
  const { actor, policy, clients, beside } = request
  return { reading, plan: planClient(spec, reading, { actor, policy, seen, fleet: [...clients, ...beside] }) }
}

async function firstDecision(settling: Settling, first: Reading): Promise<Decision> {
  let decision = decide(settling, first)
  const isRead = (destination: Destination) => settling.spec.destinations.includes(destination)
  if (!destinationsOf(settling, decision.plan).every(isRead)) decision = await decideAnew(settling, decision.plan)
  settling.seen = new Set(decision.plan.client?.secrets.map(({ hint }) => hint))
  return decision
}

/** What is to be destroyed are also the destinations that only the ledger names: what lies there decides what may go. */
function destinationsOf({ spec, request }: Settling, { client }: ClientPlan): Destination[] {
  return spec.state === 'absent' ? placesOf(spec, client?.description.ledger, request.actor) : spec.destinations
}

async function decideAnew(
  settling: Settling,
  before: ClientPlan,
  readers: Readers = settling.world.readers,
): Promise<Decision> {
  const { spec, request, world } = settling
  const asked = { destinations: destinationsOf(settling, before), specs: [spec], here: request.actor.repository }
  return decide(settling, await observe(asked, readers, world.clock))
}

/**
 * Carries out a plan once the limits can serve all of it; what was read long before that is read again first. Returns why to read
 * and decide again, if that is needed.
 */
async function tryPlan(
  settling: Settling,
  decision: Decision,
  enter: Enter,
  take: (later: Decision) => void,
): Promise<Again | undefined> {
  const { world, request, progress } = settling
  if (decision.plan.steps.length === 0) return undefined
  const section = await enter(needOf(decision.plan.steps), world.reporter, settling.waiting)
  try {
    if (world.stop.requested) throw cancelled()
    let current = decision
    if (world.clock.elapsed() - decision.reading.answeredAt > freshness) {
      current = await decideAnew(settling, decision.plan, section.readers)
      take(current)
    }
    if (current.plan.wait !== undefined) throw new Again('another run began meanwhile')
    const { readers, writers } = section
    await apply(current.plan, current.reading, { ...world, readers, writers, policy: request.policy }, progress)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof Again)) throw thrown
    world.reporter.step(`… reading again: ${thrown.why}`)
    return thrown
  } finally {
    section.leave()
  }
}

/** Waits until no other run's announcement is fresh, asking every few seconds. */
async function outwait(settling: Settling, decision: Decision): Promise<Decision> {
  const { spec, world } = settling
  const { clock, reporter, stop } = world
  const since = { elapsed: clock.elapsed(), now: decision.reading.now }
  let latest = decision
  reporter.notice(
    `Another run (${plain(decision.plan.wait!.run, 60)}) is at work on ${plain(spec.name, 80)}; waiting for its end.`,
  )
  while (latest.plan.wait !== undefined) {
    const left = latest.plan.wait.until - latest.reading.now
    await pause(Math.min(Math.max(left, 0.5), 3) * 1000, world)
    if (stop.requested) throw cancelled()
    latest = await decideAnew(settling, latest.plan)
    const waited = Math.max(latest.reading.now - since.now, (clock.elapsed() - since.elapsed) / 1000)
    if (latest.plan.wait !== undefined && waited >= patienceWithOthers) throw busy(latest.plan)
  }
  return latest
}

function busy(plan: ClientPlan): ActionError {
  const client = plan.client === undefined ? plain(plan.spec.name) : clientLabel(plan.client)
  return new ActionError(
    'CLIENT_BUSY',
    `other runs were at work on ${client} for two minutes (the last one is ${plain(plan.wait!.run, 60)})`,
    'Give the workflows that manage this client one concurrency group, and run again.',
  )
}

function tooSlow(again: Again): ActionError {
  return new ActionError(
    'CLIENT_BUSY',
    `decided ${mostRounds} times, and each time it was out of date at once: ${again.why}`,
    'The tenant answers slowly, or others change the client all the time. Run again later.',
  )
}

// --- telling ---------------------------------------------------------------------------------------------------------

function tell(plan: ClientPlan, { reporter }: World): void {
  const { spec, client } = plan
  for (const warning of plan.warnings) reporter.warning(warning)
  if (spec.state === 'absent') return
  if (client !== undefined && plan.adopted) {
    reporter.notice(
      `${clientLabel(client)} already existed: it is adopted. From now on its fields follow the workflow or the spec file. Its own secrets stay valid.`,
    )
  }
}

function closingWords(settling: Settling, plan: ClientPlan): void {
  const { spec, progress, world } = settling
  if (progress.done.length === 0) world.reporter.step(`✓ ${nothingToDo(settling)}`)
  for (const note of progress.notes) world.reporter.notice(note)
  if (spec.state !== 'absent' || plan.client === undefined) return
  const bot = `The client’s user (subject qlikbot\\${plan.client.id}) stays on the tenant: Qlik does not delete it with the client.`
  progress.notes.push(bot)
  world.reporter.notice(bot)
}

/** Tells a plan that is not carried out. Returns the failure that drift is, where it is to be one. */
function tellPlan(settling: Settling, { spec, steps, drift }: ClientPlan): ActionError | undefined {
  const { policy, clients } = settling.request
  const { reporter } = settling.world
  if (steps.length === 0) reporter.step(`○ ${nothingToDo(settling)}`)
  for (const [index, step] of steps.entries()) reporter.step(stepLine(step, 'planned', steps.slice(0, index)))
  if (!drift || !policy.failOnDrift || policy.mode !== 'plan') return undefined
  const several = clients.length > 1
  const hint = 'Run with mode: apply to make these changes. The job summary shows each of them, field by field.'
  return new ActionError('DRIFT_FOUND', `${several ? '' : `${plain(spec.name)} `}differs from the spec`, hint)
}

/** Of several clients each line says whose it is anyway. */
function nothingToDo({ spec, request }: Settling): string {
  return request.clients.length > 1 ? 'nothing to do' : `${plain(spec.name, 80)}: nothing to do`
}
