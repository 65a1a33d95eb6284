import { formatDuration, plural } from '../base/duration.ts'
import { markdown, markdownCode } from '../base/markdown.ts'
import { failureQuote } from './failure-report.ts'
import { asManyAsFit, firstFew, folded, tableOf } from './markdown-parts.ts'
import type { Outcome } from './outcome.ts'

// The part of a summary that needs attention: it comes first. With several clients, each line names its client.

/** A longer list is folded up under its title. */
const mostRows = 12

// --- failures --------------------------------------------------------------------------------------------------------

/** Clients with the same failure share one entry. */
export function failuresSection(outcomes: Outcome[], bytes: number): string {
  const failed = outcomes.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]))
  const ways = Map.groupBy(failed, ({ error: { code, message, hint } }) => `${code} ${message} ${hint}`)
  const write = (same: typeof failed) =>
    failureQuote(same[0]!.error, bytes, outcomes.length === 1 ? [] : same.map(({ name }) => name))
  const more = (left: number) => `❌ ${plural(left, 'failure')} more: each is in the log.`
  return asManyAsFit([...ways.values()], write, { bytes }, more).join('\n\n')
}

// --- warnings --------------------------------------------------------------------------------------------------------

/** Warnings of the run as a whole, then warnings of all clients; clients with the same warning share one line. */
export function warningsSection(outcomes: Outcome[], ofRun: string[], bytes: number): string {
  const more = (left: number) => `- … and ${left} more, in the log`
  const first = asManyAsFit(ofRun, (text) => `- ⚠️ ${markdown(text, 500)}`, { bytes: bytes / 2 }, more).join('\n')
  const left = bytes - Buffer.byteLength(first)
  const rest = bulletList(outcomes, '⚠️ ', ({ warnings }) => warnings, left)
  return [first, rest].filter(Boolean).join('\n')
}

/** Notes of all clients, in the same way. */
export function notesSection(outcomes: Outcome[], bytes: number): string {
  return bulletList(outcomes, '', ({ notes }) => notes, bytes)
}

function bulletList(outcomes: Outcome[], mark: string, textsOf: (outcome: Outcome) => string[], bytes: number): string {
  const several = outcomes.length > 1
  const all = outcomes.flatMap((outcome) => textsOf(outcome).map((text) => ({ text, name: outcome.name })))
  const write = ([text, same]: [string, typeof all]) => {
    const whose = several ? `${firstFew(same.map(({ name }) => markdown(name, 80)))} · ` : ''
    return `- ${mark}${whose}${markdown(text, 500)}`
  }
  return asManyAsFit(
    [...Map.groupBy(all, ({ text }) => text)],
    write,
    { bytes },
    (left) => `- … and ${left} more, in the log`,
  ).join('\n')
}

/** Live secrets that this action did not issue, with age and maker, and a pointer to `retire-hints`. */
export function foreignSecretsSection(outcomes: Outcome[], bytes: number): string {
  const several = outcomes.length > 1
  const secrets = outcomes.flatMap(({ name, foreign, now }) => foreign.map((secret) => ({ name, now, ...secret })))
  const cells = ({ name, now, hint, createdAt, createdBy }: (typeof secrets)[number]) => [
    ...(several ? [markdown(name, 80)] : []),
    markdownCode(hint),
    createdAt === undefined ? 'unknown' : formatDuration(now - createdAt),
    createdBy === undefined ? 'unknown' : markdownCode(createdBy),
  ]
  const table = tableOf([...(several ? ['client'] : []), 'hint', 'age', 'made by'], secrets, cells, { bytes })
  if (table === '') return ''
  const words = `⚠️ **${plural(secrets.length, 'live secret')}** not issued by this action, which never deletes them by itself. To retire one, name its hint in the input \`retire-hints\`.`
  return `${words}\n\n${secrets.length > mostRows ? folded(`The ${secrets.length} secrets`, table) : table}`
}

// --- new users -------------------------------------------------------------------------------------------------------

/** A new user is in no space yet, unless the spec names some. */
export function newUsersSection(outcomes: Outcome[], bytes: number): string {
  const made = outcomes.filter(
    ({ botUserId, result, plan }) => botUserId !== undefined && result === 'created' && plan?.spec.spaces === undefined,
  )
  if (outcomes.length === 1 && made.length === 1)
    return `The client acts as the user ${markdownCode(made[0]!.botUserId!)} on the tenant. Scopes, even admin ones, do not open spaces: add this user to each space that the client must reach, or name these spaces in the input \`spaces\`, one on each line: \`Name of the space: consumer\`.`
  if (made.length === 0) return ''
  const words =
    'Each new client acts as a user of its own on the tenant. Scopes, even admin ones, do not open spaces: add these users to each space that their client must reach, or name these spaces in the spec file: `spaces: [{ name: Name of the space, roles: [consumer] }]`.'
  const cells = ({ name, botUserId }: Outcome) => [markdown(name, 80), markdownCode(botUserId!)]
  const table = tableOf(['client', 'user'], made, cells, { bytes })
  return `${words}\n\n${made.length > mostRows ? folded(`The ${made.length} users`, table) : table}`
}
