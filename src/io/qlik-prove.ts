import type { Secret } from '../domain/secret.ts'
import type { Bot, Prover } from '../ports.ts'
import { userAgent } from './answers.ts'
import type { Mask } from './born.ts'
import { revoke, type Session, token } from './qlik-session.ts'
import * as wire from './qlik-wire.ts'

export function createProver(session: Session, mask: Mask): Prover {
  return {
    accessToken: (clientId, secret) =>
      token(session, clientId, { kind: 'secret', secret }, mask, { what: 'proving the new secret' }),
    whoIs: (accessToken) => whoIs(session, accessToken),
    revoke: (accessToken) => revoke(session, accessToken),
  }
}

/** The tenant may refuse to say (the client's scopes decide): that proves nothing against the secret. */
async function whoIs({ tenant, http }: Session, accessToken: Secret): Promise<Bot | undefined> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': userAgent,
  }
  try {
    const { data } = await http({
      method: 'GET',
      url: `${tenant.origin}/api/v1/users/me`,
      headers,
      what: 'asking who the client is',
      repeatable: false,
      optional: true,
    })
    const { id, clientId } = wire.userSchema.parse(data)
    return { userId: id || undefined, clientId: clientId || undefined }
  } catch {
    return undefined
  }
}
