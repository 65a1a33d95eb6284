import { formatDuration, isoTime, plural } from '../base/duration.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { asManyAsFit, folded, tableOf } from './markdown-parts.ts'
import type { Outcome } from './outcome.ts'
import { stepText } from './step-text.ts'
import { credentialName, isDeleted } from './summary-table.ts'

// The parts after the table of clients: the least important, and the first to be cut.

/** The limit for many clients, because nobody reads more. */
const mostEvents = 12

/** Retirements and rotations, the next one first. They happen only in a run. */
export function nextDatesSection(outcomes: Outcome[], bytes: number): string {
  const several = outcomes.length > 1
  const events = outcomes.flatMap((outcome) => eventsOf(outcome).map((event) => ({ ...event, outcome })))
  const cells = ({ at, what, outcome: { name, now } }: (typeof events)[number]) => [
    when(at, now),
    ...(several ? [markdown(name, 80)] : []),
    what,
  ]
  const head = ['first run after', ...(several ? ['client'] : []), 'what comes next']
  const sorted = events.toSorted((a, b) => a.at - b.at)
  return tableOf(head, sorted, cells, { bytes, most: mostEvents })
}

function eventsOf(outcome: Outcome): { at: number; what: string }[] {
  const { retiring, nextRotationAt, current, result, destinations } = outcome
  // Without a destination no run rotates or retires.
  if (isDeleted(outcome) || result === 'deleted' || destinations.length === 0) return []
  const events = retiring.map(({ hint, until }) => ({
    at: until,
    what: `the previous ${credentialName(hint)} is retired; it works until then`,
  }))
  if (current === undefined || nextRotationAt === undefined) return events
  const [kind] = credentialName(current.hint).split(' ', 1)
  return [...events, { at: nextRotationAt, what: `a fresh ${kind} replaces the current one` }]
}

function when(at: number, now: number): string {
  return at <= now ? 'now' : `${isoTime(at).slice(0, 16).replace('T', ' ')} UTC, in ${formatDuration(at - now)}`
}

/** The ids of several clients, for which the table of clients has no room. */
export function clientIdsSection(outcomes: Outcome[], bytes: number): string {
  const known = outcomes.filter(({ clientId }) => clientId !== undefined)
  if (outcomes.length === 1 || known.length === 0) return ''
  const cells = ({ name, clientId }: Outcome) => [markdown(name, 80), markdownCode(clientId!)]
  return folded('The ids of the clients', tableOf(['client', 'id'], known, cells, { bytes }))
}

/** The steps, folded up; the log has them too. */
export function stepListsSection(outcomes: Outcome[], bytes: number): string {
  const busy = outcomes.filter(({ steps }) => steps.length > 0)
  const more = (left: number) => `… and for ${plural(left, 'client')} more, in the log`
  return asManyAsFit(busy, (outcome) => stepList(outcome, bytes), { bytes }, more).join('\n\n')
}

function stepList({ steps, name }: Outcome, bytes: number): string {
  const more = (left: number) => `- … and ${left} more, in the log`
  const list = asManyAsFit(steps, (step) => `- ${markdown(stepText(step), 600)}`, { bytes: bytes / 2 }, more)
  return folded(`Done for ${markdown(name, 80)}: ${plural(steps.length, 'step')}`, list.join('\n'))
}
