import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { publicHalf } from '../../src/io/qlik/signing-key.ts'
import { count, expectFailure, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation, startAnew } from '../support/each-test.ts'

type Pair = { publicKey: KeyObject; privateKey: KeyObject }

let ec: Pair
let rsa: Pair
beforeAll(() => {
  ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
})
eachTest()

function pemOf({ privateKey }: Pair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The thumbprint of RFC 7638, by its own words: a digest of the required members in the order of the alphabet. */
function kidOf({ privateKey }: Pair): string {
  const { crv, kty, x, y, e, n } = publicHalf(privateKey)
  const required = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n }
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url')
}

/** An admin client that knows this key, and the inputs that sign in with it. */
function adminWith(pair: Pair, { alg = 'ES384', kid = kidOf(pair) } = {}): Record<string, string> {
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  const { clientId } = simulation.sandbox.tenant.addClient({
    clientName: 'automation',
    allowedScopes: ['admin_classic'],
    allowedAuthMethods: ['private_key_jwt'],
    publicKeys: [jwk as never],
    secrets: 0,
  })
  return { 'api-key': '', 'admin-client-id': clientId, 'admin-private-key': pemOf(pair) }
}

async function refused(inputs: Record<string, string>, message: RegExp): Promise<void> {
  const result = await simulation.run({ 'api-key': '', 'admin-client-id': 'abc', ...inputs })
  expectRefusal(result, 'INPUT_INVALID', { message })
  expect(result.requests).toEqual([])
}

const signIns = /^\/oauth\/token/

describe('signing in with a private key', () => {
  it('names the tenant’s own host if the tenant accepts assertions under that name only', async () => {
    await startAnew({ issuer: 'https://original.eu.qlikcloud.com', audiences: 'issuer' })
    const result = await simulation.run(adminWith(ec))
    expectRefusal(result, 'TENANT_UNAUTHORIZED', { hint: /original\.eu\.qlikcloud\.com/ })
  })

  it('signs for the host that was asked, never for one that the host names: it could pass the assertion on', async () => {
    await startAnew({ issuer: 'https://original.eu.qlikcloud.com', audiences: 'asked' })
    expectSuccess(await simulation.run(adminWith(ec)), { result: 'created' })
  })

  it('takes an EC key on P-384, whose kid is its thumbprint unless said, in as many requests as a secret', async () => {
    await simulation.run()
    const result = await simulation.run(adminWith(ec))
    expectSuccess(result, { result: 'unchanged' })
    expect(result.requests.length).toBe(6)
  })

  it('takes another kid as admin-key-id, and says which one the tenant does not know', async () => {
    const inputs = adminWith(ec, { kid: 'the key of 2026' })
    expectSuccess(await simulation.run({ ...inputs, 'admin-key-id': 'the key of 2026' }), { result: 'created' })
    const wrong = await simulation.run(inputs)
    expectFailure(wrong, 'TENANT_UNAUTHORIZED', {
      hint: new RegExp(`kid ${kidOf(ec)}\\?.*admin-key-id`),
    })
    expect(count(wrong, 'POST', signIns)).toBe(2)
  })

  it.each(['RS256', 'RS512'])('takes an RSA key that is registered for %s', async (alg) => {
    expectSuccess(await simulation.run(adminWith(rsa, { alg })), { result: 'created' })
  })

  it.each([
    ['fast by half a minute', 30_000, 1],
    ['slow by two minutes', -120_000, 1],
    ['fast by an hour', 3_600_000, 2],
    ['slow by a year', -365 * 86_400_000, 2],
  ])('lives with a runner whose clock is %s', async (_how, skew, asked) => {
    simulation.skew = skew
    const result = await simulation.run({ ...adminWith(ec), deliver: 'false' })
    expectSuccess(result, { result: 'created' })
    expect(count(result, 'POST', signIns)).toBe(asked)
  })

  it('signs again if the answer to an assertion was lost', async () => {
    const lost = await simulation.run(adminWith(ec), { at: /oauth\/token/, kind: 'answer lost' })
    expectSuccess(lost, { result: 'created' })
  })

  const shapes: [string, (pem: string) => string][] = [
    ['written \\n', (pem) => pem.replaceAll('\n', '\\n')],
    ['CRLF', (pem) => pem.replaceAll('\n', '\r\n')],
    ['spaces for line breaks', (pem) => pem.replaceAll('\n', ' ')],
    ['no final newline', (pem) => pem.trimEnd()],
    ['text before it', (pem) => `Key of the automation client\n${pem}`],
  ]
  it.each(shapes)('takes a PEM with %s, and masks every line of it', async (_what, shaped) => {
    const inputs = adminWith(ec)
    const pem = inputs['admin-private-key']!
    const result = await simulation.run({ ...inputs, 'admin-private-key': shaped(pem) })
    expectSuccess(result, { result: 'created' })
    for (const line of pem.trimEnd().split('\n').slice(1, -1)) expect(result.masks).toContain(line)
    expect(result.masks).toContain(pem)
  })
})

describe('a private key that can’t be used', () => {
  const convert = /convert it with: openssl pkcs8 -topk8 -nocrypt/

  it('in an older form gets a hint how to convert it', async () => {
    const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    await refused({ 'admin-private-key': sec1 }, /^admin-private-key: is a PEM of the older form EC PRIVATE KEY; /)
    await refused({ 'admin-private-key': sec1 }, convert)
    const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    await refused({ 'admin-private-key': pkcs1 }, /older form RSA PRIVATE KEY; convert it with: openssl/)
  })

  it('gets a hint how to decrypt it', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'x', format: 'pem' } as const
    const encrypted = ec.privateKey.export({ type: 'pkcs8', ...cipher }).toString()
    await refused({ 'admin-private-key': encrypted }, /^admin-private-key: is encrypted, .*openssl pkcs8/)
    const older = rsa.privateKey.export({ type: 'pkcs1', ...cipher }).toString()
    await refused({ 'admin-private-key': older }, /^admin-private-key: is encrypted, .*openssl pkcs8/)
  })

  it('is of no kind that Qlik accepts', async () => {
    const others = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ed25519'),
    ]
    for (const pair of others)
      await refused(
        { 'admin-private-key': pemOf(pair) },
        /^admin-private-key: is a key of another kind. Accepted is .*P-384/,
      )
  })

  it.each([
    ['the public half', () => ec.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /contains a public key/],
    ['cut off', () => pemOf(ec).slice(0, 150), /is not a complete PEM\. Accepted is/],
    ['spoiled', () => pemOf(ec).replace(/\n.{20}/, '\nAAAA'), /can’t be read: is all of it there/],
    ['one of two', () => pemOf(ec) + pemOf(rsa), /contains more than one private key/],
    ['a word', () => 'shhh-this-is-a-secret', /is not a complete PEM/],
  ])('is %s', (_what, pem, message) => refused({ 'admin-private-key': pem() }, message))

  it('is given beside another way to sign in, or its id is given without it', async () => {
    const key = { 'admin-private-key': pemOf(ec) }
    await refused({ ...key, 'api-key': 'an-api-key-of-somebody' }, /^api-key: two ways to sign in/)
    await refused({ ...key, 'admin-client-secret': 'shhh-this-is-a-secret' }, /^admin-private-key: two ways to sign in/)
    await refused({ ...key, 'admin-client-id': '' }, /^admin-client-id: is missing beside admin-private-key/)
    await refused({ 'admin-key-id': 'k' }, /- admin-key-id: has no effect without admin-private-key/)
  })
})
