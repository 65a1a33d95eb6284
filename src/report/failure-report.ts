import { plural } from '../base/duration.ts'
import type { ActionError } from '../base/errors.ts'
import { cutMarkdown, markdown, markdownCode } from '../base/markdown.ts'
import { mistakeText } from '../base/mistake-positions.ts'
import { asManyAsFit, firstFew, joinBlocks, mostSummaryBytes, tableOf } from './markdown-parts.ts'

// The report of a run that ended before any client was handled. It needs no facts about clients, so a run that stops at an input ends soon.

/** The limit of the output `summary`: a comment takes 65,536 characters, and a workflow adds a few of its own. */
export const summaryBytes = 60_000

/** All outputs of the step, as they are if no client was handled. */
export function outputsWithoutClients(summary: string): Record<string, string> {
  return {
    'client-id': '',
    'client-name': '',
    'bot-user-id': '',
    result: '',
    changed: 'false',
    drift: 'false',
    plan: '[]',
    'secret-hint': '',
    'secret-issued-at': '',
    'next-rotation-at': '',
    clients: '[]',
    summary: cutMarkdown(summary, summaryBytes),
    findings: '',
    spec: '',
    matrix: '',
    'error-code': '',
  }
}

/** A failure before the first client. */
export function failureSummary(error: ActionError): string {
  return joinBlocks(['### Qlik OAuth client: failed', failureQuote(error, mostSummaryBytes)])
}

/** A failure as a quotation: code, message, remedy and trace; the mistakes of spec files as a table below it. */
export function failureQuote(error: ActionError, bytes: number, names: string[] = []): string {
  const whose = names.length === 0 ? '' : `${firstFew(names.map((name) => markdown(name, 80)))} · `
  const several = error.mistakes.length > 1
  const [headline = '', ...rest] = error.message.split('\n')
  const message = several ? [headline.replace(/:$/, '')] : [headline, ...rest]
  const trace = error.trace === undefined ? '' : `\n> \n> ${markdownCode(error.trace)}`
  const told = `> ${whose}**${error.code}**: ${quotedLines(message, bytes)}\n> \n> ${quotedLines(error.hint.split('\n'), bytes)}${trace}`
  return several ? `${told}\n\n${mistakeTable(error, bytes / 2)}` : told
}

function quotedLines(lines: string[], bytes: number): string {
  const more = (left: number) => `${plural(left, 'line')} more in the log`
  return asManyAsFit(lines, (line) => markdown(line, 2000), { bytes: bytes / 4 }, more).join('<br>')
}

function mistakeTable({ mistakes }: ActionError, bytes: number): string {
  const cells = (mistake: ActionError['mistakes'][number]) => {
    const place = mistakeText({ ...mistake, message: '' }).replace(/: $/, '')
    return [markdown(place), markdown(mistake.message, 1000)]
  }
  return tableOf(['where', 'what is wrong'], [...mistakes], cells, { bytes })
}
