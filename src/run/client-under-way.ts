import type { Destination } from '../model/destination.ts'
import type { ClientPlan } from '../plan/client-plan.ts'
import { planClient } from '../plan/plan-client.ts'
import { placesOf } from '../plan/values-to-delete.ts'
import type { Readers, Reading, Reserve, Surroundings } from '../ports.ts'
import type { Progress } from '../report/outcome.ts'
import type { Actor, ClientSpec, Policy } from '../spec/client-spec.ts'
import { observe } from './observe.ts'

/**
 * `beside`: clients of the run's files that it leaves alone. `file`: whether the clients are `all` of a file, or `chosen` by the input
 * `only`; undefined if inputs describe one.
 */
export type RunRequest = {
  clients: ClientSpec[]
  beside: ClientSpec[]
  file: 'all' | 'chosen' | undefined
  actor: Actor
  policy: Policy
}

/** The surroundings of a run. In plan mode `reserve` is undefined: the run can't write. */
export type RunTools = Surroundings & { readers: Readers; reserve?: Reserve | undefined }

/** A decision and its reading. */
export type Decision = { plan: ClientPlan; reading: Reading }

/** One client under way: the request, the progress and the present decision. `waiting` gets the reason for a wait. */
export type ClientUnderWay = {
  spec: ClientSpec
  request: RunRequest
  tools: RunTools
  waiting: (text: string) => void
  progress: Progress
  /** Hints that were live when this run first read. */
  seen?: ReadonlySet<string>
  first?: ClientPlan
  latest?: Decision
}

/** Decides from the first reading, which has all clients of the run. */
export async function decideFirst(underWay: ClientUnderWay, first: Reading): Promise<Decision> {
  let decision = decide(underWay, first)
  const isRead = (destination: Destination) => underWay.spec.destinations.includes(destination)
  if (!destinationsOf(underWay, decision.plan).every(isRead)) decision = await decideAnew(underWay, decision)
  underWay.seen = new Set(decision.plan.client?.secrets.map(({ hint }) => hint))
  underWay.first = decision.plan
  return decision
}

/** Reads and decides again. */
export async function decideAnew(
  underWay: ClientUnderWay,
  before: Decision,
  readers: Readers = underWay.tools.readers,
): Promise<Decision> {
  const { spec, request, tools } = underWay
  const asked = { destinations: destinationsOf(underWay, before.plan), specs: [spec], here: request.actor.repository }
  return decide(underWay, await observe(asked, readers, tools.clock))
}

function decide(underWay: ClientUnderWay, reading: Reading): Decision {
  const { spec, seen, progress } = underWay
  const { actor, policy, clients, beside } = underWay.request
  const context = { actor, policy, seen, fleet: [...clients, ...beside], granted: progress.granted }
  const decision = {
    reading,
    plan: planClient(spec, { ...reading, deadSecretPlaces: progress.deadSecretPlaces }, context),
  }
  underWay.latest = decision
  return decision
}

/** For a client that is deleted, reads the destinations in its ledger too: their values decide which of them may be deleted. */
function destinationsOf({ spec, request }: ClientUnderWay, { client }: ClientPlan): Destination[] {
  return spec.state === 'absent' ? placesOf(spec, client?.description.ledger, request.actor) : spec.destinations
}
