import { generateKeyPairSync } from 'node:crypto'
import { type Bench, type Delay, granted } from '../bench.ts'
import { dies, type Fact, inSeconds, inWords, listed, mainClient, plainClient, taken, whoAmI } from '../fact.ts'
import { clientsPath } from '../own-clients.ts'
import { Untold } from '../wire.ts'

type Second = { secret: string; hint: string; delay: Delay }

/** A second secret of the main client, asked for and tried at once. */
function second(bench: Bench): Promise<Second> {
  return bench.once('second', async () => {
    const { id } = await mainClient(bench)
    await bench.wire.room(16)
    const path = `${clientsPath}/${id}/client-secrets`
    const { body } = granted('adding a secret')(await bench.admin({ method: 'POST', path }))
    const secret = bench.secret(body.clientSecret)
    const hint = bench.secret(body.hint)
    return { secret, hint, delay: await bench.delay(bench.now, () => bench.signsIn(id, secret)) }
  })
}

/** Facts about secrets, keys and consent: their form, and the delay until they are valid. */
export const secretFacts: Fact[] = [
  {
    id: 'hints',
    question: 'Which part of a secret is its hint?',
    settings: ['hints'],
    find: async (bench) => {
      const { secret, hint } = await second(bench)
      if (hint === '') throw new Untold('the answer with the secret has no hint')
      const length = hint.length
      if (secret.startsWith(hint)) return { reads: `its first ${length} characters`, settings: { hints: 'prefix' } }
      if (secret.endsWith(hint)) return { reads: `its last ${length} characters`, settings: { hints: 'suffix' } }
      return { reads: `neither its beginning nor its end (${length} characters)`, settings: { hints: 'opaque' } }
    },
  },
  {
    id: 'secret-delay',
    question: 'When can a new secret be used?',
    settings: ['secretDelay'],
    find: async (bench) => {
      const { delay } = await second(bench)
      return { reads: inWords(delay), settings: { secretDelay: inSeconds(delay) ?? 120 } }
    },
  },
  {
    id: 'public-keys-patch',
    question: 'Can `publicKeys` be patched, although the value is described as text?',
    settings: ['publicKeysPatch'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      const reply = await bench.patch(id, [{ op: 'add', path: '/publicKeys', value: [newKey().jwk] }])
      const allowed = taken(reply)
      return {
        reads: allowed ? 'yes' : `no: ${reply.refusal}`,
        settings: { publicKeysPatch: allowed ? 'allowed' : 'refused' },
      }
    },
  },
  {
    id: 'secret-for-keys',
    question: 'Is a secret made for a client that may use a key only?',
    settings: ['secretForKeys'],
    find: async (bench) => {
      const byKey = { allowedAuthMethods: ['private_key_jwt'], publicKeys: [newKey().jwk] }
      const { id, secret } = await bench.subject({ allowedScopes: ['user_default'], ...byKey })
      await bench.own.remove(id)
      return {
        reads: secret === '' ? 'no' : 'yes',
        settings: { secretForKeys: secret === '' ? 'none' : 'made' },
      }
    },
  },
  {
    id: 'without-consent',
    question: 'How does the token endpoint answer a client without consent?',
    settings: ['untrustedStatus', 'untrustedCode'],
    find: async (bench) => {
      const { id, secret, bornAt } = await plainClient(bench)
      // Its secret must be valid by now, or the answer would be about the secret.
      const usable = ((await second(bench)).delay.by ?? 120) * 1500 + 2000
      await bench.wire.sleep(Math.max(0, bornAt + usable - bench.now))
      const reply = await bench.tokenReply(id, secret)
      if (reply.ok) {
        await bench.revoke(String(reply.body.access_token))
        return { reads: 'an access token: consent is not needed' }
      }
      const code = reply.code === undefined ? {} : { untrustedCode: reply.code }
      return { reads: reply.refusal!, settings: { untrustedStatus: reply.status, ...code } }
    },
  },
  {
    id: 'consent-delay',
    question: 'How soon does a new consent count?',
    settings: ['consentDelay'],
    find: async (bench) => {
      const { id, secret } = await mainClient(bench)
      await bench.consent(id, 'required')
      const gone = await bench.delay(bench.now, async () => !(await bench.signsIn(id, secret)), 60)
      await bench.wire.room(16)
      await bench.consent(id, 'trusted')
      if (gone.by === undefined) throw new Untold('taking consent away keeps nobody from signing in for a minute')
      const delay = await bench.delay(bench.now, () => bench.signsIn(id, secret))
      const reads = `${inWords(delay)}; taken away, it ends ${inWords(gone)}`
      return { reads, settings: { consentDelay: inSeconds(delay) ?? 120 } }
    },
  },
  {
    id: 'tokens-and-secrets',
    question: 'Does an access token die with the secret that requested it?',
    settings: ['tokensDieWithSecret'],
    find: async (bench) => {
      const { id } = await mainClient(bench)
      const { secret, hint } = await second(bench)
      const bearer = await bench.token(id, secret)
      if ((await whoAmI(bench, bearer)).status === 401) throw new Untold('the token was worth nothing from the start')
      const path = `${clientsPath}/${id}/client-secrets/${encodeURIComponent(hint)}`
      granted('deleting a secret')(await bench.admin({ method: 'DELETE', path }))
      bench.forget('second')
      const death = await dies(bench, bearer)
      await bench.revoke(bearer)
      const reads = death.by === undefined ? `no (${inWords(death)})` : `yes, ${inWords(death)}`
      return { reads, settings: { tokensDieWithSecret: death.by !== undefined } }
    },
  },
  {
    id: 'last-secret',
    question: 'Can the last secret be deleted?',
    settings: ['lastSecret'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      const { clientSecrets } = await listed(bench, id)
      if (!Array.isArray(clientSecrets) || clientSecrets.length !== 1) throw new Untold('the list shows not one secret')
      const hint = encodeURIComponent(bench.secret(clientSecrets[0].hint))
      const reply = await bench.admin({ method: 'DELETE', path: `${clientsPath}/${id}/client-secrets/${hint}` })
      const deletable = taken(reply)
      return {
        reads: deletable ? 'yes' : `no: ${reply.refusal}`,
        settings: { lastSecret: deletable ? 'deletable' : 'kept' },
      }
    },
  },
]

/** A key pair for signed assertions, as the documentation asks for it. The private half stays in this process. */
export function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'probe', kty: 'EC', alg: 'ES384', use: 'sig' }
  return { jwk, privateKey }
}
