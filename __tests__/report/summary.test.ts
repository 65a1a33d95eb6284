import { describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import { specInvalid } from '../../src/base/mistake-positions.ts'
import { failureSummary } from '../../src/report/failure-report.ts'
import type { Outcome } from '../../src/report/outcome.ts'
import { shortSummaryOf, summaryOf } from '../../src/report/summary.ts'
import { checkedSummary, checkedWarnings } from '../../src/report/validation-report.ts'
import { clientSchema } from '../../src/spec/client-spec.ts'
import { actor, clientOf, destination, now, outcomeOf, specOf } from '../support/values.ts'

const day = 86_400
const bytes = (text: string) => Buffer.byteLength(text)
const mebibyte = 1_048_576

/** The cells of the row that is this client's, in the table of clients. */
function rowOf(summary: string, name: string): string[] {
  const row = summary.split('\n').find((line) => new RegExp(`^\\| \\S+ \\w+ \\| ${name}(<br>| \\|)`).test(line))
  return (row ?? '').split('|').map((cell) => cell.trim())
}

function secretOf(age: number, policy: number | undefined): string {
  const current = { hint: 'aaaaa', issuedAt: now - age }
  const nextRotationAt = policy === undefined ? undefined : current.issuedAt + policy
  return rowOf(summaryOf([outcomeOf({ current, nextRotationAt })], 'h'), 'deployer')[4] ?? ''
}

/** A table's rows have as many cells as its head, and a table ends at a blank line. */
function expectTables(summary: string): void {
  const lines = summary.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('|')) expect(lines[index - 1]?.startsWith('|') && line !== '').toBeFalsy()
    else if (lines[index - 1]?.startsWith('|'))
      expect(line.split('|')).toHaveLength(lines[index - 1]!.split('|').length)
  }
}

describe('a secret', () => {
  it.each([
    [34 * day, 90 * day, '<code>aaaaa</code><br>34 of 90 days<br><code>███░░░░░░░</code><br>2026-12-28'],
    [0, 90 * day, '<code>aaaaa</code><br>0 of 90 days<br><code>░░░░░░░░░░</code><br>2027-01-31'],
    [90 * day, 90 * day, '<code>aaaaa</code><br>90 of 90 days<br><code>██████████</code><br>**due**'],
    [400 * day, 90 * day, '<code>aaaaa</code><br>400 of 90 days<br><code>██████████</code><br>**due**'],
    [3 * 3600, day, '<code>aaaaa</code><br>3 of 24 hours<br><code>█░░░░░░░░░</code><br>2026-11-03'],
    [60, 1800, '<code>aaaaa</code><br>1 of 30 minutes<br><code>░░░░░░░░░░</code><br>2026-11-02'],
    [-5, 90, '<code>aaaaa</code><br>0 of 90 seconds<br><code>░░░░░░░░░░</code><br>2026-11-02'],
    [34 * day, undefined, '<code>aaaaa</code><br>34 days old<br>never rotated'],
    [0, undefined, '<code>aaaaa</code><br>new<br>never rotated'],
  ])('that is %d s old of %s s shows its age against its policy', (age, policy, shown) => {
    expect(secretOf(age, policy)).toBe(shown)
  })

  it('that is a key is told by the beginning of its thumbprint', () => {
    const current = { hint: 'AbCdEfGh'.padEnd(43, 'x'), issuedAt: now }
    const summary = summaryOf([outcomeOf({ current, retiring: [{ hint: 'k'.repeat(43), until: now + 60 }] })], 'h')
    expect(rowOf(summary, 'deployer')[4]).toMatch(/^key <code>AbCdEfGh&#8230;<\/code><br>new/)
    expect(summary).toContain(`the previous key <code>${'k'.repeat(43)}</code>`)
  })
})

describe('of several clients', () => {
  const failing = (name: string, message = 'what happened') =>
    outcomeOf({ name, result: undefined, error: new ActionError('CLIENT_BUSY', message, 'run again') })
  const foreign = [{ hint: 'fffff', createdAt: now - day, createdBy: 'ann' }]

  it('those that failed come first, then those to look at, then those that changed', () => {
    const outcomes = [
      outcomeOf({ name: 'same' }),
      outcomeOf({ name: 'rotated', result: 'rotated' }),
      outcomeOf({ name: 'foreign', foreign }),
      failing('failed'),
    ]
    const summary = summaryOf(outcomes, 'h')
    const rows = [...summary.matchAll(/^\| (\S+) .*? \| (\w+) \| {2}\|/gm)].map(([, mark, name]) => `${mark} ${name}`)
    expect(rows).toEqual(['❌ failed', '⚠️ foreign', '✅ rotated', '✅ same'])
    expect(summary).toContain('\n**4 clients**: 1 failed, 2 unchanged, 1 rotated\n')
    const order = ['> failed · **CLIENT_BUSY**', '⚠️ **1 live secret**', '| hint | age |', '| result | client |']
    const places = order.map((text) => summary.indexOf(text))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
    expect(summary).toContain('| foreign | <code>fffff</code> | 1 day | <code>ann</code> |')
    expectTables(summary)
  })

  it('what failed in one way is told once, with the names', () => {
    const names = Array.from({ length: 30 }, (_, index) => `c${index}`)
    const summary = summaryOf([...names.map((name) => failing(name)), failing('odd', 'something else')], 'h')
    expect(summary.split('**CLIENT_BUSY**: what happened')).toHaveLength(2)
    expect(summary).toContain('> c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, and 20 more · **CLIENT_BUSY**: what happened')
    expect(summary).toContain('> odd · **CLIENT_BUSY**: something else')
  })

  it('what comes next is in the order of time, and says when', () => {
    const current = { hint: 'aaaaa', issuedAt: now - 80 * day }
    const summary = summaryOf(
      [
        outcomeOf({ name: 'late', current, nextRotationAt: now + 10 * day }),
        outcomeOf({ name: 'waits', retiring: [{ hint: 'rrrrr', until: now + day }] }),
        outcomeOf({ name: 'overdue', current, nextRotationAt: now - 1 }),
        outcomeOf({ name: 'gone', result: 'deleted', current, nextRotationAt: now }),
      ],
      'h',
    )
    const [, table = ''] = /\n\| first run after \| client \| what comes next \|\n.*\n((?:\|.*\n)+)/.exec(summary) ?? []
    const rows = table.trimEnd().split('\n')
    expect(rows).toEqual([
      expect.stringMatching(/^\| now \| overdue \| a fresh secret replaces/),
      expect.stringMatching(/^\| 2026-11-03 06:13 UTC, in 1 day \| waits \| the previous secret <code>rrrrr/),
      expect.stringMatching(/^\| 2026-11-12 06:13 UTC, in 10 days \| late \|/),
    ])
  })

  it('new users are listed, to be added to spaces', () => {
    const made = (name: string) => outcomeOf({ name, result: 'created', botUserId: `bot-${name}` })
    const summary = summaryOf([made('a'), made('b'), outcomeOf({ name: 'c', botUserId: 'bot-c' })], 'h')
    expect(summary).toMatch(/add these users to each space/)
    expect(summary).toContain('| a | <code>bot-a</code> |')
    expect(summary).not.toContain('<code>bot-c</code>')
  })
})

describe('the mistakes of a spec file', () => {
  const mistake = (line: number) => ({ file: 'clients.yaml', line, column: 3, message: `clients[0].x|y: <b>${line}` })

  it('are a table', () => {
    const summary = failureSummary(specInvalid([mistake(4), mistake(9)]))
    expect(summary).toMatch(/^> \*\*SPEC_INVALID\*\*: 2 mistakes in the spec files/m)
    expect(summary).toContain('| clients.yaml&#58;9&#58;3 | clients&#91;0&#93;.x&#124;y&#58; &#60;b&#62;9 |')
    expectTables(summary)
  })

  it('are one line where there is one', () => {
    const summary = failureSummary(specInvalid([mistake(4)]))
    expect(summary).toMatch(/^> \*\*SPEC_INVALID\*\*: clients\.yaml&#58;4&#58;3&#58; /m)
    expect(summary).not.toContain('\n|')
  })

  it('have room, however many and long they are', () => {
    const long = Array.from({ length: 500 }, (_, index) => ({ ...mistake(index + 1), message: '@ 漢 '.repeat(1000) }))
    const summary = failureSummary(specInvalid(long))
    expect(bytes(summary)).toBeLessThan(mebibyte)
    expect(summary).toMatch(/\n\n… and \d+ more\n/)
    expectTables(summary)
  })
})

describe('two hundred clients', () => {
  const many = (more: (index: number) => Partial<Outcome>) =>
    Array.from({ length: 200 }, (_, index) => outcomeOf({ name: `client-${index}`, ...more(index) }))

  it('that are as they should be are a line, a table, and what comes next', () => {
    const current = { hint: 'aaaaa', issuedAt: now - day }
    const summary = summaryOf(
      many((index) => ({ current, nextRotationAt: now + (80 - (index % 80)) * day })),
      'h',
    )
    expect(summary).toContain('\n**200 clients**: 200 unchanged\n')
    expect(summary.match(/^\| ✅ unchanged \| /gm)).toHaveLength(200)
    expect(summary).toMatch(/\n\n… and 188 more\n/)
    expect(bytes(summary)).toBeLessThan(100_000)
    expectTables(summary)
  })

  const nasty = (length: number) => '@#|<漢> '.repeat(length)
  const manyNasty = (mode: 'plan' | 'apply') =>
    many((index) => ({
      name: `${index}${nasty(100)}`,
      clientId: nasty(50),
      mode,
      result: 'updated',
      plan: {
        spec: specOf({ fields: { name: 'x', scopes: Array.from({ length: 90 }, (_, n) => `${nasty(20)}${n}`) } }),
        client: clientOf(),
        adopted: false,
        run: actor.run,
        steps: [],
        drift: true,
        foreign: [],
        warnings: [],
      },
      steps: Array.from({ length: 30 }, () => ({
        kind: 'update',
        clientId: 'c',
        line: undefined,
        changes: [{ field: 'description', before: nasty(500), after: nasty(500) }],
      })),
      destinations: Array.from({ length: 20 }, (_, n) => ({ ...destination, environment: `${n}${nasty(40)}` })),
      foreign: Array.from({ length: 5 }, () => ({ hint: nasty(10), createdBy: nasty(20) })),
      retiring: Array.from({ length: 4 }, () => ({ hint: nasty(9), until: now })),
      warnings: [`${index}${nasty(200)}`],
      notes: [`${index}${nasty(200)}`],
      ...(index % 2 === 0
        ? { error: new ActionError('CLIENT_BUSY', `${index}\n${nasty(3000)}`, nasty(3000), { trace: nasty(30) }) }
        : {}),
    }))

  it.each(['plan', 'apply'] as const)(
    'have room for whatever names, scopes, places, notes and failures they have, and each part has its share: %s',
    (mode) => {
      const outcomes = manyNasty(mode)
      for (const [most, least] of [
        [mebibyte, 300_000],
        [60_000, 25_000],
      ] as const) {
        const summary = shortSummaryOf(outcomes, nasty(40), most)
        expect(bytes(summary)).toBeLessThan(most)
        expect(bytes(summary)).toBeGreaterThan(least)
        expect(summary).toMatch(/❌ \d+ failures more: each is in the log\./)
        expect(summary).toMatch(/- … and \d+ more, in the log/)
        expect(summary).toMatch(mode === 'plan' ? /\| \*\*change\*\* / : /\| result \| client \|/)
        expect(summary).toMatch(/\n… and \d+ more\n/)
        expect(summary.split('<details>')).toHaveLength(summary.split('</details>').length)
        expectTables(summary)
      }
    },
  )
})

describe('what was checked only', () => {
  const client = (more: object) => clientSchema.parse({ name: 'etl', ...more })

  it('says where the secrets would go, under the names they would have', () => {
    const deliver = [{ environment: 'staging' }, { organization: 'acme', visibility: 'all', store: 'dependabot' }]
    const clients = [client({ deliver }), client({ name: 'key', 'auth-method': 'private_key_jwt', deliver: [{}] })]
    const summary = checkedSummary([{ file: 'a.yaml', tenant: '', environment: '', clients }], [])
    expect(summary).toContain(
      '| this repository, environment staging&#58; QLIK_CLIENT_SECRET; organization acme, store dependabot&#58; QLIK_CLIENT_SECRET |',
    )
    expect(summary).toContain('| this repository&#58; QLIK_PRIVATE_KEY |')
    expectTables(summary)
  })

  it('has room in GitHub’s summary, however many files and clients there are', () => {
    const clients = Array.from({ length: 300 }, () => client({ name: '漢 @ '.repeat(100), deliver: [] }))
    const files = Array.from({ length: 40 }, () => ({ file: 'a.yaml', tenant: 't', environment: 'e', clients }))
    const summary = checkedSummary(files, checkedWarnings(files))
    expect(bytes(summary)).toBeLessThan(mebibyte)
    expect(summary).toMatch(/\n\n… and \d+ files more\n$/)
    expectTables(summary)
  })
})
