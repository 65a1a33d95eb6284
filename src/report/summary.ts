import { plural } from '../base/duration.ts'
import { markdown, shortenedNote } from '../base/markdown.ts'
import { isPlan } from '../spec/client-spec.ts'
import { joinBlocks, joinParts, type MarkdownPart, mostSummaryBytes } from './markdown-parts.ts'
import type { Outcome } from './outcome.ts'
import { planCounts, plannedChanges, unchangedClients } from './plan-summary.ts'
import { clientIdsSection, nextDatesSection, stepListsSection } from './summary-details.ts'
import { byUrgency, clientTable } from './summary-table.ts'
import {
  failuresSection,
  foreignSecretsSection,
  newUsersSection,
  notesSection,
  warningsSection,
} from './summary-warnings.ts'

/**
 * The job summary as Markdown, the most important first: a plan lists its changes; any other run lists the points that need
 * attention, then the clients, the next dates, and, folded up, the steps. Texts of a tenant, a spec or a server are escaped. The
 * summary has at most `bytes` bytes for any number of clients. `warnings`: warnings about the run as a whole.
 */
export function summaryOf(
  outcomes: Outcome[],
  tenantHost: string,
  { bytes = mostSummaryBytes, warnings: ofRun = [] }: { bytes?: number; warnings?: string[] } = {},
): string {
  const plans = outcomes.some(({ mode }) => isPlan(mode))
  const about = `Qlik OAuth ${outcomes.length === 1 ? 'client' : 'clients'} on ${markdown(tenantHost)}`
  const head = joinBlocks([`### ${about}${plans ? ': plan' : ''}`, headline(outcomes, plans)]).trimEnd()
  const parts = plans ? planParts(outcomes, ofRun) : runParts(outcomes, ofRun)
  return joinParts([{ share: 0.05, write: () => head }, ...parts], bytes)
}

/** The same for a pull request's comment: a text that is too long is cut at the end, with a note. */
export function shortSummaryOf(
  outcomes: Outcome[],
  tenantHost: string,
  bytes: number,
  warnings: string[] = [],
): string {
  const summary = summaryOf(outcomes, tenantHost, { warnings })
  if (Buffer.byteLength(summary) <= bytes) return summary
  return `${summaryOf(outcomes, tenantHost, { warnings, bytes: bytes - 100 })}\n${shortenedNote}\n`
}

/** The last line of a log: the changes of a plan, or, with several clients, a tally of the results. */
export function closingLine(outcomes: Outcome[]): string | undefined {
  if (outcomes.some(({ mode }) => isPlan(mode))) {
    const { main, others } = planCounts(outcomes)
    return `This is a plan: nothing was done. ${[main, ...others].join(', ')}.`
  }
  return outcomes.length < 2 ? undefined : `${plural(outcomes.length, 'client')}: ${resultCounts(outcomes)}`
}

function headline(outcomes: Outcome[], plans: boolean): string {
  if (!plans) return outcomes.length === 1 ? '' : `**${plural(outcomes.length, 'client')}**: ${resultCounts(outcomes)}`
  const { main, others } = planCounts(outcomes)
  return `${[`**${main}**`, ...others].join(', ')}. This is a plan: nothing was done.`
}

/** `2 failed, 1 rotated, 197 unchanged` */
function resultCounts(outcomes: Outcome[]): string {
  const counts = new Map<string, number>()
  for (const { error, result } of byUrgency(outcomes)) {
    const word = error === undefined ? (result ?? '') : 'failed'
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}

type Writer = (outcomes: Outcome[], bytes: number) => string

/** The summary of a plan. It has no next dates, because they change before the plan is applied. */
function planParts(outcomes: Outcome[], ofRun: string[]): MarkdownPart[] {
  return [
    part(0.15, failuresSection, outcomes),
    { share: 0.1, write: (bytes) => warningsSection(outcomes, ofRun, bytes) },
    part(0.1, foreignSecretsSection, outcomes),
    part(0.5, plannedChanges, outcomes),
    part(0.05, unchangedClients, outcomes),
    part(0.05, notesSection, outcomes),
  ]
}

function runParts(outcomes: Outcome[], ofRun: string[]): MarkdownPart[] {
  return [
    part(0.15, failuresSection, outcomes),
    { share: 0.1, write: (bytes) => warningsSection(outcomes, ofRun, bytes) },
    part(0.1, foreignSecretsSection, outcomes),
    part(0.05, newUsersSection, outcomes),
    part(0.35, clientTable, byUrgency(outcomes)),
    part(0.05, nextDatesSection, outcomes),
    part(0.05, notesSection, outcomes),
    part(0.05, clientIdsSection, outcomes),
    part(0.05, stepListsSection, outcomes),
  ]
}

function part(share: number, write: Writer, outcomes: Outcome[]): MarkdownPart {
  return { share, write: (bytes) => write(outcomes, bytes) }
}
