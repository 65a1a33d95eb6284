import type { ObservedSecret } from './client.ts'
import { type Destination, destinationLabel } from './destination.ts'
import { formatDuration, iso, plural } from './duration.ts'
import type { ActionError } from './errors.ts'
import type { Outcome } from './outcome.ts'
import { fieldName, stepText } from './render.ts'
import type { Step } from './steps.ts'
import { markdown, markdownCode } from './text.ts'

/** The job summary as Markdown. Whatever comes from a tenant, a spec or a server is escaped. */
export function summaryOf(outcomes: Outcome[], tenantHost: string): string {
  const title = `### Qlik OAuth ${outcomes.length === 1 ? 'client' : 'clients'} on ${markdown(tenantHost)}`
  const parts = [title, table(outcomes), ...outcomes.flatMap((outcome) => named(details(outcome), outcome, outcomes))]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** Of several clients each part says whose it is. */
function named(parts: string[], { name }: Outcome, { length }: Outcome[]): string[] {
  return length === 1 || !parts.some(Boolean) ? parts : [`#### ${markdown(name, 80)}`, ...parts]
}

/** A failure before any client was looked at. */
export function failureSummary(error: ActionError): string {
  return `### Qlik OAuth client: failed\n\n${failure(error)}\n`
}

function table(outcomes: Outcome[]): string {
  const head =
    '| client | result | consent | scopes | secret | next rotation | destinations |\n|---|---|---|---|---|---|---|'
  return [head, ...outcomes.map(row)].join('\n')
}

function row(outcome: Outcome): string {
  const { plan, current, now } = outcome
  const gone = plan?.spec.state === 'absent' && outcome.mode !== 'plan' && outcome.error === undefined
  const shown = outcome.mode === 'plan' && plan?.client !== undefined ? plan.client : undefined
  const scopes = shown?.scopes ?? plan?.spec.fields.scopes ?? plan?.client?.scopes ?? []
  const cells = [
    `${markdown(outcome.name, 80)}${outcome.clientId === undefined ? '' : `<br>${markdownCode(outcome.clientId)}`}`,
    outcome.error === undefined ? resultText(outcome) : `**failed**: ${outcome.error.code}`,
    gone ? '' : (shown?.consent ?? plan?.spec.consent ?? ''),
    gone ? '' : scopes.map((scope) => markdownCode(scope, 60)).join(' '),
    current === undefined || gone ? '' : `${markdownCode(current.hint)}, ${age(now - current.issuedAt)}`,
    outcome.nextRotationAt === undefined || gone
      ? ''
      : outcome.nextRotationAt <= now
        ? 'due'
        : iso(outcome.nextRotationAt).slice(0, 10),
    gone ? '' : outcome.destinations.map(destinationText).join('<br>') || 'none',
  ]
  return `| ${cells.join(' | ')} |`
}

function destinationText(destination: Destination): string {
  const id = destination.idAs === 'none' ? '' : `, ${destination.idName}`
  return markdown(`${destinationLabel(destination)}${id}`, 200)
}

function resultText({ result, mode, drift }: Outcome): string {
  return `${result ?? ''}${mode === 'plan' && drift ? ', **drift**' : ''}`
}

function age(seconds: number): string {
  return seconds < 60 ? 'new' : `${formatDuration(seconds)} old`
}

function details(outcome: Outcome): string[] {
  return [
    outcome.error === undefined ? '' : failure(outcome.error),
    outcome.steps.length === 0 ? '' : stepList(outcome),
    differences(outcome),
    retiringSecrets(outcome),
    foreignSecrets(outcome.foreign, outcome.now),
    outcome.notes.map((note) => `- ${markdown(note, 500)}`).join('\n'),
    botReminder(outcome),
  ]
}

function failure(error: ActionError): string {
  const trace = error.trace === undefined ? '' : `\n> \n> ${markdownCode(error.trace)}`
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) => markdown(line, 2000))
      .join('<br>')
  return `> **${error.code}**: ${lines(error.message)}\n> \n> ${lines(error.hint)}${trace}`
}

function stepList({ steps, mode, name }: Outcome): string {
  const verb = mode === 'plan' ? 'Would be done' : 'Done'
  const list = steps.map((step) => `- ${markdown(stepText(step), 600)}`).join('\n')
  return `<details><summary>${verb} for ${markdown(name, 80)}: ${plural(steps.length, 'step')}</summary>\n\n${list}\n\n</details>`
}

/** For a plan: every field that differs, old and new. */
function differences({ steps, mode }: Outcome): string {
  const rows = mode === 'plan' ? steps.flatMap(differenceRows) : []
  return rows.length === 0 ? '' : ['| field | now | would be |\n|---|---|---|', ...rows].join('\n')
}

function differenceRows(step: Step): string[] {
  const difference = (field: string, before: string | undefined, after: string) =>
    `| ${markdown(field)} | ${before ? markdownCode(before) : ''} | ${markdownCode(after)} |`
  const text = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(' ') : value)
  switch (step.kind) {
    case 'update':
      return step.changes.map(({ field, before, after }) => difference(fieldName(field), text(before), text(after)!))
    case 'consent':
      return [difference('consent', step.before, step.after)]
    case 'write-id':
      return [difference(step.destination.idName, step.before, step.clientId)]
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

function retiringSecrets({ retiring, result, now }: Outcome): string {
  if (retiring.length === 0 || result === 'deleted') return ''
  const list = retiring.map(
    ({ hint, until }) =>
      `${markdownCode(hint)} ${until <= now ? 'by the next run' : `by the first run after ${iso(until)}`}`,
  )
  return `Previous secrets still work, and will be retired: ${list.join('; ')}.`
}

function foreignSecrets(foreign: ObservedSecret[], now: number): string {
  if (foreign.length === 0) return ''
  const rows = foreign.map(({ hint, createdAt, createdBy }) => {
    const old = createdAt === undefined ? 'unknown' : formatDuration(now - createdAt)
    return `| ${markdownCode(hint)} | ${old} | ${createdBy === undefined ? 'unknown' : markdownCode(createdBy)} |`
  })
  return [
    'Live secrets that this action did not issue; it leaves them alone. `retire-hints` retires them by name.',
    '',
    '| hint | age | made by |\n|---|---|---|',
    ...rows,
  ].join('\n')
}

function botReminder({ botUserId, result }: Outcome): string {
  if (botUserId === undefined || result !== 'created') return ''
  return `The client acts as the user ${markdownCode(botUserId)} on the tenant. Scopes, even admin ones, do not open spaces: add this user to each space that the client must reach.`
}
