import { toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { withLedger } from '../ledger/description.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { completed } from '../ledger/ledger-transitions.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { pause } from '../pause.ts'
import { isYounger } from '../plan/find-client.ts'
import type { Step } from '../plan/steps.ts'
import type { Created, NewKey } from '../ports.ts'
import {
  Again,
  giveBackEarly,
  lookEvery,
  mostLag,
  promptness,
  requireFresh,
  sendBy,
  type Work,
  written,
} from './apply-context.ts'
import { requireKept } from './check-kept.ts'
import { possiblyOurs } from './find-issued.ts'
import { forgo } from './forgo-secret.ts'
import { inPhase, type Section } from './fresh-credential.ts'
import { hold, inDoubtUntilAnswered } from './issue-credential.ts'
import { retireIfAllowed } from './retire.ts'

type CreateStep = Step & { kind: 'create' }

/**
 * Creates the client, its announcement in the first description and its consent in the same request; then looks for a twin
 * and for what the tenant did not honour. Where the answer is lost, the client is found by its announcement.
 */
export async function createClient(planned: CreateStep, work: Work): Promise<true> {
  const by = await work.shop.writers.tenant.caller()
  await requireFresh(work)
  const key = planned.credential === 'key' ? await work.shop.writers.tenant.makeKey() : undefined
  const { announced } = planned.ledger
  // The lease counts from the reading that the announcement rests on.
  const ledger = { ...planned.ledger, announced: announced && { ...announced, at: Math.floor(work.reading.now) } }
  const step = { ...planned, ledger: completed(ledger, by, key?.issued.hint) }
  const created = await create(step, key, work)
  work.early = earlyToken(created, work)
  const mine = await readBack(created.clientId, step, work)
  if (key !== undefined) await retireSurplus(mine, work)
  if (step.deliver) await holdFirst(created, mine, work)
  else await forgo(created.issued ?? {}, work, mine)
  return true
}

async function create(step: CreateStep, key: NewKey | undefined, work: Work): Promise<Created> {
  const { writers, clock } = work.shop
  const announcedAt = clock.elapsed()
  const description = withLedger(step.user, step.ledger)
  const client = { fields: { ...step.fields, description }, consent: step.consent, key }
  const { value: created } = await written(work, writers.tenant.create(client, sendBy(work))).catch((thrown: unknown) =>
    afterFailure(thrown, step, work),
  )
  work.progress.clientId = created.clientId
  work.progress.created = true
  const section: Section = {
    clientId: created.clientId,
    announced: step.ledger,
    announcedAt,
    answeredAt: clock.elapsed(),
    githubAt: work.reading.githubAt,
    user: step.user,
    replaced: new Set([undefined]),
    mayHaveTwin: true,
  }
  // Creating issues its first secret, too.
  work.fresh = { ...section, phase: 'announced', inDoubt: true }
  return created
}

/** A client whose answer was lost is found by its announcement, by this look or the next plan. */
async function afterFailure(thrown: unknown, step: CreateStep, work: Work): Promise<never> {
  const error = toActionError(thrown)
  if (error.retryAfter !== undefined && !error.uncertain) throw new Again('the tenant made us wait', error)
  if (!error.uncertain) throw error
  await retireLost(step, work)
  throw new Again('the answer to creating the client was lost', error)
}

/** What a lost answer held was never delivered: it is retired, a secret where it is the only one, so that nobody else can have made it. */
async function retireLost(step: CreateStep, work: Work): Promise<void> {
  const { value: clients } = await work.shop.readers.tenant.clients()
  const created = clients.find(({ description }) => sameLedger(description.ledger, step.ledger))
  if (created === undefined) return
  work.progress.created = true
  const { issuing } = step.ledger.announced!
  const secrets = created.secrets.filter(({ hint }) => !isKeyHint(hint))
  const ours = created.secrets.filter(({ hint }) => (isKeyHint(hint) ? hint === issuing : secrets.length === 1))
  for (const { hint } of ours) await retireIfAllowed(created.id, hint, work)
}

/** Milliseconds for a token that would save time. */
const earlyWithin = 5000

/** Proving need not wait until the client was read back: where it works at once, that saves a round trip. */
function earlyToken({ clientId, issued }: Created, { plan, shop }: Work): Promise<Secret | undefined> | undefined {
  const provable = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined)
  if (!provable || issued === undefined) return undefined
  return shop.writers.prover.accessToken(clientId, issued, earlyWithin).catch(() => undefined)
}

/** The new client as the tenant lists it, if it does so already: the only one of its kind, and its consent as it is to be. */
async function readBack(clientId: string, step: CreateStep, work: Work): Promise<ObservedClient | undefined> {
  const { writers } = work.shop
  const clients = await listWith(clientId, work)
  const mine = clients.find(({ id }) => id === clientId)
  if (mine !== undefined) await giveWayToTwin(step, mine, clients, work)
  inPhase(work.fresh, 'announced').mayHaveTwin = false
  if (mine === undefined) return undefined
  if (mine.consent !== step.consent) await writers.tenant.setConsent(clientId, step.consent)
  requireKept({ ...step.fields, description: step.user }, mine, work)
  return mine
}

/** The tenant's clients, with the new one among them, if it is shown in time: a list without it does not show a twin either. */
async function listWith(clientId: string, { shop }: Work): Promise<ObservedClient[]> {
  for (const until = shop.clock.elapsed() + mostLag; ; ) {
    const { value: clients } = await shop.readers.tenant.clients()
    const isThere = clients.some(({ id }) => id === clientId)
    if (isThere || shop.stop.requested || shop.clock.elapsed() >= until) return clients
    await pause(lookEvery, shop)
  }
}

/** Of two clients made by runs at the same time the older stays; we delete ours where it is the younger. */
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
  await giveBackEarly(work)
  await work.shop.writers.tenant.remove(mine.id)
  work.fresh = undefined
  work.progress.clientId = undefined
  work.progress.created = false
  throw new Again('another run created the client a moment earlier: ours is deleted again')
}

/** A tenant may make a secret for a client that is to use none: it is retired at once. */
async function retireSurplus(mine: ObservedClient | undefined, work: Work): Promise<void> {
  const secrets = (mine?.secrets ?? []).filter(({ hint }) => !isKeyHint(hint))
  if (secrets.length === 1) await retireIfAllowed(mine!.id, secrets[0]!.hint, work)
}

/** The first credential: the one that creating the client made, or one of its own request where it made none. */
async function holdFirst(created: Created, mine: ObservedClient | undefined, work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'announced')
  const listed = mine === undefined ? [] : possiblyOurs(fresh, mine, created.issued?.createdBy)
  if (created.issued !== undefined) return hold(created.issued, work, listed.length === 1 ? listed[0]!.hint : undefined)
  const issueBy = work.shop.clock.elapsed() + promptness
  const { value } = await inDoubtUntilAnswered(work, () => work.shop.writers.tenant.issue(created.clientId, issueBy))
  await hold(value, work)
}
