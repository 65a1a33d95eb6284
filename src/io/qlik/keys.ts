import { ActionError } from '../../base/errors.ts'
import { keyHint, methodOf } from '../../model/credential.ts'
import type { At, KeyGuard, NewKey } from '../../ports.ts'
import { readWire } from './read.ts'
import { ask, clientsPath, type Session } from './session.ts'
import * as wire from './wire.ts'

type Operation = { op: 'add' | 'replace' | 'remove'; path: string; value?: unknown }

// The API patches whole fields only (qlik.dev/apis/rest/oauth-clients): a list of keys is read, changed and written back, with
// the keys of other people just as they were.

/** Adds a public key to those of a client, and allows their use. That it is there already is fine. */
export async function addKey(session: Session, clientId: string, key: NewKey, guard: KeyGuard): Promise<At<void>> {
  const { value: client, at } = await readGuarded(session, clientId, guard)
  if (client === undefined) throw gone()
  const keys = client.publicKeys ?? []
  if (hintsOf(keys).includes(key.issued.hint)) return { value: undefined, at }
  const methods = wire.methodsOf(client)
  const operations: Operation[] = [set('/publicKeys', keys, [...keys, key.jwk])]
  if (!methods.includes(methodOf.key))
    operations.push(set('/allowedAuthMethods', client.allowedAuthMethods, [...methods, methodOf.key]))
  return {
    value: undefined,
    at: await patch(session, clientId, operations, { what: 'adding a key', sendBy: guard.sendBy }),
  }
}

/** Removes a public key; that it is gone already is fine. With the last one goes the method, where the client has another. */
export async function removeKey(session: Session, clientId: string, hint: string, guard: KeyGuard): Promise<void> {
  const { value: client } = await readGuarded(session, clientId, guard)
  const keys = client?.publicKeys ?? []
  const left = keys.filter((key) => !hintsOf([key]).includes(hint))
  if (client === undefined || left.length === keys.length) return
  const others = wire.methodsOf(client).filter((method) => method !== methodOf.key)
  const isLast = left.length === 0 && others.length > 0 && !client.jwksUri
  const operations: Operation[] = isLast
    ? [set('/allowedAuthMethods', client.allowedAuthMethods, others), { op: 'remove', path: '/publicKeys' }]
    : [set('/publicKeys', keys, left)]
  // The same list once more is the same list.
  await patch(session, clientId, operations, { what: 'retiring a key', sendBy: guard.sendBy, repeatable: true })
}

function hintsOf(keys: unknown[]): string[] {
  return wire.kidsOf(keys).map(keyHint)
}

function set(path: string, before: unknown[] | null | undefined, value: unknown[]): Operation {
  return { op: before == null || before.length === 0 ? 'add' : 'replace', path, value }
}

async function readGuarded(session: Session, clientId: string, { check }: KeyGuard) {
  const seen = await readWire(session, clientId)
  if (seen.value !== undefined) check(wire.toObservedClient(seen.value), seen.at)
  return seen
}

async function patch(
  session: Session,
  clientId: string,
  body: Operation[],
  how: { what: string; sendBy: number; repeatable?: boolean },
): Promise<number> {
  const path = `${clientsPath}/${encodeURIComponent(clientId)}`
  const codes = { 404: 'CLIENT_MISSING' } as const
  const answer = await ask(session, { method: 'PATCH', path, body, codes, repeatable: false, ...how }).catch(
    explainRefusal,
  )
  return answer.at
}

/** The documented form of this patch can’t hold a key: a tenant may take that at its word. */
function explainRefusal(thrown: unknown): never {
  if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_REJECTED') throw thrown
  const hint =
    'This tenant does not let the keys of a client be changed. Use auth-method: client_secret, or keep the keys by hand with deliver: false.'
  const { trace, status, uncertain, at } = thrown
  throw new ActionError(thrown.code, thrown.message, hint, { cause: thrown, trace, status, uncertain, at })
}

function gone(): ActionError {
  return new ActionError(
    'CLIENT_MISSING',
    'adding a key: the client is gone',
    'Somebody deleted it meanwhile. Run again.',
  )
}
