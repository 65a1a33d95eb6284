import { createPublicKey, verify } from 'node:crypto'
import { isRecord } from '../http.ts'
import type { Client } from './types.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const digests: Record<string, string> = { RS256: 'sha256', RS512: 'sha512', ES384: 'sha384' }

/** A client assertion as https://qlik.dev/authenticate/oauth asks for: own id twice, this endpoint, five minutes, used once. */
export function checkAssertion(
  assertion: string,
  client: Client,
  { audiences, now, used }: { audiences: string[]; now: number; used: Set<string> },
): boolean {
  const [head, body, signature] = assertion.split('.')
  const header = decode(head)
  const claims = decode(body)
  if (!header || !claims || signature === undefined) return false
  if (claims.iss !== client.clientId || claims.sub !== client.clientId || !audiences.includes(String(claims.aud)))
    return false
  if (typeof claims.jti !== 'string' || typeof claims.iat !== 'number' || typeof claims.exp !== 'number') return false
  if (claims.exp * 1000 <= now || claims.exp - claims.iat > 300) return false
  if (claims.iat * 1000 > now || used.has(claims.jti)) return false
  used.add(claims.jti)
  const key = client.publicKeys?.find((other) => other.kid === header.kid && other.alg === header.alg)
  const digest = digests[String(header.alg)]
  if (!key || digest === undefined) return false
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' })
    const bytes = Buffer.from(signature, 'base64url')
    return verify(digest, Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)
  } catch {
    return false
  }
}

function decode(part: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
