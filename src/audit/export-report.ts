import { plural } from '../base/duration.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { plain } from '../base/text.ts'
import { folded, joinBlocks } from '../report/markdown-parts.ts'
import type { ExportedTenant } from './export-tenant.ts'

type Told = { host: string; file: string | undefined; exported: ExportedTenant; text: string }

/** `✓ acme.eu.qlikcloud.com: 58 clients exported to clients.yaml; …` */
export function exportLine({ host, file, exported }: Told): string {
  const where = file === undefined ? 'the output spec' : plain(file, 100)
  return `✓ ${plain(host, 100)}: ${counts(exported, `exported to ${where}`)}`
}

function counts({ inFile, inComments, otherTypes }: ExportedTenant, what: string): string {
  return [
    `${plural(inFile, 'client')} ${what}`,
    ...(inComments > 0 ? [`${inComments} in comments only, each with the reason`] : []),
    ...(otherTypes > 0 ? [`${plural(otherTypes, 'client')} of other types left out`] : []),
  ].join('; ')
}

/** Bytes of the file that the summary shows. */
const mostShown = 300_000

/** The job summary: counts, what comes next, and the file folded up. */
export function exportSummary({ host, file, exported, text }: Told): string {
  const where = file === undefined ? 'the output <code>spec</code>' : markdownCode(file)
  const fits = new TextEncoder().encode(text).length <= mostShown
  return joinBlocks([
    `### Qlik OAuth clients on ${markdown(host)}: export`,
    `**${counts(exported, 'exported')}**, to ${where}.`,
    exported.inFile === 0 ? noNextStep : nextStep,
    fits ? folded('The file', fenced(text)) : '',
  ])
}

const nextStep =
  'Read it, remove the clients that this repository must not manage, and run <code>mode: plan</code> with it: the plan changes no field of a client. Nothing is written before <code>mode: apply</code>.'

const noNextStep =
  'The tenant has no client that this repository could manage: the file needs its first client before a run takes it.'

/** The text can't end its block: the fence is longer than any run of backticks in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}yaml\n${text.trimEnd()}\n${fence}`
}
