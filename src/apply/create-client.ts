import { toActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { withLedger } from '../ledger/description.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { announcingKey, givingUp } from '../ledger/ledger-transitions.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint } from '../model/credential.ts'
import { isYounger } from '../plan/find-client.ts'
import type { Step } from '../plan/steps.ts'
import type { At, Created, NewKey } from '../ports.ts'
import {
  Again,
  freshness,
  giveBack,
  promptness,
  requireFresh,
  retireIfAllowed,
  type Work,
  written,
} from './apply-context.ts'
import { findHint } from './issue-credential.ts'
import { writeLedger } from './write-ledger.ts'

type CreateStep = Step & { kind: 'create' }

/**
 * Creates the client, its announcement in the first description and its consent in the same request; then looks for a twin
 * and for what the tenant did not honour. Where the answer is lost, the client is found by its announcement.
 */
export async function createClient(planned: CreateStep, work: Work): Promise<true> {
  const { clock, writers, readers } = work.shop
  await requireFresh(work)
  const announcedAt = clock.elapsed()
  const key = planned.credential === 'key' ? await writers.tenant.makeKey() : undefined
  const step = { ...planned, ledger: announcingKey(planned.ledger, key?.issued.hint) }
  const { value: created, at } = await create(step, key, work)
  work.progress.clientId = created.clientId
  work.progress.created = true
  const fresh = {
    clientId: created.clientId,
    announced: step.ledger,
    announcedAt,
    user: step.user,
    issued: created.issued,
    delivered: [],
    idsWritten: [],
  }
  const early = earlyToken(created, work)
  work.fresh = { ...fresh, early, mayHaveTwin: true }
  const { value: clients } = await readers.tenant.clients()
  const mine = clients.find(({ id }) => id === created.clientId)
  await giveWayToTwin(step, mine, clients, work)
  if (mine !== undefined && mine.consent !== step.consent)
    await writers.tenant.setConsent(created.clientId, step.consent)
  const all = mine?.secrets.map((secret) => secret.hint) ?? []
  // A tenant may make a secret for a client that is to use none: it goes at once.
  const surplus = key === undefined ? [] : all.filter((hint) => !isKeyHint(hint))
  for (const hint of surplus) await retireIfAllowed(created.clientId, hint, work)
  const listed = all.filter((hint) => !surplus.includes(hint))
  const born =
    created.issued === undefined ? undefined : (created.issued.hint ?? (listed.length === 1 ? listed[0] : undefined))
  if (!step.deliver) {
    work.fresh = { ...fresh, early }
    await keepNoSecret(listed.length > 0 || born === undefined ? listed : [born], at, work)
    return true
  }
  const issued = created.issued ?? (await writers.tenant.issue(created.clientId, announcedAt + promptness)).value
  work.fresh = { ...fresh, early, issued, hint: born ?? issued.hint }
  work.fresh.hint ??= await findHint(work.fresh, work)
  return true
}

/** Milliseconds for a token that would save time. */
const earlyWithin = 5000

/** Proving need not wait until the client was read back: where it works at once, that saves a round trip. */
function earlyToken({ clientId, issued }: Created, { plan, shop }: Work): Promise<Secret | undefined> | undefined {
  const provable = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined)
  if (!provable || issued === undefined) return undefined
  return shop.writers.prover.accessToken(clientId, issued, earlyWithin).catch(() => undefined)
}

async function create(step: CreateStep, key: NewKey | undefined, work: Work): Promise<At<Created>> {
  const { writers } = work.shop
  const description = withLedger(step.user, step.ledger)
  const client = { fields: { ...step.fields, description }, consent: step.consent, key }
  try {
    return await written(work, writers.tenant.create(client, work.reading.readAt + freshness))
  } catch (thrown) {
    const error = toActionError(thrown)
    if (error.retryAfter !== undefined && !error.uncertain) throw new Again('the tenant made us wait', error)
    if (!error.uncertain) throw error
    await retireLost(step, work)
    throw new Again('the answer to creating the client was lost', error)
  }
}

/** The secret that a lost answer held was never delivered: it goes, and the next reading finds the client by its ledger. */
async function retireLost(step: CreateStep, work: Work): Promise<void> {
  const { shop, progress } = work
  const { value: clients } = await shop.readers.tenant.clients()
  const created = clients.find(({ description }) => sameLedger(description.ledger, step.ledger))
  if (created !== undefined) progress.created = true
  for (const { hint } of created?.secrets ?? []) await retireIfAllowed(created!.id, hint, work)
}

/** Of two clients made by runs at the same time the older stays; we delete ours where it is the younger. */
async function giveWayToTwin(
  step: CreateStep,
  mine: ObservedClient | undefined,
  clients: ObservedClient[],
  work: Work,
): Promise<void> {
  if (mine === undefined) return
  const { owner } = step.ledger
  const twins = clients.filter(
    ({ id, description: { ledger } }) =>
      id !== mine.id &&
      !work.plan.spec.pinnedByOthers?.has(id) &&
      ledger?.owner.repository === owner.repository &&
      ledger.owner.client === owner.client,
  )
  if (!twins.some((twin) => isYounger(mine, twin))) return
  const accessToken = await work.fresh?.early
  if (accessToken !== undefined) giveBack(accessToken, work)
  await work.shop.writers.tenant.remove(mine.id)
  work.fresh = undefined
  work.progress.clientId = undefined
  work.progress.created = false
  throw new Again('another run created the client a moment earlier: ours is deleted again')
}

/** Nothing is delivered: the secret that creating made goes at once, or stays with a note where the tenant keeps the last one. */
async function keepNoSecret(hints: string[], at: number, work: Work): Promise<void> {
  const { fresh } = work
  if (fresh === undefined) return
  let kept: string | undefined
  for (const hint of hints) if (!(await retireIfAllowed(fresh.clientId, hint, work))) kept = hint
  if (kept !== undefined)
    work.progress.notes.push(`The tenant refuses to delete the client's last secret (${kept}). Nobody knows its value.`)
  await writeLedger(fresh, work, (seen) =>
    sameLedger(seen.ledger, fresh.announced)
      ? { ledger: givingUp(fresh.announced, kept, {}, { live: [], now: at }) }
      : undefined,
  )
  work.fresh = undefined
}
