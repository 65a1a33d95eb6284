import type * as z from 'zod'
import type { FieldChange, ObservedClient } from '../domain/client.ts'
import { parseTimestamp } from '../domain/duration.ts'
import { ActionError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import type { Fields } from '../domain/spec.ts'
import { plain } from '../domain/text.ts'
import type { At, Bot, Created, Issued, NewClient, Prover, TenantReader, TenantWriter } from '../ports.ts'
import { born, type Mask } from './born.ts'
import { type Answer, type Call, type Http, unexpected } from './http.ts'
import * as wire from './qlik-wire.ts'

/** How we sign in: as a person's API key, or as an OAuth client that may manage others. */
export type SignIn = { kind: 'api-key'; key: Secret } | { kind: 'client'; clientId: string; secret: Secret }

export type Tenant = { origin: string; signIn: SignIn }

export type Qlik = { reader: TenantReader; writer: TenantWriter; prover: Prover; signOut: () => Promise<void> }

// Qlik is moving its APIs to other paths, with a year's notice (qlik.dev/apis/namespaces): the path stands here only.
const clientsPath = '/api/v1/oauth-clients'
// Tells the tenant which release we know: it answers with the deprecations since (qlik.dev/apis/versioning).
const apiVersion = '2026-11'

/** The tenant's API. Nothing is sent before the first call; an admin client's access token is fetched once, and given back by `signOut`. */
export function createQlik(tenant: Tenant, http: Http, mask: Mask): Qlik {
  const session = createSession(tenant, http, mask)
  return {
    reader: createReader(session),
    writer: createWriter(session, mask),
    prover: createProver(session, mask),
    signOut: () => signOut(session),
  }
}

type Session = { tenant: Tenant; http: Http; bearer: () => Promise<Secret>; signedIn: { token?: Promise<Secret> } }

function createSession(tenant: Tenant, http: Http, mask: Mask): Session {
  const signedIn: Session['signedIn'] = {}
  const session: Session = {
    tenant,
    http,
    signedIn,
    bearer: () => {
      const { signIn } = tenant
      if (signIn.kind === 'api-key') return Promise.resolve(signIn.key)
      const codes: Call['codes'] = {
        400: 'TENANT_UNAUTHORIZED',
        401: 'TENANT_UNAUTHORIZED',
        403: 'TENANT_UNAUTHORIZED',
      }
      signedIn.token ??= explained(session, () =>
        token(session, signIn.clientId, signIn.secret, mask, 'signing in', codes),
      )
      return signedIn.token
    },
  }
  return session
}

async function signOut(session: Session): Promise<void> {
  const { token } = session.signedIn
  if (token === undefined) return
  // A token that could not be given back lives six hours at most: no reason to fail.
  await token.then((it) => revoke(session, it)).catch(() => {})
}

type Ask = {
  method: string
  path: string
  what: string
  body?: unknown
  headers?: Record<string, string>
  repeatable?: boolean
  codes?: Call['codes']
}

async function ask(
  session: Session,
  { method, path, what, body, headers = {}, repeatable = method === 'GET', codes }: Ask,
): Promise<Answer> {
  const bearer = await session.bearer()
  const call: Call = {
    method,
    url: `${session.tenant.origin}${path}`,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${bearer.open()}`,
      'qlik-api-version': apiVersion,
      'user-agent': 'qlik-oauth-client',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    what,
    repeatable,
    codes,
  }
  return explained(session, () => session.http(call))
}

/** A 401 is explained with what the tenant itself says its name is. */
async function explained<T>(session: Session, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_UNAUTHORIZED') throw thrown
    const hint = `${unauthorizedHint(session.tenant.signIn)}${await otherName(session)}`
    throw new ActionError(thrown.code, thrown.message, hint, {
      cause: thrown,
      trace: thrown.trace,
      status: thrown.status,
    })
  }
}

function unauthorizedHint({ kind }: SignIn): string {
  const spaces = 'A space or line break pasted with it spoils it.'
  if (kind === 'api-key')
    return `The API key is wrong, of another tenant, or expired: on a default tenant keys live 24 hours, so schedules use an admin client. ${spaces}`
  return `admin-client-id and admin-client-secret don't match, are of another tenant, or the client's consent is not trusted. ${spaces}`
}

async function otherName({ tenant, http }: Session): Promise<string> {
  const url = `${tenant.origin}/.well-known/oauth-authorization-server`
  try {
    const { data } = await http({
      method: 'GET',
      url,
      headers: { accept: 'application/json', 'user-agent': 'qlik-oauth-client' },
      what: 'asking for the tenant’s name',
      repeatable: false,
    })
    const { host } = new URL(wire.metadataSchema.parse(data).issuer)
    return host === new URL(tenant.origin).host ? '' : ` The tenant calls itself ${plain(host)}: use that name.`
  } catch {
    return ''
  }
}

/** Parses an answer, or says which part of it is not what it must be. Values are not quoted: some are secrets. */
function parsed<S extends z.ZodType>(schema: S, answer: Answer, what: string, method = 'GET'): z.infer<S> {
  const result = schema.safeParse(answer.data)
  if (result.success) return result.data
  const where = result.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ')
  throw unexpected(
    'tenant',
    {
      method,
      url: 'https://tenant.invalid',
      headers: {},
      what,
      repeatable: false,
      hint: () => 'Report this with the trace id.',
    },
    answer,
    `has another form than documented (${plain(where, 100)})`,
  )
}

// --- reading -----------------------------------------------------------------------------------------------------------

function createReader(session: Session): TenantReader {
  return {
    clients: () => readClients(session),
    client: (clientId) => readClient(session, clientId),
  }
}

/** All clients by pages of a hundred, the most the tenant gives. The next page is asked for as the tenant says, never computed. */
async function readClients(session: Session): Promise<At<ObservedClient[]>> {
  const what = 'reading the clients'
  const clients: ObservedClient[] = []
  let path: string | undefined = `${clientsPath}?limit=100`
  let at: number | undefined
  const seen = new Set<string>()
  while (path !== undefined) {
    // A cursor that leads back would read forever.
    if (seen.has(path)) break
    seen.add(path)
    const answer: Answer = await ask(session, { method: 'GET', path, what })
    at ??= answer.at
    const page: z.infer<typeof wire.clientsSchema> = parsed(wire.clientsSchema, answer, what)
    clients.push(...page.data.filter(({ deletedAt }) => !deletedAt).map(wire.toObservedClient))
    path = nextPath(page.links?.next?.href, session.tenant.origin)
  }
  return { value: clients, at: at! }
}

/** The tenant may link by another of its names: we stay with the one that was given to us. */
function nextPath(href: string | null | undefined, origin: string): string | undefined {
  if (!href) return undefined
  const url = new URL(href, origin)
  return `${url.pathname}${url.search}`
}

/** Where the single read leaves out the secrets, as some forms of it do, the list has them. */
async function readClient(session: Session, clientId: string): Promise<At<ObservedClient | undefined>> {
  const what = 'reading the client'
  try {
    const answer = await ask(session, {
      method: 'GET',
      path: `${clientsPath}/${encodeURIComponent(clientId)}`,
      what,
      codes: { 404: 'CLIENT_MISSING' },
    })
    const client = parsed(wire.clientSchema, answer, what)
    if (client.deletedAt) return { value: undefined, at: answer.at }
    if (client.clientSecrets != null) return { value: wire.toObservedClient(client), at: answer.at }
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'CLIENT_MISSING') throw thrown
  }
  const { value, at } = await readClients(session)
  return { value: value.find(({ id }) => id === clientId), at }
}

// --- writing -----------------------------------------------------------------------------------------------------------

function createWriter(session: Session, mask: Mask): TenantWriter {
  return {
    create: (client) => create(session, mask, client),
    update: (clientId, changes) => update(session, mask, clientId, changes),
    describe: (clientId, text, before) => describe(session, clientId, text, before),
    setConsent: (clientId, consent) => setConsent(session, clientId, consent),
    issue: (clientId) => issue(session, mask, clientId),
    retire: (clientId, hint) => retire(session, clientId, hint),
    remove: (clientId) => remove(session, clientId),
  }
}

async function create(session: Session, mask: Mask, { fields, consent }: NewClient): Promise<At<Created>> {
  const what = 'creating the client'
  const body = {
    appType: 'web',
    clientName: fields.name,
    description: fields.description,
    allowedScopes: fields.scopes,
    allowedGrantTypes: fields.grantTypes,
    allowedAuthMethods: fields.authMethods,
    // The request accepts no other value than trusted; required is what a client has without it.
    ...(consent === 'trusted' ? { connectionConfig: { consentMethod: 'trusted' } } : {}),
  }
  const answer = await ask(session, { method: 'POST', path: clientsPath, what, body })
  const secret = maskedSecret(answer, mask)
  const created = parsed(wire.createdSchema, answer, what, 'POST')
  const [listed] = wire.toSecrets(created)
  return {
    at: answer.at,
    value: {
      clientId: created.clientId,
      issued: secret && { secret, hint: listed?.hint, createdAt: listed?.createdAt, createdBy: listed?.createdBy },
    },
  }
}

/** Masks the secret of an answer before anything else is read of it. */
function maskedSecret({ data }: Answer, mask: Mask): Secret | undefined {
  const value = (data as { clientSecret?: unknown } | null | undefined)?.clientSecret
  return typeof value === 'string' && value !== '' ? born(value, mask) : undefined
}

const paths: Record<keyof Fields, string> = {
  name: '/clientName',
  description: '/description',
  scopes: '/allowedScopes',
  grantTypes: '/allowedGrantTypes',
  authMethods: '/allowedAuthMethods',
}

/**
 * Patches whole fields. `replace` where there is a value, `add` where there is none: the one pair of operations that RFC 6902
 * defines for both cases. What makes no secret is repeated safely; a lost description is looked up by the caller.
 */
async function update(
  session: Session,
  mask: Mask,
  clientId: string,
  changes: FieldChange[],
): Promise<At<Issued | undefined>> {
  const what = 'changing the client'
  const body = changes.map(({ field, before, after }) => ({
    op: before === undefined || before.length === 0 ? 'add' : 'replace',
    path: paths[field],
    value: after,
  }))
  const once = changes.some(({ field }) => field === 'description' || field === 'authMethods')
  const answer = await ask(session, {
    method: 'PATCH',
    path: `${clientsPath}/${encodeURIComponent(clientId)}`,
    what,
    body,
    repeatable: !once,
    codes: { 404: 'CLIENT_MISSING' },
  })
  const secret = maskedSecret(answer, mask)
  return { at: answer.at, value: secret && { secret } }
}

async function describe(
  session: Session,
  clientId: string,
  text: string,
  before: 'empty' | 'filled',
): Promise<At<void>> {
  const { at } = await update(session, () => {}, clientId, [
    { field: 'description', before: before === 'empty' ? undefined : before, after: text },
  ])
  return { value: undefined, at }
}

async function setConsent(session: Session, clientId: string, consent: string): Promise<void> {
  const path = `${clientsPath}/${encodeURIComponent(clientId)}/connection-configs/me`
  await ask(session, {
    method: 'PATCH',
    path,
    what: 'setting the consent',
    body: [{ op: 'replace', path: '/consentMethod', value: consent }],
    repeatable: true,
  })
}

async function issue(session: Session, mask: Mask, clientId: string): Promise<At<Issued>> {
  const what = 'issuing a secret'
  const path = `${clientsPath}/${encodeURIComponent(clientId)}/client-secrets`
  const answer = await ask(session, {
    method: 'POST',
    path,
    what,
    codes: { 404: 'CLIENT_MISSING', 409: 'SECRET_SLOTS_FULL' },
  }).catch(slotsHint)
  const secret = maskedSecret(answer, mask)
  const { hint, createdAt, createdBy } = parsed(wire.issuedSchema, answer, what, 'POST')
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
  throw new ActionError(
    thrown.code,
    thrown.message,
    'Somebody used the last of the five secrets that Qlik allows. Delete one that is not needed, and run again.',
    { cause: thrown, trace: thrown.trace, status: thrown.status },
  )
}

async function retire(session: Session, clientId: string, hint: string): Promise<void> {
  const path = `${clientsPath}/${encodeURIComponent(clientId)}/client-secrets/${encodeURIComponent(hint)}`
  await ask(session, {
    method: 'DELETE',
    path,
    what: 'retiring a secret',
    repeatable: true,
    codes: { 404: 'CLIENT_MISSING' },
  }).catch(goneIsFine)
}

/** Deletes a client. Qlik wants its id once more in a header, so that nobody does it by accident. */
async function remove(session: Session, clientId: string): Promise<void> {
  const path = `${clientsPath}/${encodeURIComponent(clientId)}`
  const headers = { 'qlik-confirm-delete': clientId }
  await ask(session, {
    method: 'DELETE',
    path,
    what: 'deleting the client',
    headers,
    repeatable: true,
    codes: { 404: 'CLIENT_MISSING' },
  }).catch(goneIsFine)
}

function goneIsFine(thrown: unknown): void {
  if (!(thrown instanceof ActionError) || thrown.code !== 'CLIENT_MISSING') throw thrown
}

// --- proving -----------------------------------------------------------------------------------------------------------

function createProver(session: Session, mask: Mask): Prover {
  return {
    accessToken: (clientId, secret) => token(session, clientId, secret, mask, 'proving the new secret'),
    whoIs: (accessToken) => whoIs(session, accessToken),
    revoke: (accessToken) => revoke(session, accessToken),
  }
}

async function token(
  { tenant, http }: Session,
  clientId: string,
  secret: Secret,
  mask: Mask,
  what: string,
  codes?: Call['codes'],
): Promise<Secret> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret.open(),
  }).toString()
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'qlik-oauth-client',
  }
  const answer = await http({
    method: 'POST',
    url: `${tenant.origin}/oauth/token`,
    headers,
    body,
    what,
    repeatable: true,
    codes,
  })
  const value = (answer.data as { access_token?: unknown } | null | undefined)?.access_token
  const accessToken = typeof value === 'string' && value !== '' ? born(value, mask) : undefined
  parsed(wire.tokenSchema, answer, what, 'POST')
  return accessToken!
}

/** The tenant may refuse to say (the client's scopes decide): that proves nothing against the secret. */
async function whoIs({ tenant, http }: Session, accessToken: Secret): Promise<Bot | undefined> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': 'qlik-oauth-client',
  }
  try {
    const { data } = await http({
      method: 'GET',
      url: `${tenant.origin}/api/v1/users/me`,
      headers,
      what: 'asking who the client is',
      repeatable: false,
    })
    const { id, clientId } = wire.userSchema.parse(data)
    return { userId: id || undefined, clientId: clientId || undefined }
  } catch {
    return undefined
  }
}

async function revoke({ tenant, http }: Session, accessToken: Secret): Promise<void> {
  const body = JSON.stringify({ token: accessToken.open(), token_type_hint: 'access_token' })
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': 'qlik-oauth-client',
  }
  await http({
    method: 'POST',
    url: `${tenant.origin}/oauth/revoke`,
    headers,
    body,
    what: 'giving an access token back',
    repeatable: false,
  })
}
