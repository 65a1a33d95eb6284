import { parseTimestamp } from '../../base/duration.ts'
import { ActionError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import type { FieldChange, Fields } from '../../model/client.ts'
import { isKeyHint } from '../../model/credential.ts'
import type { CreatedClient, Issued, NewClient, TenantWriter, Timed } from '../../ports.ts'
import type { Answer } from '../http/responses.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import * as wire from './answer-schemas.ts'
import { addKey, removeKey } from './keys.ts'
import { callerOf } from './prove-credential.ts'
import { readSingleClient, readWire, requireGone } from './read.ts'
import { askTenant, clientPath, clientsPath, parseTenantAnswer, type Session } from './session.ts'

export function createTenantWriter(session: Session, mask: Mask): TenantWriter {
  return {
    caller: () => callerOf(session),
    create: (client, sendBy) => create(session, mask, client, sendBy),
    update: (clientId, changes, sendBy) => update(session, mask, { clientId, changes, sendBy }),
    describe: (clientId, text, before, sendBy) => describe(session, mask, { clientId, text, before, sendBy }),
    setConsent: (clientId, consent) => setConsent(session, clientId, consent),
    issue: (clientId, sendBy) => issue(session, mask, clientId, sendBy),
    makeKey: async () => (await import('./signing-key.ts')).makeKey(mask),
    addKey: (clientId, key, guard) => addKey(session, mask, clientId, { key, guard }),
    retire: (clientId, hint, guard) =>
      isKeyHint(hint) ? removeKey(session, mask, clientId, { hint, guard }) : retire(session, clientId, hint),
    remove: (clientId) => noteDeletion(session, remove(session, clientId)),
  }
}

async function create(
  session: Session,
  mask: Mask,
  { fields, consent, key }: NewClient,
  sendBy: number,
): Promise<Timed<CreatedClient>> {
  const what = 'creating the client'
  const body = {
    appType: 'web',
    clientName: fields.name,
    description: fields.description,
    allowedScopes: fields.scopes,
    allowedGrantTypes: fields.grantTypes,
    allowedAuthMethods: fields.authMethods,
    // Empty fields are left out, as the console does.
    redirectUris: fields.redirectUris?.length ? fields.redirectUris : undefined,
    allowedOrigins: fields.allowedOrigins?.length ? fields.allowedOrigins : undefined,
    clientUri: fields.clientUri || undefined,
    logoUri: fields.logoUri || undefined,
    publicKeys: key && [key.jwk],
    // The request accepts only the value `trusted`. Without it a client has `required`.
    ...(consent === 'trusted' ? { connectionConfig: { consentMethod: 'trusted' } } : {}),
  }
  const answer = await askTenant(session, { method: 'POST', path: clientsPath, what, body, sendBy })
  const secret = secretIn(answer, mask)
  const created = parseTenantAnswer(wire.createdSchema, answer, what, 'POST')
  const [listed] = wire.toSecrets(created)
  return {
    at: answer.at,
    value: {
      clientId: created.clientId,
      issued:
        key?.issued ??
        (secret && { secret, hint: listed?.hint, createdAt: listed?.createdAt, createdBy: listed?.createdBy }),
    },
  }
}

/** Masks the secret of an answer before any other part of it is read. */
function secretIn({ data }: Answer, mask: Mask): Secret | undefined {
  const value = (data as { clientSecret?: unknown } | null | undefined)?.clientSecret
  return typeof value === 'string' && value !== '' ? maskedSecret(value, mask) : undefined
}

const paths: Record<keyof Fields, string> = {
  name: '/clientName',
  description: '/description',
  scopes: '/allowedScopes',
  grantTypes: '/allowedGrantTypes',
  authMethods: '/allowedAuthMethods',
  redirectUris: '/redirectUris',
  allowedOrigins: '/allowedOrigins',
  clientUri: '/clientUri',
  logoUri: '/logoUri',
}

/**
 * Patches whole fields. `replace` for a field with a value, `add` for one without: this is how RFC 6902 defines both operations.
 * A patch that makes no secret may be repeated; after a lost patch of the description the caller reads the client again.
 */
async function update(
  session: Session,
  mask: Mask,
  { clientId, changes, sendBy }: { clientId: string; changes: FieldChange[]; sendBy?: number | undefined },
): Promise<Timed<Issued | undefined>> {
  const what = 'changing the client'
  const body = changes.map(({ field, before, after }) => ({
    op: before === undefined || before.length === 0 ? 'add' : 'replace',
    path: paths[field],
    value: after,
  }))
  const once = changes.some(({ field }) => field === 'description' || field === 'authMethods')
  const answer = await askTenant(session, {
    method: 'PATCH',
    path: clientPath(clientId),
    what,
    body,
    repeatable: !once,
    sendBy,
    codes: { 404: 'CLIENT_MISSING' },
  })
  const secret = secretIn(answer, mask)
  return { at: answer.at, value: secret && { secret } }
}

async function describe(
  session: Session,
  mask: Mask,
  { clientId, text, before, sendBy }: { clientId: string; text: string; before: 'empty' | 'filled'; sendBy: number },
): Promise<Timed<void>> {
  const change = { field: 'description' as const, before: before === 'empty' ? undefined : before, after: text }
  const { at } = await update(session, mask, { clientId, changes: [change], sendBy })
  return { value: undefined, at }
}

async function setConsent(session: Session, clientId: string, consent: string): Promise<void> {
  const path = `${clientPath(clientId)}/connection-configs/me`
  await askTenant(session, {
    method: 'PATCH',
    path,
    what: 'setting the consent',
    body: [{ op: 'replace', path: '/consentMethod', value: consent }],
    repeatable: true,
  })
}

async function issue(session: Session, mask: Mask, clientId: string, sendBy: number): Promise<Timed<Issued>> {
  const what = 'issuing a secret'
  const path = `${clientPath(clientId)}/client-secrets`
  const answer = await askTenant(session, {
    method: 'POST',
    path,
    what,
    sendBy,
    codes: { 404: 'CLIENT_MISSING', 409: 'SECRET_SLOTS_FULL' },
  }).catch(slotsHint)
  const secret = secretIn(answer, mask)
  const { hint, createdAt, createdBy } = parseTenantAnswer(wire.issuedSchema, answer, what, 'POST')
  return {
    at: answer.at,
    value: {
      secret: secret!,
      hint: hint || undefined,
      createdAt: parseTimestamp(createdAt ?? undefined),
      createdBy: createdBy || undefined,
    },
  }
}

function slotsHint(thrown: unknown): never {
  if (!(thrown instanceof ActionError) || thrown.code !== 'SECRET_SLOTS_FULL') throw thrown
  throw thrown.with({
    hint: 'Somebody used the last of the five secrets that Qlik allows. Delete one that is not needed, and run again.',
  })
}

async function retire(session: Session, clientId: string, hint: string): Promise<void> {
  const what = 'retiring a secret'
  const path = `${clientPath(clientId)}/client-secrets/${encodeURIComponent(hint)}`
  await askTenant(session, {
    method: 'DELETE',
    path,
    what,
    repeatable: true,
    codes: { 404: 'CLIENT_MISSING' },
  }).catch((thrown: unknown) =>
    requireGone(session, thrown, what, async () => {
      const { value } = await readWire(session, clientId)
      return value === undefined || wire.toSecrets(value).every((secret) => secret.hint !== hint)
    }),
  )
}

/** Deletes a client. Qlik requires its id in a header too, as a protection against accidents. */
async function remove(session: Session, clientId: string): Promise<void> {
  const what = 'deleting the client'
  const path = clientPath(clientId)
  const headers = { 'qlik-confirm-delete': clientId }
  await askTenant(session, {
    method: 'DELETE',
    path,
    what,
    headers,
    repeatable: true,
    codes: { 404: 'CLIENT_MISSING' },
  }).catch((thrown: unknown) =>
    requireGone(session, thrown, what, async () => {
      const { value } = await readSingleClient(session, clientId)
      return value === undefined || Boolean(value.deletedAt)
    }),
  )
}

async function noteDeletion({ deletions }: Session, deletion: Promise<void>): Promise<void> {
  deletions.begun++
  deletions.underWay.add(deletion)
  await deletion.finally(() => deletions.underWay.delete(deletion))
}
