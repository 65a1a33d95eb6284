import { toActionError } from '../base/errors.ts'
import { createDestinationReader } from '../io/github/read.ts'
import { repositoriesOf } from '../io/github/repositories.ts'
import { withMaskedAnswers } from '../io/http/masking-transport.ts'
import type { Proxies } from '../io/http/proxies.ts'
import { createService } from '../io/http/service-client.ts'
import type { Transport } from '../io/http/transport.ts'
import { type Inputs, readInputs } from '../io/inputs/inputs.ts'
import { callerOf } from '../io/qlik/prove-credential.ts'
import { createTenantReader } from '../io/qlik/read.ts'
import type { Runner } from '../io/runner/runner.ts'
import type { Clock, Stop } from '../ports.ts'
import type { RunOutcome } from '../report/outcome.ts'
import { type ClientSpec, destinationsOfAll, isPlan, toClientSpecs } from '../spec/client-spec.ts'
import { observe } from './observe.ts'
import { withTenant } from './with-tenant.ts'

/** The program's surroundings. `process`: returns a text that no other process has; called once. */
export type ProcessSurroundings = {
  env: Record<string, string | undefined>
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
  clock: Clock
  /** The runner's own time in epoch milliseconds: used only for assertions that are signed with a private key. */
  wallClock: () => number
  stop: Stop
  runner: Runner
  process: () => Promise<string>
}

/** Loads the code that works with answers. Loading keeps the process busy, so the first requests are sent before it. */
async function loadAfterFirstRequest() {
  await new Promise((resolve) => setImmediate(resolve))
  return import('./after-first-request.ts')
}

/** The whole program without its process: composition only. Never throws; the runner reports failures. */
export async function program(given: ProcessSurroundings): Promise<void> {
  const surroundings = withMaskedAnswers(given)
  const { runner, env } = surroundings
  try {
    const inputs = await readInputs(env, runner.mask)
    const { checked, wholeTenant } = inputs
    if (checked !== undefined) await (await import('./publish-checked.ts')).publishChecked(checked, runner)
    else if (wholeTenant === undefined) await perform(inputs, surroundings)
    else await (await import('./audit-or-export.ts')).auditOrExport(inputs, wholeTenant, surroundings)
  } catch (thrown) {
    const error = toActionError(thrown)
    runner.annotate(error.mistakes)
    runner.fail(error)
    // Outputs or the summary may have failed; the runner has already reported that.
    await (await import('./publish-failure.ts')).publishFailure(error, runner).catch(() => {})
  }
}

/** One run with checked inputs, reported to the runner. Throws an error that stopped it before any client was handled. */
export async function perform(inputs: Inputs, surroundings: ProcessSurroundings): Promise<void> {
  const outcome = await connectAndRun(inputs, surroundings)
  await (await loadAfterFirstRequest()).publishResults(outcome, inputs, surroundings.runner)
}

async function connectAndRun(inputs: Inputs, surroundings: ProcessSurroundings): Promise<RunOutcome> {
  const { clock, runner, process } = surroundings
  const { policy, github } = inputs
  return withTenant(inputs, surroundings, async ({ transport, tenant, session, around }) => {
    const services = { tenant, github: createService('github', transport, around) }
    const api = github.token && { baseUrl: github.baseUrl, token: github.token, http: services.github.http }
    const spaces = async () => (await import('../io/qlik/spaces.ts')).createSpaceReader(session)
    const readers = { tenant: createTenantReader(session), destinations: createDestinationReader(api), spaces }
    const repositories = await repositoriesOf(inputs, api)
    const { here } = repositories
    const { clients, beside } = toClientSpecs(inputs, repositories, policy.mode)
    const answers = observe({ destinations: destinationsOfAll(clients), specs: clients, here }, readers, clock)
    if (mayAnnounceAlone(clients, policy)) void callerOf(session)
    const [first, { reserveCapacity, runClients }] = await Promise.all([answers, loadAfterFirstRequest()])
    const actor = { repository: here, run: { ...inputs.run, process: await process() } }
    const reserve = !isPlan(policy.mode) ? reserveCapacity({ ...services, session, api, mask: runner.mask }) : undefined
    return runClients({ clients, beside, actor, policy, file: inputs.file }, first, { ...around, readers, reserve })
  })
}

/**
 * Announcements name our user. For one client its id is requested at once, which costs no time; for several when the first one announces.
 */
function mayAnnounceAlone([spec, ...others]: ClientSpec[], { mode }: Inputs['policy']): boolean {
  return mode === 'apply' && others.length === 0 && spec?.state === 'present' && spec.refusal === undefined
}
