import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import type { WireResponse } from '../../src/io/http/transport.ts'
import { readInputs } from '../../src/io/inputs/inputs.ts'
import { readDescription, withLine } from '../../src/ledger/description.ts'
import { expectNothingReadable } from '../support/shown.ts'
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

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    ...[
      '',
      '0',
      '-1',
      '1e999',
      'null',
      '__proto__',
      'constructor',
      '../..',
      '%',
      '%2e%2e',
      '\ud800',
      '\u0000',
      '::error::',
    ],
    ...['https://evil.example', '//', '?', '#', '2026-13-45T99:99:99Z', '+275760-09-13T00:00:00.001Z', '9'.repeat(400)],
    'x'.repeat(100_000),
  ),
)
const hostileValue = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  fc.constantFrom(0, -1, 1.5, 1e308, -1e308, 2 ** 53, 8.64e15, 1e21, true, false, null, [], {}, [null], [[]], [{}]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.jsonValue().map((value) => ({ data: [value], secrets: [value], variables: [value], total_count: 1 })),
)

/** One change of a text in JSON: some value in it, or its name, is another one, gone, or there many times. */
type Edit = {
  at: number
  how: 'kin' | 'value' | 'gone' | 'many' | 'name'
  value: unknown
  name: string
  kin: { number: number; text: string }
}
const edits: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(60),
  how: fc.constantFrom('kin', 'kin', 'value', 'gone', 'many', 'name'),
  value: hostileValue,
  /** Of the same type as what was there. */
  kin: fc.record({
    number: fc.constantFrom(0, -1, 0.5, 31, 101, 1e4, 1e7, 2 ** 32, 2 ** 53, 1e21, 1e308, -1e308),
    text: hostileText,
  }),
  name: fc.oneof(hostileText, fc.constantFrom('__proto__', 'data', 'errors', 'clientSecret')),
})

function edited(json: string, edit: Edit): string {
  try {
    const root: unknown = { whole: JSON.parse(json) }
    const places: { holder: Record<string, unknown>; name: string }[] = []
    const visit = (value: unknown) => {
      if (value === null || typeof value !== 'object') return
      const holder = value as Record<string, unknown>
      for (const name of Object.keys(holder)) {
        places.push({ holder, name })
        visit(holder[name])
      }
    }
    visit(root)
    const { holder, name } = places[edit.at % places.length]!
    const value = holder[name]
    if (edit.how === 'gone' || edit.how === 'name') delete holder[name]
    if (edit.how === 'value') holder[name] = edit.value
    if (edit.how === 'kin') holder[name] = typeof value === 'number' ? edit.kin.number : edit.kin.text
    if (edit.how === 'many') holder[name] = Array.from({ length: 150 }, () => value)
    if (edit.how === 'name') Object.defineProperty(holder, edit.name, { value, enumerable: true, configurable: true })
    return JSON.stringify((root as { whole?: unknown }).whole) ?? ''
  } catch {
    return JSON.stringify(edit.value) ?? ''
  }
}

type Change = (answer: WireResponse) => WireResponse
const statuses = fc.constantFrom(
  0,
  100,
  199,
  200,
  201,
  202,
  204,
  206,
  226,
  300,
  301,
  302,
  304,
  307,
  308,
  400,
  401,
  402,
  403,
  404,
  405,
  406,
  408,
  409,
  410,
  413,
  418,
  422,
  423,
  429,
  451,
  499,
  500,
  501,
  502,
  503,
  504,
  520,
  599,
  999,
)
const headerNames = fc.constantFrom(
  'date',
  'date',
  'retry-after',
  'location',
  'content-type',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-github-request-id',
  'x-accepted-github-permissions',
  'link',
  '__proto__',
)
const headerTexts = fc.oneof(
  hostileText.map((text) => text.replace(/[\r\n\0]/g, ' ')),
  fc.constantFrom(
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Sat, 13 Sep 275760 00:00:00 GMT',
    '1',
    '-5',
    '0',
    '1e3',
    '86400',
    '/',
    '/x',
    'http://[',
    '99999999999999',
  ),
)
const bodies = fc.oneof(
  hostileText,
  hostileValue.map((value) => JSON.stringify(value)),
  fc.nat(3000).map((depth) => '['.repeat(depth * 10) + ']'.repeat(depth * 10)),
)
const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: edits.map(
      (edit): Change =>
        (answer) => ({ ...answer, body: edited(answer.body, edit) }),
    ),
  },
  {
    weight: 2,
    arbitrary: statuses.map(
      (status): Change =>
        (answer) => ({ ...answer, status }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(headerNames, headerTexts).map(
      ([name, text]): Change =>
        (answer) => ({ ...answer, headers: { ...answer.headers, [name]: text } }),
    ),
  },
  {
    weight: 1,
    arbitrary: headerNames.map(
      (name): Change =>
        (answer) => ({
          ...answer,
          headers: Object.fromEntries(Object.entries(answer.headers).filter(([other]) => other !== name)),
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: bodies.map(
      (body): Change =>
        (answer) => ({ ...answer, body }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(100).map(
      (part): Change =>
        (answer) => ({ ...answer, body: answer.body.slice(0, (answer.body.length * part) / 100) }),
    ),
  },
)
/** At the n-th request, and for how many from there on. */
const attacks = fc.array(
  fc.record({
    at: fc.nat(25),
    lasts: fc.constantFrom(1, 1, 2, 100_000),
    changes: fc.array(changes, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
)

const ways = fc.constantFrom<Record<string, string>>(
  {},
  { rotate: 'now' },
  { rotate: 'now', 'grace-period': '0' },
  { mode: 'plan', 'rotate-after': '90d' },
  { 'rotate-after': '1d', 'grace-period': '3650d', 'output-client-secret': 'true' },
  { mode: 'destroy' },
  { deliver: 'false' },
  { environment: 'staging', 'client-id-as': 'secret' },
  { 'client-id-as': 'none', repository: 'acme/other' },
  { description: 'other words', consent: 'required' },
  { 'retire-hints': 'abcde', 'drop-destinations': 'true' },
)

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
