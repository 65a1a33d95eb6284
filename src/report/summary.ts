import { mistakeText } from '../base/diagnostics.ts'
import { plural } from '../base/duration.ts'
import type { ActionError } from '../base/errors.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { blocks, fitted, tableOf } from './markdown-table.ts'
import type { Outcome } from './outcome.ts'
import {
  clientUsers,
  differences,
  foreignSecrets,
  notes,
  stepLists,
  warnings,
  whatComesNext,
} from './summary-details.ts'
import { byUrgency, clientTable } from './summary-table.ts'

/**
 * The job summary as Markdown: first what needs attention, then the clients, then what comes next, and folded up what was done.
 * Whatever comes from a tenant, a spec or a server is escaped; however many clients there are, GitHub takes it.
 */
export function summaryOf(outcomes: Outcome[], tenantHost: string): string {
  const several = outcomes.length !== 1
  return blocks([
    `### Qlik OAuth ${several ? 'clients' : 'client'} on ${markdown(tenantHost)}`,
    several ? counts(outcomes) : '',
    failures(outcomes),
    several ? attention(outcomes) : '',
    warnings(outcomes),
    clientTable(byUrgency(outcomes)),
    clientUsers(outcomes),
    whatComesNext(outcomes),
    differences(outcomes),
    foreignSecrets(outcomes),
    notes(outcomes),
    stepLists(outcomes),
  ])
}

/** A failure before any client was looked at. */
export function failureSummary(error: ActionError): string {
  return blocks(['### Qlik OAuth client: failed', failure(error)])
}

/** `200 clients: 2 failed, 1 rotated, 197 unchanged`. */
function counts(outcomes: Outcome[]): string {
  const words = byUrgency(outcomes).map(({ error, result }) => (error === undefined ? (result ?? '') : 'failed'))
  const each = [...new Set(words)].map((word) => `${words.filter((it) => it === word).length} ${word}`)
  return `**${plural(outcomes.length, 'client')}**: ${each.join(', ')}`
}

/** What failed for several clients in one way is told once. */
function failures(outcomes: Outcome[]): string {
  const ways = new Map<string, { error: ActionError; names: string[] }>()
  for (const { name, error } of outcomes) {
    if (error === undefined) continue
    const way = `${error.code} ${error.message} ${error.hint}`
    const { names } = ways.get(way) ?? { names: [] }
    ways.set(way, { error, names: [...names, markdown(name, 80)] })
  }
  const texts = [...ways.values()].map(({ error, names }) => failure(error, outcomes.length === 1 ? [] : names))
  const more = (left: number) => `❌ ${plural(left, 'failure')} more: each is in the log.`
  return fitted(texts, 100_000, more).join('\n\n')
}

function failure(error: ActionError, names: string[] = []): string {
  const whose = names.length === 0 ? '' : `${fewOf(names)} · `
  const several = error.mistakes.length > 1
  const [headline = '', ...rest] = error.message.split('\n')
  const message = several ? [headline.replace(/:$/, '')] : [headline, ...rest]
  const trace = error.trace === undefined ? '' : `\n> \n> ${markdownCode(error.trace)}`
  const told = `> ${whose}**${error.code}**: ${quotedLines(message)}\n> \n> ${quotedLines(error.hint.split('\n'))}${trace}`
  return several ? `${told}\n\n${mistakeTable(error)}` : told
}

function quotedLines(lines: string[]): string {
  return fitted(
    lines.map((line) => markdown(line, 2000)),
    100_000,
    (left) => `${plural(left, 'line')} more in the log`,
  ).join('<br>')
}

function mistakeTable({ mistakes }: ActionError): string {
  const rows = mistakes.map((mistake) => {
    const { message } = mistake
    const place = mistakeText({ ...mistake, message: '' }).replace(/: $/, '')
    return [markdown(place), markdown(message, 1000)]
  })
  return tableOf(['where', 'what is wrong'], rows, 300_000)
}

/** Of several clients: what somebody should look at, in a line each. What it is in detail stands below. */
function attention(outcomes: Outcome[]): string {
  const line = (is: (outcome: Outcome) => number, text: string) => {
    const found = outcomes.filter((outcome) => is(outcome) > 0)
    const named = found.map((outcome) => {
      const count = is(outcome)
      return `${markdown(outcome.name, 80)}${count > 1 ? ` (${count})` : ''}`
    })
    return found.length === 0 ? [] : [`- ⚠️ ${text}: ${fewOf(named)}`]
  }
  return [
    ...line(({ mode, drift }) => Number(mode === 'plan' && drift), 'Different from the spec'),
    ...line(({ foreign }) => foreign.length, 'Live secrets that this action did not issue'),
    ...line(
      ({ botUserId, result }) => Number(botUserId !== undefined && result === 'created'),
      'New users, to be added to the spaces that they must reach',
    ),
  ].join('\n')
}

const mostNames = 10

function fewOf(names: string[]): string {
  const left = names.length - mostNames
  return `${names.slice(0, mostNames).join(', ')}${left > 0 ? `, and ${left} more` : ''}`
}
