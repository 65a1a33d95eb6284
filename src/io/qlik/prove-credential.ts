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
    .then((bearer) => {
      const ask = () => readUser(session, bearer, 'asking who we are')
      return ask().catch((thrown: unknown) => (isPassing(thrown) && !session.signedIn.isOver ? ask() : undefined))
    })
    .then(
      (user) => user?.userId,
      () => undefined,
    )
  return session.signedIn.caller
}

/** A request that failed within so many milliseconds is worth another try. */
const soon = 3000

/** Without our id, a secret that this run leaves behind may never be recognised: a broken line is worth another try, a refusal is not. */
function isPassing(thrown: unknown): boolean {
  const isTrouble = thrown instanceof ActionError && ['TENANT_UNREACHABLE', 'TENANT_UNEXPECTED'].includes(thrown.code)
  return isTrouble && thrown.spent < soon
}

/** The tenant may refuse, depending on the client's scopes. The secret can still be good. */
async function whoIs(session: Session, accessToken: Secret): ReturnType<Prover['whoIs']> {
  try {
    return await readUser(session, accessToken, 'asking who the client is')
  } catch (thrown) {
    return { at: thrown instanceof ActionError ? thrown.at : undefined }
  }
}

async function readUser(
  { tenant, http }: Session,
  accessToken: Secret,
  what: string,
): Promise<{ userId: string | undefined; clientId: string | undefined; at: number }> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${accessToken.open()}`,
    'user-agent': userAgent,
  }
  const url = `${tenant.origin}${usersPath}/me`
  const { data, at } = await http({ method: 'GET', url, headers, what, repeatable: false, optional: 12_000 })
  const { id, clientId } = wire.userSchema.parse(data)
  return { userId: id || undefined, clientId: clientId || undefined, at }
}
