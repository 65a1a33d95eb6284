import { toActionError } from '../../src/domain/errors.ts'
import { outputsOf } from '../../src/domain/outcome.ts'
import { clientSchema, toClientSpec } from '../../src/domain/spec.ts'
import { summaryOf } from '../../src/domain/summary.ts'
import { createGitHub } from '../../src/io/github.ts'
import { createHttp } from '../../src/io/http.ts'
import { readInputs } from '../../src/io/inputs.ts'
import { createQlik } from '../../src/io/qlik.ts'
import { repositoriesOf } from '../../src/io/repositories.ts'
import type { Surroundings } from '../../src/program.ts'
import { run } from '../../src/run.ts'

/** A client as a spec file has it. */
export type WrittenClient = Record<string, unknown>

/** The program for clients as a spec file has them: inputs alone name one client with one destination at most. */
export function programFor(clients: WrittenClient[]): (world: Surroundings) => Promise<void> {
  return (world) => act(clients, world)
}

async function act(clients: WrittenClient[], world: Surroundings): Promise<void> {
  const { env, transport, clock, stop, runner } = world
  const inputs = { ...readInputs(env, runner.mask), clients: clients.map((client) => clientSchema.parse(client)) }
  const around = { clock, stop, reporter: runner.reporter }
  const qlik = createQlik(inputs.tenant, createHttp('tenant', transport, around), runner.mask)
  const github = createGitHub(inputs.github.baseUrl, inputs.github.token!, createHttp('github', transport, around))
  const readers = { tenant: qlik.reader, destinations: github.reader }
  const writers = { tenant: qlik.writer, destinations: github.writer, prover: qlik.prover }
  try {
    const { here, idOf } = await repositoriesOf(inputs.repository, inputs.clients, github)
    const actor = { repository: here, run: { ...inputs.run, process: world.process } }
    const specs = inputs.clients.map((client) => toClientSpec(client, here, idOf))
    const request = { clients: specs, actor, policy: inputs.policy }
    const plans = inputs.policy.mode === 'plan'
    const outcomes = await run(request, { ...around, readers, writers: plans ? undefined : writers })
    const summary = summaryOf(outcomes, new URL(inputs.tenant.origin).host)
    runner.output(outputsOf(outcomes, summary))
    for (const { error } of outcomes) if (error !== undefined) runner.fail(error)
    await runner.summary(summary)
  } catch (thrown) {
    runner.fail(toActionError(thrown))
  } finally {
    await qlik.signOut()
  }
}
