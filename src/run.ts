import { apply } from './apply.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import { clientLabel } from './domain/identify.ts'
import { droppedDestinations } from './domain/ledger.ts'
import { currentSecret, type Outcome, resultOf, retiringSecrets } from './domain/outcome.ts'
import { planClient } from './domain/plan.ts'
import { stepLine } from './domain/render.ts'
import { scopeWarnings } from './domain/scopes.ts'
import type { Actor, ClientSpec, Policy } from './domain/spec.ts'
import type { ClientPlan } from './domain/steps.ts'
import { plain } from './domain/text.ts'
import { observe, type Reading } from './observe.ts'
import { pause } from './pause.ts'
import type { Readers, Surroundings, Writers } from './ports.ts'
import { Again, cancelled, type Progress, startProgress } from './work.ts'

export type RunRequest = { clients: ClientSpec[]; actor: Actor; policy: Policy }

/** What a run works with. In plan mode there are no writers: it can't write. */
export type World = Surroundings & { readers: Readers; writers?: Writers | undefined }

/** Seconds for which a run waits for others before it gives up, and how often it decides anew before it calls that a failure. */
const patienceWithOthers = 120
const mostRounds = 6

/**
 * Brings every client to what its spec says, or in plan mode says what that would take. One client's failure is its outcome's
 * `error`, and stops no other. Throws only what concerns all: what could not be read.
 */
export async function run(request: RunRequest, world: World): Promise<Outcome[]> {
  const places = request.clients.flatMap(({ destinations }) => destinations)
  const first = await observe(places, world.readers, world.clock, request.policy.mode)
  const outcomes: Outcome[] = []
  for (const spec of request.clients) outcomes.push(await settle(spec, first, request, world))
  return outcomes
}

type Settling = {
  spec: ClientSpec
  request: RunRequest
  world: World
  seen?: ReadonlySet<string> | undefined
  progress: Progress
}

async function settle(spec: ClientSpec, first: Reading, request: RunRequest, world: World): Promise<Outcome> {
  const progress = startProgress()
  const settling: Settling = { spec, request, world, progress }
  let plan: ClientPlan | undefined
  let reading = first
  try {
    plan = decide(settling, first)
    const known =
      request.policy.mode === 'destroy' ? droppedDestinations(plan.client?.description.ledger, spec.destinations) : []
    if (known.length > 0) {
      // Places that only the ledger names: what lies there decides what may go.
      reading = await observe([...spec.destinations, ...known], world.readers, world.clock, 'destroy')
      plan = decide(settling, reading)
    }
    settling.seen = new Set(plan.client?.secrets.map(({ hint }) => hint))
    tell(plan, request.policy, world)
    if (world.writers === undefined) return planned(settling, plan, reading)
    const original = plan
    for (let round = 1; ; round++) {
      const again = await carryOut(settling, plan, reading)
      if (again === undefined) break
      if (round === mostRounds) throw again.error ?? tooSlow(again)
      // A lost answer may mean that the tenant is in trouble: it gets time, about half a minute in all.
      if (again.error !== undefined) await pause(again.error.retryAfter ?? 500 * 2 ** round, world)
      reading = await observe(spec.destinations, world.readers, world.clock, request.policy.mode)
      plan = decide(settling, reading)
    }
    if (world.stop.requested) throw cancelled()
    closingWords(settling, original)
    return finished(settling, original, plan, reading)
  } catch (thrown) {
    return failed(settling, plan, reading, toActionError(thrown))
  }
}

function decide({ spec, request, seen }: Settling, reading: Reading): ClientPlan {
  return planClient(spec, reading, { actor: request.actor, policy: request.policy, seen })
}

/** One round: waits for another run, or applies the plan. Returns why to read and decide again, if that is needed. */
async function carryOut(settling: Settling, plan: ClientPlan, reading: Reading): Promise<Again | undefined> {
  const { request, world, progress } = settling
  const current = plan.wait === undefined ? { plan, reading } : await outwait(settling, plan, reading)
  const { writers } = world
  try {
    await apply(current.plan, current.reading, { ...world, writers: writers!, policy: request.policy }, progress)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof Again)) throw thrown
    world.reporter.step(`… reading again: ${thrown.why}`)
    return thrown
  }
}

/** Waits until no other run's announcement is fresh, asking every few seconds. */
async function outwait(
  settling: Settling,
  plan: ClientPlan,
  reading: Reading,
): Promise<{ plan: ClientPlan; reading: Reading }> {
  const { spec, world } = settling
  const { clock, reporter, stop } = world
  const since = { elapsed: clock.elapsed(), now: reading.now }
  let latest = { plan, reading }
  reporter.notice(
    `Another run (${plain(plan.wait!.run, 60)}) is at work on ${plain(spec.name, 80)}; waiting for its end.`,
  )
  while (latest.plan.wait !== undefined) {
    const left = latest.plan.wait.until - latest.reading.now
    await pause(Math.min(Math.max(left, 0.5), 3) * 1000, world)
    if (stop.requested) throw cancelled()
    const next = await observe(spec.destinations, world.readers, clock, settling.request.policy.mode)
    latest = { reading: next, plan: decide(settling, next) }
    const waited = Math.max(next.now - since.now, (clock.elapsed() - since.elapsed) / 1000)
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

function tell(plan: ClientPlan, policy: Policy, { reporter }: World): void {
  const { spec, client } = plan
  if (policy.mode === 'destroy') return
  for (const warning of [
    ...plan.warnings,
    ...scopeWarnings(spec.fields.scopes ?? [], spec.fields.grantTypes ?? client?.grantTypes ?? []),
  ])
    reporter.warning(warning)
  if (client !== undefined && plan.adopted) {
    reporter.notice(
      `${clientLabel(client)} was there before: it is adopted. What is written here is kept in order from now on; the secrets it has are left alone.`,
    )
  }
}

function closingWords({ spec, progress, world, request }: Settling, plan: ClientPlan): void {
  if (progress.done.length === 0) world.reporter.step(`✓ ${plain(spec.name, 80)}: nothing to do`)
  for (const note of progress.notes) world.reporter.notice(note)
  if (request.policy.mode !== 'destroy' || plan.client === undefined) return
  const bot = `The client's user on the tenant (subject qlikbot\\${plan.client.id}) stays behind: Qlik does not delete it with the client.`
  progress.notes.push(bot)
  world.reporter.notice(bot)
}

// --- outcomes --------------------------------------------------------------------------------------------------------

function base(
  { spec, request, progress }: Settling,
  plan: ClientPlan | undefined,
  reading: Reading,
): Omit<Outcome, 'result' | 'steps'> {
  return {
    name: spec.name,
    mode: request.policy.mode,
    plan,
    clientId: progress.clientId ?? plan?.client?.id,
    changed: progress.changed,
    drift: plan?.drift ?? false,
    current: plan && currentSecret(plan),
    botUserId: progress.botUserId,
    foreign: plan?.foreign.filter(({ hint }) => !progress.retired.includes(hint)) ?? [],
    retiring: retiringSecrets(
      progress.ledger ?? plan?.client?.description.ledger,
      (plan?.client?.secrets ?? []).map(({ hint }) => hint).filter((hint) => !progress.retired.includes(hint)),
      spec.rotation.grace,
    ),
    destinations: spec.destinations,
    notes: progress.notes,
    now: reading.now,
  }
}

function planned(settling: Settling, plan: ClientPlan, reading: Reading): Outcome {
  const { request, world } = settling
  if (plan.steps.length === 0) world.reporter.step(`○ ${plain(settling.spec.name, 80)}: nothing to do`)
  for (const step of plan.steps) world.reporter.step(stepLine(step, 'planned'))
  if (plan.steps.length > 0) world.reporter.step('This is a plan: nothing of it (○) was done.')
  const outcome = withRotation(
    { ...base(settling, plan, reading), result: resultOf(plan.steps, 'plan'), steps: plan.steps },
    settling.spec,
  )
  if (!plan.drift || !request.policy.failOnDrift) return outcome
  const error = new ActionError(
    'DRIFT_FOUND',
    `${plain(settling.spec.name)} differs from its spec`,
    'The steps above would mend it: run with mode: apply.',
  )
  return { ...outcome, error }
}

function finished(settling: Settling, original: ClientPlan, last: ClientPlan, reading: Reading): Outcome {
  const { progress, spec, request } = settling
  const outcome = {
    ...base(settling, last, reading),
    drift: original.drift,
    result: progress.created ? ('created' as const) : resultOf(progress.done, request.policy.mode),
    steps: progress.done,
  }
  return withRotation({ ...outcome, current: progress.current ?? outcome.current, secret: progress.secret }, spec)
}

function failed(settling: Settling, plan: ClientPlan | undefined, reading: Reading, error: ActionError): Outcome {
  const { progress, request, world } = settling
  for (const note of progress.notes) world.reporter.notice(note)
  const outcome = {
    ...base(settling, plan, reading),
    result: failedResult(progress, request.policy.mode),
    steps: progress.done,
    error,
  }
  return withRotation({ ...outcome, current: progress.current ?? outcome.current }, settling.spec)
}

/** What was done before it failed, if anything was. */
function failedResult({ created, done }: Progress, mode: Policy['mode']): Outcome['result'] {
  if (created) return 'created'
  return done.length === 0 ? undefined : resultOf(done, mode)
}

function withRotation(outcome: Outcome, spec: ClientSpec): Outcome {
  const { current } = outcome
  const { after } = spec.rotation
  return {
    ...outcome,
    nextRotationAt: current === undefined || after === undefined ? undefined : current.issuedAt + after,
  }
}
