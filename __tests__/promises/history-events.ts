import type { Place, Watch } from '../support/promises.ts'
import type { Running, RunResult, Simulation } from '../support/simulation.ts'
import type { Weather } from './delays-and-clocks.ts'
import type { Spaces } from './space-events.ts'

/** What has happened so far in a history. */
export type World = {
  simulation: Simulation
  watch: Watch
  places: Place[]
  spaces: Spaces
  weather: Weather
  results: RunResult[]
  /** Runs met, and what each left may take a slot until it is settled. */
  overlapped: boolean
  /** A ledger was lost, or a run died or froze while another was at work: what they knew of may stay. */
  forgot: boolean
}

/** The client as it is at the moment, under whatever name. */
export function ours({ simulation: { sandbox } }: World) {
  return sandbox.tenant.liveClients().find(({ clientName }) => clientName === 'deployer' || clientName === 'renamed')
}

/** Somebody adds a secret in the midst of a run: once, because more would fill the slots. */
export async function addMeanwhile(running: Running, step: number, world: World): Promise<void> {
  for (let steps = 0; steps < step && (await running.step()); steps++) {}
  const client = ours(world)
  if (client === undefined || world.watch.foreign.size > 0 || client.secrets.length >= 4) return
  if (client.allowedAuthMethods?.includes('client_secret')) world.watch.addForeign(client.clientId, 'another person')
}

/** The host of a run sleeps after one of its requests, and another run does its work meanwhile. */
export async function sleepBesideAnother(
  { running, at }: { running: Running; at: number },
  begin: () => Running,
  world: World,
): Promise<void> {
  while (!running.asleep && (await running.step())) {}
  if (running.asleep) world.simulation.advance(11 / 60)
  const other = begin()
  while (await other.step()) {}
  while (await running.step()) {}
  world.overlapped = true
  world.forgot = true
  world.results.push(running.result, other.result)
  if (wroteLate(running.result, at)) world.watch.forgive()
}

/**
 * Between its last look and its write no run can know that it slept: docs/secret-lifecycle.md, "What can be left". A dead secret in a
 * place, and a list of keys without another run's key, are mended at once.
 */
function wroteLate({ requests, log }: RunResult, at: number): boolean {
  if (log.some((line) => line.includes('retired the secret before it arrived'))) return true
  const next = requests.slice(at + 1).find(({ method }) => method !== 'GET')
  return next?.method === 'PATCH' && /oauth-clients\/[^/]+$/.test(requests[at]?.path ?? '')
}
