import { randomUUID } from 'node:crypto'
import { toActionError } from './domain/errors.ts'
import { type Outcome, outputsOf } from './domain/outcome.ts'
import { toClientSpec } from './domain/spec.ts'
import { failureSummary, summaryOf } from './domain/summary.ts'
import { createGitHub, type GitHub, nowhere } from './io/github.ts'
import { createHttp } from './io/http.ts'
import { type Inputs, readInputs } from './io/inputs.ts'
import { createQlik } from './io/qlik.ts'
import { repositoriesOf } from './io/repositories.ts'
import { createClock, createRunner, createStop, type Runner } from './io/runner.ts'
import { createTransport } from './io/transport.ts'
import { type RunRequest, run } from './run.ts'

await main(createRunner(process.env))

/** Composition only: inputs, real ports, one run, its report. */
async function main(runner: Runner): Promise<void> {
  try {
    const inputs = readInputs(process.env, runner.mask)
    await report(await act(inputs, runner), inputs, runner)
  } catch (thrown) {
    const error = toActionError(thrown)
    const summary = failureSummary(error)
    runner.output({ ...outputsOf([], summary), result: '', 'error-code': error.code })
    runner.fail(error)
    await runner.summary(summary)
  }
}

async function act(inputs: Inputs, runner: Runner): Promise<Outcome[]> {
  const around = { clock: createClock(), stop: createStop(), reporter: runner.reporter }
  const { transport, close } = createTransport(process.env)
  const qlik = createQlik(inputs.tenant, createHttp('tenant', transport, around), runner.mask)
  const github =
    inputs.github.token &&
    createGitHub(inputs.github.baseUrl, inputs.github.token, createHttp('github', transport, around))
  const { policy } = inputs
  const destinations = github ?? nowhere
  try {
    const readers = { tenant: qlik.reader, destinations: destinations.reader }
    const writers =
      policy.mode === 'plan'
        ? undefined
        : { tenant: qlik.writer, destinations: destinations.writer, prover: qlik.prover }
    return await run(await toRequest(inputs, github), { ...around, readers, writers })
  } finally {
    await qlik.signOut()
    await close()
  }
}

async function toRequest(
  { clients, repository, run, policy }: Inputs,
  github: GitHub | undefined,
): Promise<RunRequest> {
  const { here, idOf } = await repositoriesOf(repository, clients, github)
  const actor = { repository: here, run: { ...run, process: randomUUID().slice(0, 8) } }
  return { clients: clients.map((client) => toClientSpec(client, here, idOf)), actor, policy }
}

async function report(outcomes: Outcome[], inputs: Inputs, runner: Runner): Promise<void> {
  const summary = summaryOf(outcomes, new URL(inputs.tenant.origin).host)
  runner.output(outputsOf(outcomes, summary))
  if (inputs.outputClientSecret)
    runner.outputSecret('client-secret', outcomes.length === 1 ? outcomes[0]!.secret : undefined)
  for (const { error } of outcomes) if (error !== undefined) runner.fail(error)
  await runner.summary(summary)
}
