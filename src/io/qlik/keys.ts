import { isDeepStrictEqual } from 'node:util'
import { ActionError } from '../../base/errors.ts'
import { keyHint, methodOf } from '../../model/credential.ts'
import type { KeyGuard, NewKey, Timed } from '../../ports.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import * as wire from './answer-schemas.ts'
import { readWire } from './read.ts'
import { askTenant, clientPath, type Session } from './session.ts'

type Operation = { op: 'add' | 'replace' | 'remove'; path: string; value?: unknown }

/** Computes the wanted list of a client's keys from the current one. */
type Change = (keys: unknown[]) => unknown[]

type Writing = { session: Session; mask: Mask; clientId: string; guard: KeyGuard; what: string }

// The API patches whole fields only (qlik.dev/apis/rest/oauth-clients): a list of keys is read, changed and written back, with
// the keys of other people unchanged. A key that somebody adds between our read and our write would be lost. So the client is
// read again while the write is on its way, and once more after it: missing keys are put back.

/**
 * Adds a public key to a client, and allows the use of keys. A key that is already there is no failure. Returns the hint of the
 * secret that the tenant made as a side effect, if it made one.
 */
export async function addKey(
  session: Session,
  mask: Mask,
  clientId: string,
  { key, guard }: { key: NewKey; guard: KeyGuard },
): Promise<Timed<string | undefined>> {
  const writing = { session, mask, clientId, guard, what: 'adding a key' }
  const { before, after, at, madeSecret } = await write(adding(key.issued.hint, key.jwk), writing)
  remember(adding(key.issued.hint, key.jwk), at, writing)
  if (before === undefined || after === undefined) throw clientGoneError()
  return { value: madeSecret ? newSecret(before, after) : undefined, at }
}

/**
 * Removes a public key; a key that is already gone is no failure. With the last key the method is removed too, if the client has
 * another method.
 */
export async function removeKey(
  session: Session,
  mask: Mask,
  clientId: string,
  { hint, guard }: { hint: string; guard: KeyGuard },
): Promise<void> {
  const change: Change = (keys) => keys.filter((key) => !hintsOf([key]).includes(hint))
  const writing = { session, mask, clientId, guard, what: 'retiring a key' }
  const { at } = await write(change, writing)
  remember(change, at, writing)
}

function adding(hint: string, jwk: unknown): Change {
  return (keys) => (hintsOf(keys).includes(hint) ? keys : [...keys, jwk])
}

/** Seconds for which a tenant may still show a list of keys as it was before a write of this run. */
const showsOldListFor = 30

function remember(change: Change, at: number, { session, clientId }: Writing): void {
  session.keyChanges.set(clientId, [...(session.keyChanges.get(clientId) ?? []), { change, at }])
}

/** The change, applied after the latest changes of this run, which the list may not show yet. */
function afterOwnChanges(change: Change, now: number, { session, clientId }: Writing): Change {
  const own = (session.keyChanges.get(clientId) ?? []).filter(({ at }) => now - at < showsOldListFor)
  return (keys) => change(own.reduce((list, earlier) => earlier.change(list), keys))
}

type Written = Timed<{ before: wire.WireClient | undefined; after: wire.WireClient | undefined; madeSecret: boolean }>

/** Writes a client's list of keys, if it must change, and makes sure that the tenant keeps it. */
async function write(wanted: Change, writing: Writing): Promise<Written['value'] & { at: number }> {
  const { session, clientId, guard } = writing
  const { value: before, at } = await readWire(session, clientId)
  if (before !== undefined) guard.check(wire.toObservedClient(before), at)
  const change = afterOwnChanges(wanted, at, writing)
  const keys = before?.publicKeys ?? []
  if (before === undefined || isSame(change(keys), keys)) return { before, after: before, at, madeSecret: false }
  // Sent first, so that it shows changes by others since our last read.
  const look = readWire(session, clientId)
  const [during, patched] = await Promise.allSettled([look, patch(before, change(keys), writing, guard.sendBy())])
  if (patched.status === 'rejected' && !isUncertain(patched.reason)) throw patched.reason
  const others = during.status === 'fulfilled' ? added(during.value.value?.publicKeys ?? [], keys) : []
  const after = await restore((list) => change([...list, ...added(others, list)]), writing)
  if (patched.status === 'rejected') throw patched.reason
  return { before, after, ...patched.value }
}

/** How often a written list is read, until it is as wanted. */
const mostLooks = 3

/**
 * Reads a list that was just written, and restores keys that another write dropped. After a failure here the state is unknown.
 */
async function restore(change: Change, writing: Writing): Promise<wire.WireClient | undefined> {
  for (let looks = 1; ; looks++) {
    const { value: client } = await readWire(writing.session, writing.clientId).catch(inDoubt)
    const keys = client?.publicKeys ?? []
    if (client === undefined || isSame(change(keys), keys) || looks === mostLooks) return client
    await patch(client, change(keys), writing).catch(inDoubt)
  }
}

function inDoubt(thrown: unknown): never {
  if (!(thrown instanceof ActionError)) throw thrown
  throw thrown.with({ uncertain: true, retryAfter: undefined })
}

function isUncertain(thrown: unknown): boolean {
  return thrown instanceof ActionError && thrown.uncertain
}

function isSame(keys: unknown[], others: unknown[]): boolean {
  return keys.length === others.length && added(keys, others).length === 0
}

/** The keys of the first list that the second one lacks. */
function added(keys: unknown[], others: unknown[]): unknown[] {
  return keys.filter((key) => !others.some((other) => isDeepStrictEqual(other, key) || sharesName(other, key)))
}

function sharesName(one: unknown, other: unknown): boolean {
  const [hint] = hintsOf([one])
  return hint !== undefined && hintsOf([other]).includes(hint)
}

function hintsOf(keys: unknown[]): string[] {
  return wire.kidsOf(keys).map(keyHint)
}

/** The only new secret; undefined if there are several, because the tenant does not tell which of them it made itself. */
function newSecret(before: wire.WireClient, after: wire.WireClient): string | undefined {
  const had = new Set(wire.toSecrets(before).map(({ hint }) => hint))
  const found = wire.toSecrets(after).filter(({ hint }) => !had.has(hint))
  return found.length === 1 ? found[0]!.hint : undefined
}

async function patch(
  client: wire.WireClient,
  keys: unknown[],
  { session, mask, clientId, what }: Writing,
  sendBy?: number,
): Promise<{ at: number; madeSecret: boolean }> {
  const path = clientPath(clientId)
  const codes = { 404: 'CLIENT_MISSING' } as const
  const body = operations(client, keys)
  // Never repeated here: the list may have changed since it was read, and a list that is gone can't be removed again.
  const call = { method: 'PATCH', path, body, codes, what, sendBy, repeatable: false }
  const { at, data } = await askTenant(session, call).catch(explainRefusal)
  const secret = (data as { clientSecret?: unknown } | null | undefined)?.clientSecret
  const madeSecret = typeof secret === 'string' && secret !== ''
  if (madeSecret) maskedSecret(secret, mask)
  return { at, madeSecret }
}

function operations(client: wire.WireClient, keys: unknown[]): Operation[] {
  const { publicKeys, allowedAuthMethods } = client
  const methods = wire.methodsOf(client)
  const others = methods.filter((method) => method !== methodOf.key)
  if (keys.length === 0 && others.length > 0 && !client.jwksUri)
    return [
      ...(others.length < methods.length ? [set('/allowedAuthMethods', allowedAuthMethods, others)] : []),
      { op: 'remove', path: '/publicKeys' },
    ]
  const allow = keys.length > 0 && !methods.includes(methodOf.key)
  return [
    set('/publicKeys', publicKeys, keys),
    ...(allow ? [set('/allowedAuthMethods', allowedAuthMethods, [...methods, methodOf.key])] : []),
  ]
}

function set(path: string, before: unknown[] | null | undefined, value: unknown[]): Operation {
  return { op: before == null || before.length === 0 ? 'add' : 'replace', path, value }
}

/** The documented form of this patch can’t hold a key, and a tenant may enforce it. */
function explainRefusal(thrown: unknown): never {
  if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_REJECTED') throw thrown
  throw thrown.with({
    hint: 'This tenant does not let the keys of a client be changed. Use auth-method: client_secret, or keep the keys by hand with deliver: false.',
  })
}

function clientGoneError(): ActionError {
  return new ActionError(
    'CLIENT_MISSING',
    'adding a key: the client is gone',
    'Somebody deleted it during this run. Run again.',
  )
}
