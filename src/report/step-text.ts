import { unreachable } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { IssueReason } from '../ledger/rotation-situation.ts'
import type { FieldChange } from '../model/client.ts'
import { clientIdText } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationLabel, scopeLabel } from '../model/destination.ts'
import type { SpaceStep, Step } from '../plan/client-plan.ts'

const reasonTexts: Record<IssueReason, string> = {
  first: 'this action has issued none yet',
  method: 'auth-method has changed',
  due: 'the current one is older than rotate-after',
  asked: 'rotate: now',
  dead: 'the current one is gone from the tenant, or can’t be used',
  undelivered: 'a destination does not hold the current one',
  visibility: 'the secret is visible to other repositories than the spec names',
  unsettled: 'an earlier run left a secret in doubt',
}

/** Why a secret is issued, for people. */
export function reasonText(reasons: IssueReason[]): string {
  return reasons.map((reason) => reasonTexts[reason]).join('; ')
}

const ledgerTexts: Record<(Step & { kind: 'own' })['what'], string> = {
  owner: 'that this repository manages the client, and its name here',
  places: 'which destinations are no longer served',
  settled: 'that every destination holds what an earlier run delivered',
  ended: 'that the last secret of this action is no longer needed',
  over: 'that the run that created the client has ended',
  spaces: 'the spaces that the client’s user joins',
}

type Told = { clientId?: string | undefined; milliseconds: number }

/** One line for one step, done or planned. `before`: the steps before it, whose words it need not repeat. */
export function stepLine(step: Step, state: 'done' | 'planned', before: Step[] = [], told?: Told): string {
  const mark = state === 'done' ? '✓' : '○'
  const time = told === undefined ? '' : ` (${timeText(told.milliseconds)})`
  const text =
    step.kind === 'deliver' && before.filter((it) => isAlike(it, step)).length >= fullDeliveries
      ? `deliver to ${plain(scopeLabel(step.destination))}: the same names`
      : stepText(step, told?.clientId)
  return `${mark} ${text}${time}`
}

/** `0.04 s`, `1.2 s`: even a step of a few milliseconds shows a time. */
function timeText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 95 ? 2 : 1)} s`
}

/** After so many lines with the names of the values, a client's other places are listed without them. */
const fullDeliveries = 3

function isAlike(step: Step, { destination: { secretName, idName, idAs } }: Step & { kind: 'deliver' }): boolean {
  if (step.kind !== 'deliver') return false
  const { destination } = step
  return destination.secretName === secretName && destination.idName === idName && destination.idAs === idAs
}

/** A step in a few words. */
export function stepText(step: Step, clientId?: string): string {
  switch (step.kind) {
    case 'delete-twin':
      return `delete client ${step.clientId}: a run stopped while creating it`
    case 'retire':
      return `retire ${isKeyHint(step.hint) ? 'key' : 'secret'} ${plain(step.hint, 50)}: ${step.why}`
    case 'create':
      return `create client ${plain(step.fields.name, 80)}${clientId === undefined ? '' : ` as ${clientId}`}, ${step.consent}${step.deliver ? `, with its first ${step.credential}` : ''}`
    case 'update':
      return `change ${step.changes.map(changeText).join('; ')}`
    case 'consent':
      return `set consent to ${step.after} (was ${step.before ?? 'unknown'})`
    case 'own':
      return `note in the ledger ${ledgerTexts[step.what]}`
    case 'write-id':
      return `write the client id to ${plain(scopeLabel(step.destination))}: ${step.destination.idName}${beforeText(step)}`
    case 'issue':
      return `issue a fresh ${step.credential}: ${reasonText(step.reasons)}`
    case 'verify':
      return step.skip === undefined ? 'prove it with an access token' : `skip the proof: ${step.skip}`
    case 'deliver':
      return `deliver to ${plain(scopeLabel(step.destination))}: secret ${step.destination.secretName}${idText(step.destination)}`
    case 'commit':
      return 'commit: note in the ledger which secret is where'
    case 'grant':
      return `grant ${rolesText(step)} in space ${spaceText(step)}`
    case 'revoke':
      return `revoke ${few(step.before)} in space ${spaceText(step)}`
    case 'remove-values':
      return `delete from ${plain(scopeLabel(step.destination))}: ${step.parts.map((part) => partName(step.destination, part)).join(', ')}`
    case 'delete':
      return `delete client ${plain(step.name, 80)} (${step.clientId})`
    default:
      return unreachable(step)
  }
}

function beforeText({ before, clientId }: Step & { kind: 'write-id' }): string {
  if (before === clientId) return ', visible as visibility says'
  return before === undefined ? '' : ` (was ${clientIdText(before)})`
}

/** `secret QLIK_CLIENT_SECRET`, `variable QLIK_CLIENT_ID` */
export function partName({ secretName, idAs, idName }: Destination, part: 'id' | 'secret'): string {
  return part === 'secret' ? `secret ${secretName}` : `${idAs} ${idName}`
}

function idText({ idAs, idName }: Destination): string {
  return idAs === 'none' ? '' : `, ${idAs} ${idName}`
}

/** `Sales (65f1…)`: a space by its name and id. */
export function spaceText({ space: { id, name } }: SpaceStep): string {
  return name === id ? plain(id, 64) : `${plain(name, 100)} (${plain(id, 64)})`
}

function rolesText({ before, roles }: Pick<SpaceStep & { kind: 'grant' }, 'before' | 'roles'>): string {
  return before === undefined ? few(roles) : gainsAndLosses(before, roles)
}

function few(names: string[]): string {
  return names.map((name) => plain(name, 60)).join(', ')
}

function changeText({ field, before, after }: FieldChange): string {
  if (!Array.isArray(after)) return `${fieldName(field)} from ${quoted(before)} to ${quoted(after)}`
  return `${fieldName(field)} ${gainsAndLosses(before ?? [], after)}`
}

function gainsAndLosses(before: Iterable<string>, after: string[]): string {
  const had = new Set(before)
  const has = new Set(after)
  const gained = after.filter((item) => !had.has(item)).map((item) => `+${plain(item, 60)}`)
  const lost = [...had].filter((item) => !has.has(item)).map((item) => `-${plain(item, 60)}`)
  return [...gained, ...lost].join(' ')
}

function quoted(text: string | string[] | undefined): string {
  return text === undefined || text === '' ? 'nothing' : `"${plain(text.toString(), 80)}"`
}

/** A field by the name that users write. */
export function fieldName(field: FieldChange['field']): string {
  return {
    name: 'name',
    description: 'description',
    scopes: 'scopes',
    grantTypes: 'grant-types',
    authMethods: 'auth-method',
    redirectUris: 'redirect-uris',
    allowedOrigins: 'allowed-origins',
    clientUri: 'client-uri',
    logoUri: 'logo-uri',
  }[field]
}

/** A step as plain data for the output `plan`: without secrets, and without the ledger, which is internal. */
export function stepData(step: Step): Record<string, unknown> {
  const { kind } = step
  const text = stepText(step)
  switch (kind) {
    case 'create':
      return { kind, text, ...step.fields, consent: step.consent }
    case 'update':
      return {
        kind,
        text,
        changes: step.changes.map(({ field, before, after }) => ({
          field: fieldName(field),
          before: before ?? null,
          after,
        })),
      }
    case 'consent':
      return { kind, text, before: step.before ?? null, after: step.after }
    case 'issue':
      return { kind, text, reasons: step.reasons }
    case 'retire':
      return { kind, text, hint: step.hint, why: step.why }
    case 'grant':
    case 'revoke':
      return { kind, text, ...spaceData(step) }
    case 'deliver':
    case 'write-id':
    case 'remove-values':
      return { kind, text, destination: destinationLabel(step.destination) }
    default:
      return { kind, text }
  }
}

function spaceData(step: SpaceStep): Record<string, unknown> {
  const { id, name } = step.space
  const after = step.kind === 'grant' ? step.roles : []
  return { space: name, 'space-id': id, before: step.before ?? [], after }
}
