import { ActionError, cancelledError, toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { plain } from '../base/text.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/client-plan.ts'
import type { Issued } from '../ports.ts'
import { revokeInBackground, type Work } from './apply-context.ts'
import { readAhead } from './deliver-credential.ts'
import { inPhase } from './fresh-credential.ts'
import { deliverBy } from './renew-announcement.ts'

/** Milliseconds that a new secret may need until it works: it and a fresh consent must spread. */
const proofPatience = 20_000

/** Proves the fresh secret with an access token, and checks which client it belongs to. Throws `VERIFY_FAILED`. */
export async function verifyCredential(step: Step & { kind: 'verify' }, work: Work): Promise<boolean> {
  const fresh = inPhase(work.fresh, 'issued')
  if (step.skip !== undefined) {
    work.progress.notes.push(`The secret was not proven: ${step.skip}.`)
    return false
  }
  const early = await work.early
  work.early = undefined
  const accessToken = early ?? (await tokenWithPatience(fresh.clientId, fresh.issued, work))
  const [ahead, bot] = await Promise.allSettled([readAhead(work), work.tools.writers.prover.whoIs(accessToken)])
  revokeInBackground(accessToken, work)
  if (ahead.status === 'rejected') throw ahead.reason
  if (bot.status === 'rejected') throw bot.reason
  requireSameClient(bot.value.clientId, fresh.clientId)
  work.progress.botUserId = bot.value.userId
  // If the host slept meanwhile, the early reading is too old: the tenant's own clock shows that.
  const isNow = (bot.value.at ?? Number.POSITIVE_INFINITY) - fresh.announced.announced!.at <= deliverBy / 1000
  work.fresh = { ...fresh, phase: 'verified', ahead: isNow ? ahead.value : undefined }
  return true
}

/** A tenant that does not say whose token it is gives no reason to reject the secret. */
function requireSameClient(seen: string | undefined, clientId: string): void {
  if (seen === undefined || seen === clientId) return
  throw new ActionError(
    'VERIFY_FAILED',
    `the new secret signs in as another client, ${plain(seen)}`,
    'Report this to Qlik: it should not happen. The previous secret stays.',
  )
}

async function tokenWithPatience(clientId: string, issued: Issued, { tools }: Work): Promise<Secret> {
  const since = tools.clock.elapsed()
  for (let delay = 500; ; delay = Math.min(delay * 2, 4000)) {
    try {
      return await tools.writers.prover.accessToken(clientId, issued)
    } catch (thrown) {
      const error = toActionError(thrown)
      if (tools.stop.requested) throw cancelledError()
      // A gateway's page says nothing about the secret.
      const isRefused = error.code !== 'TENANT_UNEXPECTED' && [400, 401, 403].includes(error.status ?? 0)
      if (!isRefused) throw error
      if (tools.clock.elapsed() - since + delay > proofPatience) throw verifyFailed(error)
    }
    await pause(delay, tools)
    if (tools.stop.requested) throw cancelledError()
  }
}

function verifyFailed(cause: ActionError): ActionError {
  return new ActionError(
    'VERIFY_FAILED',
    `the new secret got no access token within ${proofPatience / 1000} seconds: ${cause.message}`,
    'The previous secret stays in use. Is the client disabled, its consent not trusted, or its limit of access tokens reached? With verify: false the secret is delivered unproven.',
    { cause, trace: cause.trace },
  )
}
