import { type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import { paginate, readObject, readString, readVisibility, requireField, stamp } from './bodies.ts'
import { checkName } from './names.ts'
import { notFound, unprocessable } from './problem.ts'
import type { Scope, StoredSecret } from './scope.ts'
import { openSeal } from './seal.ts'
import { selectedRoute, shownVisibility } from './selected.ts'
import type { Target } from './target.ts'

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** https://docs.github.com/en/actions/reference/security/secrets#limits-for-secrets */
const maxBytes = 48 * 1024

export function secretsRoute(call: Call, target: Target): SandboxResponse {
  const { scope, tail } = target
  const [name, ...rest] = tail
  if (name === undefined && call.method === 'GET') return list(call, target)
  if (name === undefined || name === '') throw notFound()
  if (rest.length > 0) return selectedRoute(call, known(name, scope), rest, target)
  if (name === 'public-key' && call.method === 'GET') {
    const { id, pair } = scope.key()
    return jsonResponse(200, { key_id: id, key: Buffer.from(pair.publicKey).toString('base64') })
  }
  if (call.method === 'PUT') return put(call, checkName(name, 'Secret'), target)
  const secret = known(name, scope)
  if (call.method === 'GET') return jsonResponse(200, shape(name.toUpperCase(), secret, target))
  if (call.method !== 'DELETE') throw notFound()
  scope.secrets.delete(name.toUpperCase())
  return emptyResponse(204)
}

function known(name: string, { secrets }: Scope): StoredSecret {
  const secret = secrets.get(name.toUpperCase())
  if (!secret) throw notFound()
  return secret
}

function list(call: Call, target: Target): SandboxResponse {
  const ours = [...target.scope.secrets].sort(([a], [b]) => (a < b ? -1 : 1))
  const all = [...ours.map(([name, secret]) => shape(name, secret, target)), ...target.settings.strangeValues]
  const { page, headers } = paginate(all, call, { usual: 30, most: 100 }, target.url)
  return jsonResponse(200, { total_count: all.length, secrets: page }, headers)
}

function shape(name: string, secret: StoredSecret, target: Target): Record<string, unknown> {
  const seen = secret.writes.findLast((at) => at + target.settings.stampDelay * 1000 <= target.now)
  const updated = seen ?? secret.writes[0] ?? secret.createdAt
  return {
    name,
    created_at: stamp(secret.createdAt),
    updated_at: stamp(updated),
    ...shownVisibility(name, secret.visibility, target),
  }
}

function put(call: Call, name: string, target: Target): SandboxResponse {
  const { scope, rule } = target
  const body = readObject(call)
  for (const field of rule.required) requireField(body, field)
  const sealed = readString(body, 'encrypted_value')
  const keyId = readString(body, 'key_id')
  const visibility = readVisibility(body)
  const known = scope.secrets.get(name)
  if (sealed === undefined && visibility && known) {
    known.visibility = visibility
    return emptyResponse(204)
  }
  if (sealed === undefined || keyId === undefined) {
    requireField(body, 'encrypted_value')
    requireField(body, 'key_id')
    throw notFound()
  }
  if (!known && scope.secrets.size >= scope.maxSecrets) throw unprocessable('The maximum number of secrets is reached')
  const value = unseal(sealed, keyId, scope, target)
  const done = scope.putSecret(name, value, visibility)
  return done === 'created' ? jsonResponse(201, {}) : emptyResponse(204)
}

/**
 * A box sealed for another key has been seen both to be stored without a word, so that workflows read an empty secret
 * (https://github.com/cli/cli/issues/3831), and to be refused with 422. The switch `wrongKey` says which.
 */
function unseal(sealed: string, keyId: string, scope: Scope, target: Target): string {
  if (!base64.test(sealed)) {
    throw unprocessable(
      `Invalid request.\n\nFor 'properties/encrypted_value', the value does not match ${base64.source}.`,
    )
  }
  const improper = () => unprocessable('Bad request - validation failed due to an improperly encrypted secret')
  const key = scope.key()
  if (keyId !== key.id) throw improper()
  const opened = openSeal(Buffer.from(sealed, 'base64'), key.pair)
  if (opened && opened.length > maxBytes) throw unprocessable('The secret is larger than 48 KB')
  if (opened) return Buffer.from(opened).toString('utf8')
  if (target.settings.wrongKey === 'refused') throw improper()
  return ''
}
