import { formatDuration, iso, plural } from '../base/duration.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { clientIdText } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Step } from '../plan/steps.ts'
import { fitted, tableOf } from './markdown-table.ts'
import type { Outcome } from './outcome.ts'
import { fieldName, stepText } from './step-text.ts'
import { isGone } from './summary-table.ts'

// What stands below the table of clients. Of several clients each row says whose it is.

/** Of many clients there is more than anybody reads. */
const mostRows = 12

/** A table under a line of words; its rows come from each client. */
function listed(
  outcomes: Outcome[],
  words: string,
  head: string[],
  rowsOf: (outcome: Outcome) => string[][],
  bytes: number,
): string {
  const several = outcomes.length > 1
  const rows = outcomes.flatMap((outcome) =>
    rowsOf(outcome).map((row) => (several ? [markdown(outcome.name, 80), ...row] : row)),
  )
  const table = tableOf(several ? ['client', ...head] : head, rows, bytes)
  return [table && words, table].filter(Boolean).join('\n\n')
}

/** Users that were made just now reach no space yet. */
export function clientUsers(outcomes: Outcome[]): string {
  const made = outcomes.filter(({ botUserId, result }) => botUserId !== undefined && result === 'created')
  if (outcomes.length === 1 && made.length === 1)
    return `The client acts as the user ${markdownCode(made[0]!.botUserId!)} on the tenant. Scopes, even admin ones, do not open spaces: add this user to each space that the client must reach.`
  const words =
    'Each new client acts as a user of its own on the tenant. Scopes, even admin ones, do not open spaces: add these users to each space that their client must reach.'
  const rows = made.map(({ name, botUserId }) => [markdown(name, 80), markdownCode(botUserId!)])
  const table = tableOf(['client', 'user'], rows, 30_000)
  // A long list comes between nobody and what comes next.
  const shown = rows.length > mostRows ? folded(`The ${rows.length} users`, table) : table
  return [made.length > 0 && words, shown].filter(Boolean).join('\n\n')
}

// --- what comes next -------------------------------------------------------------------------------------------------

/** Retirements and rotations, the next one first. Nothing happens by itself: a run has to come. */
export function whatComesNext(outcomes: Outcome[]): string {
  const several = outcomes.length > 1
  const events = outcomes.flatMap((outcome) => eventsOf(outcome).map((event) => ({ ...event, outcome })))
  const rows = events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what, outcome: { name, now } }) => [when(at, now), ...(several ? [markdown(name, 80)] : []), what])
  return tableOf(['first run after', ...(several ? ['client'] : []), 'what comes next'], rows, 30_000, mostRows)
}

function eventsOf(outcome: Outcome): { at: number; what: string }[] {
  const { retiring, nextRotationAt, current, result } = outcome
  if (isGone(outcome) || result === 'deleted') return []
  const kindOf = (hint: string) => (isKeyHint(hint) ? 'key' : 'secret')
  const events = retiring.map(({ hint, until }) => ({
    at: until,
    what: `the previous ${kindOf(hint)} ${markdownCode(hint)} is retired; it works until then`,
  }))
  if (current === undefined || nextRotationAt === undefined) return events
  const rotation = `a fresh ${kindOf(current.hint)} takes the place of the current one`
  return [...events, { at: nextRotationAt, what: rotation }]
}

function when(at: number, now: number): string {
  return at <= now ? 'now' : `${iso(at).slice(0, 16).replace('T', ' ')} UTC, in ${formatDuration(at - now)}`
}

// --- differences -----------------------------------------------------------------------------------------------------

/** For a plan: every field that differs, old and new. */
export function differences(outcomes: Outcome[]): string {
  const words = 'What differs from the spec:'
  const rowsOf = ({ steps, mode }: Outcome) => (mode === 'plan' ? steps.flatMap(differenceRows) : [])
  return listed(outcomes, words, ['field', 'now', 'would be'], rowsOf, 100_000)
}

function differenceRows(step: Step): string[][] {
  const difference = (field: string, before: string | undefined, after: string) => [
    markdown(field),
    before ? markdownCode(before) : '',
    markdownCode(after),
  ]
  const text = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(' ') : value)
  switch (step.kind) {
    case 'update':
      return step.changes.map(({ field, before, after }) => difference(fieldName(field), text(before), text(after)!))
    case 'consent':
      return [difference('consent', step.before, step.after)]
    case 'write-id':
      return [difference(step.destination.idName, step.before && clientIdText(step.before), step.clientId)]
    case 'create':
      return [
        difference('name', undefined, step.fields.name),
        difference('consent', undefined, step.consent),
        difference('scopes', undefined, step.fields.scopes.join(' ')),
        difference('grant-types', undefined, step.fields.grantTypes.join(' ')),
        ...(['redirectUris', 'allowedOrigins', 'clientUri', 'logoUri'] as const).flatMap((field) => {
          const value = text(step.fields[field])
          return value ? [difference(fieldName(field), undefined, value)] : []
        }),
      ]
    default:
      return []
  }
}

// --- the rest --------------------------------------------------------------------------------------------------------

/** Live secrets of others, with age and maker. */
export function foreignSecrets(outcomes: Outcome[]): string {
  const words =
    '⚠️ Live secrets that this action did not issue; it leaves them alone. `retire-hints` retires those whose hints it names.'
  const rowsOf = ({ foreign, now }: Outcome) =>
    foreign.map(({ hint, createdAt, createdBy }) => [
      markdownCode(hint),
      createdAt === undefined ? 'unknown' : formatDuration(now - createdAt),
      createdBy === undefined ? 'unknown' : markdownCode(createdBy),
    ])
  return listed(outcomes, words, ['hint', 'age', 'made by'], rowsOf, 50_000)
}

export function notes(outcomes: Outcome[]): string {
  return points(outcomes, '', ({ notes }) => notes)
}

/** Who reviews a plan reads this, and not the log. */
export function warnings(outcomes: Outcome[]): string {
  return points(outcomes, '⚠️ ', ({ warnings }) => warnings)
}

function points(outcomes: Outcome[], mark: string, textsOf: (outcome: Outcome) => string[]): string {
  const several = outcomes.length > 1
  const lines = outcomes.flatMap((outcome) =>
    textsOf(outcome).map(
      (text) => `- ${mark}${several ? `${markdown(outcome.name, 80)} · ` : ''}${markdown(text, 500)}`,
    ),
  )
  return fitted(lines, 30_000, (left) => `- … and ${left} more, in the log`).join('\n')
}

/** What was done, folded up: the log tells it too. */
export function stepLists(outcomes: Outcome[]): string {
  const lists = outcomes.filter(({ steps }) => steps.length > 0).map(stepList)
  return fitted(lists, 100_000, (left) => `… and for ${plural(left, 'client')} more, in the log`).join('\n\n')
}

function stepList({ steps, mode, name }: Outcome): string {
  const verb = mode === 'plan' ? 'Would be done' : 'Done'
  const list = steps.map((step) => `- ${markdown(stepText(step), 600)}`).join('\n')
  return folded(`${verb} for ${markdown(name, 80)}: ${plural(steps.length, 'step')}`, list)
}

function folded(title: string, content: string): string {
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`
}
