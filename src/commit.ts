import { destinationKey, type ObservedDestination } from './domain/destination.ts'
import { toActionError } from './domain/errors.ts'
import { deliveredEntry, type Ledger, sameLedger, withLedger } from './domain/ledger.ts'
import { type Commit, committing, type Delivery, lookingBack, type Reread } from './domain/transitions.ts'
import { pause } from './pause.ts'
import { type Fresh, freshness, freshOf, type Work } from './work.ts'

/** Milliseconds for which we wait until GitHub shows the stamp of our own write. */
const confirmWithin = 10_000

/** Confirms every delivery, commits, and looks back once. From here on the fresh secret is the current one. */
export async function commit(work: Work): Promise<true> {
  const fresh = freshOf(work)
  const { clock, reporter } = work.shop
  const since = clock.elapsed()
  const [deliveries, early] = await Promise.all([confirmAll(fresh, work), reread(fresh, work)])
  const facts = commitFacts(fresh, deliveries)
  const seen = clock.elapsed() - since > freshness ? await reread(fresh, work) : early
  const written = await write(fresh, facts, seen, work)
  const back = await reread(fresh, work)
  const correction = lookingBack(facts, written.ledger, back)
  if (correction !== undefined) await describe(fresh, back, correction, work)
  work.settled = written.settled && correction === undefined
  if (!work.settled)
    reporter.notice(
      'Another run was at work on this client. Nothing is retired; the next run settles it with a fresh secret.',
    )
  work.progress.current = { hint: facts.hint, issuedAt: facts.issuedAt }
  work.progress.secret = fresh.issued!.secret
  work.progress.ledger = correction ?? written.ledger
  work.fresh = undefined
  return true
}

type Seen = Reread & { user: string }

async function reread(fresh: Fresh, { shop, plan }: Work): Promise<Seen> {
  const { value, at } = await shop.readers.tenant.client(fresh.clientId)
  const user = plan.spec.fields.description ?? value?.description.user ?? fresh.user
  return { ledger: value?.description.ledger, live: value?.secrets ?? [], now: at, user }
}

/** GitHub's stamps spread slowly: asks until each is that of our own write, or time is up. */
async function confirmAll(fresh: Fresh, work: Work): Promise<Delivery[]> {
  const until = work.shop.clock.elapsed() + confirmWithin
  return Promise.all(fresh.delivered.map((delivery) => confirm(delivery, until, work)))
}

async function confirm(delivery: Fresh['delivered'][number], until: number, { shop }: Work): Promise<Delivery> {
  for (let delay = 250; ; delay *= 2) {
    const seen = await shop.readers.destinations.stamps(delivery.destination)
    const proven = isOurs(seen, delivery)
    if (proven || shop.stop.requested || shop.clock.elapsed() + delay > until) {
      return {
        destination: delivery.destination,
        stamp: seen.secretStamp ?? -1,
        idStamp: delivery.idAt === undefined ? undefined : seen.idStamp,
        proven,
      }
    }
    await pause(delay, shop)
  }
}

/** Within a second of the time at which GitHub answered our write: both count whole seconds. */
function isOurs({ secretStamp, idStamp }: ObservedDestination, { at, idAt }: Fresh['delivered'][number]): boolean {
  const near = (stamp: number | undefined, answered: number) => stamp !== undefined && Math.abs(stamp - answered) <= 1
  return near(secretStamp, at) && (idAt === undefined || near(idStamp, idAt))
}

function commitFacts(fresh: Fresh, deliveries: Delivery[]): Commit {
  const hint = fresh.hint!
  const { owner, announced } = fresh.announced
  const entries = deliveries.map(({ destination, stamp, idStamp }) => [
    destinationKey(destination),
    deliveredEntry(destination, hint, stamp, idStamp, owner),
  ])
  return {
    announced: fresh.announced,
    hint,
    issuedAt: fresh.issued!.createdAt ?? announced!.at,
    deliveries: { ...fresh.announced.destinations, ...Object.fromEntries(entries) },
    proven: deliveries.every(({ proven }) => proven),
    issuedBy: fresh.issued!.createdBy,
  }
}

/** Writes the commit. Where the answer is lost, a look tells whether it took effect; if not, once more from there. */
async function write(
  fresh: Fresh,
  facts: Commit,
  seen: Seen,
  work: Work,
): Promise<{ ledger: Ledger; settled: boolean }> {
  const decision = committing(facts, seen)
  try {
    await describe(fresh, seen, decision.ledger, work)
    return decision
  } catch (thrown) {
    if (!toActionError(thrown).uncertain) throw thrown
  }
  const after = await reread(fresh, work)
  if (sameLedger(after.ledger, decision.ledger)) return decision
  const second = committing(facts, after)
  await describe(fresh, after, second.ledger, work)
  return second
}

async function describe(fresh: Fresh, seen: Seen, ledger: Ledger, { shop }: Work): Promise<void> {
  await shop.writers.tenant.describe(fresh.clientId, withLedger(seen.user, ledger), 'filled')
}
