import { formatDuration, isoTime, units } from '../base/duration.ts'
import { markdownCell, markdownCode } from '../base/markdown.ts'
import { plain } from '../base/text.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, scopeLabel } from '../model/destination.ts'
import { refLabel } from '../model/space.ts'
import { tableOf } from './markdown-parts.ts'
import type { Outcome } from './outcome.ts'

/** Failed clients first, then clients that need attention, then changed clients; each group in the order of the spec. */
export function byUrgency(outcomes: Outcome[]): Outcome[] {
  return outcomes.toSorted((a, b) => urgency(a) - urgency(b))
}

function urgency(outcome: Outcome): number {
  const place = ['❌', '⚠️'].indexOf(mark(outcome))
  return place >= 0 ? place : outcome.result === 'unchanged' ? 3 : 2
}

function mark({ error, foreign, warnings }: Outcome): string {
  if (error !== undefined) return '❌'
  return foreign.length + warnings.length > 0 ? '⚠️' : '✅'
}

/** One row for each client. The table fits the width of GitHub's summary, even with long names. */
export function clientTable(outcomes: Outcome[], bytes: number): string {
  const names = outcomes.some(({ plan }) => plan?.spec.spaces?.length) ? 'consent, scopes, spaces' : 'consent, scopes'
  const head = ['result', 'client', names, 'secret, next rotation', 'destinations']
  return tableOf(head, outcomes, (outcome) => row(outcome, outcomes.length === 1), { bytes })
}

function row(outcome: Outcome, isAlone: boolean): string[] {
  const { plan, name, clientId, result, error } = outcome
  const shownId = isAlone && clientId !== undefined ? `<br>${markdownCode(clientId)}` : ''
  const shown = [
    `${mark(outcome)} ${error === undefined ? (result ?? '') : `**failed**<br>${error.code.replaceAll('_', '_<wbr>')}`}`,
    `${markdownCell(name, 80)}${shownId}`,
  ]
  if (isDeleted(outcome)) return [...shown, '', '', '']
  const scopes = plan?.spec.fields.scopes ?? plan?.client?.scopes ?? []
  const spaces = plan?.spec.spaces ?? []
  const access = [
    plan?.spec.consent,
    cellOf(scopes, (scope) => markdownCode(scope, 60), ' '),
    cellOf(spaces, ({ space, roles }) => markdownCell(`${refLabel(space)}: ${roles.join(' ')}`, 200), '<br>'),
  ]
  return [
    ...shown,
    access.filter(Boolean).join('<br>'),
    [secretText(outcome), rotationText(outcome)].filter(Boolean).join('<br>'),
    placesText(outcome.destinations) || 'none',
  ]
}

/** It is absent in the spec, so its former values are not shown. */
export function isDeleted({ plan, error }: Outcome): boolean {
  return plan?.spec.state === 'absent' && error === undefined
}

const mostInCell = 20

function cellOf<T>(items: T[], text: (item: T) => string, between: string): string {
  const left = items.length - mostInCell
  return [...items.slice(0, mostInCell).map(text), ...(left > 0 ? [`and ${left} more`] : [])].join(between)
}

/**
 * `acme/app, environment staging: QLIK_CLIENT_SECRET, QLIK_CLIENT_ID`; several places with the same names share one list of
 * names.
 */
export function placesText(destinations: Destination[]): string {
  const namesOf = ({ secretName, idName, idAs }: Destination) =>
    idAs === 'none' ? secretName : `${secretName}, ${idName}`
  const groups = [...Map.groupBy(destinations.slice(0, mostInCell), namesOf)].map(([names, places]) => {
    const where = places.map((place) => markdownCell(scopeLabel(place), 200)).join('<br>')
    return `${where}&#58;${places.length === 1 ? ' ' : '<br>'}${markdownCell(names, 200)}`
  })
  const left = destinations.length - mostInCell
  return [...groups, ...(left > 0 ? [`and ${left} more`] : [])].join('<br>')
}

/** `secret a1b2c`, or `key` with its thumbprint. */
export function credentialName(hint: string): string {
  return `${isKeyHint(hint) ? 'key' : 'secret'} ${markdownCode(hint)}`
}

function secretText({ current, nextRotationAt, now }: Outcome): string {
  if (current === undefined) return ''
  const { hint, issuedAt } = current
  // The first of a key's 43 characters are enough here; the output has all of them.
  const shown = isKeyHint(hint) ? `key ${markdownCode(`${plain(hint).slice(0, 8)}…`)}` : markdownCode(hint)
  const age = Math.max(0, now - issuedAt)
  if (nextRotationAt === undefined) return `${shown}<br>${age < 60 ? 'new' : `${formatDuration(age)} old`}`
  const policy = nextRotationAt - issuedAt
  return `${shown}<br>${ageOfPolicy(age, policy)}<br><code>${bar(age / policy)}</code>`
}

/** `34 of 90 days`: in the largest unit that the policy contains more than once. */
function ageOfPolicy(age: number, policy: number): string {
  const [size, name] = units.find(([size]) => policy >= 2 * size) ?? [1, 'second']
  return `${Math.floor(age / size)} of ${Math.floor(policy / size)} ${name}s`
}

/** A bar for the used part of its life. */
function bar(part: number): string {
  const full = Math.min(10, Math.floor(part * 10))
  return '█'.repeat(full) + '░'.repeat(10 - full)
}

function rotationText({ current, nextRotationAt, now }: Outcome): string {
  if (nextRotationAt === undefined) return current === undefined ? '' : 'never rotated'
  return nextRotationAt <= now ? '**due**' : isoTime(nextRotationAt).slice(0, 10)
}
