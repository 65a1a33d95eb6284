import { describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import type { Step } from '../../src/plan/client-plan.ts'
import type { Outcome } from '../../src/report/outcome.ts'
import { closingLine, shortSummaryOf, summaryOf } from '../../src/report/summary.ts'
import { destination, ledgerOf, now, outcomeOf } from '../support/values.ts'

const day = 86_400
const update: Step = {
  kind: 'update',
  clientId: 'c1',
  line: undefined,
  changes: [
    { field: 'scopes', before: ['a', 'b'], after: ['b', 'c'] },
    { field: 'description', before: '', after: 'x' },
  ],
}
const create: Step = {
  kind: 'create',
  fields: { name: 'portal', scopes: ['apps'], grantTypes: ['client_credentials'], authMethods: ['client_secret'] },
  consent: 'trusted',
  user: '',
  ledger: ledgerOf(),
  credential: 'secret',
  deliver: true,
}
const deliver: Step = { kind: 'deliver', destination, idBefore: undefined }
const issue: Step = {
  kind: 'issue',
  clientId: 'c1',
  user: '',
  credential: 'secret',
  reasons: ['due'],
  ledger: ledgerOf(),
  addMethod: undefined,
}

const planned = (name: string, steps: Step[], more: Partial<Outcome> = {}) =>
  outcomeOf({ name, mode: 'plan', result: steps.length === 0 ? 'unchanged' : 'planned', steps, ...more })
const created = () =>
  planned('portal', [create, { kind: 'verify' }, deliver, { kind: 'commit' }], { clientId: undefined })
const changed = (name = 'deployer') =>
  planned(name, [update, { kind: 'consent', clientId: 'c1', before: 'required', after: 'trusted' }])
const rotated = () =>
  planned(
    'importer',
    [
      issue,
      { kind: 'verify' },
      deliver,
      { kind: 'commit' },
      { kind: 'retire', clientId: 'c1', hint: 'rrrrr', why: 'grace is over' },
    ],
    {
      current: { hint: 'aaaaa', issuedAt: now - 91 * day },
      nextRotationAt: now - day,
    },
  )
const deleted = () =>
  planned(
    'old',
    [
      { kind: 'remove-values', destination, parts: ['secret', 'id'] },
      { kind: 'delete', clientId: 'c9', name: 'old', places: [] },
    ],
    { clientId: 'c9' },
  )
const same = (count: number) => Array.from({ length: count }, (_, index) => planned(`same-${index}`, []))
const lines = (summary: string) => summary.split('\n').filter((line) => line !== '')

describe('a plan', () => {
  it('begins with its counts; then each change, deletions first; then one line for all that stay', () => {
    const summary = summaryOf([created(), ...same(57), changed(), rotated(), deleted()], 'h')
    expect(lines(summary)).toEqual([
      '### Qlik OAuth clients on h: plan',
      '**1 to create, 2 to change, 1 to delete**, 57 unchanged. This is a plan: nothing was done.',
      '| client | field | now | planned |',
      '|---|---|---|---|',
      '| **delete** old | acme/app | secret QLIK_CLIENT_SECRET, variable QLIK_CLIENT_ID | deleted |',
      '|  | client | <code>c9</code> | deleted |',
      '| **change** deployer | scopes | <code>a b</code> | <code>b c</code> |',
      '|  | description |  | <code>x</code> |',
      '|  | consent | <code>required</code> | <code>trusted</code> |',
      '| **change** importer | secret | <code>aaaaa</code>, 91 days old | a fresh one: the current one is older than rotate-after |',
      '|  | secret <code>rrrrr</code> | valid | retired: grace is over |',
      '|  | destinations |  | acme/app&#58; QLIK_CLIENT_SECRET, QLIK_CLIENT_ID |',
      '| **create** portal | consent |  | <code>trusted</code> |',
      '|  | scopes |  | <code>apps</code> |',
      '|  | grant-types |  | <code>client_credentials</code> |',
      '|  | destinations |  | acme/app&#58; QLIK_CLIENT_SECRET, QLIK_CLIENT_ID |',
      `57 unchanged: ${Array.from({ length: 10 }, (_, index) => `same-${index}`).join(', ')}, and 47 more`,
    ])
  })

  it('shows of a variable what it holds and would hold', () => {
    const step: Step = { kind: 'write-id', destination, clientId: 'c1', before: 'something' }
    expect(summaryOf([planned('a', [step])], 'h')).toContain(
      '| acme/app&#58; QLIK_CLIENT_ID | <code>something else</code> | <code>c1</code> |',
    )
  })

  it('shows the roles that the client’s user has and would have in a space', () => {
    const space = { id: '65f1', name: 'Sales' }
    const steps: Step[] = [
      { kind: 'grant', space, roles: ['consumer'], before: undefined, assignmentId: undefined, bot: 'b', mark: '' },
      { kind: 'revoke', space: { id: '70a2', name: '70a2' }, before: ['dataconsumer', 'producer'], assignmentId: 'a' },
    ]
    const summary = summaryOf([planned('a', steps)], 'h')
    expect(summary).toContain('| **change** a | space Sales (65f1) |  | <code>consumer</code> |')
    expect(summary).toContain('| space 70a2 | <code>dataconsumer producer</code> |  |')
  })

  it('with nothing to do says so', () => {
    expect(lines(summaryOf(same(1), 'h')).slice(1)).toEqual([
      '**0 to create, 0 to change, 0 to delete**, 1 unchanged. This is a plan: nothing was done.',
      '1 unchanged: same-0',
    ])
  })

  it('tells what somebody has to look at before what it would do', () => {
    const error = new ActionError('CLIENT_AMBIGUOUS', 'two of them', 'pin one')
    const foreign = [{ hint: 'fffff', createdAt: now - day, createdBy: 'ann' }]
    const summary = summaryOf(
      [
        planned('a', [], { error }),
        planned('b', [update], { foreign, warnings: ['look at this'], notes: ['by the way'] }),
      ],
      'h',
    )
    const order = [
      '1 failed',
      '**CLIENT_AMBIGUOUS**',
      '⚠️ b · look at this',
      '| hint | age |',
      '**change**',
      'by the way',
    ]
    const places = order.map((text) => summary.indexOf(text))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
  })

  it('that fails for its drift is a plan still', () => {
    const error = new ActionError('DRIFT_FOUND', 'the client or its destinations differ from the spec', 'apply')
    const drifted = (name: string) => ({ ...changed(name), drift: true, error })
    const summary = summaryOf([drifted('a'), drifted('b'), ...same(1)], 'h')
    expect(summary).toContain('**0 to create, 2 to change, 0 to delete**, 1 unchanged.')
    expect(summary).toContain('> a, b · **DRIFT_FOUND**: the client or its destinations differ')
  })

  it('leaves of a client with endless changes room for the others', () => {
    const endless = planned(
      'endless',
      Array.from({ length: 500 }, () => update),
    )
    const summary = summaryOf([endless, changed('other')], 'h')
    expect(summary).toMatch(/\| … and 960 more \|/)
    expect(summary).toContain('| **change** other |')
  })

  it('of four tenants with sixty clients each fits into one comment, all changes of it', () => {
    const places = Array.from(
      { length: 20 },
      (_, index): Step => ({
        kind: 'deliver',
        destination: { ...destination, environment: `environment-${index}`, secretName: `QLIK_CLIENT_SECRET_${index}` },
        idBefore: undefined,
      }),
    )
    const tenant = () => [deleted(), changed(), rotated(), planned('portal', [create, ...places]), ...same(57)]
    const comment = Array.from({ length: 4 }, () => shortSummaryOf(tenant(), 'acme.eu.qlikcloud.com', 60_000)).join(
      '\n',
    )
    expect(comment.length).toBeLessThan(60_000)
    expect(comment.match(/\| \*\*(delete|change|create)\*\* /g)).toHaveLength(16)
    expect(comment).not.toContain('… ')
  })

  it('cut for a comment keeps its changes, and says that it was cut', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      ...changed(`client-${index}`),
      warnings: [`${index} ${'warning '.repeat(60)}`],
      foreign: [{ hint: `h${index}`, createdBy: 'somebody'.repeat(20) }],
    }))
    const summary = shortSummaryOf(many, 'h', 60_000)
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(60_000)
    expect(summary.match(/\| \*\*change\*\* /g)).toHaveLength(100)
    expect(summary).toMatch(/- … and \d+ more, in the log/)
    expect(summary.endsWith('_… cut: the job summary has all of it._\n')).toBe(true)
  })
})

describe('the last line of a log', () => {
  it.each<[string, Outcome[], string | undefined]>([
    [
      'of a plan',
      [created(), deleted(), ...same(2)],
      'This is a plan: nothing was done. 1 to create, 0 to change, 1 to delete, 2 unchanged.',
    ],
    ['of one client', [outcomeOf()], undefined],
    ['of several', [outcomeOf({ result: 'rotated' }), outcomeOf(), outcomeOf()], '3 clients: 1 rotated, 2 unchanged'],
  ])('%s', (_what, outcomes, line) => {
    expect(closingLine(outcomes)).toBe(line)
  })
})
