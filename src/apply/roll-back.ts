import { ActionError, toActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { deliveredEntry } from '../ledger/ledger-entries.ts'
import { ledgerAfterGivingUp } from '../ledger/ledger-transitions.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import { PlanAgain, revokeEarlyToken, type Work } from './apply-context.ts'
import { retireAfterLostAnswer } from './find-issued-secret.ts'
import type {
  AnnouncedCredential,
  CriticalSection,
  DeliveredCredential,
  DeliveryWrite,
  FreshCredential,
  IssuedCredential,
  VerifiedCredential,
} from './fresh-credential.ts'
import { retireIfAllowed } from './retire-secret.ts'
import { type UndoneDelivery, undoDelivery } from './undo-delivery.ts'
import { readBeforeWrite, takeBack } from './write-ledger.ts'

/**
 * Ends a critical section that failed. Retires a secret that no destination can hold; a secret that a destination may hold stays, and the
 * ledger says so. If one part of this fails, the others are done anyway. Returns the error for the run.
 */
export async function rollBack(work: Work, error: ActionError): Promise<ActionError> {
  const { fresh } = work
  work.fresh = undefined
  await revokeEarlyToken(work)
  if (fresh === undefined) return error
  if (error.code === 'CLIENT_MISSING' && (await isClientGone(fresh, work))) return clientIsGone(fresh, error, work)
  switch (fresh.phase) {
    case 'announced':
      await rollBackAnnounced(fresh, work)
      return error
    case 'issued':
    case 'verified':
      await rollBackIssued(fresh, work)
      return error
    case 'delivered':
      return rollBackDelivered(fresh, error, work)
  }
}

/** Does a part of the clean-up. A failure is noted, and the next run cleans up. Returns undefined then, and if another run is at work. */
async function attemptPart<T>(what: string, work: Work, go: () => Promise<T>): Promise<T | undefined> {
  try {
    return await go()
  } catch (thrown) {
    // While another run is at work, an unknown secret can't be called ours.
    if (!(thrown instanceof PlanAgain))
      work.progress.notes.push(`${what} failed: ${toActionError(thrown).message}. The next run takes care of it.`)
    return undefined
  }
}

/** If the issue is in doubt, the announcement stays: the next run recognises our secret by it. */
async function rollBackAnnounced(fresh: AnnouncedCredential, work: Work): Promise<void> {
  if (fresh.inDoubt)
    await attemptPart('Looking for a secret whose answer was lost', work, () => retireAfterLostAnswer(fresh, work))
  else await withdrawAnnouncement(fresh, undefined, work)
}

/** If retiring fails, the announcement stays: it tells the next run that this secret was never delivered. */
async function rollBackIssued(
  fresh: IssuedCredential | VerifiedCredential | DeliveredCredential,
  work: Work,
): Promise<void> {
  const { hint, clientId } = fresh
  const what = isKeyHint(hint) ? 'key' : 'secret'
  if (isKeyHint(hint) && !(await showsKey(fresh, work))) {
    work.progress.notes.push('The tenant does not show the new key yet: a later run retires it.')
    return
  }
  if (fresh.announced.announced?.known.includes(hint)) {
    work.progress.notes.push(
      `The new secret was not delivered. It is not retired either: another live secret has the same hint (${plain(hint, 50)}), and the tenant might delete that one.`,
    )
    await withdrawAnnouncement(fresh, hint, work)
    return
  }
  const isRetired = await attemptPart(`Retiring the new ${what} (${plain(hint, 50)})`, work, () =>
    retireIfAllowed(clientId, hint, work),
  )
  if (isRetired)
    work.progress.notes.push(`The new ${what} (${plain(hint, 50)}) was not delivered, so this run retired it.`)
  if (isRetired !== undefined) await withdrawAnnouncement(fresh, isRetired ? undefined : hint, work)
}

/**
 * Only the list shows whether a key exists, and a reading that lags behind does not show a new one. While the list does not show it,
 * nobody can retire it, and the announcement stays.
 */
async function showsKey(
  fresh: IssuedCredential | VerifiedCredential | DeliveredCredential,
  work: Work,
): Promise<boolean> {
  const seen = await attemptPart('Looking for the new key', work, () => readBeforeWrite(fresh, work, fresh.hint))
  return seen?.live.some(({ hint }) => hint === fresh.hint) ?? false
}

async function rollBackDelivered(fresh: DeliveredCredential, error: ActionError, work: Work): Promise<ActionError> {
  const { delivered, perhaps } = fresh
  const ids = await Promise.all(delivered.map(({ id }) => id))
  const isIdRefused = perhaps === undefined && ids.some((id) => id.error === error)
  const fates = isIdRefused ? await undoAllDeliveries(fresh, work) : undefined
  const left = delivered.filter((delivery) => fates?.get(delivery) !== 'out')
  if (left.length === 0 && perhaps === undefined) {
    await rollBackIssued(fresh, work)
    return error
  }
  await withdrawAnnouncement(fresh, fresh.hint, work, entriesOf({ ...fresh, delivered: left }))
  if (left.length === 0) return perhapsDelivered(perhaps!, error)
  const isEverywhere = left.length === work.plan.spec.destinations.length
  return isEverywhere || error.code === 'CANCELLED' ? error : deliveryFailed(work, left, error)
}

/**
 * Takes the fresh secret out of every place that certainly has it. A failure in one place does not stop the others: the result of that
 * place is undefined.
 */
async function undoAllDeliveries(
  { delivered, clientId }: DeliveredCredential,
  work: Work,
): Promise<Map<DeliveryWrite, UndoneDelivery | undefined>> {
  const fates = new Map<DeliveryWrite, UndoneDelivery | undefined>()
  for (const delivery of delivered) {
    const what = `Taking the new secret out of ${plain(destinationLabel(delivery.destination))}`
    fates.set(delivery, await attemptPart(what, work, () => undoDelivery(delivery, clientId, work)))
  }
  return fates
}

/** Takes the announcement back, if it is still there; a secret that a place may hold becomes a suspect. */
async function withdrawAnnouncement(
  fresh: CriticalSection,
  kept: string | undefined,
  work: Work,
  entries: ReturnType<typeof entriesOf> = {},
): Promise<void> {
  if (fresh.mayHaveTwin) return
  await attemptPart('Taking the announcement back', work, () =>
    takeBack(fresh, work, (seen) => ledgerAfterGivingUp(fresh.announced, kept, entries, seen)),
  )
}

function entriesOf({ hint, announced: { owner }, delivered }: DeliveredCredential) {
  const entry = ({ destination, at, idAt }: DeliveryWrite) =>
    [destinationKey(destination), deliveredEntry(destination, { hint, stamp: at, idStamp: idAt }, owner)] as const
  return Object.fromEntries(delivered.map(entry))
}

// --- the client is gone ----------------------------------------------------------------------------------------------

/** Reads the client once more: does the tenant say that it is gone? */
async function isClientGone({ clientId }: FreshCredential, work: Work): Promise<boolean> {
  const seen = await attemptPart('Looking for the client', work, () => work.tools.readers.tenant.client(clientId))
  return seen !== undefined && seen.value === undefined
}

/** The secret that this run wrote is dead: takes it out again, and names each place where that fails. */
async function clientIsGone(fresh: FreshCredential, error: ActionError, work: Work): Promise<ActionError> {
  if (fresh.phase !== 'delivered') return error
  const { notes } = work.progress
  for (const [{ destination }, fate] of await undoAllDeliveries(fresh, work)) {
    const place = plain(destinationLabel(destination))
    if (fate === 'out') notes.push(`The client was deleted meanwhile: this run removed its new secret from ${place}.`)
    if (fate === undefined) notes.push(mayHoldDeadText(place))
  }
  if (fresh.perhaps !== undefined) notes.push(mayHoldDeadText(plain(destinationLabel(fresh.perhaps))))
  return error
}

function mayHoldDeadText(place: string): string {
  return `${place} may hold a secret of the deleted client. Delete it on GitHub, unless somebody has written a new one since.`
}

// --- errors ----------------------------------------------------------------------------------------------------------

function perhapsDelivered(destination: Destination, error: ActionError): ActionError {
  const place = plain(destinationLabel(destination))
  const message = `${error.message}; the new secret may or may not have arrived in ${place}`
  const hint = `The previous secret stays live, and the next run delivers a fresh one. ${error.hint}`
  return error.with({ message, hint })
}

function deliveryFailed(work: Work, left: DeliveryWrite[], cause: ActionError): ActionError {
  const took = new Set(left.map(({ destination }) => destinationKey(destination)))
  const label = (taken: boolean) =>
    work.plan.spec.destinations
      .filter((destination) => took.has(destinationKey(destination)) === taken)
      .map((destination) => plain(destinationLabel(destination)))
      .join('; ') || 'none'
  return new ActionError(
    'DELIVERY_FAILED',
    `the new secret was delivered to: ${label(true)}; it was not, or not certainly, delivered to: ${label(false)} (${cause.code}: ${cause.message})`,
    `Each of these places holds a live secret, and nothing was retired. Fix the cause and run again: each place gets a fresh secret. ${cause.hint}`,
    { cause, trace: cause.trace },
  )
}
