import { ActionError, toActionError } from '../base/errors.ts'
import { longestWait } from '../base/retry-policy.ts'
import { plain } from '../base/text.ts'
import { stampGap } from '../ledger/delivery-evidence.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey, destinationLabel, type ObservedDestination } from '../model/destination.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/steps.ts'
import type { At, Prepared } from '../ports.ts'
import { cancelled, type Fresh, freshOf, type Work } from './apply-context.ts'
import { writeLedger } from './write-ledger.ts'

/** Milliseconds after the announcement beyond which no delivery begins. */
const deliverBy = 40_000

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
    addsId ? writeVariable(destination, undefined, fresh, work) : undefined,
  ])
  fresh.ahead = { destination, prepared, readAt, idWritten: addsId }
}

/**
 * Delivers the client id and the fresh secret to one destination. Where GitHub makes us wait longer than the announcement
 * lasts, it is renewed before the delivery is tried again.
 */
export async function deliver(step: Step & { kind: 'deliver' }, work: Work): Promise<true> {
  const fresh = freshOf(work)
  const { clock, reporter, stop } = work.shop
  const until = clock.elapsed() + longestWait
  for (;;) {
    const prepared = await prepare(step.destination, work)
    if (clock.elapsed() - fresh.announcedAt > deliverBy) {
      if (clock.elapsed() > until) throw heldUp(step.destination)
      await renew(fresh, work)
      continue
    }
    if (stop.requested) throw cancelled()
    fresh.overtaken ||= isOvertaken(step.destination, prepared.value, fresh)
    try {
      const idAt = await writeId(step, fresh, prepared, work)
      const { at } = await put(step.destination, prepared, work)
      fresh.delivered.push({ destination: step.destination, at, idAt })
      return true
    } catch (thrown) {
      const { retryAfter, uncertain } = toActionError(thrown)
      if (retryAfter === undefined || uncertain || stop.requested) throw thrown
      if (clock.elapsed() + retryAfter > until) throw heldUp(step.destination)
      reporter.step(`… delivering goes on in ${Math.round(retryAfter / 1000)} s, as GitHub asks`)
      await pause(retryAfter, work.shop)
    }
  }
}

/** Is the stamp another than when we announced: was another run at work? */
function isOvertaken(destination: Destination, { seen }: Prepared, { announced }: Fresh): boolean {
  const before = announced.announced?.stamps[destinationKey(destination)] ?? null
  return (seen.secretStamp ?? null) !== before
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
  { destination, idBefore }: Step & { kind: 'deliver' },
  fresh: Fresh,
  { value }: At<Prepared>,
  work: Work,
): Promise<number | undefined> {
  const { destinations } = work.shop.writers
  const isThere = idBefore === fresh.clientId || (fresh.ahead?.destination === destination && fresh.ahead.idWritten)
  if (destination.idAs === 'none' || (destination.idAs === 'variable' && isThere)) return undefined
  if (destination.idAs === 'variable') {
    await writeVariable(destination, idBefore, fresh, work)
    return undefined
  }
  const sendBy = fresh.announcedAt + deliverBy
  return (await destinations.putSecret(destination, destination.idName, fresh.clientId, value, sendBy)).at
}

async function writeVariable(
  destination: Destination,
  before: string | undefined,
  fresh: Fresh,
  { shop }: Work,
): Promise<void> {
  const written = { destination, before }
  fresh.idsWritten.push(written)
  await shop.writers.destinations
    .putVariable(destination, fresh.clientId, before !== undefined)
    .catch((thrown: unknown) => {
      // Where nothing was written for sure, nothing is to be taken back.
      if (!toActionError(thrown).uncertain) fresh.idsWritten = fresh.idsWritten.filter((it) => it !== written)
      throw thrown
    })
}

async function put(destination: Destination, { value }: At<Prepared>, work: Work): Promise<At<void>> {
  const fresh = freshOf(work)
  const { secret } = fresh.issued!
  const write = async (prepared: Prepared) => {
    const { destinations } = work.shop.writers
    const sendBy = fresh.announcedAt + deliverBy
    try {
      return await destinations.putSecret(destination, destination.secretName, secret, prepared, sendBy)
    } catch (thrown) {
      if (toActionError(thrown).uncertain) fresh.perhaps = destination
      throw thrown
    }
  }
  try {
    return await write(value)
  } catch (thrown) {
    // GitHub says 422 for a key that has been replaced meanwhile: one more try, with the new one.
    if (toActionError(thrown).status !== 422) throw thrown
    const again = await work.shop.readers.destinations.prepare(destination)
    if (again.value.publicKey.id === value.publicKey.id) throw thrown
    return write(again.value)
  }
}

/** A slow run announces anew before it goes on, if nobody else was at work; else it gives up. */
async function renew(fresh: Fresh, work: Work): Promise<void> {
  const known = new Set([...(fresh.announced.announced?.known ?? []), fresh.hint])
  const announcedAt = work.shop.clock.elapsed()
  const { ledger } = await writeLedger(fresh, work, (seen) => {
    const isAlone =
      sameLedger(seen.ledger, fresh.announced) && seen.live.every(({ hint }) => known.has(hint) || isKeyHint(hint))
    if (!isAlone) throw overtaken()
    // The hints known and the time of the first announcement stay: our own secret must be recognised as ours, should we die.
    const announced = { ...fresh.announced.announced!, renewed: Math.floor(seen.now) }
    return { ledger: { ...fresh.announced, announced } }
  })
  Object.assign(fresh, { announced: ledger, announcedAt })
}

function heldUp(destination: Destination): ActionError {
  const message = `GitHub kept us from delivering to ${plain(destinationLabel(destination))} for a quarter of an hour`
  return new ActionError('RATE_LIMITED', message, 'Run again later. The next run goes on from here.')
}

function overtaken(): ActionError {
  return new ActionError(
    'CLIENT_BUSY',
    'delivering took longer than 40 seconds, and another run is at work on the client',
    'Run again when the other run is over.',
  )
}
