import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, type JWK, SignJWT } from 'jose'
import type { Secret } from '../../base/secret.ts'
import type { NewKey } from '../../ports.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'

/** The algorithms that Qlik accepts for private_key_jwt (qlik.dev/authenticate/oauth). */
export type Algorithm = 'RS256' | 'RS512' | 'ES384'

/** A private key that signs a client in. `algorithms`: the ones that fit its type, the likeliest first. */
export type SigningKey = { pem: Secret; kid: string; algorithms: [Algorithm, ...Algorithm[]] }

/**
 * Reads a private key as people paste it: lines may end with CRLF, spaces or a written `\n`. All parts of it are masked. Without
 * a key id, the id is the thumbprint (RFC 7638), as for the keys that this action makes. Returns a complaint for a key that can't
 * be used.
 */
export async function readSigningKey(
  text: string,
  keyId: string,
  mask: Mask,
): Promise<SigningKey | { complaint: string }> {
  maskedSecret(text, mask)
  const found = privateBlock(text)
  if (found.complaint !== undefined) return { complaint: found.complaint }
  const pem = maskedSecret(found.pem, mask)
  let key: KeyObject
  try {
    key = createPrivateKey(pem.open())
  } catch {
    return { complaint: `can’t be read: is all of it there, from -----BEGIN to END PRIVATE KEY-----? ${accepted}` }
  }
  const algorithms = algorithmsOf(key)
  if (algorithms === undefined) return { complaint: `is a key of another kind. ${accepted}` }
  return { pem, kid: keyId || (await calculateJwkThumbprint(publicHalf(key))), algorithms }
}

const accepted = 'Accepted is an unencrypted PKCS#8 PEM of an EC key on P-384 or of an RSA key of 2048 bits or more.'
const convert = 'convert it with: openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem'

/** The one block of PEM that is a private key, in lines of 64 characters. */
function privateBlock(text: string): { pem: string; complaint?: undefined } | { complaint: string } {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)]
  const keys = blocks.filter(([, label]) => label!.endsWith('PRIVATE KEY'))
  const [, label, body = ''] = keys[0] ?? []
  if (keys.length > 1) return { complaint: 'contains more than one private key' }
  if (label === undefined) {
    const what =
      blocks.length > 0 ? `contains a ${blocks[0]![1]!.toLowerCase()}, but no private key` : 'is not a complete PEM'
    return { complaint: `${what}. ${accepted}` }
  }
  if (label === 'OPENSSH PRIVATE KEY')
    return { complaint: 'is in the form of OpenSSH; convert a copy of it with: ssh-keygen -p -m PKCS8 -f <copy>' }
  if (label.startsWith('ENCRYPTED') || body.includes('ENCRYPTED'))
    return { complaint: `is encrypted, and a run can’t ask for its password; ${convert}` }
  if (label !== 'PRIVATE KEY') return { complaint: `is a PEM of the older form ${label}; ${convert}` }
  const lines = body.replaceAll(/\\[rn]|\s/g, '').match(/.{1,64}/g) ?? []
  return { pem: ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n') }
}

/** An RSA key may be registered for either digest: only the tenant's answer shows which. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return ['ES384'] satisfies [Algorithm]
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048)
    return ['RS256', 'RS512'] satisfies [Algorithm, Algorithm]
  return undefined
}

/** The public half of a key, as the tenant takes it (RFC 7517). */
export function publicHalf(key: KeyObject): JWK {
  return createPublicKey(key).export({ format: 'jwk' }) as JWK
}

/** A fresh key pair on P-384: the private half masked, the public half as the tenant takes it. */
export async function makeKey(mask: Mask): Promise<NewKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const secret = maskedSecret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), mask)
  const half = publicHalf(privateKey)
  const kid = await calculateJwkThumbprint(half)
  return { issued: { secret, hint: kid, kid }, jwk: { ...half, kid, alg: 'ES384', use: 'sig' } }
}

/**
 * Seconds before and after the tenant's time for which an assertion is valid: five minutes at most, with room for a clock that is
 * wrong.
 */
const before = 60
const after = 180

/** The content of an assertion. `now`: epoch seconds; `endpoint`: the exact address that receives it. */
export type AssertionContent = { clientId: string; endpoint: string; now: number }

/** A signed assertion with which a client signs in (RFC 7523). */
export function signAssertion(
  { pem, kid }: Pick<SigningKey, 'pem' | 'kid'>,
  alg: Algorithm,
  { clientId, endpoint, now }: AssertionContent,
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(endpoint)
    .setJti(randomUUID())
    .setIssuedAt(Math.floor(now) - before)
    .setExpirationTime(Math.floor(now) + after)
    .sign(createPrivateKey(pem.open()))
}
