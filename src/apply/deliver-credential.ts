import { ActionError, cancelledError, toActionError } from '../base/errors.ts'
import { longestWait } from '../base/retry-policy.ts'
import { plain } from '../base/text.ts'
import { clockSlack, stampGap } from '../ledger/delivery-evidence.ts'
import { type Destination, destinationKey, destinationLabel, type ObservedDestination } from '../model/destination.ts'
import { pause } from '../pause.ts'
import type { Step } from '../plan/client-plan.ts'
import type { PreparedDelivery, Timed } from '../ports.ts'
import { clientGoneError, PlanAgain, type Work } from './apply-context.ts'
import { type DeliveredCredential, type DeliveryWrite, type EarlyReading, inPhase } from './fresh-credential.ts'
import { deliverBy, isTooOld, renewAnnouncement } from './renew-announcement.ts'
import { findOwnWrite } from './undo-delivery.ts'
import { putIdSecret, putIdVariable } from './write-client-id.ts'
import { readBeforeWrite } from './write-ledger.ts'

type DeliverStep = Step & { kind: 'deliver' }

/** Milliseconds for which an early reading counts as read just before the delivery. */
const longestEarlyReadingAge = 1000

/** Reads the data for the first delivery while the secret is being proven. Nothing is written before the proof. */
export async function readAhead(work: Work): Promise<EarlyReading | undefined> {
  const step = work.plan.steps.find((it) => it.kind === 'deliver')
  if (step === undefined) return undefined
  const { destination } = step
  const readAt = work.tools.clock.elapsed()
  return { destination, readAt, prepared: await work.tools.readers.destinations.prepare(destination) }
}

/**
 * Delivers the fresh secret to one destination, then the client id. If GitHub makes us wait longer than the announcement lasts, renews the
 * announcement before the next try.
 */
export async function deliverCredential(step: DeliverStep, work: Work): Promise<true> {
  const { clock, reporter, stop } = work.tools
  const until = clock.elapsed() + longestWait
  for (let ahead = takeEarlyReading(step.destination, work); ; ahead = undefined) {
    const prepared = await prepare(step.destination, ahead, work)
    if (isTooOld(prepared.at, work)) {
      if (clock.elapsed() > until) throw heldUp(step.destination)
      await renewAnnouncement(prepared.at, work)
      continue
    }
    if (stop.requested) throw cancelledError()
    try {
      await putSecret(step, prepared, work)
      return true
    } catch (thrown) {
      if (thrown instanceof PlanAgain) throw thrown
      const { retryAfter, uncertain } = toActionError(thrown)
      if (retryAfter === undefined || uncertain || stop.requested) throw thrown
      if (clock.elapsed() + retryAfter > until) throw heldUp(step.destination)
      reporter.step(`… delivery continues in ${Math.round(retryAfter / 1000)} s, as GitHub asks`)
      await pause(retryAfter, work.tools)
    }
  }
}

/** The early reading of this destination. From the first delivery on, the credential is in the phase `delivered`. */
function takeEarlyReading(destination: Destination, work: Work): EarlyReading | undefined {
  const fresh = inPhase(work.fresh, 'issued', 'verified', 'delivered')
  if (fresh.phase === 'delivered') return undefined
  const ahead = fresh.phase === 'verified' ? fresh.ahead : undefined
  work.fresh = { ...fresh, phase: 'delivered', delivered: [], perhaps: undefined, overtaken: false }
  return ahead?.destination === destination ? ahead : undefined
}

/** Reads the public key and the stamps until the last write there is two seconds old. */
async function prepare(
  destination: Destination,
  ahead: EarlyReading | undefined,
  work: Work,
): Promise<Timed<PreparedDelivery>> {
  const { tools, reading } = work
  const first = reading.destinations.get(destinationKey(destination))
  const known = { last: first && lastWrite(first), at: reading.answeredAt }
  const isRecent = ahead !== undefined && tools.clock.elapsed() - ahead.readAt < longestEarlyReadingAge
  for (let attempt = 1; ; attempt++) {
    const prepared = attempt === 1 && isRecent ? ahead.prepared : await tools.readers.destinations.prepare(destination)
    const last = lastWrite(prepared.value.seen)
    if (last !== known.last) Object.assign(known, { last, at: tools.clock.elapsed() })
    const left = secondsLeft(prepared.at - last, (tools.clock.elapsed() - known.at) / 1000)
    if (left <= 0 || attempt === 5) return prepared
    await pause(left * 1000, tools)
    if (tools.stop.requested) throw cancelledError()
  }
}

/**
 * Seconds to wait until a write certainly gets another stamp than the last one. `age`: seconds since the last stamp by GitHub's
 * `Date`, which may be some seconds ahead of its stamps; `known`: seconds since we first read it.
 */
function secondsLeft(age: number, known: number): number {
  if (age >= stampGap + clockSlack) return 0
  return Math.max(Math.min(stampGap - age, stampGap + 1), stampGap - known)
}

function lastWrite({ secretStamp, idStamp }: ObservedDestination): number {
  return Math.max(secretStamp ?? Number.NEGATIVE_INFINITY, idStamp ?? Number.NEGATIVE_INFINITY)
}

/** Writes the secret before the client id: an id beside another client's secret would make both useless. */
async function putSecret(
  { destination, idBefore }: DeliverStep,
  prepared: Timed<PreparedDelivery>,
  work: Work,
): Promise<void> {
  const fresh = inPhase(work.fresh, 'delivered')
  const before = fresh.delivered.find((it) => it.destination === destination)
  // The place before the first write of this run.
  const wasEmpty = before?.wasEmpty ?? prepared.value.seen.secretStamp === undefined
  fresh.overtaken ||= before === undefined && isOvertaken(destination, prepared.value, fresh)
  const { at } = await putWithKey(destination, prepared.value, fresh, work)
  const id = putIdVariable(destination, idBefore, fresh.clientId, work)
  const delivery = { destination, at, id, wasEmpty, idAt: undefined as number | undefined }
  fresh.delivered = [...fresh.delivered.filter((it) => it !== before), delivery]
  if (at - prepared.at > deliverBy / 1000) await requireLiveOnArrival(delivery, fresh, work)
  delivery.idAt = await putIdSecret(destination, prepared.value, fresh, work)
}

/** Did the stamp change since our announcement? Then another run was at work. */
function isOvertaken(
  destination: Destination,
  { seen }: PreparedDelivery,
  { announced }: DeliveredCredential,
): boolean {
  return (seen.secretStamp ?? null) !== (announced.announced?.stamps[destinationKey(destination)] ?? null)
}

async function putWithKey(
  destination: Destination,
  prepared: PreparedDelivery,
  fresh: DeliveredCredential,
  work: Work,
): Promise<Timed<void>> {
  try {
    return await put(destination, prepared, fresh, work)
  } catch (thrown) {
    // GitHub answers 422 if its public key was replaced meanwhile: tries once more with the new one.
    if (toActionError(thrown).status !== 422) throw thrown
    const again = await work.tools.readers.destinations.prepare(destination)
    if (again.value.publicKey.id === prepared.publicKey.id) throw thrown
    return put(destination, again.value, fresh, work)
  }
}

async function put(
  destination: Destination,
  prepared: PreparedDelivery,
  fresh: DeliveredCredential,
  work: Work,
): Promise<Timed<void>> {
  const { destinations } = work.tools.writers
  const [name, value, sendBy] = [destination.secretName, fresh.issued.secret, fresh.announcedAt + deliverBy]
  try {
    return await destinations.putSecret({ destination, name, value, prepared, sendBy })
  } catch (thrown) {
    if (toActionError(thrown).uncertain) fresh.perhaps = destination
    throw thrown
  }
}

/** If the host slept, the secret may have arrived after another run retired it: then a fresh one must follow at once. */
async function requireLiveOnArrival(
  { destination, at }: DeliveryWrite,
  fresh: DeliveredCredential,
  work: Work,
): Promise<void> {
  const { live, isGone } = await readBeforeWrite(fresh, work)
  if (isGone) throw clientGoneError()
  if (live.some(({ hint }) => hint === fresh.hint)) return
  // Until GitHub shows our write, it shows the write of the other run.
  await findOwnWrite(destination, at, work).catch(() => {})
  work.progress.deadSecretPlaces.add(destinationKey(destination))
  throw new PlanAgain('another run retired the secret before it arrived')
}

function heldUp(destination: Destination): ActionError {
  const message = `GitHub’s limits held up the delivery to ${plain(destinationLabel(destination))} for a quarter of an hour`
  return new ActionError('RATE_LIMITED', message, 'Run again later. The next run continues from here.')
}
