import { plural } from '../base/duration.ts'
import { ActionError } from '../base/errors.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { plain } from '../base/text.ts'
import { asManyAsFit, folded, joinBlocks, tableOf } from '../report/markdown-parts.ts'
import { countsText, type Finding, findingKinds, type Severity } from './findings.ts'

/** The result of an audit for its reports. `clients`: the number of examined clients. */
export type AuditResult = { host: string; clients: number; findings: Finding[] }

const marks: Record<Severity, string> = { high: '🔴', medium: '🟠', low: '🟡', info: 'ℹ️' }

/** The number of findings that are shown; the others are folded up. */
const mostShown = 25

/** The job summary: counts, a table of the kinds, then the worst findings with a line each, and the others folded up. */
export function auditSummary({ host, clients, findings }: AuditResult): string {
  const rest = findings.slice(mostShown)
  return joinBlocks([
    `### Qlik OAuth clients on ${markdown(host)}: audit`,
    `**${plural(clients, 'client')}**: ${countsText(findings)}`,
    byKind(findings),
    tableOf(['', 'client', 'finding', 'what to do'], findings.slice(0, mostShown), row, { bytes: 100_000 }),
    rest.length === 0 ? '' : folded(`${plural(rest.length, 'finding')} more`, restTable(rest)),
  ])
}

/** With few findings the lines themselves are enough. */
function byKind(findings: Finding[]): string {
  if (findings.length <= mostShown) return ''
  const found = Map.groupBy(findings, ({ kind }) => kind)
  return tableOf(
    ['', 'kind', 'findings'],
    [...found],
    ([kind, { length }]) => [marks[findingKinds[kind][0]], `<code>${kind}</code>`, String(length)],
    { bytes: 10_000 },
  )
}

function row({ name, clientId, kind, severity, detail }: Finding): string[] {
  const client = [markdown(name, 80), clientId && markdownCode(clientId, 80)].filter(Boolean).join(' ')
  return [marks[severity], client, `<code>${kind}</code> ${markdown(detail)}`, findingKinds[kind][1]]
}

/** Findings grouped by kind, each group under its remedy. */
function restTable(findings: Finding[]): string {
  const lines = [...Map.groupBy(findings, ({ kind }) => kind)].flatMap(([kind, found]) => [
    `\n${marks[findingKinds[kind][0]]} <code>${kind}</code>: ${findingKinds[kind][1]}\n`,
    ...found.map((finding) => `- ${row(finding)[1] || 'the tenant'}: ${markdown(finding.detail)}`),
  ])
  const more = (left: number) => `\n… and ${plural(left, 'line')} more: the output findings has all`
  return asManyAsFit(lines, (line) => line, { bytes: 500_000 }, more)
    .join('\n')
    .trim()
}

// --- log and outputs -----------------------------------------------------------------------------------------------------

const mostLogged = 50

/** A line for each of the worst findings, and a last line with counts. */
export function auditLines({ host, clients, findings }: AuditResult): string[] {
  const left = findings.length - mostLogged
  return [
    ...findings.slice(0, mostLogged).map(line),
    ...(left > 0 ? [`… and ${plural(left, 'finding')} more, in the summary`] : []),
    `✓ ${plain(host, 100)}: ${plural(clients, 'client')} looked at: ${countsText(findings)}`,
  ]
}

function line({ name, clientId, kind, severity, detail }: Finding): string {
  const client = clientId === '' ? plain(name, 80) : `${plain(name, 80)} (${plain(clientId, 80)})`
  return `${severity === 'info' ? '○' : '✗'} ${[severity, kind, client, plain(detail)].filter(Boolean).join(' · ')}`
}

/** The output `findings`. */
export function findingsData(findings: Finding[]): string {
  return JSON.stringify(
    findings.map(({ clientId, name, kind, severity, detail }) => ({
      'client-id': clientId,
      'client-name': name,
      kind,
      severity,
      detail,
    })),
  )
}

/** The failure of a run with `fail-on-findings`; undefined if no finding is above `info`. */
export function findingsError({ host, findings }: AuditResult): ActionError | undefined {
  const grave = findings.filter(({ severity }) => severity !== 'info')
  if (grave.length === 0) return undefined
  return new ActionError(
    'FINDINGS',
    `${plural(grave.length, 'finding')} on ${plain(host, 100)}: ${countsText(grave)}`,
    'The summary and the output findings describe each finding, and the summary has the remedies. Without fail-on-findings a run only reports them.',
  )
}
