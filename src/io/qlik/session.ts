import { ActionError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { plain } from '../../base/text.ts'
import type { ObservedSpace } from '../../model/space.ts'
import { type Answer, type Call, schemaReader, unexpectedAnswer, userAgent } from '../http/responses.ts'
import type { Http } from '../http/service-client.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import * as wire from './answer-schemas.ts'
import type { Algorithm, AssertionContent, SigningKey } from './signing-key.ts'

/** A client's proof: its secret, or an assertion signed with its key. */
export type ClientProof = { kind: 'secret'; secret: Secret } | { kind: 'key'; key: SigningKey }

/** How we sign in: with a person's API key, or as an OAuth client that may manage others. */
export type SignIn = { kind: 'api-key'; key: Secret } | { kind: 'client'; clientId: string; proof: ClientProof }

export type Tenant = { origin: string; signIn: SignIn }

// Qlik is moving its APIs to other paths, with a year's notice (qlik.dev/apis/namespaces): only this line has the path.
export const clientsPath = '/api/v1/oauth-clients'
export const usersPath = '/api/v1/users'
// Tells the tenant the release that we know: it answers with the deprecations since then (qlik.dev/apis/versioning).
const apiVersion = '2026-11'

/** The path of one client. */
export function clientPath(clientId: string): string {
  return `${clientsPath}/${encodeURIComponent(clientId)}`
}

/** `wallClock`: the runner's own time in epoch milliseconds, for assertions only. */
export type Session = {
  tenant: Tenant
  http: Http
  bearer: () => Promise<Secret>
  /** `isOver`: the run ends, and begins no request for the session any more. */
  signedIn: { token?: Promise<Secret>; caller?: Promise<string | undefined>; isOver?: true }
  /** Clients by their ids, as the latest list showed them. */
  listed: Map<string, wire.ListedAnswer>
  /** Deletions of clients: a list that is read meanwhile may lack entries. */
  deletions: { begun: number; underWay: Set<Promise<unknown>> }
  /** The changes of this run to lists of keys, by client id, each with the tenant's time. */
  keyChanges: Map<string, { change: (keys: unknown[]) => unknown[]; at: number }[]>
  /** The list of spaces, read once in a run; and the assignee type that spaces accept for a bot, once the tenant has shown it. */
  spaces: { all?: Promise<ObservedSpace[]> | undefined; typeOfBots?: 'user' | 'bot' | undefined }
  wallClock: () => number
  pause: (milliseconds: number) => Promise<void>
  /** Seconds by which the tenant's clock is ahead of the runner's, by the tenant's answers. */
  ahead: number
}

export function createSession(
  tenant: Tenant,
  http: Http,
  mask: Mask,
  { wallClock, pause }: Pick<Session, 'wallClock' | 'pause'>,
): Session {
  const signedIn: Session['signedIn'] = {}
  const session: Session = {
    tenant,
    http,
    signedIn,
    listed: new Map(),
    deletions: { begun: 0, underWay: new Set() },
    keyChanges: new Map(),
    spaces: {},
    wallClock,
    pause,
    ahead: 0,
    bearer: () => {
      const { signIn } = tenant
      if (signIn.kind === 'api-key') return Promise.resolve(signIn.key)
      signedIn.token ??= explained(session, () => firstToken(session, signIn, mask))
      return signedIn.token
    },
  }
  return session
}

/**
 * Signs in. After a refusal an assertion is made again with the tenant's time from its answer, then with the other algorithms
 * that the key may be registered for.
 */
async function firstToken(session: Session, { clientId, proof }: SignIn & { kind: 'client' }, mask: Mask) {
  const codes: Call['codes'] = { 400: 'TENANT_UNAUTHORIZED', 401: 'TENANT_UNAUTHORIZED', 403: 'TENANT_UNAUTHORIZED' }
  const tries = proof.kind === 'key' ? [proof.key.algorithms[0], ...proof.key.algorithms] : [undefined]
  for (;;) {
    const algorithm = tries.shift()
    try {
      return await requestToken(session, { clientId, proof, mask }, { what: 'signing in', codes, algorithm })
    } catch (thrown) {
      const isRefused =
        thrown instanceof ActionError &&
        thrown.code === 'TENANT_UNAUTHORIZED' &&
        (thrown.status === 400 || thrown.status === 401)
      if (!isRefused || tries.length === 0) throw thrown
      learnTime(session, thrown.at)
    }
  }
}

function learnTime(session: Session, at: number | undefined): void {
  if (at !== undefined) session.ahead = at - session.wallClock() / 1000
}

export async function signOut(session: Session): Promise<void> {
  session.signedIn.isOver = true
  const { token } = session.signedIn
  if (token === undefined) return
  // The token must outlive the requests that use it.
  await session.signedIn.caller
  // A token that could not be revoked lives for six hours at most: the run does not fail.
  await token.then((it) => revokeToken(session, it)).catch(() => {})
}

export type TenantRequest = {
  method: string
  path: string
  what: string
  body?: unknown
  headers?: Record<string, string>
  repeatable?: boolean
  sendBy?: number | undefined
  codes?: Call['codes']
}

export async function askTenant(
  session: Session,
  { method, path, what, body, headers = {}, repeatable = method === 'GET', sendBy, codes }: TenantRequest,
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
  const answer = await explained(session, () => session.http(call))
  learnTime(session, answer.at)
  return answer
}

/** The explanation of a 401 includes the tenant's own name for itself, if that is another one. */
async function explained<T>(session: Session, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'TENANT_UNAUTHORIZED') throw thrown
    throw thrown.with({ hint: `${unauthorizedHint(session.tenant.signIn)}${await otherName(session)}` })
  }
}

function unauthorizedHint(signIn: SignIn): string {
  const spaces = 'Check that no character of the pasted value is missing. A space or line break around it does no harm.'
  if (signIn.kind === 'client' && signIn.proof.kind === 'key')
    return `Is the public half of admin-private-key registered for admin-client-id, under the kid ${plain(signIn.proof.key.kid)}? If it has another kid, give that as admin-key-id. The client must allow private_key_jwt, and its consent must be trusted.`
  if (signIn.kind === 'api-key')
    return `The API key is wrong, belongs to another tenant, or has expired: by default keys live 24 hours, so schedules use an admin client. ${spaces}`
  return `admin-client-id and admin-client-secret don’t match, belong to another tenant, or the client’s consent is not trusted. ${spaces}`
}

/** Milliseconds. A failure that can't get better must be reported within a second. */
const nameWithin = 700

async function otherName({ tenant, http }: Session): Promise<string> {
  const url = `${tenant.origin}/.well-known/oauth-authorization-server`
  try {
    const { data } = await http({
      method: 'GET',
      url,
      headers: { accept: 'application/json', 'user-agent': userAgent },
      what: 'asking for the tenant’s name',
      repeatable: false,
      optional: nameWithin,
    })
    const { host } = new URL(wire.metadataSchema.parse(data).issuer)
    return host === new URL(tenant.origin).host ? '' : ` The tenant calls itself ${plain(host)}: use that name.`
  } catch {
    return ''
  }
}

const report = 'Report this with the trace id.'

/** Parses an answer of the tenant. Throws `TENANT_UNEXPECTED` with the names of the parts that have another form. */
export const parseTenantAnswer = schemaReader('tenant', report)

/** The error for an answer of the tenant that the documentation does not describe. */
export function unexpectedTenantAnswer(
  answer: Answer | undefined,
  what: string,
  how: string,
  method = 'GET',
): ActionError {
  return unexpectedAnswer('tenant', { what, method, hint: () => report }, answer, how)
}

type TokenRequest = Pick<Call, 'what' | 'codes' | 'optional'> & { algorithm?: Algorithm | undefined }

/** An access token for a client, masked. The caller gives it back with `revoke`. */
export async function requestToken(
  session: Session,
  { clientId, proof, mask }: { clientId: string; proof: ClientProof; mask: Mask },
  { what, codes, algorithm, optional }: TokenRequest,
): Promise<Secret> {
  const url = `${session.tenant.origin}/oauth/token`
  const now = session.wallClock() / 1000 + session.ahead
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    ...(proof.kind === 'secret'
      ? { client_secret: proof.secret.open() }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await signed(proof.key, algorithm, { clientId, endpoint: url, now }, mask),
        }),
  }).toString()
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': userAgent,
  }
  const answer = await session.http({ method: 'POST', url, headers, body, what, repeatable: true, codes, optional })
  const value = (answer.data as { access_token?: unknown } | null | undefined)?.access_token
  // All forms of a single word are masked quickly. For other texts that a server may send, this could take long.
  const accessToken = typeof value === 'string' && /^\S{1,20000}$/.test(value) ? maskedSecret(value, mask) : undefined
  if (accessToken === undefined) throw unexpectedTenantAnswer(answer, what, 'has no access token', 'POST')
  return accessToken
}

/** For its few minutes an assertion is as good as a secret: it is masked like one. */
async function signed(
  key: SigningKey,
  algorithm: Algorithm | undefined,
  about: AssertionContent,
  mask: Mask,
): Promise<string> {
  const { signAssertion } = await import('./signing-key.ts')
  return maskedSecret(await signAssertion(key, algorithm ?? key.algorithms[0], about), mask).open()
}

/** Milliseconds. A token that is not revoked lives for six hours at most. */
const revokeWithin = 12_000

export async function revokeToken({ tenant, http }: Session, accessToken: Secret): Promise<void> {
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
    optional: revokeWithin,
  })
}
