import { checkedLine, checkedOutputs, checkedSummary } from './domain/checked.ts'
import { apart } from './domain/destroy.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import { type Outcome, outputsOf } from './domain/outcome.ts'
import type { ServiceName } from './domain/pace.ts'
import { toClientSpec } from './domain/spec.ts'
import { failureSummary, summaryOf } from './domain/summary.ts'
import { plain } from './domain/text.ts'
import { discreet } from './io/discreet.ts'
import { createGitHub, type GitHub, nowhere } from './io/github.ts'
import { createService, type Http, type Service, waitText } from './io/http.ts'
import { type Inputs, readInputs } from './io/inputs.ts'
import { createQlik, type Qlik } from './io/qlik.ts'
import { repositoriesOf } from './io/repositories.ts'
import type { Runner } from './io/runner.ts'
import type { SpecFile } from './io/spec-files.ts'
import type { Proxies, Transport } from './io/transport.ts'
import type { Clock, Enter, Stop } from './ports.ts'
import { run } from './run.ts'
import type { RunRequest } from './settle.ts'

/** All that the program needs of the world around it. `process`: a word that no other process has. */
export type Host = {
  env: Record<string, string | undefined>
  connect: (proxies: Proxies) => { transport: Transport; close: () => Promise<void> }
  clock: Clock
  /** The runner's own time in epoch milliseconds: for nothing but what is signed with a private key. */
  wallClock: () => number
  stop: Stop
  runner: Runner
  process: string
}

/** The whole program but for its process: composition only. Never throws; failures go to the runner. */
export async function program(given: Host): Promise<void> {
  const world = discreet(given)
  const { runner, env } = world
  try {
    const inputs = await readInputs(env, runner.mask)
    await (inputs.checked === undefined ? perform(inputs, world) : reportChecked(inputs.checked, runner))
  } catch (thrown) {
    const error = toActionError(thrown)
    const summary = failureSummary(error)
    runner.output({ ...outputsOf([], summary), result: '', 'error-code': error.code })
    runner.annotate(error.mistakes)
    runner.fail(error)
    await runner.summary(summary)
  }
}

/** One run for inputs that were read and checked, told to the runner. Throws what stopped it before any client was looked at. */
export async function perform(inputs: Inputs, world: Host): Promise<void> {
  await report(await act(inputs, world), inputs, world.runner)
}

async function act(inputs: Inputs, { connect, clock, wallClock, stop, runner, process }: Host): Promise<Outcome[]> {
  const around = { clock, stop, reporter: runner.reporter }
  const { transport, close } = connect(inputs.proxies)
  const tenant = createService('tenant', transport, around)
  const github = createService('github', transport, around)
  const qlik = createQlik(inputs.tenant, tenant.http, runner.mask, wallClock)
  const { baseUrl, token } = inputs.github
  const places = (http: Http) => token && createGitHub(baseUrl, token, http)
  const enter = enterBoth({ tenant, github }, { qlik, places: (http) => places(http) ?? nowhere })
  const readers = { tenant: qlik.through(tenant.http).reader, destinations: (places(github.http) ?? nowhere).reader }
  try {
    const request = await toRequest(inputs, places(github.http), process)
    return await run(request, { ...around, readers, enter: inputs.policy.mode === 'plan' ? undefined : enter })
  } finally {
    await qlik.signOut()
    await close()
  }
}

type Services = { tenant: Service; github: Service }
type Apis = { qlik: Qlik; places: (http: Http) => Pick<GitHub, 'reader' | 'writer'> }

/** Lets a client's work in when both services can serve it, and gives it a way to each of them. */
function enterBoth(services: Services, { qlik, places }: Apis): Enter {
  return async (need, reporter, waiting) => {
    const at = (service: ServiceName) =>
      services[service].enter(need[service], reporter, (wait) => waiting(waitText(service, wait)))
    const tenant = await at('tenant')
    const github = await at('github').catch((thrown: unknown) => {
      tenant.leave()
      throw thrown
    })
    const { reader, writer, prover } = qlik.through(tenant.http)
    const destinations = places(github.http)
    return {
      readers: { tenant: reader, destinations: destinations.reader },
      writers: { tenant: writer, destinations: destinations.writer, prover },
      leave: () => {
        tenant.leave()
        github.leave()
      },
    }
  }
}

async function toRequest(inputs: Inputs, github: GitHub | undefined, process: string): Promise<RunRequest> {
  const { clients, others, repository, run, policy } = inputs
  const { here, idOf } = await repositoriesOf(repository, { clients, others, github, mode: policy.mode })
  const actor = { repository: here, run: { ...run, process } }
  const specs = clients.map((client) => toClientSpec(client, here, idOf, policy.mode))
  const served = others.map((client) => toClientSpec(client, here, idOf, 'apply'))
  return { clients: apart(specs, served), actor, policy }
}

/** What `validate` says: what was checked, and nothing that only a tenant knows. */
async function reportChecked(files: SpecFile[], runner: Runner): Promise<void> {
  const summary = checkedSummary(files)
  runner.reporter.step(checkedLine(files))
  runner.output(checkedOutputs(files, summary))
  await runner.summary(summary)
}

async function report(outcomes: Outcome[], inputs: Inputs, runner: Runner): Promise<void> {
  const summary = summaryOf(outcomes, new URL(inputs.tenant.origin).host)
  runner.output(outputsOf(outcomes, summary))
  if (inputs.outputClientSecret) {
    runner.outputSecret('client-secret', outcomes.length === 1 ? outcomes[0]?.secret : undefined)
  }
  for (const { name, error } of outcomes)
    if (error !== undefined) runner.fail(outcomes.length === 1 ? error : ofClient(name, error))
  await runner.summary(summary)
}

/** Of several clients each failure says whose it is. */
function ofClient(name: string, error: ActionError): ActionError {
  return new ActionError(error.code, `${plain(name, 80)}: ${error.message}`, error.hint, {
    cause: error,
    trace: error.trace,
    status: error.status,
  })
}
