import { type KeyObject, randomUUID, sign } from 'node:crypto'
import { type Bench, granted } from '../bench.ts'
import { dies, type Fact, inWords, mainClient, whoAmI } from '../fact.ts'
import { type Reply, Untold } from '../wire.ts'
import { newKey } from './secrets.ts'

type ByBot = {
  scopes: 'admin_classic' | 'admin_classic user_default'
  createdByType: unknown
  refusal: string | undefined
}

/** A client that a client created, with no more scopes than that takes. */
function byBot(bench: Bench): Promise<ByBot> {
  return bench.once('by bot', async () => {
    const { id, secret } = await mainClient(bench)
    let refusal: string | undefined
    for (const scopes of ['admin_classic', 'admin_classic user_default'] as const) {
      const bearer = await bench.token(id, secret, scopes)
      const reply = await bench.own.create({ clientName: bench.own.nextName() }, bearer)
      await bench.revoke(bearer)
      refusal = reply.refusal ?? refusal
      if (!reply.ok) continue
      const createdId = String(reply.body.clientId)
      const { body } = await bench.client(createdId)
      await bench.own.remove(createdId)
      return { scopes, createdByType: body.createdByType ?? reply.body.createdByType, refusal }
    }
    throw new Untold(`a client can’t create clients: ${refusal}`)
  })
}

type Hosts = { asked: string; issuer: string }

function hosts(bench: Bench): Promise<Hosts> {
  return bench.once('hosts', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const { body } = granted('reading the metadata')(await bench.wire.send({ method: 'GET', path }))
    const issuer = String(body.issuer)
    if (!URL.canParse(issuer)) throw new Untold('the metadata names no issuer')
    return { asked: bench.wire.line.origin, issuer: new URL(issuer).origin }
  })
}

/** Facts about access tokens: their rights, and their end. */
export const tokenFacts: Fact[] = [
  {
    id: 'scopes-to-manage',
    question: 'Which scopes does a client need to create clients?',
    settings: ['scopesToManage'],
    find: async (bench) => {
      const { scopes, refusal } = await byBot(bench)
      const reads = `${scopes.replace(' ', ' and ')}${refusal === undefined ? '' : ` (fewer: ${refusal})`}`
      return { reads, settings: { scopesToManage: scopes } }
    },
  },
  {
    id: 'created-by-type',
    question: 'What is `createdByType` of a client that a client created?',
    settings: ['createdByTypeOfBots'],
    find: async (bench) => {
      const { createdByType } = await byBot(bench)
      if (createdByType !== 'user' && createdByType !== 'service')
        return { reads: String(createdByType ?? 'not there') }
      return { reads: createdByType, settings: { createdByTypeOfBots: createdByType } }
    },
  },
  {
    id: 'own-user',
    question: 'May a client without a scope for users (here `apps:read`) ask who it is?',
    settings: ['usersMe'],
    find: async (bench) => {
      const { id, secret } = await mainClient(bench)
      const bearer = await bench.token(id, secret, 'apps:read')
      const { status, refusal } = await whoAmI(bench, bearer)
      await bench.revoke(bearer)
      const answers = status < 400
      return { reads: answers ? 'yes' : `no: ${refusal}`, settings: { usersMe: answers ? 'answers' : 'refuses' } }
    },
  },
  {
    id: 'own-user-redirect',
    question: 'Does `users/me` answer by a redirect?',
    settings: ['usersMeRedirects'],
    find: async (bench) => {
      const { status, ok, refusal } = await bench.admin({ method: 'GET', path: '/api/v1/users/me' })
      const redirects = status >= 300 && status < 400
      if (!ok && !redirects) throw new Untold(`the tenant answered ${refusal}`)
      return { reads: redirects ? `yes (${status})` : 'no', settings: { usersMeRedirects: redirects } }
    },
  },
  {
    id: 'token-events',
    question: 'What is the name of the event of an access token, and does the event name the bot?',
    settings: ['nameOfTokenEvents', 'usersOfTokenEvents'],
    find: async (bench) => {
      const { id, secret } = await mainClient(bench)
      const bearer = await bench.token(id, secret, 'user_default')
      const { body } = granted('asking who it is')(await whoAmI(bench, bearer))
      await bench.revoke(bearer)
      let seen: Seen = { new: [], old: [] }
      const isThere = async () => {
        seen = { new: await eventsOf(bench, id, 'core.'), old: await eventsOf(bench, id, '') }
        return seen.new.length + seen.old.length > 0
      }
      const delay = await bench.delay(bench.now, isThere)
      if (delay.by === undefined) throw new Untold('there was no event within two minutes')
      // Where both come, they need not come at once.
      await bench.wire.sleep(5000)
      await isThere()
      const name = seen.old.length === 0 ? 'new' : seen.new.length === 0 ? 'old' : 'both'
      const users = [...seen.new, ...seen.old].every(({ userId }) => userId === body.id) ? 'told' : 'not told'
      const words = { new: 'com.qlik.core.oauth-token.issued', old: 'com.qlik.oauth-token.issued', both: 'both names' }
      const reads = `${words[name]}, ${users === 'told' ? 'with' : 'without'} the bot as its user, ${inWords(delay)}`
      return { reads, settings: { nameOfTokenEvents: name, usersOfTokenEvents: users } }
    },
  },
  {
    id: 'scope-changes',
    question: 'Does taking a scope from a client change what its access tokens may do?',
    settings: ['scopeChanges'],
    find: async (bench) => {
      const { id, name, secret } = await mainClient(bench)
      const bearer = await bench.token(id, secret, 'admin_classic user_default')
      const scopes = (value: string[]) => bench.patch(id, [{ op: 'replace', path: '/allowedScopes', value }])
      // Sets its own name again: this changes nothing, and only administrators may do it.
      const manages = () => bench.patch(id, [{ op: 'replace', path: '/clientName', value: name }], '', bearer)
      granted('managing')(await manages())
      await bench.wire.room(20)
      granted('taking a scope')(await scopes(['user_default', 'apps:read']))
      const change = await bench.delay(bench.now, async () => !(await manages()).ok, 30)
      granted('giving the scope back')(await scopes(['admin_classic', 'user_default', 'apps:read']))
      await bench.revoke(bearer)
      const changes = change.by !== undefined
      const reads = changes ? `yes, ${inWords(change)}` : `no, only those that are got later (${inWords(change)})`
      return { reads, settings: { scopeChanges: changes ? 'immediate' : 'next-token' } }
    },
  },
  {
    id: 'issuer',
    question: 'Does the tenant call itself by the host that was asked?',
    settings: ['issuer'],
    find: async (bench) => {
      const { asked, issuer } = await hosts(bench)
      return asked === issuer
        ? { reads: 'yes', settings: { issuer: undefined } }
        : { reads: 'no, by another', settings: { issuer } }
    },
  },
  {
    id: 'audiences',
    question: 'Reached by an alias, which host does it want to read in `aud` of a signed assertion?',
    settings: ['audiences'],
    find: async (bench) => {
      const both = await hosts(bench)
      if (both.asked === both.issuer)
        throw new Untold('the tenant calls itself by the host that was asked; if it has an alias, probe it by that')
      const { jwk, privateKey } = newKey()
      const keyed = { allowedAuthMethods: ['private_key_jwt'], publicKeys: [jwk], allowedScopes: ['user_default'] }
      const { id, created } = await bench.subject({ ...keyed, connectionConfig: { consentMethod: 'trusted' } })
      bench.secret(created.body.clientSecret)
      await bench.consent(id, 'trusted')
      const accepts = (host: string) => acceptsAudience(bench, id, privateKey, host)
      const some = async () => (await accepts(both.asked)) || (await accepts(both.issuer))
      if ((await bench.delay(bench.now, some, 60)).by === undefined)
        throw new Untold('neither was accepted in a minute')
      const asked = await accepts(both.asked)
      const either = asked && (await accepts(both.issuer))
      await bench.own.remove(id)
      const audiences = either ? 'either' : asked ? 'asked' : 'issuer'
      const words = { either: 'either', asked: 'the alias that was asked', issuer: 'the name by which it calls itself' }
      return { reads: words[audiences], settings: { audiences } }
    },
  },
  {
    id: 'tokens-and-clients',
    question: 'Does an access token die with its client?',
    settings: ['tokensDieWithClient'],
    find: async (bench) => {
      const { id, secret } = await mainClient(bench)
      const bearer = await bench.token(id, secret)
      if ((await whoAmI(bench, bearer)).status === 401) throw new Untold('the token was worth nothing from the start')
      granted('deleting a client')(await bench.own.remove(id))
      bench.forget('main')
      const death = await dies(bench, bearer)
      await bench.revoke(bearer)
      const reads = death.by === undefined ? `no (${inWords(death)})` : `yes, ${inWords(death)}`
      return { reads, settings: { tokensDieWithClient: death.by !== undefined } }
    },
  },
]

type Seen = Record<'new' | 'old', Record<string, unknown>[]>

/** The newest events of access tokens, by their newer or older name, that name a client. */
async function eventsOf(bench: Bench, clientId: string, part: 'core.' | ''): Promise<Record<string, unknown>[]> {
  const query = new URLSearchParams({
    eventType: `com.qlik.${part}oauth-token.issued`,
    sort: '-eventTime',
    limit: '100',
  })
  const ask = { method: 'GET', path: `/api/v1/audits?${query}` }
  const { body } = granted('reading the events')(await bench.admin(ask))
  const events = Array.isArray(body.data) ? (body.data as Record<string, unknown>[]) : []
  return events.filter(
    ({ data }) => (data as { issuedToClientId?: unknown } | undefined)?.issuedToClientId === clientId,
  )
}

async function acceptsAudience(bench: Bench, id: string, key: KeyObject, host: string): Promise<boolean> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Math.floor(bench.wire.time)
  const claims = { iss: id, sub: id, aud: `${host}/oauth/token`, jti: randomUUID(), iat, exp: iat + 240 }
  const signed = `${part({ alg: 'ES384', typ: 'JWT', kid: 'probe' })}.${part(claims)}`
  const signature = sign('sha384', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  const reply: Reply = await bench.askToken(id, {
    grant_type: 'client_credentials',
    client_id: id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: bench.secret(`${signed}.${signature.toString('base64url')}`),
  })
  if (reply.ok) await bench.revoke(String(reply.body.access_token))
  return reply.ok
}
