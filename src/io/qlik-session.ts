import type * as z from 'zod'
import { ActionError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { plain } from '../domain/text.ts'
import { type Answer, type Call, unexpected, userAgent } from './answers.ts'
import { born, type Mask } from './born.ts'
import type { Http } from './http.ts'
import * as wire from './qlik-wire.ts'

/** How we sign in: as a person's API key, or as an OAuth client that may manage others. */
export type SignIn = { kind: 'api-key'; key: Secret } | { kind: 'client'; clientId: string; secret: Secret }

export type Tenant = { origin: string; signIn: SignIn }

// Qlik is moving its APIs to other paths, with a year's notice (qlik.dev/apis/namespaces): the path stands here only.
export const clientsPath = '/api/v1/oauth-clients'
// Tells the tenant which release we know: it answers with the deprecations since (qlik.dev/apis/versioning).
const apiVersion = '2026-11'

export type Session = {
  tenant: Tenant
  http: Http
  bearer: () => Promise<Secret>
  signedIn: { token?: Promise<Secret> }
}

export function createSession(tenant: Tenant, http: Http, mask: Mask): Session {
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

export async function signOut(session: Session): Promise<void> {
  const { token } = session.signedIn
  if (token === undefined) return
  // A token that could not be given back lives six hours at most: no reason to fail.
  await token.then((it) => revoke(session, it)).catch(() => {})
}

export type Ask = {
  method: string
  path: string
  what: string
  body?: unknown
  headers?: Record<string, string>
  repeatable?: boolean
  sendBy?: number | undefined
  codes?: Call['codes']
}

export async function ask(
  session: Session,
  { method, path, what, body, headers = {}, repeatable = method === 'GET', sendBy, codes }: Ask,
): Promise<Answer> {
  const bearer = await session.bearer()
  const call: Call = {
    method,
    url: `${session.tenant.origin}${path}`,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${bearer.open()}`,
      'qlik-api-version': apiVersion,
      'user-agent': userAgent,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    what,
    repeatable,
    sendBy,
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
  const spaces = 'A space or line break that was pasted along spoils it.'
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
      headers: { accept: 'application/json', 'user-agent': userAgent },
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
export function parsed<S extends z.ZodType>(schema: S, answer: Answer, what: string, method = 'GET'): z.infer<S> {
  const result = schema.safeParse(answer.data)
  if (result.success) return result.data
  const where = result.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ')
  throw misread(answer, what, `has another form than documented (${plain(where, 100)})`, method)
}

/** The tenant's answer is not what the documentation says. */
export function misread(answer: Answer, what: string, how: string, method = 'GET'): ActionError {
  return unexpected('tenant', { what, method, hint: () => 'Report this with the trace id.' }, answer, how)
}

/** An access token for a client, masked. It is to be given back with `revoke`. */
export async function token(
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
    'user-agent': userAgent,
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

export async function revoke({ tenant, http }: Session, accessToken: Secret): Promise<void> {
  const body = JSON.stringify({ token: accessToken.open(), token_type_hint: 'access_token' })
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': userAgent,
  }
  await http({
    method: 'POST',
    url: `${tenant.origin}/oauth/revoke`,
    headers,
    body,
    what: 'giving an access token back',
    repeatable: false,
    optional: true,
  })
}
