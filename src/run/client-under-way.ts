import type { Destination } from '../model/destination.ts'
import { placesOf } from '../plan/leftovers.ts'
import { planClient } from '../plan/plan-client.ts'
import type { ClientPlan } from '../plan/steps.ts'
import type { Enter, Readers, Reading, Surroundings } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
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

/** A decision and the reading that it rests on. */
export type Decision = { plan: ClientPlan; reading: Reading }

/** One client under way: what is asked for, what came of it so far, and the decision that holds now. `waiting` is told what keeps it. */
export type UnderWay = {
  spec: ClientSpec
  request: RunRequest
  world: World
  waiting: (text: string) => void
  progress: Progress
  /** Hints that were live when this run first read. */
  seen?: ReadonlySet<string>
  first?: ClientPlan
  latest?: Decision
}

/** Decides from the first reading, which is of all clients of the run. */
export async function decideFirst(underWay: UnderWay, first: Reading): Promise<Decision> {
  let decision = decide(underWay, first)
  const isRead = (destination: Destination) => underWay.spec.destinations.includes(destination)
  if (!destinationsOf(underWay, decision.plan).every(isRead)) decision = await decideAnew(underWay, decision)
  underWay.seen = new Set(decision.plan.client?.secrets.map(({ hint }) => hint))
  underWay.first = decision.plan
  return decision
}

/** Reads again, and decides anew. */
export async function decideAnew(
  underWay: UnderWay,
  before: Decision,
  readers: Readers = underWay.world.readers,
): Promise<Decision> {
  const { spec, request, world } = underWay
  const asked = { destinations: destinationsOf(underWay, before.plan), specs: [spec], here: request.actor.repository }
  return decide(underWay, await observe(asked, readers, world.clock))
}

function decide(underWay: UnderWay, reading: Reading): Decision {
  const { spec, seen, progress } = underWay
  const { actor, policy, clients, beside } = underWay.request
  const context = { actor, policy, seen, fleet: [...clients, ...beside], granted: progress.granted }
  const decision = { reading, plan: planClient(spec, reading, context) }
  underWay.latest = decision
  return decision
}

/** What is to be destroyed are also the destinations that only the ledger names: what lies there decides what may go. */
function destinationsOf({ spec, request }: UnderWay, { client }: ClientPlan): Destination[] {
  return spec.state === 'absent' ? placesOf(spec, client?.description.ledger, request.actor) : spec.destinations
}
