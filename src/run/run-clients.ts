import { tellEvery } from '../base/retry-policy.ts'
import { plain } from '../base/text.ts'
import { inRunOrder } from '../plan/client-order.ts'
import { completeSpecs } from '../plan/complete-specs.ts'
import { runWarnings } from '../plan/run-warnings.ts'
import type { Clock, Reading, Reporter } from '../ports.ts'
import type { Outcome, RunOutcome } from '../report/outcome.ts'
import { type Actor, type ClientSpec, destinationsOfAll } from '../spec/client-spec.ts'
import type { RunRequest, RunTools } from './client-under-way.ts'
import { inParallel } from './in-parallel.ts'
import { observe, type ToObserve } from './observe.ts'
import { reconcileClient } from './reconcile-client.ts'

/** Clients under way at a time: enough to wait for several answers at once, few enough to end in time after a request to stop. */
const mostAtOnce = 8

/**
 * Reconciles every client with its spec, or in plan mode reports the steps for that: several clients side by side, the steps of each in
 * order. `first`: one reading of all. A client's failure is its outcome's `error`, and stops no other client.
 */
export async function runClients(given: RunRequest, first: Reading, tools: RunTools): Promise<RunOutcome> {
  reportPassedOver(first, tools)
  const warnings = runWarnings(given, first)
  for (const warning of warnings) tools.reporter.warning(warning)
  if (needsOnly(given)) tools.reporter.notice(onlyText)
  const { request, first: reading } = await completed(given, first, tools)
  return { outcomes: await reconcileAll(request, reading, tools), warnings }
}

/** A preview of a destroy shows the whole file; the destroy itself needs the names of the clients. */
function needsOnly({ policy, file }: RunRequest): boolean {
  return policy.mode === 'plan-destroy' && file === 'all'
}

const onlyText = 'mode: destroy with a spec file needs the input only: the names of the clients to delete.'

function reportPassedOver({ passedOver = [] }: Reading, { reporter }: RunTools): void {
  if (passedOver.length === 0) return
  const [first] = passedOver
  reporter.debug(
    `skipped entries of the tenant’s list of clients without the documented form: ${passedOver.length}; this action made none of them (the first lacks ${plain(first!.lacks, 100)})`,
  )
}

/** Completes the specs. If that gives a place another name, reads again. */
async function completed(
  request: RunRequest,
  first: Reading,
  tools: RunTools,
): Promise<{ request: RunRequest; first: Reading }> {
  const clients = completeSpecs(request, first)
  const isRead = clients.every(({ destinations }, index) => destinations === request.clients[index]!.destinations)
  const reading = isRead ? first : await observe(askedOf(clients, request.actor), tools.readers, tools.clock)
  return { request: { ...request, clients }, first: reading }
}

function askedOf(specs: ClientSpec[], actor: Actor): ToObserve {
  return { destinations: destinationsOfAll(specs), specs, here: actor.repository }
}

async function reconcileAll(request: RunRequest, first: Reading, tools: RunTools): Promise<Outcome[]> {
  const { clients } = request
  const tally = startTally(clients.length, tools)
  const outcomes = new Map<ClientSpec, Outcome>()
  for (const group of inRunOrder(clients, first, request)) {
    // Clients that waited for others decide from a new reading, if anything was written: one reading for all of them.
    const isOld = [...outcomes.values()].some(({ changed }) => changed)
    const reading = isOld ? observe(askedOf(group, request.actor), tools.readers, tools.clock) : Promise.resolve(first)
    await inParallel(group, mostAtOnce, async (spec) => {
      tally.begun()
      const reporter = clients.length > 1 ? namedReporter(spec.name, tools.reporter) : tools.reporter
      const client = { spec, request, tools: { ...tools, reporter }, waiting: tally.waiting }
      outcomes.set(spec, await reconcileClient(client, { reading, now: first.now }))
      tally.ended()
    })
  }
  return clients.map((spec) => outcomes.get(spec)!)
}

/** The lines of several clients mix, so each begins with the client's name. */
function namedReporter(name: string, { step, debug, notice, warning }: Reporter): Reporter {
  const named = (say: (line: string) => void) => (line: string) => say(`${plain(name, 80)} · ${line}`)
  return { step: named(step), debug: named(debug), notice: named(notice), warning: named(warning) }
}

/** Reports from time to time the progress of a run with several clients, and the reason for any wait. */
function startTally(all: number, { clock, reporter }: { clock: Clock; reporter: Reporter }) {
  let [begun, ended] = [0, 0]
  const told = { counts: clock.elapsed(), waiting: Number.NEGATIVE_INFINITY }
  const tell = (why: string | undefined) => {
    const counts =
      all === 1 ? undefined : `${ended} of ${all} clients done, ${begun - ended} under way, ${all - begun} to go`
    told.counts = clock.elapsed()
    reporter.step(`… ${[counts, why].filter(Boolean).join('; ')}`)
  }
  return {
    begun: () => void begun++,
    ended: () => {
      ended++
      if (ended < all && clock.elapsed() - told.counts >= tellEvery) tell(undefined)
    },
    waiting: (why: string) => {
      if (clock.elapsed() - told.waiting < tellEvery) return
      told.waiting = clock.elapsed()
      tell(why)
    },
  }
}
