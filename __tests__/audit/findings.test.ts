import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { auditLines, auditSummary } from '../../src/audit/audit-report.ts'
import { type Finding, findingKinds, worstFirst } from '../../src/audit/findings.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/audit.md'), 'utf8')

/** As many findings of every kind as a large tenant has. */
function crowd(each: number): Finding[] {
  return Object.entries(findingKinds).flatMap(([kind, [severity]]) =>
    Array.from({ length: each }, (_, index) => ({
      ...{ clientId: `${index}`.padStart(32, 'a'), name: `client ${index}`, kind: kind as Finding['kind'], severity },
      detail: 'x'.repeat(200),
    })),
  )
}

describe('findings', () => {
  it('are those of docs/audit.md, with the same severities, in the same order', () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` +\| (\w+)/gm)].map(([, kind, severity]) => [kind, severity])
    expect(rows).toEqual(Object.entries(findingKinds).map(([kind, [severity]]) => [kind, severity]))
  })

  it('are in order: the worst first, then by kind and name', () => {
    const findings = worstFirst(crowd(3).toReversed())
    expect(findings.map(({ kind }) => kind)).toEqual(Object.keys(findingKinds).flatMap((kind) => [kind, kind, kind]))
    expect(findings.slice(0, 3).map(({ name }) => name)).toEqual(['client 0', 'client 1', 'client 2'])
  })
})

describe('the summary of a tenant of two hundred clients', () => {
  const summary = auditSummary({ host: 'acme.eu.qlikcloud.com', clients: 200, findings: crowd(200) })

  it('can be scanned: counts on top, one line each for the worst, the rest folded up', () => {
    const [head = ''] = summary.split('<details>')
    expect(head).toContain('**200 clients**: 400 high, 1400 medium, 600 low, 400 info')
    expect(head).toContain('| 🟠 | <code>slots-full</code> | 200 |')
    expect(head.split('\n').length).toBeLessThan(60)
    expect(head.match(/<code>broad-scope<\/code> x/g)).toHaveLength(25)
  })

  it('fits what GitHub takes, and says what it left out', () => {
    expect(Buffer.byteLength(summary)).toBeLessThan(1_048_576)
    expect(summary).toMatch(/… and \d+ lines more: the output findings has all/)
    expect(summary.split('<details>')).toHaveLength(2)
    expect(summary.split('</details>')).toHaveLength(2)
  })

  it('has a log of fifty lines at most, the last of them with counts', () => {
    const lines = auditLines({ host: 'acme.eu.qlikcloud.com', clients: 200, findings: crowd(200) })
    expect(lines).toHaveLength(52)
    expect(lines.at(-2)).toBe('… and 2750 findings more, in the summary')
    expect(lines.at(-1)).toBe(
      '✓ acme.eu.qlikcloud.com: 200 clients looked at: 400 high, 1400 medium, 600 low, 400 info',
    )
  })
})
