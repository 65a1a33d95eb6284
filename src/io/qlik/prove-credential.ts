import { ActionError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import type { Issued, Prover } from '../../ports.ts'
import { userAgent } from '../http/responses.ts'
import type { Mask } from '../runner/mask-secret.ts'
import * as wire from './answer-schemas.ts'
import { type ClientProof, requestToken, revokeToken, type Session, usersPath } from './session.ts'

export function createProver(session: Session, mask: Mask): Prover {
  return {
    accessToken: (clientId, issued, within) =>
      requestToken(
        session,
        { clientId, proof: proofOf(issued), mask },
        {
          what: `proving the new ${issued.kid ? 'key' : 'secret'}`,
          optional: within,
        },
      ),
    whoIs: (accessToken) => whoIs(session, accessToken),
    revoke: (accessToken) => revokeToken(session, accessToken),
  }
}

function proofOf({ secret, kid }: Issued): ClientProof {
  return kid === undefined
    ? { kind: 'secret', secret }
    : { kind: 'key', key: { pem: secret, kid, algorithms: ['ES384'] } }
}

/** The id of our own user, read once in a run; undefined if the tenant does not tell. Never rejects. */
export function callerOf(session: Session): Promise<string | undefined> {
  session.signedIn.caller ??= session
    .bearer()
    .then((bearer) => whoIs(session, bearer, 'asking who we are'))
    .then(
      (user) => user.userId,
      () => undefined,
    )
  return session.signedIn.caller
}

/** The tenant may refuse, depending on the client's scopes. The secret can still be good. */
async function whoIs(
  { tenant, http }: Session,
  accessToken: Secret,
  what = 'asking who the client is',
): ReturnType<Prover['whoIs']> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': userAgent,
  }
  try {
    const { data, at } = await http({
      method: 'GET',
      url: `${tenant.origin}${usersPath}/me`,
      headers,
      what,
      repeatable: false,
      optional: 12_000,
    })
    const { id, clientId } = wire.userSchema.parse(data)
    return { userId: id || undefined, clientId: clientId || undefined, at }
  } catch (thrown) {
    return { at: thrown instanceof ActionError ? thrown.at : undefined }
  }
}
