import { plural } from '../base/duration.ts'
import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import type { ObservedClient, ObservedSecret } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { pause } from '../pause.ts'
import { clientGoneError, longestLag, PlanAgain, readEvery, type Work } from './apply-context.ts'
import type { AnnouncedCredential, CriticalSection } from './fresh-credential.ts'
import { retireIfAllowed } from './retire-secret.ts'

// Finds an issued secret among those that the client did not have at the announcement. People may add secrets at the same time: a secret
// that somebody else made is not ours. If no fact shows which one is ours, none is retired.

/**
 * Retires a secret after the answer to its issue was lost, because it was never delivered. Throws `PlanAgain` if another run is at work,
 * or if no fact shows who made the new secrets: then the next plan treats them as suspects.
 */
export async function retireAfterLostAnswer(fresh: AnnouncedCredential, work: Work): Promise<void> {
  const client = await readClient(fresh, work)
  if (!sameLedger(client.description.ledger, fresh.announced))
    throw new PlanAgain('the answer to issuing was lost while another run was at work')
  const possible = possiblyOurs(fresh, client)
  if (possible.length === 0) return
  const [ours] = possible
  if (possible.length > 1 || !isSurelyOurs(ours!, fresh, client)) {
    noteNotRetired(possible, work)
    throw new PlanAgain('the answer to issuing was lost, and nothing shows who made the new secret')
  }
  fresh.inDoubt = !(await retireIfAllowed(fresh.clientId, ours!.hint, work))
}

/**
 * The hint of the secret that the tenant issued to us, if the answer did not have it. Throws `TENANT_UNEXPECTED` if the client's secrets
 * do not show it.
 */
export async function findHint(section: CriticalSection, work: Work, madeBy?: string): Promise<string> {
  const { clock, stop } = work.tools
  const look = async () => possiblyOurs(section, await readClient(section, work), madeBy)
  let possible = await look()
  // It exists, because the tenant answered with its value; but reads may lag behind.
  for (const until = clock.elapsed() + longestLag; possible.length === 0 && clock.elapsed() < until; ) {
    if (stop.requested) break
    await pause(readEvery, work.tools)
    possible = await look()
  }
  if (possible.length === 1) return possible[0]!.hint
  throw new ActionError(
    'TENANT_UNEXPECTED',
    `the tenant issued a secret without its hint, and lists ${plural(possible.length, 'new secret')}`,
    'Run again: the next run issues a fresh secret, and retires this one.',
  )
}

/**
 * New secrets of the client, without those that somebody else certainly made. An announcement has the hint of its key, so there is no
 * doubt.
 */
export function possiblyOurs(section: CriticalSection, { secrets }: ObservedClient, madeBy?: string): ObservedSecret[] {
  const { known, issuing } = section.announced.announced!
  if (issuing !== undefined) return secrets.filter(({ hint }) => hint === issuing)
  const us = madeBy ?? ourId(section, secrets)
  return secrets.filter(
    ({ hint, createdBy }) =>
      !isKeyHint(hint) && !known.includes(hint) && (us === undefined || createdBy === undefined || createdBy === us),
  )
}

function isSurelyOurs(
  { hint, createdBy }: ObservedSecret,
  section: CriticalSection,
  { secrets }: ObservedClient,
): boolean {
  return (
    hint === section.announced.announced!.issuing || (createdBy !== undefined && createdBy === ourId(section, secrets))
  )
}

/** Our own user id, as the tenant records the maker of a secret; undefined if unknown. */
function ourId({ announced }: CriticalSection, secrets: ObservedSecret[]): string | undefined {
  return announced.announced?.by ?? secrets.find(({ hint }) => hint === announced.current?.hint)?.createdBy
}

/** Notes the secrets that are not retired, because they may or may not be ours. */
export function noteNotRetired(secrets: ObservedSecret[], { progress }: Work): void {
  const list = secrets.map(
    ({ hint, createdBy }) => `${plain(hint, 50)}${createdBy === undefined ? '' : ` (made by ${plain(createdBy, 64)})`}`,
  )
  progress.notes.push(
    `Not retired, because this run can’t tell whether it or somebody else made them: ${list.join('; ')}. If nobody needs them, name them in retire-hints.`,
  )
}

async function readClient({ clientId }: CriticalSection, { tools }: Work): Promise<ObservedClient> {
  const { value } = await tools.readers.tenant.client(clientId)
  if (value === undefined) throw clientGoneError()
  return value
}
