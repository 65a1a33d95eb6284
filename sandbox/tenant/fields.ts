import { isRecord } from '../http.ts'
import type { Settings } from '../settings.ts'
import { invalid, TenantProblem } from './problem.ts'
import { knownScopes } from './scopes.ts'
import type { ClientFields, Jwk } from './types.ts'

const appTypes = ['web', 'native', 'spa', 'anonymous-embed']
const grantTypes = ['client_credentials', 'urn:qlik:oauth:user-impersonation']
const authMethods = ['client_secret', 'private_key_jwt']
const keyAlgorithms = ['RS256', 'RS512', 'ES384']

type Rule = (value: unknown, field: string, settings: Settings) => void

/** Limits of https://qlik.dev/apis/rest/oauth-clients, POST /api/v1/oauth-clients. */
const rules: Record<string, Rule> = {
  clientName: text(1, 512),
  description: text(0, 4096),
  clientUri: text(0, 2048),
  logoUri: text(0, 2048),
  jwksUri: text(0, 2048),
  redirectUris: list(5, 256),
  allowedOrigins: list(5, 256),
  allowedGrantTypes: choices(grantTypes),
  allowedAuthMethods: choices(authMethods),
  allowedScopes: scopes,
  publicKeys,
}

export function checkField(field: string, value: unknown, settings: Settings): void {
  rules[field]?.(value, field, settings)
}

/** The body of a create request, or the problem with it. */
export function readCreateBody(body: unknown, settings: Settings): { fields: ClientFields; trusted: boolean } {
  if (!isRecord(body)) throw invalid('The body must be a JSON object')
  const { connectionConfig, appType, ...rest } = body
  if (typeof appType !== 'string' || !appTypes.includes(appType)) {
    throw invalid(`appType must be one of ${appTypes.join(', ')}`)
  }
  if (rest.clientName === undefined) throw invalid('clientName is required')
  const fields: Record<string, unknown> = { appType }
  for (const [field, value] of Object.entries(rest)) {
    if (rules[field]) {
      checkField(field, value, settings)
      fields[field] = value
    } else if (settings.unknownFields === 'refused') throw invalid(`${field} is not a field of an OAuth client`)
  }
  if (appType === 'web') fields.allowedAuthMethods ??= ['client_secret']
  // Every rule above has looked at the values, so they are of these types.
  const checked = fields as ClientFields
  checkTogether(checked)
  return { fields: checked, trusted: readConsent(connectionConfig) }
}

/** What has to hold between fields, after a create or a patch. */
export function checkTogether(fields: ClientFields): void {
  if (fields.appType !== 'web' && (fields.allowedGrantTypes?.length ?? 0) > 0) {
    throw invalid('allowedGrantTypes is only for appType web')
  }
  if (fields.allowedAuthMethods?.includes('private_key_jwt') && (fields.publicKeys?.length ?? 0) === 0) {
    throw invalid('publicKeys is required with private_key_jwt')
  }
}

function readConsent(config: unknown): boolean {
  if (config === undefined) return false
  if (!isRecord(config)) throw invalid('connectionConfig must be an object')
  if (config.consentMethod === undefined) return false
  if (config.consentMethod !== 'trusted') throw invalid('connectionConfig.consentMethod can only be trusted')
  return true
}

function text(min: number, max: number): Rule {
  return (value, field) => {
    if (typeof value !== 'string') throw invalid(`${field} must be a string`)
    if (value.length < min || value.length > max) throw invalid(`${field} must have ${min} to ${max} characters`)
  }
}

function strings(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalid(`${field} must be an array of strings`)
  }
  if (new Set(value).size !== value.length) throw invalid(`${field} must not repeat an item`)
  return value
}

function list(maxItems: number, maxLength: number): Rule {
  return (value, field) => {
    const items = strings(value, field)
    if (items.length > maxItems) throw invalid(`${field} can have ${maxItems} items at most`)
    if (items.some((item) => item.length > maxLength)) throw invalid(`${field}: an item is longer than ${maxLength}`)
  }
}

function choices(allowed: string[]): Rule {
  return (value, field) => {
    const wrong = strings(value, field).find((item) => !allowed.includes(item))
    if (wrong !== undefined) throw invalid(`${field}: ${wrong} is not one of ${allowed.join(', ')}`)
  }
}

function scopes(value: unknown, field: string, settings: Settings): void {
  const items = strings(value, field)
  if (items.some((item) => item.length > 256)) throw invalid(`${field}: an item is longer than 256`)
  const unknown = items.find((item) => !knownScopes.has(item))
  if (unknown !== undefined && settings.unknownScopes === 'refused') {
    throw new TenantProblem(400, 'Invalid scope', { detail: `${unknown} is not a scope` })
  }
}

function publicKeys(value: unknown, field: string): void {
  if (!Array.isArray(value)) throw invalid(`${field} must be an array of JSON Web Keys`)
  for (const key of value) if (!isJwk(key)) throw invalid(`${field}: a key lacks kid, kty, alg or use`)
}

function isJwk(key: unknown): key is Jwk {
  if (!isRecord(key) || typeof key.kid !== 'string' || key.use !== 'sig') return false
  if (typeof key.alg !== 'string' || !keyAlgorithms.includes(key.alg)) return false
  return key.kty === 'RSA' || key.kty === 'EC'
}
