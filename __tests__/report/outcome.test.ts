import { describe, expect, it } from 'vitest'
import { ActionError, toActionError } from '../../src/base/errors.ts'
import type { Step } from '../../src/plan/client-plan.ts'
import { failureSummary } from '../../src/report/failure-report.ts'
import { resultOf, retiringSecrets } from '../../src/report/outcome.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import { reasonText, stepData, stepLine, stepText } from '../../src/report/step-text.ts'
import { summaryOf } from '../../src/report/summary.ts'
import { destination, ledgerOf, now, outcomeOf } from '../support/values.ts'

const steps: Record<string, Step> = {
  create: {
    kind: 'create',
    fields: { name: 'deployer', scopes: ['a'], grantTypes: ['client_credentials'], authMethods: ['client_secret'] },
    consent: 'trusted',
    user: '',
    ledger: ledgerOf(),
    credential: 'secret',
    deliver: true,
  },
  update: {
    kind: 'update',
    clientId: 'c1',
    line: undefined,
    changes: [
      { field: 'scopes', before: ['a', 'b'], after: ['b', 'c'] },
      { field: 'description', before: '', after: 'x' },
    ],
  },
  consent: { kind: 'consent', clientId: 'c1', before: 'required', after: 'trusted' },
  own: { kind: 'own', clientId: 'c1', user: '', ledger: ledgerOf(), what: 'owner' },
  'write-id': { kind: 'write-id', destination, clientId: 'c1', before: 'c0' },
  issue: {
    kind: 'issue',
    clientId: 'c1',
    user: '',
    credential: 'secret',
    reasons: ['due', 'asked'],
    ledger: ledgerOf(),
    addMethod: undefined,
  },
  verify: { kind: 'verify' },
  deliver: { kind: 'deliver', destination, idBefore: undefined },
  commit: { kind: 'commit' },
  retire: { kind: 'retire', clientId: 'c1', hint: 'rrrrr', why: 'grace is over' },
  'remove-values': { kind: 'remove-values', destination, parts: ['secret', 'id'] },
  delete: { kind: 'delete', clientId: 'c1', name: 'deployer', places: [] },
  'delete-twin': { kind: 'delete-twin', clientId: 'c2' },
}
const deliver = steps.deliver as Step & { kind: 'deliver' }
const of = (...kinds: string[]) => kinds.map((kind) => steps[kind]!)

describe('the result', () => {
  it.each([
    [[], 'unchanged'],
    [['retire'], 'updated'],
    [['update', 'consent'], 'updated'],
    [['write-id'], 'updated'],
    [['own'], 'updated'],
    [['retire', 'update', 'issue', 'verify', 'deliver', 'commit', 'retire'], 'rotated'],
    [['issue'], 'updated'],
    [['create', 'verify', 'deliver', 'commit'], 'created'],
    [['remove-values', 'delete'], 'deleted'],
  ])('of %j is %s', (kinds, result) => {
    expect(resultOf(of(...kinds), 'apply')).toBe(result)
    expect(resultOf(of(...kinds), 'plan')).toBe(kinds.length === 0 ? 'unchanged' : 'planned')
  })
})

describe('the outputs', () => {
  it('are all text, and of several clients only what holds for all', () => {
    const two = [
      outcomeOf({ changed: true, result: 'rotated' }),
      outcomeOf({ name: 'b', clientId: 'c2', drift: true, result: 'updated' }),
    ]
    const outputs = outputsOf(two, 'S')
    expect(outputs).toMatchObject({
      'client-id': '',
      'client-name': '',
      result: 'rotated',
      changed: 'true',
      drift: 'true',
      summary: 'S',
    })
    expect(JSON.parse(outputs.clients!)).toMatchObject([
      { 'client-id': 'c1' },
      { 'client-id': 'c2', 'client-name': 'b' },
    ])
    expect(Object.values(outputs).every((value) => typeof value === 'string')).toBe(true)
  })

  it('have a summary that fits into a comment, and into an environment variable', () => {
    const { summary } = outputsOf([], 'a line of it: ä\n'.repeat(20_000))
    expect(Buffer.byteLength(summary!)).toBeLessThan(61_000)
    expect(summary).toMatch(/cut: the job summary has all of it/)
  })

  it('tell the first failure', () => {
    const failing = (code: 'CLIENT_BUSY' | 'CLIENT_MISSING') => outcomeOf({ error: new ActionError(code, 'm', 'h') })
    expect(outputsOf([outcomeOf(), failing('CLIENT_BUSY'), failing('CLIENT_MISSING')], '')['error-code']).toBe(
      'CLIENT_BUSY',
    )
  })

  it('have times in ISO 8601, and none where there is none', () => {
    const current = { hint: 'aaaaa', issuedAt: now }
    expect(outputsOf([outcomeOf({ current, nextRotationAt: now + 60 })], '')).toMatchObject({
      'secret-hint': 'aaaaa',
      'secret-issued-at': '2026-11-02T06:13:20Z',
      'next-rotation-at': '2026-11-02T06:14:20Z',
    })
    expect(outputsOf([outcomeOf({ current, result: 'deleted' })], '')).toMatchObject({
      'secret-hint': '',
      'secret-issued-at': '',
      'next-rotation-at': '',
    })
  })

  it('hold the steps as data, without the ledger', () => {
    const plan = JSON.parse(outputsOf([outcomeOf({ steps: Object.values(steps) })], '').plan!)
    expect(plan).toHaveLength(Object.keys(steps).length)
    for (const step of plan)
      expect(step).toMatchObject({ client: 'deployer', kind: expect.any(String), text: expect.any(String) })
    expect(JSON.stringify(plan)).not.toMatch(/ledger"|"user"/)
  })
})

describe('a step in words', () => {
  it.each(Object.entries(steps))('says what %s does, in one line', (_kind, step) => {
    expect(stepText(step)).toMatch(/^[a-z][^\n]{5,}$/)
    expect(stepLine(step, 'done', [], { milliseconds: 1234 })).toBe(`✓ ${stepText(step)} (1.2 s)`)
    expect(stepLine(step, 'done', [], { milliseconds: 38 })).toMatch(/ \(0\.04 s\)$/)
    expect(stepLine(step, 'planned')).toBe(`○ ${stepText(step)}`)
    expect(stepData(step)).toMatchObject({ kind: step.kind })
  })

  it('names a client’s places alone where their names were said three times', () => {
    const to = (environment: string): Step => ({ ...deliver, destination: { ...destination, environment } })
    const before = ['a', 'b', 'c'].map(to)
    expect(stepLine(to('d'), 'done', before)).toBe('✓ deliver to acme/app, environment d: the same names')
    expect(stepLine(to('c'), 'done', before.slice(1))).toContain('secret QLIK_CLIENT_SECRET')
    const other: Step = { ...deliver, destination: { ...destination, secretName: 'OTHER' } }
    expect(stepLine(other, 'done', before)).toContain('secret OTHER')
  })

  it('says what lists gain and lose, and texts were and are', () => {
    expect(stepText(steps.update!)).toBe('change scopes +c -a; description from nothing to "x"')
  })

  it('says why a secret is issued', () => {
    expect(reasonText(['due', 'asked'])).toBe('the current one is older than rotate-after; rotate: now')
  })
})

it('secrets within their grace are those that are live, with the end of their grace', () => {
  const ledger = ledgerOf({ retiring: { rrrrr: now, gone: now } })
  expect(retiringSecrets(ledger, ['rrrrr', 'aaaaa'], 60)).toEqual([{ hint: 'rrrrr', until: now + 60 }])
  expect(retiringSecrets(undefined, [], 60)).toEqual([])
})

describe('the summary', () => {
  it('has one row a client with all that the contract names', () => {
    const outcome = outcomeOf({
      current: { hint: 'aaaaa', issuedAt: now - 3 * 86_400 },
      nextRotationAt: now + 86_400,
      result: 'updated',
      steps: of('consent'),
    })
    const summary = summaryOf([outcome], 'acme.eu.qlikcloud.com')
    expect(summary).toMatch(/^### Qlik OAuth client on acme\.eu\.qlikcloud\.com\n/)
    expect(summary).toMatch(
      /^\| ✅ updated \| deployer<br><code>c1<\/code> \| .* \| <code>aaaaa<\/code><br>3 of 4 days<br><code>███████░░░<\/code><br>2026-11-03 \| acme\/app&#58; QLIK_CLIENT_SECRET, QLIK_CLIENT_ID \|$/m,
    )
    expect(summary).toContain('Done for deployer: 1 step')
  })

  it('has as many cells in each row of a table as in its head, whatever the names', () => {
    const nasty = '| a | <b> `c` \n ::error::x'
    const outcome = outcomeOf({
      name: nasty,
      clientId: nasty,
      mode: 'plan',
      result: 'planned',
      steps: [
        ...of('create', 'update', 'consent', 'write-id'),
        {
          kind: 'update',
          clientId: 'c',
          line: undefined,
          changes: [{ field: 'description', before: nasty, after: nasty }],
        },
      ],
      foreign: [{ hint: nasty, createdAt: now - 60, createdBy: nasty }, { hint: 'x' }],
      notes: [nasty],
      destinations: [{ ...destination, environment: nasty }],
    })
    const rows = summaryOf([outcome], nasty)
      .split('\n')
      .filter((line) => line.startsWith('|'))
    const cells = rows.map((row) => row.split('|').length)
    expect(new Set(cells)).toEqual(new Set([6, 5]))
    expect(rows.length).toBeGreaterThan(8)
    for (const row of rows) expect(row).not.toMatch(/<b>|`/)
  })

  it('shows of a variable nothing but a client id', () => {
    for (const [before, shown] of [
      ['postgres://app:hunter2@db', 'something else'],
      ['d'.repeat(32), 'd'.repeat(32)],
    ]) {
      const step = { kind: 'write-id' as const, destination, clientId: 'c1', before }
      expect(stepText(step)).toBe(`write the client id to acme/app: QLIK_CLIENT_ID (was ${shown})`)
    }
  })

  it('says what was warned of, for whoever reviews a plan', () => {
    const warnings = ['The scope admin_classic gives all']
    expect(summaryOf([outcomeOf({ warnings })], 'h')).toContain('- ⚠️ The scope admin_classic gives all')
    const two = [outcomeOf({ warnings }), outcomeOf({ name: 'b' })]
    expect(summaryOf(two, 'h')).toContain('- ⚠️ deployer · The scope admin_classic gives all')
  })

  it('tells of live secrets that are not ours, with age and maker, and of those that wait for their end', () => {
    const foreign = [{ hint: 'fffff', createdAt: now - 7200, createdBy: 'ann' }, { hint: 'ggggg' }]
    const summary = summaryOf(
      [
        outcomeOf({
          foreign,
          retiring: [
            { hint: 'rrrrr', until: now + 60 },
            { hint: 'sssss', until: now },
          ],
        }),
      ],
      'h',
    )
    expect(summary).toContain('| <code>fffff</code> | 2 hours | <code>ann</code> |')
    expect(summary).toContain('| <code>ggggg</code> | unknown | unknown |')
    expect(summary).toMatch(/^\| 2026-11-02 06:14 UTC, in 1 minute \| the previous secret <code>rrrrr/m)
    expect(summary).toMatch(/^\| now \| the previous secret <code>sssss/m)
  })

  it('reminds of the spaces where a client was made', () => {
    const summary = summaryOf([outcomeOf({ botUserId: 'bot1', result: 'created' })], 'h')
    expect(summary).toMatch(/user <code>bot1<\/code>.*add this user to each space/)
    expect(summaryOf([outcomeOf({ botUserId: 'bot1', result: 'rotated' })], 'h')).not.toContain('space')
  })

  it('has code, message and remedy of a failure, and its trace', () => {
    const error = new ActionError('CLIENT_BUSY', 'first\n- second', 'mend <it>', { trace: 'T1' })
    for (const summary of [failureSummary(error), summaryOf([outcomeOf({ error })], 'h')]) {
      expect(summary).toContain('> **CLIENT_BUSY**: first<br>&#45; second')
      expect(summary).toContain('> mend &#60;it&#62;')
      expect(summary).toContain('<code>T1</code>')
    }
  })
})

describe('an unforeseen error', () => {
  it('is a BUG whose text is not repeated: nobody has vouched for it', () => {
    for (const thrown of [new TypeError('the secret is s3cr3t'), 's3cr3t', { a: 's3cr3t' }, null, undefined]) {
      const error = toActionError(thrown)
      expect(error.code).toBe('BUG')
      expect(`${error.message}${error.hint}`).not.toContain('s3cr3t')
    }
  })
})
