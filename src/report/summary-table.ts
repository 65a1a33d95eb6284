import { formatDuration, iso } from '../base/duration.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { plain } from '../base/text.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationLabel } from '../model/destination.ts'
import { tableOf } from './markdown-table.ts'
import type { Outcome } from './outcome.ts'

/** Those that failed first, then those to look at, then what was changed; each in the order of the spec. */
export function byUrgency(outcomes: Outcome[]): Outcome[] {
  return outcomes.toSorted((a, b) => urgency(a) - urgency(b))
}

function urgency(outcome: Outcome): number {
  const place = ['❌', '⚠️'].indexOf(mark(outcome))
  return place >= 0 ? place : outcome.result === 'unchanged' ? 3 : 2
}

function mark({ error, mode, drift, foreign, result }: Outcome): string {
  if (error !== undefined) return '❌'
  if ((mode === 'plan' && drift) || foreign.length > 0) return '⚠️'
  return result === 'planned' ? '○' : '✅'
}

const head = ['', 'client', 'result', 'consent', 'scopes', 'secret', 'next rotation', 'destinations']

/** One row a client. */
export function clientTable(outcomes: Outcome[]): string {
  return tableOf(head, outcomes.map(row), 250_000)
}

function row(outcome: Outcome): string[] {
  const { plan, name, clientId, mode, error } = outcome
  const about = `${markdown(name, 80)}${clientId === undefined ? '' : `<br>${markdownCode(clientId)}`}`
  const result = error === undefined ? resultText(outcome) : `**failed**: ${error.code}`
  if (isGone(outcome)) return [mark(outcome), about, result, '', '', '', '', '']
  const shown = mode === 'plan' && plan?.client !== undefined ? plan.client : undefined
  const scopes = shown?.scopes ?? plan?.spec.fields.scopes ?? plan?.client?.scopes ?? []
  return [
    mark(outcome),
    about,
    result,
    shown?.consent ?? plan?.spec.consent ?? '',
    few(scopes, (scope) => markdownCode(scope, 60), ' '),
    secretText(outcome),
    rotationText(outcome),
    few(outcome.destinations, destinationText, '<br>') || 'none',
  ]
}

/** It is to be absent, and nothing is said of what it had. */
export function isGone({ plan, mode, error }: Outcome): boolean {
  return plan?.spec.state === 'absent' && mode !== 'plan' && error === undefined
}

function resultText({ result, mode, drift }: Outcome): string {
  return `${result ?? ''}${mode === 'plan' && drift ? ', **drift**' : ''}`
}

const mostInCell = 20

function few<T>(items: T[], text: (item: T) => string, between: string): string {
  const left = items.length - mostInCell
  return [...items.slice(0, mostInCell).map(text), ...(left > 0 ? [`and ${left} more`] : [])].join(between)
}

function destinationText(destination: Destination): string {
  const id = destination.idAs === 'none' ? '' : `, ${destination.idName}`
  return markdown(`${destinationLabel(destination)}${id}`, 200)
}

function secretText({ current, nextRotationAt, now }: Outcome): string {
  if (current === undefined) return ''
  const { hint, issuedAt } = current
  // Of a key's 43 characters the first ones do; the output has all of them.
  const shown = isKeyHint(hint) ? `key ${markdownCode(`${plain(hint).slice(0, 8)}…`)}` : markdownCode(hint)
  const age = Math.max(0, now - issuedAt)
  if (nextRotationAt === undefined) return `${shown}<br>${age < 60 ? 'new' : `${formatDuration(age)} old`}`
  const policy = nextRotationAt - issuedAt
  return `${shown}<br>${ageOfPolicy(age, policy)}<br><code>${bar(age / policy)}</code>`
}

/** `34 of 90 days`: in the largest unit of which the policy has several. */
function ageOfPolicy(age: number, policy: number): string {
  const units = [
    [86_400, 'days'],
    [3_600, 'hours'],
    [60, 'minutes'],
  ] as const
  const [size, name] = units.find(([size]) => policy >= 2 * size) ?? [1, 'seconds']
  return `${Math.floor(age / size)} of ${Math.floor(policy / size)} ${name}`
}

/** How much of its life is over. */
function bar(part: number): string {
  const full = Math.min(10, Math.floor(part * 10))
  return '█'.repeat(full) + '░'.repeat(10 - full)
}

function rotationText({ current, nextRotationAt, now }: Outcome): string {
  if (nextRotationAt === undefined) return current === undefined ? '' : 'never'
  return nextRotationAt <= now
    ? '**due**'
    : `${iso(nextRotationAt).slice(0, 10)}<br>in ${formatDuration(nextRotationAt - now)}`
}
