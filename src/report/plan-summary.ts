import { formatDuration } from '../base/duration.ts'
import { markdown, markdownCell, markdownCode, markdownCodeCell } from '../base/markdown.ts'
import { clientIdText } from '../model/client.ts'
import { scopeLabel } from '../model/destination.ts'
import type { Step } from '../plan/client-plan.ts'
import { asManyAsFit, firstFew, rowOf } from './markdown-parts.ts'
import type { Outcome } from './outcome.ts'
import { fieldName, partName, reasonText, spaceText, stepText } from './step-text.ts'
import { credentialName, placesText } from './summary-table.ts'

/** A client's group in a plan; `failed`: it could not be planned. */
type Kind = 'delete' | 'change' | 'create' | 'unchanged' | 'failed'

function kindOf({ plan, steps, error }: Outcome): Kind {
  // A failure because of drift is the user's choice: the plan itself succeeded.
  if (error !== undefined && error.code !== 'DRIFT_FOUND') return 'failed'
  if (steps.length === 0) return 'unchanged'
  const does = (wanted: Step['kind']) => steps.some(({ kind }) => kind === wanted)
  if (does('delete') || plan?.spec.state === 'absent') return 'delete'
  return does('create') ? 'create' : 'change'
}

/** `1 to create, 2 to change, 1 to delete`, and the numbers of the other groups that are not empty. */
export function planCounts(outcomes: Outcome[]): { main: string; others: string[] } {
  const kinds = outcomes.map(kindOf)
  const count = (kind: Kind) => kinds.filter((it) => it === kind).length
  const others = (['unchanged', 'failed'] as const).filter((kind) => count(kind) > 0)
  return {
    main: `${count('create')} to create, ${count('change')} to change, ${count('delete')} to delete`,
    others: others.map((kind) => `${count(kind)} ${kind}`),
  }
}

/** Every change, old and new: deletions first. A client's rows stay together. */
export function plannedChanges(outcomes: Outcome[], bytes: number): string {
  const changing = (['delete', 'change', 'create'] as const).flatMap((kind) =>
    outcomes.filter((outcome) => kindOf(outcome) === kind).map((outcome) => ({ kind, outcome })),
  )
  if (changing.length === 0) return ''
  const head = ['client', 'field', 'now', 'planned']
  const rows = asManyAsFit(
    changing,
    ({ kind, outcome }) => clientRows(kind, outcome, bytes / 4),
    { bytes },
    (left) => `\n… and ${left} more`,
  )
  return [rowOf(head), `|${'---|'.repeat(head.length)}`, ...rows].join('\n')
}

/** One line for all clients that stay as they are. */
export function unchangedClients(outcomes: Outcome[]): string {
  const same = outcomes.filter((outcome) => kindOf(outcome) === 'unchanged')
  return same.length === 0 ? '' : `${same.length} unchanged: ${firstFew(same.map(({ name }) => markdown(name, 80)))}`
}

/** A client with very many changes is cut, so that the clients after it are still shown. */
const mostRows = 40

type Row = [field: string, now: string, planned: string]

function clientRows(kind: Kind, outcome: Outcome, bytes: number): string {
  const { name, steps } = outcome
  const rows = [...steps.flatMap((step) => stepRows(step, outcome)), ...deliveryRow(steps)]
  const [first = '', ...rest] = asManyAsFit(
    rows,
    (row) => row.join(' | '),
    { bytes, most: mostRows },
    (left) => `… and ${left} more |  | `,
  )
  return [rowOf([`**${kind}** ${markdownCell(name, 80)}`, first]), ...rest.map((row) => rowOf(['', row]))].join('\n')
}

/** The rows of a step; none for steps that belong to every delivery. */
function stepRows(step: Step, outcome: Outcome): Row[] {
  switch (step.kind) {
    case 'update':
      return step.changes.map(({ field, before, after }) => valueRow(fieldName(field), textOf(before), textOf(after)))
    case 'consent':
      return [valueRow('consent', step.before, step.after)]
    case 'write-id': {
      const before = step.before && clientIdText(step.before)
      return [valueRow(`${scopeLabel(step.destination)}: ${step.destination.idName}`, before, step.clientId)]
    }
    case 'create':
      return createdRows(step)
    case 'issue':
      return [[step.credential, currentText(outcome), `a fresh one: ${markdown(reasonText(step.reasons))}`]]
    case 'retire':
      return [[credentialName(step.hint), 'valid', `retired: ${markdown(step.why)}`]]
    case 'remove-values': {
      const parts = step.parts.map((part) => partName(step.destination, part)).join(', ')
      return [[markdownCell(scopeLabel(step.destination)), markdownCell(parts), 'deleted']]
    }
    case 'grant':
    case 'revoke': {
      const roles = step.kind === 'grant' ? step.roles : []
      const field = `space ${spaceText(step)}`
      return [valueRow(field, textOf(step.before), textOf(roles))]
    }
    case 'delete':
      return [['client', markdownCode(step.clientId), 'deleted']]
    case 'verify':
    case 'deliver':
    case 'commit':
      return []
    default:
      return [['', '', markdownCell(stepText(step), 600)]]
  }
}

function createdRows({ fields, consent }: Step & { kind: 'create' }): Row[] {
  const values = { ...fields, consent } as const
  const shown = ['scopes', 'grantTypes', 'redirectUris', 'allowedOrigins', 'clientUri', 'logoUri'] as const
  return [
    valueRow('consent', undefined, values.consent),
    ...shown.flatMap((field) => {
      const text = textOf(values[field])
      return text === '' ? [] : [valueRow(fieldName(field), undefined, text)]
    }),
  ]
}

/** All places of a delivery in one row. */
function deliveryRow(steps: Step[]): Row[] {
  const places = steps.flatMap((step) => (step.kind === 'deliver' ? [step.destination] : []))
  return places.length === 0 ? [] : [['destinations', '', placesText(places)]]
}

function valueRow(field: string, before: string | undefined, after: string): Row {
  return [markdownCell(field), markdownCodeCell(before ?? ''), markdownCodeCell(after)]
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(' ') : (value ?? '')
}

function currentText({ current, now }: Outcome): string {
  return current === undefined ? '' : `${markdownCode(current.hint)}, ${formatDuration(now - current.issuedAt)} old`
}
