import { toActionError } from '../base/errors.ts'
import type { Api } from '../io/github/api.ts'
import * as github from '../io/github/read.ts'
import { repositoriesOf } from '../io/github/repositories.ts'
import type { Proxies } from '../io/http/proxies.ts'
import { discreet } from '../io/http/redacting-transport.ts'
import { createService } from '../io/http/service-client.ts'
import type { Transport } from '../io/http/transport.ts'
import { type Inputs, readInputs } from '../io/inputs/inputs.ts'
import { callerOf } from '../io/qlik/prove.ts'
import * as qlik from '../io/qlik/read.ts'
import { createSession, signOut } from '../io/qlik/session.ts'
import type { Runner } from '../io/runner/runner.ts'
import type { Clock, Stop } from '../ports.ts'
import type { RunOutcome } from '../report/outcome.ts'
import { type ClientSpec, isPlan, placesOfAll, toClientSpec } from '../spec/client-spec.ts'
import { apart } from '../spec/shared-values.ts'
import { observe } from './observe.ts'

/** All that the program needs of the world around it. `process`: a word that no other process has; asked for once. */
export type Host = {
  env: Record<string, string | undefined>
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
  clock: Clock
  /** The runner's own time in epoch milliseconds: for nothing but what is signed with a private key. */
  wallClock: () => number
  stop: Stop
  runner: Runner
  process: () => Promise<string>
}

/** All that works with answers. Loading it keeps the process busy for a while: first, what is about to be sent is let out. */
async function later() {
  await new Promise((resolve) => setImmediate(resolve))
  return import('./lazy.ts')
}

/** The whole program but for its process: composition only. Never throws; failures go to the runner. */
export async function program(given: Host): Promise<void> {
  const world = discreet(given)
  const { runner, env } = world
  try {
    const inputs = await readInputs(env, runner.mask)
    const { checked, wholeTenant } = inputs
    if (checked !== undefined) await (await later()).reportChecked(checked, runner)
    else if (wholeTenant === undefined) await perform(inputs, world)
    else await (await import('./whole-tenant.ts')).lookAtTenant(inputs, wholeTenant, world)
  } catch (thrown) {
    const error = toActionError(thrown)
    runner.annotate(error.mistakes)
    runner.fail(error)
    // What failed may be outputs or summary; it has been told.
    await (await later()).reportFailure(error, runner).catch(() => {})
  }
}

/** One run for inputs that were read and checked, told to the runner. Throws what stopped it before any client was looked at. */
export async function perform(inputs: Inputs, world: Host): Promise<void> {
  const outcome = await act(inputs, world)
  await (await later()).report(outcome, inputs, world.runner)
}

async function act(inputs: Inputs, { connect, clock, wallClock, stop, runner, process }: Host): Promise<RunOutcome> {
  const around = { clock, stop, reporter: runner.reporter }
  const { transport, close } = connect(inputs.proxies)
  const services = {
    tenant: createService('tenant', transport, around),
    github: createService('github', transport, around),
  }
  const session = createSession(inputs.tenant, services.tenant.http, runner.mask, wallClock)
  const { baseUrl, token } = inputs.github
  const api = token && { baseUrl, token, http: services.github.http }
  const spaces = async () => (await import('../io/qlik/spaces.ts')).createSpaceReader(session)
  const readers = { tenant: qlik.createReader(session), destinations: github.createReader(api), spaces }
  try {
    const { clients, beside, here } = await toClients(inputs, api)
    const answers = observe({ destinations: placesOfAll(clients), specs: clients, here }, readers, clock)
    if (mayAnnounceAlone(clients, inputs.policy)) void callerOf(session)
    const [first, { enterBoth, run }] = await Promise.all([answers, later()])
    const { policy } = inputs
    const actor = { repository: here, run: { ...inputs.run, process: await process() } }
    const enter = !isPlan(policy.mode) ? enterBoth({ ...services, session, api, mask: runner.mask }) : undefined
    return await run({ clients, beside, actor, policy, file: inputs.file }, first, { ...around, readers, enter })
  } finally {
    await signOut(session)
    await close()
  }
}

/** Who announces says who it is. For one client that is asked at once, which costs no time; for several when the first one announces. */
function mayAnnounceAlone([spec, ...others]: ClientSpec[], { mode }: Inputs['policy']): boolean {
  return mode === 'apply' && others.length === 0 && spec?.state === 'present' && spec.refusal === undefined
}

/** What is to be of each client, and the running repository by its id. */
async function toClients({ clients, others, repository, policy }: Inputs, api: Api | undefined) {
  const known = await repositoriesOf(repository, { clients, others, api, mode: policy.mode })
  const { here, idOf, refusalOf } = known
  const specs = clients.map((client) => ({
    ...toClientSpec(client, here, idOf, policy.mode),
    refusal: refusalOf(client),
  }))
  const beside = others.map((client) => toClientSpec(client, here, idOf, 'apply'))
  return { clients: apart(specs, beside), beside, here }
}
