import { deliveredEntry } from '../ledger/ledger.ts'
import { type Commit, committing, type Delivery, lookingBack } from '../ledger/ledger-transitions.ts'
import { destinationKey, type ObservedDestination } from '../model/destination.ts'
import { pause } from '../pause.ts'
import { Again, type Work } from './apply-context.ts'
import { clientGone } from './find-issued.ts'
import { type Delivered, inPhase } from './fresh-credential.ts'
import { withBot } from './grant-spaces.ts'
import { refusedId } from './write-id.ts'
import { reread, type Seen, writeLedger } from './write-ledger.ts'

/** Milliseconds for which we wait until GitHub shows the stamp of our own write. */
const confirmWithin = 25_000

/** Confirms every delivery, commits, and looks back once. From here on the fresh secret is the current one. */
export async function commit(work: Work): Promise<true> {
  const fresh = inPhase(work.fresh, 'delivered')
  const [deliveries, seen, refused] = await Promise.all([
    confirmAll(fresh, work),
    reread(fresh, work),
    refusedId(fresh, work),
  ])
  if (refused !== undefined) throw refused
  requireLive(fresh, seen)
  const facts = commitFacts(fresh, deliveries)
  const decide = (it: Seen) => {
    const decision = committing(facts, it)
    return { ...decision, ledger: withBot(decision.ledger, work) }
  }
  const written = await writeLedger(fresh, work, decide, seen)
  const correction = await writeLedger(fresh, work, (it) => lookingBack(facts, written.ledger, it))
  work.settled = written.settled && correction === undefined
  if (!work.settled)
    work.shop.reporter.notice(
      'Another run was at work on this client, or GitHub does not confirm the delivery yet. Nothing is retired; the next run settles it with a fresh secret.',
    )
  work.progress.current = { hint: facts.hint, issuedAt: facts.issuedAt }
  work.progress.secret = fresh.issued.secret
  work.progress.ledger = (correction ?? written).ledger
  work.fresh = undefined
  return true
}

/** What was delivered must be live: where another run retired it meanwhile, a fresh one has to follow at once. */
function requireLive({ hint }: Delivered, { live, isGone }: Seen): void {
  if (isGone) throw clientGone()
  if (live.every((secret) => secret.hint !== hint)) throw new Again('the secret that was delivered is no longer there')
}

/** GitHub's stamps spread slowly: asks until each is that of our own write, or time is up. */
async function confirmAll(fresh: Delivered, work: Work): Promise<Delivery[]> {
  const until = work.shop.clock.elapsed() + confirmWithin
  return Promise.all(fresh.delivered.map((delivery) => confirm(delivery, until, work)))
}

async function confirm(delivery: Delivered['delivered'][number], until: number, { shop }: Work): Promise<Delivery> {
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
function isOurs({ secretStamp, idStamp }: ObservedDestination, { at, idAt }: Delivered['delivered'][number]): boolean {
  const near = (stamp: number | undefined, answered: number) => stamp !== undefined && Math.abs(stamp - answered) <= 1
  return near(secretStamp, at) && (idAt === undefined || near(idStamp, idAt))
}

function commitFacts(fresh: Delivered, deliveries: Delivery[]): Commit {
  const hint = fresh.hint
  const { owner, announced } = fresh.announced
  const entries = deliveries.map(({ destination, stamp, idStamp }) => [
    destinationKey(destination),
    deliveredEntry(destination, hint, stamp, idStamp, owner),
  ])
  return {
    announced: fresh.announced,
    hint,
    issuedAt: fresh.issued.createdAt ?? announced!.at,
    deliveries: { ...fresh.announced.destinations, ...Object.fromEntries(entries) },
    proven: deliveries.every(({ proven }) => proven) && !fresh.overtaken,
    issuedBy: fresh.issued.createdBy,
  }
}
