import { ledgerAfterGivingUp } from '../ledger/ledger-transitions.ts'
import type { ObservedClient, ObservedSecret } from '../model/client.ts'
import type { Issued } from '../ports.ts'
import { clientGoneError, type Work } from './apply-context.ts'
import { noteNotRetired, possiblyOurs } from './find-issued-secret.ts'
import { type CriticalSection, inPhase } from './fresh-credential.ts'
import { lastIsKept, retireIfAllowed } from './retire-secret.ts'
import { takeBack } from './write-ledger.ts'

type IssueAnswer = Pick<Issued, 'hint' | 'createdBy'>

/**
 * Retires a secret that a request made although nothing is delivered, then takes its announcement back. If the tenant refuses to delete a
 * client's last secret, it stays with a note. `said`: the tenant's answer about the secret, undefined if it made none; `seen`: a later
 * reading of the client, if there was one.
 */
export async function retireUnwanted(said: IssueAnswer | undefined, work: Work, seen?: ObservedClient): Promise<void> {
  const fresh = inPhase(work.fresh, 'announced')
  const unwanted = said === undefined ? [] : await unwantedSecrets(said, fresh, work, seen)
  if (unwanted.length > 1) noteNotRetired(unwanted, work)
  const [hint] = unwanted.length === 1 ? unwanted.map((secret) => secret.hint) : []
  const isKept = hint !== undefined && !(await retireIfAllowed(fresh.clientId, hint, work))
  if (isKept) work.progress.notes.push(`${lastIsKept(hint)} Nobody knows its value.`)
  await takeBack(fresh, work, ({ now }) =>
    ledgerAfterGivingUp(fresh.announced, isKept ? hint : undefined, {}, { live: [], now }),
  )
  work.fresh = undefined
}

async function unwantedSecrets(
  said: IssueAnswer,
  fresh: CriticalSection,
  { tools }: Work,
  seen: ObservedClient | undefined,
): Promise<Pick<ObservedSecret, 'hint' | 'createdBy'>[]> {
  if (said.hint !== undefined) return [{ hint: said.hint }]
  const client = seen ?? (await tools.readers.tenant.client(fresh.clientId)).value
  if (client === undefined) throw clientGoneError()
  return possiblyOurs(fresh, client, said.createdBy)
}
