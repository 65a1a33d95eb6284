import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDescription } from '../../src/ledger/description.ts'
import { readDestinationKey } from '../../src/model/destination.ts'
import { program } from '../../src/run/program.ts'
import { history, lived } from '../promises/history.ts'
import {
  audited,
  expectSame,
  exportedAndPlanned,
  findings,
  looking,
  quietClient,
  signsIn,
} from '../support/auditing.ts'
import { Simulation } from '../support/simulation.ts'

// Any tenant that people and runs can make is audited and exported. TENANTS=… tries more.
const numRuns = Number(process.env.TENANTS ?? 1000)

// --- tenants -------------------------------------------------------------------------------------------------------------

const signs = [
  ...'\n\r\t #:-{}[]"\'|>&*!%@`\\,?=<$()~_.+^;/',
  ...'\u0000\u0007\u001b\u0085\u00a0\u00ad\u200b\u2028\u202e\ufeff\ufffe',
]
const odd = [
  '\ud800',
  '\udc00',
  '😀',
  '\u{e0041}',
  '---',
  '...',
  '- a',
  ': b',
  ' #c',
  ['$', '{{ github.token }}'].join(''),
  '::error::x',
  '##[error]',
]
const markup = [
  '<b>',
  '</details>',
  '```',
  '| a |',
  '[a](b)',
  '@octocat',
  '#1',
  '![x](y)',
  '<!--',
  'www.a.b',
  'null',
  '0x1',
  '1e3',
  '~',
  'yes',
]
const word = fc.oneof(fc.constantFrom(...signs, ...odd, ...markup), fc.string({ unit: 'grapheme-ascii', maxLength: 3 }))
const text = (most: number) => fc.array(word, { maxLength: most }).map((words) => words.join(''))
const name = fc.oneof(fc.constantFrom('ci', 'portal', 'ci '), text(8))
const scope = fc.oneof(
  fc.constantFrom('user_default', 'apps', 'admin_classic', 'admin.apps', 'admin.users:read'),
  text(3),
)
const address = fc.oneof(fc.constantFrom('https://a.example', 'https://b.example/x'), text(4))
const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const list = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) => fc.array(arbitrary, { maxLength })

const made = fc.record({
  clientName: name,
  appType: fc.constantFrom('web', 'web', 'web', 'spa', 'native', 'anonymous-embed'),
  description: option(
    fc.oneof(
      text(12),
      text(3).map((it) => it.padEnd(3800, 'x')),
      text(3).map((it) => `${it}\nqlik-oauth-client ledger: ${it}`),
    ),
  ),
  allowedScopes: option(list(scope, 4)),
  allowedGrantTypes: option(
    list(fc.constantFrom('client_credentials', 'urn:qlik:oauth:user-impersonation', 'other'), 2),
  ),
  allowedAuthMethods: option(list(fc.constantFrom('client_secret', 'private_key_jwt'), 2)),
  redirectUris: option(list(address, 5)),
  allowedOrigins: option(list(address, 6)),
  clientUri: option(address),
  logoUri: option(address),
  consentMethod: fc.constantFrom('trusted' as const, 'trusted' as const, 'required' as const),
  secrets: fc.nat(5),
  disableTag: option(text(3)),
})
const stranger = fc.oneof(
  fc.record({
    clientId: fc.oneof(fc.webUrl(), text(4)),
    clientName: fc.anything(),
    appType: fc.constant('web'),
    allowedScopes: fc.anything(),
  }),
  fc.anything({ withNullPrototype: true }).filter((it) => it !== undefined),
)
const tenants = fc.record({
  clients: list(made, 6),
  strangers: list(stranger, 2),
  bots: list(name, 2),
  days: fc.constantFrom(0, 1, 100, 400),
  signIns: fc.nat(8),
})
type Tenant = typeof tenants extends fc.Arbitrary<infer T> ? T : never

async function simulated({ clients, strangers, bots, days, signIns }: Tenant): Promise<Simulation> {
  const simulation = await Simulation.start()
  const { tenant, settings } = simulation.sandbox
  for (const client of clients) tenant.addClient(client as Parameters<typeof tenant.addClient>[0])
  // One that shows who asks: of strangers alone a tenant may tell everybody the same.
  quietClient(simulation)
  for (const [index, bot] of bots.entries()) tenant.addUser({ name: bot, admin: true, clientId: `${index}`.repeat(32) })
  settings.strangers = JSON.parse(JSON.stringify(strangers))
  simulation.advance(24 * days)
  const able = tenant
    .liveClients()
    .filter(({ clientId, secrets }) => tenant.canAuthenticate(clientId, secrets[0]?.value ?? ''))
  for (const client of able.slice(0, signIns)) signsIn(simulation, client)
  return simulation
}

// --- what holds for each ---------------------------------------------------------------------------------------------------

describe('any tenant', () => {
  it('is exported to a file with which nothing differs', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(tenants, async (tenant) => {
        const simulation = await simulated(tenant)
        const both = await exportedAndPlanned(simulation)
        expectSame(both)
        requireSafe(both.spec)
        const web = simulation.sandbox.tenant.liveClients().filter(({ appType }) => appType === 'web')
        // Each is told of by its id: as a client, or with the reason why not.
        for (const { clientId } of web) expect(both.spec.split(clientId)).toHaveLength(2)
      }),
      { numRuns },
    )
  })

  it('is audited with three requests a client, and its names form nothing', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(tenants, async (tenant) => {
        const simulation = await simulated(tenant)
        const result = await audited(simulation)
        const count = simulation.sandbox.tenant.liveClients().length + simulation.sandbox.settings.strangers.length
        expect(result.requests.length).toBeLessThanOrEqual(Math.max(4, 3 * count))
        requireHarmless(result.log, result.summary)
        const ranks = findings(result).map(({ severity }) => ['high', 'medium', 'low', 'info'].indexOf(severity))
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
      }),
      { numRuns },
    )
  })

  it('is exported, also in the midst of what runs made of it', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.constantFrom({}, { stampDelay: 3, secretDelay: 2 }),
        fc.constantFrom(1 as const, 2 as const),
        async (events, weather, clients) => {
          // Should a promise break on the way, the histories themselves tell.
          const world = await lived(events, weather, { clients }).catch(() => undefined)
          fc.pre(world !== undefined)
          const { simulation } = world!
          quietClient(simulation)
          simulation.program = program
          const agrees = githubAgrees(simulation)
          const both = await exportedAndPlanned(simulation)
          requireSafe(both.spec)
          for (const secret of simulation.everySecret) expect(both.spec).not.toContain(secret)
          // What only GitHub knows, no read of the tenant tells.
          if (agrees) expectSame(both)
          expect((await simulation.run(looking('audit'))).error).toBeUndefined()
        },
      ),
      { numRuns: Math.ceil(numRuns / 10) },
    )
  })
})

/** Does GitHub show the stamps that the ledgers record? */
function githubAgrees({ sandbox: { tenant, github } }: Simulation): boolean {
  return tenant.liveClients().every(({ clientId, description }) => {
    const { ledger } = readDescription(description ?? '')
    return Object.entries(ledger?.destinations ?? {}).every(([key, { stamp, id }]) => {
      const parts = readDestinationKey(key)
      if (parts === undefined || parts.organization !== undefined) return false
      const place = {
        repository: 'acme/app',
        ...(parts.environment === undefined ? {} : { environment: parts.environment }),
      }
      const at = github.secretUpdatedAt({ ...place, name: parts.secretName })
      const shown = id?.startsWith('variable:') ? github.variableValue({ ...place, name: id.slice(9) }) : clientId
      return at !== undefined && Date.parse(at) / 1000 === stamp && shown === clientId
    })
  })
}

/** No character that an editor would not show; and nothing that begins at a line's start but what the writer put there. */
function requireSafe(spec: string): void {
  expect(spec).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
  for (const line of spec.split('\n')) expect(line).toMatch(/^(#|version:|tenant:|defaults:|clients:|$| {2})/)
}

/** Names form neither commands nor Markdown: signs of either are there only where the program writes them. */
function requireHarmless(log: string[], summary: string): void {
  for (const line of log) {
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|^\s*::|##\[/u)
  }
  const tags = [...summary.matchAll(/<[^>]*>?/g)].map(([tag]) => tag)
  const known = ['<code>', '</code>', '<details>', '</details>', '<summary>', '</summary>', '<!-- -->']
  expect(tags.filter((tag) => !known.includes(tag))).toEqual([])
  for (const line of summary.split('\n').filter((it) => it.startsWith('|')))
    expect(line.split(' | ').length).toBeLessThan(5)
  const plain = summary.replaceAll(/&#\d+;/g, '').replaceAll(/^#+ Qlik|<!-- -->/gm, '')
  expect(plain).not.toMatch(/[`[\]!@#&]/)
}
