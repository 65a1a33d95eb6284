import { isRecord } from '../http.ts'
import type { Settings } from '../settings.ts'
import { checkField, checkTogether } from './fields.ts'
import { invalid } from './problem.ts'
import type { Client, ClientFields, ConsentMethod } from './types.ts'

const patchable = [
  'allowedOrigins',
  'clientName',
  'clientUri',
  'description',
  'logoUri',
  'redirectUris',
  'allowedScopes',
  'allowedGrantTypes',
  'publicKeys',
  'allowedAuthMethods',
  'jwksUri',
]

/**
 * Applies a JSON Patch as https://qlik.dev/apis/rest/oauth-clients describes it: whole fields from a short list. All
 * operations or none take effect. Answers whether the patch turned secrets on, in which case the tenant makes one.
 */
export function patchClient(client: Client, body: unknown, settings: Settings): { secretsTurnedOn: boolean } {
  if (!Array.isArray(body)) throw invalid('The body must be a JSON Patch array')
  const draft: Record<string, unknown> = { ...client }
  for (const operation of body) applyOne(draft, operation, settings)
  // Rules have looked at every value that was put in.
  const patched = draft as ClientFields
  checkTogether(patched)
  const had = client.allowedAuthMethods?.includes('client_secret') === true
  const has = patched.allowedAuthMethods?.includes('client_secret') === true
  for (const field of patchable) if (draft[field] === undefined) Reflect.deleteProperty(client, field)
  Object.assign(client, structuredClone(patched))
  return { secretsTurnedOn: client.appType === 'web' && has && !had }
}

function applyOne(draft: Record<string, unknown>, operation: unknown, settings: Settings): void {
  if (!isRecord(operation)) throw invalid('An operation must be an object')
  const { op, path, value } = operation
  const field = typeof path === 'string' ? path.slice(1) : ''
  if (path !== `/${field}` || !patchable.includes(field)) throw invalid(`${String(path)} cannot be patched`)
  if (op === 'remove') {
    if (draft[field] === undefined || field === 'clientName') throw invalid(`${field} cannot be removed`)
    draft[field] = undefined
    return
  }
  if (op !== 'add' && op !== 'replace') throw invalid('op must be add, remove or replace')
  if (op === 'replace' && draft[field] === undefined && settings.replaceAbsent === 'refused') {
    throw invalid(`${field} has no value to replace`)
  }
  if (field === 'publicKeys' && settings.publicKeysPatch === 'refused') {
    throw invalid('value must be a string or an array of strings')
  }
  checkField(field, value, settings)
  draft[field] = value
}

/** The only patch that a connection config takes. */
export function readConsentPatch(body: unknown): ConsentMethod {
  const operation: unknown = Array.isArray(body) && body.length === 1 ? body[0] : undefined
  if (!isRecord(operation) || operation.op !== 'replace' || operation.path !== '/consentMethod') {
    throw invalid('The body must be one replace operation on /consentMethod')
  }
  if (operation.value !== 'required' && operation.value !== 'trusted')
    throw invalid('value must be required or trusted')
  return operation.value
}
