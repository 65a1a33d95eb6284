import type { Destination, ObservedDestination } from './domain/destination.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import { sameLedger, withLedger } from './domain/ledger.ts'
import type { Step } from './domain/steps.ts'
import { pause } from './pause.ts'
import type { At, Prepared } from './ports.ts'
import { cancelled, type Fresh, freshOf, type Work } from './work.ts'

/** Milliseconds after the announcement beyond which no delivery begins. */
const deliverBy = 40_000
/** Seconds between two writes to one place: GitHub's stamps count whole seconds, and two writes in one look like one. */
const stampGap = 2

/** Milliseconds for which what was read ahead counts as read just before the delivery. */
const stillJustBefore = 1000

/** Reads what the first delivery needs while the secret is being proven, and writes a client id that was not there yet. */
export async function readAhead(work: Work): Promise<void> {
  const fresh = freshOf(work)
  const step = work.plan.steps.find((it) => it.kind === 'deliver')
  if (step === undefined) return
  const { destination, idBefore } = step
  const addsId = destination.idAs === 'variable' && idBefore === undefined
  const readAt = work.shop.clock.elapsed()
  const [prepared] = await Promise.all([
    work.shop.readers.destinations.prepare(destination),
    addsId ? work.shop.writers.destinations.putVariable(destination, fresh.clientId, false) : undefined,
  ])
  fresh.ahead = { destination, prepared, readAt, idWritten: addsId }
}

/** Delivers the client id and the fresh secret to one destination. */
export async function deliver(step: Step & { kind: 'deliver' }, work: Work): Promise<true> {
  const fresh = freshOf(work)
  const { destination } = step
  const prepared = await prepare(destination, work)
  if (work.shop.clock.elapsed() - fresh.announcedAt > deliverBy) await renew(fresh, work)
  if (work.shop.stop.requested) throw cancelled()
  const idAt = await writeId(step, fresh.clientId, prepared, work)
  const { at } = await put(destination, destination.secretName, prepared, work)
  fresh.delivered.push({ destination, stamp: at, at, idAt, proven: false })
  return true
}

/** Reads public key and stamps until the last write there is two seconds ago, by GitHub's own time. */
async function prepare(destination: Destination, { shop, fresh }: Work): Promise<At<Prepared>> {
  const ahead = fresh?.ahead?.destination === destination ? fresh.ahead : undefined
  const recent = ahead !== undefined && shop.clock.elapsed() - ahead.readAt < stillJustBefore
  for (let attempt = 1; ; attempt++) {
    const prepared = attempt === 1 && recent ? ahead.prepared : await shop.readers.destinations.prepare(destination)
    const age = prepared.at - lastWrite(prepared.value.seen)
    if (age >= stampGap || attempt === 5) return prepared
    await pause(Math.min(stampGap - age, stampGap + 1) * 1000, shop)
    if (shop.stop.requested) throw cancelled()
  }
}

function lastWrite({ secretStamp, idStamp }: ObservedDestination): number {
  return Math.max(secretStamp ?? Number.NEGATIVE_INFINITY, idStamp ?? Number.NEGATIVE_INFINITY)
}

/** The id stands beside the secret as a variable or a secret; a variable that is right already stays. */
async function writeId(
  step: Step & { kind: 'deliver' },
  clientId: string,
  prepared: At<Prepared>,
  work: Work,
): Promise<number | undefined> {
  const { destination, idBefore } = step
  const { destinations } = work.shop.writers
  const isThere =
    idBefore === clientId || (work.fresh?.ahead?.destination === destination && work.fresh.ahead.idWritten)
  if (destination.idAs === 'none' || (destination.idAs === 'variable' && isThere)) return undefined
  if (destination.idAs === 'secret')
    return (await destinations.putSecret(destination, destination.idName, clientId, prepared.value.publicKey)).at
  await destinations.putVariable(destination, clientId, idBefore !== undefined)
  return undefined
}

async function put(destination: Destination, name: string, { value }: At<Prepared>, work: Work): Promise<At<void>> {
  const fresh = freshOf(work)
  const { destinations } = work.shop.writers
  const { secret } = fresh.issued!
  try {
    return await destinations.putSecret(destination, name, secret, value.publicKey)
  } catch (thrown) {
    const error = toActionError(thrown)
    if (error.uncertain) fresh.perhaps = destination
    // GitHub says 422 for a key that has been replaced meanwhile: one more try, with the new one.
    if (error.status !== 422) throw error
    const again = await work.shop.readers.destinations.prepare(destination)
    if (again.value.publicKey.id === value.publicKey.id) throw error
    return destinations.putSecret(destination, name, secret, again.value.publicKey)
  }
}

/** A slow run announces anew before it goes on, if nobody else was at work; else it gives up. */
async function renew(fresh: Fresh, { shop }: Work): Promise<void> {
  const { value, at } = await shop.readers.tenant.client(fresh.clientId)
  const known = new Set([...(fresh.announced.announced?.known ?? []), fresh.hint])
  const alone =
    sameLedger(value?.description.ledger, fresh.announced) && value!.secrets.every(({ hint }) => known.has(hint))
  if (!alone) {
    throw new ActionError(
      'CLIENT_BUSY',
      'delivering took longer than 40 seconds, and another run is at work on the client',
      'Run again when the other run is over.',
    )
  }
  const announcedAt = shop.clock.elapsed()
  // The hints known and the time of the first announcement stay: our own secret must be recognised as ours, should we die.
  const announced = { ...fresh.announced, announced: { ...fresh.announced.announced!, renewed: Math.floor(at) } }
  await shop.writers.tenant.describe(fresh.clientId, withLedger(value!.description.user, announced), 'filled')
  Object.assign(fresh, { announced, announcedAt })
}
