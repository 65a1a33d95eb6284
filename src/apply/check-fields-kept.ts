import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { type Consent, type FieldChange, type Fields, fieldChanges, type ObservedClient } from '../model/client.ts'
import { pause } from '../pause.ts'
import { fieldName } from '../report/step-text.ts'
import { clientGoneError, noteWritten, type Work } from './apply-context.ts'
import type { ClientBeforeWrite } from './write-ledger.ts'

/**
 * Compares a client with the fields that were written to it. A tenant may accept a change and keep only a part of it: then the run fails
 * with `TENANT_REJECTED` after all other steps.
 */
export function requireFieldsKept(wanted: Fields, seen: ObservedClient, work: Work): FieldChange[] {
  const missing = fieldChanges(wanted, seen)
  if (missing.length > 0) work.failure ??= notKept(missing)
  return missing
}

/** Milliseconds before the client is read again: a change may take a moment to show. */
const anotherLook = [500, 1500]

/** Reads the client until it shows the written fields, or until the last try. */
export async function readAfterChange(clientId: string, wanted: Fields, { tools }: Work): Promise<ObservedClient> {
  for (const delay of [...anotherLook, undefined]) {
    const { value } = await tools.readers.tenant.client(clientId)
    if (value === undefined) throw clientGoneError()
    if (delay === undefined || tools.stop.requested || fieldChanges(wanted, value).length === 0) return value
    await pause(delay, tools)
  }
  throw clientGoneError()
}

/** Sets the consent. False if the tenant accepts that without keeping it: the run fails at its end, if it gets there. */
export async function setConsent(clientId: string, consent: Consent, work: Work): Promise<boolean> {
  const { readers, writers, stop } = work.tools
  await noteWritten(work, writers.tenant.setConsent(clientId, consent))
  for (const delay of [...anotherLook, undefined]) {
    const seen = await readers.tenant.consent(clientId)
    if (seen === undefined || seen === consent) return true
    if (delay === undefined || stop.requested) break
    await pause(delay, work.tools)
  }
  work.failure ??= notShown(`consent is not ${consent}`)
  return false
}

/**
 * Fails the run at its end if the tenant shows no ledger after one was written: the next run would know none of the secrets, and issue
 * another one.
 */
export function requireLedgerKept({ ledger, isGone }: ClientBeforeWrite, work: Work): void {
  if (ledger !== undefined || isGone) return
  work.failure ??= new ActionError(
    'TENANT_REJECTED',
    'the tenant accepted the change, but shows the description without the action’s own line',
    'Find out which tool or rule shortens or changes descriptions on the tenant: until then every run issues one more secret. The secret of this run was delivered.',
  )
}

function notKept(missing: FieldChange[]): ActionError {
  return notShown(missing.map(missingText).join('; '))
}

function notShown(text: string): ActionError {
  return new ActionError(
    'TENANT_REJECTED',
    `the tenant accepted the change, but does not show it: ${text}`,
    'Correct the spec: the tenant does not know this value, or does not allow it for this client. Everything else was done.',
  )
}

/** Says which items of a list are missing or extra; for other fields says the present value. */
function missingText({ field, before, after }: FieldChange): string {
  if (!Array.isArray(after)) return `${fieldName(field)} is ${plain(before?.toString() || 'empty', 80)}`
  const shown = new Set(before)
  const lost = after.filter((item) => !shown.has(item))
  const extra = [...shown].filter((item) => !after.includes(item))
  const list = (items: string[]) => items.map((item) => plain(item, 60)).join(', ')
  const texts = [lost.length > 0 ? `without ${list(lost)}` : '', extra.length > 0 ? `with ${list(extra)} besides` : '']
  return `${fieldName(field)} ${texts.filter(Boolean).join(' and ')}`
}
