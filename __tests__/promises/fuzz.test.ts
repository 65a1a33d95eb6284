import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import { readInputs } from '../../src/io/inputs/inputs.ts'
import { readDescription, withLine } from '../../src/ledger/description.ts'
import { attacks, edited, edits, hostileText, ways } from '../support/fuzz-values.ts'
import { expectNothingReadable } from '../support/no-secret-in-output.ts'
import { type RunResult, Simulation } from '../support/simulation.ts'

// Whatever comes from outside, the program ends, with success or a failure that it foresaw, and shows no secret. `FUZZ` says for
// how many seconds each kind is tried (in `npm test` two), `SEED` where chance begins; a failure prints its own.
const seconds = Number(process.env.FUZZ ?? 2)
const limits = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: seconds * 1000,
  ...(process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }),
}
const timeout = seconds * 1000 + 60_000

/** More turns than any run takes that ends. */
const mostTurns = 4000

async function ended(simulation: Simulation, inputs: Record<string, string>): Promise<RunResult> {
  const running = simulation.begin(inputs)
  for (let turn = 0; await running.step(); turn++) if (turn > mostTurns) throw new Error('it does not end')
  const { error, outputs } = running.result
  const { cause } = error ?? {}
  if (error?.code === 'BUG') throw new Error(`${error.message}: ${cause instanceof Error ? cause.stack : cause}`)
  expect(outputs?.['error-code']).toBe(error?.code ?? '')
  expectNothingReadable(simulation, running.result)
  return running.result
}

const tried: Record<string, number> = {}
afterAll(() => console.log(`tried: ${JSON.stringify(tried)}`))
const count = (kind: string) => {
  tried[kind] = (tried[kind] ?? 0) + 1
}

describe('fuzzing', () => {
  it('answers of the services', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(attacks, ways, fc.boolean(), fc.boolean(), async (list, inputs, wasThere, asAdmin) => {
        count('answers')
        const simulation = await Simulation.start()
        simulation.sandbox.github.createRepository('acme/other', { id: 5 })
        if (asAdmin) {
          const { clientId, secret } = simulation.sandbox.tenant.createAdminClient()
          Object.assign(simulation.inputs, {
            'api-key': '',
            'admin-client-id': clientId,
            'admin-client-secret': secret,
          })
        }
        if (wasThere) await simulation.run()
        let asked = 0
        simulation.hostile = (answer) => {
          const nth = asked++
          const struck = list.filter(({ at, lasts }) => nth >= at && nth < at + lasts)
          return struck.flatMap((attack) => attack.changes).reduce((changed, change) => change(changed), answer)
        }
        await ended(simulation, inputs)
        simulation.hostile = undefined
        simulation.advance(1)
        await ended(simulation, inputs)
      }),
      limits,
    )
  })

  it('ledgers that somebody edited', { timeout }, async () => {
    const lines = fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .array(edits, { minLength: 1, maxLength: 3 })
          .map((list) => (line: string) => list.reduce(edited, line)),
      },
      { weight: 1, arbitrary: hostileText.map((text) => () => text) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.nat(100), hostileText).map(
          ([part, text]) =>
            (line: string) =>
              line.slice(0, (line.length * part) / 100) + text,
        ),
      },
    )
    await fc.assert(
      fc.asyncProperty(lines, ways, fc.nat(30), async (change, inputs, hours) => {
        count('ledgers')
        const simulation = await Simulation.start()
        simulation.sandbox.github.createRepository('acme/other', { id: 5 })
        await simulation.run({ description: 'words' })
        const [client] = simulation.sandbox.tenant.findByName('deployer')
        const { user, line = '' } = readDescription(client!.description ?? '')
        const at = line.indexOf('{')
        client!.description = withLine(user, `${line.slice(0, at)}${change(line.slice(at))}`).slice(0, 4096)
        simulation.advance(hours)
        const result = await ended(simulation, inputs)
        for (const { service, path } of result.requests)
          if (service === 'github')
            expect(path).toMatch(
              /^\/repos\/[\w.-]+\/[\w.-]+(\/(actions|environments\/(?!\.{1,2}\/)[\w.%~!'()*-]+)\/(secrets|variables)(\/[\w.%-]+)?)?(\?[\w=&]+)?$/,
            )
      }),
      limits,
    )
  })

  it('inputs and environment', { timeout }, async () => {
    const names = [
      'tenant',
      'api-key',
      'admin-client-id',
      'admin-client-secret',
      'allow-custom-host',
      'github-token',
      'mode',
      'fail-on-drift',
      'rotate',
      'verify',
      'retire-hints',
      'drop-destinations',
      'name',
      'client-id',
      'description',
      'grant-types',
      'scopes',
      'auth-method',
      'consent',
      'deliver',
      'repository',
      'environment',
      'client-id-name',
      'client-id-as',
      'client-secret-name',
      'rotate-after',
      'grace-period',
      'allow-pull-request-target',
      'output-client-secret',
    ].map((name) => `INPUT_${name.toUpperCase()}`)
    const around = [
      'GITHUB_API_URL',
      'GITHUB_REPOSITORY',
      'GITHUB_REPOSITORY_ID',
      'GITHUB_RUN_ID',
      'GITHUB_RUN_ATTEMPT',
      'GITHUB_EVENT_NAME',
      'GITHUB_EVENT_PATH',
      'HTTP_PROXY',
      'HTTPS_PROXY',
      'NO_PROXY',
      'NODE_DEBUG',
    ]
    const texts = fc.oneof(
      hostileText,
      fc.constantFrom(
        'https://a.qlikcloud.com',
        'true',
        'acme/app',
        '90d',
        '999999999999d',
        'http://b%zz:c@d',
        '[::1]',
        'pull_request',
        'http://',
        'a\nb',
        '[]',
        'urn:x',
      ),
    )
    const envs = fc.dictionary(fc.constantFrom(...names, ...around), texts, { maxKeys: 25 })
    const usual = {
      INPUT_TENANT: 'https://acme.eu.qlikcloud.com',
      'INPUT_API-KEY': 'a-key-of-somebody',
      'INPUT_GITHUB-TOKEN': 'ghs_x',
      INPUT_NAME: 'x',
      GITHUB_REPOSITORY: 'acme/app',
    }
    await fc.assert(
      fc.asyncProperty(envs, fc.boolean(), async (env, withUsual) => {
        count('inputs')
        try {
          const inputs = await readInputs({ ...(withUsual ? usual : {}), ...env }, () => {})
          const { protocol, hostname } = new URL(inputs.tenant.origin)
          if (env['INPUT_ALLOW-CUSTOM-HOST'] === undefined)
            expect(hostname).toMatch(/\.qlikcloud(gov)?\.com$|^\[::1\]$|^127\.|^localhost$/)
          if (protocol === 'http:') expect(hostname).toMatch(/^\[::1\]$|^127\.|^localhost$/)
        } catch (thrown) {
          if (!(thrown instanceof ActionError)) throw thrown
          expect(thrown.code).toBe('INPUT_INVALID')
        }
      }),
      limits,
    )
  })
})
