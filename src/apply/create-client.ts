import { toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { withLedger } from '../ledger/description.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { withIssuer } from '../ledger/ledger-transitions.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/client-plan.ts'
import { isYounger } from '../plan/find-client.ts'
import type { CreatedClient, NewKey } from '../ports.ts'
import {
  longestAnnounceToIssue,
  longestLag,
  noteWritten,
  PlanAgain,
  readEvery,
  requireFresh,
  revokeEarlyToken,
  sendBy,
  type Work,
} from './apply-context.ts'
import { requireFieldsKept, setConsent } from './check-fields-kept.ts'
import { possiblyOurs } from './find-issued-secret.ts'
import { type CriticalSection, inPhase } from './fresh-credential.ts'
import { inDoubtUntilAnswered, recordIssued } from './issue-credential.ts'
import { retireIfAllowed } from './retire-secret.ts'
import { retireUnwanted } from './retire-unwanted-secret.ts'

type CreateStep = Step & { kind: 'create' }

/**
 * Creates the client with its announcement and its consent in one request; then looks for a twin, and for fields that the tenant did not
 * keep. If the answer is lost, finds the client by its announcement.
 */
export async function createClient(planned: CreateStep, work: Work): Promise<true> {
  const by = await work.tools.writers.tenant.caller()
  await requireFresh(work)
  const key = planned.credential === 'key' ? await work.tools.writers.tenant.makeKey() : undefined
  const { announced } = planned.ledger
  // The lease counts from the reading that the announcement rests on.
  const ledger = { ...planned.ledger, announced: announced && { ...announced, at: Math.floor(work.reading.now) } }
  const step = { ...planned, ledger: withIssuer(ledger, by, key?.issued.hint) }
  const created = await create(step, key, work)
  work.early = earlyToken(created, work)
  const mine = await readBack(created.clientId, step, work)
  if (key !== undefined) await retireSurplus(mine, work)
  if (step.deliver) await recordFirstCredential(created, mine, work)
  else await retireUnwanted(created.issued ?? {}, work, mine)
  return true
}

async function create(step: CreateStep, key: NewKey | undefined, work: Work): Promise<CreatedClient> {
  const { writers, clock } = work.tools
  const announcedAt = clock.elapsed()
  const description = withLedger(step.user, step.ledger)
  const client = { fields: { ...step.fields, description }, consent: step.consent, key }
  const { value: created } = await noteWritten(work, writers.tenant.create(client, sendBy(work))).catch(
    (thrown: unknown) => afterFailure(thrown, step, work),
  )
  work.progress.clientId = created.clientId
  work.progress.created = true
  const section: CriticalSection = {
    clientId: created.clientId,
    announced: step.ledger,
    announcedAt,
    answeredAt: clock.elapsed(),
    githubAt: work.reading.githubAt,
    user: step.user,
    replaced: new Set([undefined]),
    mayHaveTwin: true,
  }
  // The request also issues the first secret.
  work.fresh = { ...section, phase: 'announced', inDoubt: true }
  return created
}

/** After a lost answer retires the credential that it held, and throws `PlanAgain`: the next plan finds the client by its announcement. */
async function afterFailure(thrown: unknown, step: CreateStep, work: Work): Promise<never> {
  const error = toActionError(thrown)
  if (error.retryAfter !== undefined && !error.uncertain) throw new PlanAgain('the tenant made us wait', error)
  if (!error.uncertain) throw error
  await retireAfterLostCreation(step, work)
  throw new PlanAgain('the answer to creating the client was lost', error)
}

/**
 * Retires the credential from a lost answer, because it was never delivered. A secret is retired only if it is the client's only one: then
 * nobody else made it.
 */
async function retireAfterLostCreation(step: CreateStep, work: Work): Promise<void> {
  const { value: clients } = await work.tools.readers.tenant.clients()
  const created = clients.find(({ description }) => sameLedger(description.ledger, step.ledger))
  if (created === undefined) return
  work.progress.created = true
  const { issuing } = step.ledger.announced!
  const secrets = created.secrets.filter(({ hint }) => !isKeyHint(hint))
  const ours = created.secrets.filter(({ hint }) => (isKeyHint(hint) ? hint === issuing : secrets.length === 1))
  for (const { hint } of ours) await retireIfAllowed(created.id, hint, work)
}

/** Milliseconds to wait for a token that would save time. */
const earlyTokenWithin = 5000

/** Proves the secret before the client is read back: if it works at once, that saves a round trip. */
function earlyToken(
  { clientId, issued }: CreatedClient,
  { plan, tools }: Work,
): Promise<Secret | undefined> | undefined {
  const provable = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined)
  if (!provable || issued === undefined) return undefined
  return tools.writers.prover.accessToken(clientId, issued, earlyTokenWithin).catch(() => undefined)
}

/** Checks the new client in the tenant's list, if it is there already: it must have no twin, and its consent must be as the spec says. */
async function readBack(clientId: string, step: CreateStep, work: Work): Promise<ObservedClient | undefined> {
  const { readers } = work.tools
  const clients = await listShowing(clientId, work)
  const mine = clients.find(({ id }) => id === clientId)
  if (mine !== undefined) await giveWayToTwin(step, mine, clients, work)
  inPhase(work.fresh, 'announced').mayHaveTwin = false
  if (mine === undefined) return undefined
  const consent = mine.consent ?? (await readers.tenant.consent(clientId))
  if (consent !== step.consent) await setConsent(clientId, step.consent, work)
  requireFieldsKept({ ...step.fields, description: step.user }, mine, work)
  return mine
}

/** The tenant's clients, once the list shows the new one or time is up: a list without it does not show a twin either. */
async function listShowing(clientId: string, { tools }: Work): Promise<ObservedClient[]> {
  for (const until = tools.clock.elapsed() + longestLag; ; ) {
    const { value: clients } = await tools.readers.tenant.clients()
    const isThere = clients.some(({ id }) => id === clientId)
    if (isThere || tools.stop.requested || tools.clock.elapsed() >= until) return clients
    await pause(readEvery, tools)
  }
}

/** If two runs created the client at the same time, the older client stays: deletes ours if it is the younger. */
async function giveWayToTwin(
  step: CreateStep,
  mine: ObservedClient,
  clients: ObservedClient[],
  work: Work,
): Promise<void> {
  const { owner } = step.ledger
  const twins = clients.filter(
    ({ id, description: { ledger } }) =>
      id !== mine.id &&
      !work.plan.spec.pinnedByOthers?.has(id) &&
      ledger?.owner.repository === owner.repository &&
      ledger.owner.client === owner.client,
  )
  if (!twins.some((twin) => isYounger(mine, twin))) return
  await revokeEarlyToken(work)
  await work.tools.writers.tenant.remove(mine.id)
  work.fresh = undefined
  work.progress.clientId = undefined
  work.progress.created = false
  throw new PlanAgain('another run created the client a moment earlier, so this run deletes the one that it created')
}

/**
 * A tenant may make a secret for a client that should have none: retires it at once. Where our announcement is no longer there, the host
 * slept meanwhile, and the secret is one that another run issued.
 */
async function retireSurplus(mine: ObservedClient | undefined, work: Work): Promise<void> {
  if (!sameLedger(mine?.description.ledger, inPhase(work.fresh, 'announced').announced)) return
  const secrets = (mine?.secrets ?? []).filter(({ hint }) => !isKeyHint(hint))
  if (secrets.length === 1) await retireIfAllowed(mine!.id, secrets[0]!.hint, work)
}

/** The first credential: made by the request that created the client, or by a request of its own if that made none. */
async function recordFirstCredential(
  created: CreatedClient,
  mine: ObservedClient | undefined,
  work: Work,
): Promise<void> {
  const fresh = inPhase(work.fresh, 'announced')
  const listed = mine === undefined ? [] : possiblyOurs(fresh, mine, created.issued?.createdBy)
  if (created.issued !== undefined)
    return recordIssued(created.issued, work, listed.length === 1 ? listed[0]!.hint : undefined)
  const issueBy = work.tools.clock.elapsed() + longestAnnounceToIssue
  const { value } = await inDoubtUntilAnswered(work, () => work.tools.writers.tenant.issue(created.clientId, issueBy))
  await recordIssued(value, work)
}
