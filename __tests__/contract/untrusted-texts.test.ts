import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import { specInvalid } from '../../src/base/mistake-positions.ts'
import type { WireResponse } from '../../src/io/http/transport.ts'
import { failureSummary } from '../../src/report/failure-report.ts'
import { summaryOf } from '../../src/report/summary.ts'
import { commandIn, shownByRunner } from '../support/masker.ts'
import { type RunResult, Simulation } from '../support/simulation.ts'
import { destination, now, outcomeOf } from '../support/values.ts'

// Names and texts of a tenant, a spec or a server are data: they form no workflow command, and no Markdown.

const evil = [
  ...[
    '\n::set-output name=x::evil',
    '\r::add-mask::evil',
    '::stop-commands::evil',
    '##[error]evil',
    '##[group]evil',
    '%0A::warning::evil',
  ],
  ...[
    '\u2028::error::evil',
    '\u0085::error::evil',
    '\u001b[31m',
    '\u202eevil',
    '\u200b',
    '\ud800',
    '\ufeff',
    '$\u007b{ secrets.EVIL }}',
  ],
  ...[
    '<img src=https://evil.example/x.png>',
    '<script>',
    '<!--',
    '-->',
    '</details>',
    '</code>',
    '<br>',
    '&lt;b&gt;',
    '&#60;i&#62;',
  ],
  ...[
    '[evil](https://evil.example)',
    '![evil](x)',
    'https://evil.example',
    'www.evil.example',
    'evil@evil.example',
    '@octocat',
    'acme/app#1',
    '#1',
  ],
  ...[
    '|',
    '| evil |',
    '\n|---|',
    '`',
    '```',
    '**',
    '__',
    '~~',
    '\n# evil',
    '\n> evil',
    '\n- evil',
    '$x^2$',
    ':tada:',
    '\\',
    'x'.repeat(3000),
  ],
  ...['ghadelimiter_', 'EOF', "'", '"', '{', '}', '\t', ' '],
]
const texts = fc
  .array(fc.oneof(fc.constantFrom(...evil), fc.string({ maxLength: 6 })), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))

/** Where texts of others stand in answers. */
const fields = [
  'clientName',
  'ownerId',
  'createdBy',
  'appType',
  'hint',
  'issuer',
  'value',
  'id',
  'title',
  'detail',
  'code',
  'traceId',
  'message',
  'error',
  'error_description',
  'consentMethod',
  'createdAt',
  'updated_at',
]

/** An answer in which these fields say something else, and scopes and the description say more. */
function saying(answer: WireResponse, said: string, which: Set<string>): WireResponse {
  const headers = { ...answer.headers }
  const oneLine = said.replace(/[\r\n]/g, ' ')
  for (const name of ['x-github-request-id', 'x-accepted-github-permissions', 'content-type'])
    if (which.has('headers')) headers[name] = oneLine
  try {
    const body = JSON.stringify(
      JSON.parse(answer.body, (key, value: unknown) => {
        if (which.has(key) && typeof value === 'string') return said
        if (which.has('allowedScopes') && key === 'allowedScopes' && Array.isArray(value)) return [...value, said]
        if (which.has('description') && key === 'description' && typeof value === 'string') return `${said}\n${value}`
        return value
      }),
    )
    return { ...answer, headers, body }
  } catch {
    return { ...answer, headers }
  }
}

/** Only the commands that were meant, none with properties; and each other line is none. */
function expectNoCommands({ raw, commands, log }: RunResult): void {
  const found = shownByRunner({ raw }).commands
  expect(
    found.map(({ name }) => name).filter((name) => !['add-mask', 'debug', 'notice', 'warning', 'error'].includes(name)),
  ).toEqual([])
  expect(found.filter(({ properties }) => properties !== '')).toEqual([])
  expect(found).toHaveLength(commands)
  for (const line of log.flatMap((it) => it.split('\n'))) {
    expect(commandIn(line)).toBeUndefined()
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
  }
}

/** Nothing but our own tags, and tables whose rows have as many cells as their heads. */
function expectOwnMarkdown(summary: string): void {
  expect(summary).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
  const bare = summary.replace(
    /<\/?(br|wbr|code|details|summary)>|&#\d+;(<!-- -->)?|`(retire-hints|spaces(: \[\{ name: Name of the space, roles: \[consumer\] \}\])?|Name of the space: consumer)`|^> |\*\*[\w ,]+\*\*/gm,
    '',
  )
  expect(bare).not.toMatch(/[<>&`@*~\\$[\]{}!^]/)
  // A name may end in `http`, with our own colon behind it: that is no link.
  expect(bare).not.toMatch(/https?:(?! )|www\.|^#(?!## Qlik)|:[a-z]\w*:/m)
  for (const tag of ['details', 'code', 'summary'])
    expect(summary.split(`<${tag}>`)).toHaveLength(summary.split(`</${tag}>`).length)
  const cells = (line: string) => line.split('|').length
  const lines = summary.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('|')) expect(cells(line)).toBe(1)
    else if (lines[index - 1]?.startsWith('|')) expect(cells(line)).toBe(cells(lines[index - 1]!))
  }
}

const ways = fc.constantFrom<Record<string, string>>(
  {},
  { mode: 'plan' },
  { rotate: 'now' },
  { mode: 'destroy' },
  { description: 'said', scopes: 'apps' },
)

describe('a text of somebody else', () => {
  it('in what services answer forms no command and no Markdown', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.subarray([...fields, 'headers', 'allowedScopes', 'description'], { minLength: 1, maxLength: 4 }),
        ways,
        fc.nat(20),
        async (said, which, inputs, from) => {
          const simulation = await Simulation.start()
          const { tenant, github } = simulation.sandbox
          const { clientId } = tenant.addClient({ clientName: 'deployer', description: 'of people' })
          tenant.addSecret(clientId)
          github.setVariable({ repository: 'acme/app', name: 'QLIK_CLIENT_ID' }, 'somebody')
          if (from % 3 === 0) await simulation.run()
          if (from % 5 === 0)
            simulation.sandbox.faults.add({
              when: 'before',
              nth: from,
              times: 9,
              fault: {
                kind: 'status',
                status: 403,
                body: '{"errors":[{"code":"X","title":"t","detail":"d"}],"traceId":"t","message":"m"}',
              },
            })
          simulation.hostile = (answer) => saying(answer, said, new Set(which))
          const result = await simulation.run(inputs)
          expectNoCommands(result)
          expectOwnMarkdown(result.summary)
        },
      ),
      { numRuns: Number(process.env.HOSTILE ?? 120) },
    )
  })

  it('in a spec forms no command and no Markdown', { timeout: 60_000 }, async () => {
    const inputs = [
      'name',
      'description',
      'scopes',
      'environment',
      'retire-hints',
      'client-id',
      'repository',
      'tenant',
      'consent',
    ]
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.subarray(inputs, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('apply', 'plan', 'destroy'),
        async (said, which, mode) => {
          const simulation = await Simulation.start()
          const result = await simulation.run({ mode, ...Object.fromEntries(which.map((name) => [name, said])) })
          expectNoCommands(result)
          expectOwnMarkdown(result.summary)
        },
      ),
      { numRuns: Number(process.env.HOSTILE ?? 120) },
    )
  })

  it('in the summary of several clients forms no Markdown, wherever it appears', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(4), (one, other, which) => {
        const error = new ActionError('CLIENT_BUSY', `${one}\n${other}`, other, { trace: one })
        const outcome = (name: string) =>
          outcomeOf({
            ...{ name, clientId: one, botUserId: other, result: which === 1 ? 'created' : 'planned' },
            ...(which === 2 ? { error } : {}),
            ...{ mode: which === 3 ? 'plan' : 'apply', drift: true, notes: [one, other] },
            current: { hint: one, issuedAt: now - 1 },
            nextRotationAt: now + 1,
            retiring: [{ hint: other, until: now }],
            foreign: [{ hint: one, createdAt: 1, createdBy: other }],
            steps: [{ kind: 'write-id', destination, clientId: one, before: other }],
            destinations: [{ ...destination, environment: one }],
          })
        expectOwnMarkdown(summaryOf([outcome(one), outcome(other)], one))
        const mistake = { file: one, line: 1, column: 1, message: other }
        expectOwnMarkdown(failureSummary(specInvalid([mistake, { ...mistake, line: 2 }])))
      }),
      { numRuns: Number(process.env.HOSTILE ?? 120) },
    )
  })

  it('in the name of a client is the same client again the next time', async () => {
    for (const name of [
      '::error::x',
      '<b>|`x`|</b>',
      'a##[group]b',
      '$\u007b{ github.token }}',
      '@octocat #1',
      '_x_ *y*',
      '漢字 🚀',
    ]) {
      const simulation = await Simulation.start()
      expect((await simulation.run({ name })).outputs).toMatchObject({ result: 'created', 'client-name': name })
      expect((await simulation.run({ name })).outputs?.result).toBe('unchanged')
    }
  })
})

describe('a time of another age', () => {
  it.each(['+275760-09-13T00:00:00Z', '9999-12-31T23:59:59Z', '-000001-01-01T00:00:00Z', '0', 'soon'])(
    'is none, and nothing is reckoned with it: %s',
    async (time) => {
      const simulation = await Simulation.start()
      await simulation.run()
      simulation.hostile = (answer) => ({
        ...answer,
        body: answer.body.replaceAll(/"(createdAt|updated_at)":"[^"]*"/g, `"$1":"${time}"`),
      })
      for (const mode of ['plan', 'apply'])
        expect((await simulation.run({ mode, 'rotate-after': '90d' })).error?.code).not.toBe('BUG')
    },
  )

  it('in the Date header is no time either', async () => {
    for (const date of [
      'Sat, 13 Sep 275760 00:00:00 GMT',
      'Fri, 31 Dec 9999 23:59:59 GMT',
      'Wed, 31 Dec 1969 00:00:00 GMT',
    ]) {
      const simulation = await Simulation.start()
      simulation.hostile = (answer) => ({ ...answer, headers: { ...answer.headers, date } })
      const { error } = await simulation.run({ 'rotate-after': '90d' })
      expect(error?.message).toMatch(/came without a Date header/)
    }
  })
})

describe('a service that counts or pages without end', () => {
  const changing = (simulation: Simulation, name: string, value: unknown) => {
    simulation.hostile = (answer) => ({
      ...answer,
      body: answer.body.replace(new RegExp(`"${name}":[^,}\\]]+`), `"${name}":${JSON.stringify(value)}`),
    })
  }

  it.each([1e308, 1e7, 9999, -1, 0.5])('of %d values is not believed', async (count) => {
    const simulation = await Simulation.start()
    await simulation.run()
    changing(simulation, 'total_count', count)
    const { error, requests } = await simulation.run()
    expect(error?.code).toBe('GITHUB_UNEXPECTED')
    expect(requests.length).toBeLessThan(10)
  })

  it.each([
    'x:@evil.example/steal',
    'x:.evil.example/steal',
    'data:,',
    'javascript:alert(1)',
    '//[',
    'mailto:@e.example',
  ])('is not followed to %s, which is no page of the tenant', async (href) => {
    const simulation = await Simulation.start()
    simulation.hostile = (answer, { url }) =>
      url.includes('/oauth-clients?')
        ? { ...answer, body: JSON.stringify({ data: [], links: { next: { href } } }) }
        : answer
    const { error, requests } = await simulation.run()
    expect(error).toMatchObject({ code: 'TENANT_UNEXPECTED', message: expect.stringMatching(/not a valid address/) })
    expect(requests.filter(({ service }) => service === 'tenant')).toHaveLength(1)
  })

  it('is followed by its path alone, whatever host it names', async () => {
    const simulation = await Simulation.start()
    const asked: string[] = []
    simulation.hostile = (answer, { url }) => {
      if (url.includes('/oauth-clients?')) asked.push(url)
      const next = { next: { href: 'https://alias.example/api/v1/oauth-clients?next=2' } }
      return url.endsWith('limit=100') ? { ...answer, body: JSON.stringify({ data: [], links: next }) } : answer
    }
    await simulation.run({ mode: 'plan' })
    const { tenantUrl } = simulation.sandbox.settings
    expect(asked).toEqual([`${tenantUrl}/api/v1/oauth-clients?limit=100`, `${tenantUrl}/api/v1/oauth-clients?next=2`])
  })

  it('is not followed for ever', async () => {
    const simulation = await Simulation.start()
    let page = 0
    simulation.hostile = (answer, { url }) =>
      url.includes('/oauth-clients?')
        ? {
            ...answer,
            body: JSON.stringify({ data: [], links: { next: { href: `/api/v1/oauth-clients?page=${page++}` } } }),
          }
        : answer
    const { error, requests } = await simulation.run()
    expect(error).toMatchObject({ code: 'TENANT_UNEXPECTED', message: expect.stringMatching(/has no end/) })
    expect(requests.length).toBeLessThan(600)
  })
})
