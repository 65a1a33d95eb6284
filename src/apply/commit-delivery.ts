import { makersOfOurs } from '../ledger/classify-secrets.ts'
import { clockSlack, isStampWithin, stampSlack } from '../ledger/delivery-evidence.ts'
import { deliveredEntry } from '../ledger/ledger-entries.ts'
import {
  type CommitFacts,
  type ConfirmedDelivery,
  committedLedger,
  correctedLedger,
  type StampProof,
} from '../ledger/ledger-transitions.ts'
import { destinationKey, type ObservedDestination } from '../model/destination.ts'
import { pause } from '../pause.ts'
import { clientGoneError, PlanAgain, type Work } from './apply-context.ts'
import { requireLedgerKept } from './check-fields-kept.ts'
import { type DeliveredCredential, inPhase, type DeliveryWrite as Placed } from './fresh-credential.ts'
import { withBot } from './grant-spaces.ts'
import { refusedId } from './write-client-id.ts'
import { type ClientBeforeWrite, readBeforeWrite, writeLedger } from './write-ledger.ts'

/** Milliseconds to wait until GitHub shows the stamp of our own write, and the longest pause between two reads. */
const confirmWithin = 25_000
const lookEvery = 4000
/** Milliseconds after which a stamp that is only near our write counts as its stamp: before that it may still change. */
const stableFor = 3000

/** Confirms every delivery, commits, and looks back once. From here on the fresh secret is the current one. */
export async function commitDelivery(work: Work): Promise<true> {
  const fresh = inPhase(work.fresh, 'delivered')
  const [deliveries, seen, refused] = await Promise.all([
    confirmAll(fresh, work),
    readBeforeWrite(fresh, work, fresh.hint),
    refusedId(fresh, work),
  ])
  if (refused !== undefined) throw refused
  requireLiveAtCommit(fresh, seen, work)
  const facts = commitFacts(fresh, deliveries, work)
  const decide = (it: ClientBeforeWrite) => {
    const decision = committedLedger(facts, it)
    return { ...decision, ledger: withBot(decision.ledger, work) }
  }
  const written = await writeLedger(fresh, work, decide, seen)
  const correction = await writeLedger(fresh, work, (it) => {
    requireLedgerKept(it, work)
    return correctedLedger(facts, written.ledger, it)
  })
  work.mayRetire = written.isProven && correction === undefined
  if (!work.mayRetire)
    work.tools.reporter.notice(
      'Another run was at work on this client, or GitHub does not confirm the delivery yet. Nothing is retired; the next run settles it.',
    )
  work.progress.current = { hint: facts.hint, issuedAt: facts.issuedAt }
  work.progress.deadSecretPlaces.clear()
  work.progress.secret = fresh.issued.secret
  work.progress.ledger = (correction ?? written).ledger
  work.fresh = undefined
  return true
}

/** Throws `PlanAgain` if another run retired the delivered secret meanwhile: a fresh one must follow at once. */
function requireLiveAtCommit(
  { hint, delivered }: DeliveredCredential,
  { live, isGone }: ClientBeforeWrite,
  { progress }: Work,
): void {
  if (isGone) throw clientGoneError()
  if (live.some((secret) => secret.hint === hint)) return
  for (const { destination } of delivered) progress.deadSecretPlaces.add(destinationKey(destination))
  throw new PlanAgain('the secret that was delivered is no longer there')
}

/** GitHub's stamps spread slowly: reads them until each is the stamp of our own write, or time is up. */
async function confirmAll(fresh: DeliveredCredential, work: Work): Promise<ConfirmedDelivery[]> {
  const until = work.tools.clock.elapsed() + confirmWithin
  return Promise.all(fresh.delivered.map((delivery) => confirm(delivery, until, work)))
}

async function confirm(delivery: Placed, until: number, { tools, fresh }: Work): Promise<ConfirmedDelivery> {
  const { clock, stop, readers } = tools
  const before = fresh?.announced.announced?.stamps[destinationKey(delivery.destination)]
  const since = new Map<number | undefined, number>()
  for (let delay = 250; ; delay = Math.min(delay * 2, lookEvery)) {
    const seen = await readers.destinations.stamps(delivery.destination)
    const { secretStamp } = seen
    if (!since.has(secretStamp)) since.set(secretStamp, clock.elapsed())
    const isStable = clock.elapsed() - since.get(secretStamp)! >= stableFor
    const proof = proofOf(seen, delivery, before ?? undefined)
    if (proof === 'exact' || (proof === 'near' && isStable) || stop.requested || clock.elapsed() + delay > until)
      return {
        destination: delivery.destination,
        stamp: secretStamp ?? -1,
        idStamp: delivery.idAt === undefined ? undefined : seen.idStamp,
        proof,
      }
    await pause(delay, tools)
  }
}

/** `before`: the stamp at our announcement. */
function proofOf({ secretStamp, idStamp }: ObservedDestination, { at, idAt }: Placed, before?: number): StampProof {
  const isOurs = (slack: number) =>
    isStampWithin(secretStamp, [at, 0], slack) && (idAt === undefined || isStampWithin(idStamp, [idAt, 0], slack))
  if (isOurs(stampSlack)) return 'exact'
  return isOurs(clockSlack) && secretStamp !== before ? 'near' : 'none'
}

function commitFacts(fresh: DeliveredCredential, deliveries: ConfirmedDelivery[], { plan }: Work): CommitFacts {
  const hint = fresh.hint
  const { owner, announced } = fresh.announced
  const entries = deliveries.map(({ destination, stamp, idStamp }) => [
    destinationKey(destination),
    deliveredEntry(destination, { hint, stamp, idStamp }, owner),
  ])
  return {
    announced: fresh.announced,
    hint,
    issuedAt: fresh.issued.createdAt ?? announced!.at,
    deliveries: { ...fresh.announced.destinations, ...Object.fromEntries(entries) },
    proof: fresh.overtaken ? 'none' : weakest(deliveries.map(({ proof }) => proof)),
    written: timesOf(fresh.delivered),
    issuedBy: fresh.issued.createdBy,
    earlierMakers: [...makersOfOurs(plan.client?.description.ledger, plan.client?.secrets ?? [])],
  }
}

function weakest(proofs: StampProof[]): StampProof {
  return (['none', 'near', 'exact'] as const).find((proof) => proofs.includes(proof)) ?? 'exact'
}

/** GitHub's time of the first of these writes, and the seconds from the first to the last. */
function timesOf(delivered: Placed[]): CommitFacts['written'] {
  const times = delivered.flatMap(({ at, idAt }) => [at, idAt ?? at])
  const first = Math.min(...times)
  return [first, Math.max(...times) - first]
}
