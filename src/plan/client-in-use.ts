import { formatDuration } from '../base/duration.ts'
import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { foreignAmong } from '../ledger/classify-secrets.ts'
import type { ObservedClient, ObservedSecret } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Observed, PlanContext } from './client-plan.ts'
import { clientLabel } from './find-client.ts'

/** Throws `CLIENT_IN_USE` if somebody may sign in with a secret of a client that this run would delete. */
export function refuseInUse(client: ObservedClient, observed: Observed, context: PlanContext): void {
  const { retireHints } = context.policy
  const inUse = foreignSecretsOf(client, observed).filter(({ hint }) => !retireHints.includes(hint))
  if (inUse.length === 0) return
  const list = inUse.map((secret) => foreignLabel(secret, observed.now)).join('; ')
  throw new ActionError(
    'CLIENT_IN_USE',
    `${clientLabel(client)} would be deleted, but it has live ${inUse.every(({ hint }) => isKeyHint(hint)) ? 'keys' : 'secrets'} that this action did not issue: ${list}`,
    `Find out who uses them. When nobody does, run again with retire-hints: ${inUse.map(({ hint }) => plain(hint, 60)).join(' ')}`,
  )
}

/** Live secrets and keys of a client that this action did not issue. */
export function foreignSecretsOf({ secrets, description }: ObservedClient, observed: Observed): ObservedSecret[] {
  const { destinations, now } = observed
  return foreignAmong(secrets, { ledger: description.ledger, observed: destinations, now })
}

function foreignLabel({ hint, createdAt, createdBy }: ObservedSecret, now: number): string {
  const age = createdAt === undefined ? 'of unknown age' : `${formatDuration(Math.max(0, now - createdAt))} old`
  return `${plain(hint, 60)}, ${age}, made by ${createdBy === undefined ? 'somebody unknown' : plain(createdBy, 64)}`
}
