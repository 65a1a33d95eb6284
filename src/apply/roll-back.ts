import { ActionError, toActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { deliveredEntry } from '../ledger/ledger.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { givingUp } from '../ledger/ledger-transitions.ts'
import { isKeyHint } from '../model/credential.ts'
import { type Destination, destinationKey, destinationLabel } from '../model/destination.ts'
import { Again, type Fresh, giveBack, retireIfAllowed, type Work } from './apply-context.ts'
import { findHint, retireLost } from './issue-credential.ts'
import { writeLedger } from './write-ledger.ts'

/**
 * Ends a section that failed. A secret that no destination can hold is retired at once; one that a destination may hold stays,
 * and the ledger says so. Returns the error to fail with.
 */
export async function abandon(work: Work, error: ActionError): Promise<ActionError> {
  const { fresh } = work
  if (fresh === undefined) return error
  work.fresh = undefined
  const unused = await fresh.early
  if (unused !== undefined) giveBack(unused, work)
  const held = fresh.delivered.length > 0 || fresh.perhaps !== undefined
  try {
    // Issuing may still take effect: the announcement stays, by which the next run knows its secret as ours.
    if (fresh.issued === undefined && error.uncertain) {
      await retireLost(fresh, work)
      return error
    }
    const kept = held || (fresh.issued !== undefined && !(await retireNew(fresh, work))) ? fresh.hint : undefined
    if (!fresh.mayHaveTwin) await takeBack(fresh, kept, work)
    if (!held) await restoreIds(fresh, work)
  } catch (thrown) {
    // With another run at work nothing of what is unknown can be called ours.
    if (thrown instanceof Again) return error
    work.progress.notes.push(`Cleaning up failed too (${toActionError(thrown).message}): the next run does it.`)
  }
  const everywhere = fresh.delivered.length === work.plan.spec.destinations.length
  if (fresh.delivered.length === 0 && fresh.perhaps !== undefined) return perhapsDelivered(fresh.perhaps, error)
  if (fresh.delivered.length === 0 || everywhere || error.code === 'CANCELLED') return error
  return deliveryFailed(work, fresh, error)
}

/** An id beside a secret of another client would spoil both: where the secret did not follow, what stood there comes back. */
async function restoreIds({ idsWritten }: Fresh, { shop }: Work): Promise<void> {
  for (const { destination, before } of idsWritten) await shop.writers.destinations.restoreVariable(destination, before)
}

async function retireNew(fresh: Fresh, work: Work): Promise<boolean> {
  const hint = fresh.hint ?? (await findHint(fresh, work))
  const gone = await retireIfAllowed(fresh.clientId, hint, work)
  if (gone)
    work.progress.notes.push(
      `The new ${isKeyHint(hint) ? 'key' : 'secret'} (${hint}) was delivered nowhere and is retired again.`,
    )
  fresh.hint = hint
  return gone
}

/** Takes the announcement back, where it still stands; a secret that may be held somewhere becomes a suspect. */
async function takeBack(fresh: Fresh, kept: string | undefined, work: Work): Promise<void> {
  const hint = fresh.hint ?? ''
  const { owner } = fresh.announced
  const entries = fresh.delivered.map(({ destination, at, idAt }) => [
    destinationKey(destination),
    deliveredEntry(destination, hint, at, idAt, owner),
  ])
  await writeLedger(fresh, work, (seen) => {
    if (!sameLedger(seen.ledger, fresh.announced)) return undefined
    return { ledger: givingUp(fresh.announced, kept, Object.fromEntries(entries), seen) }
  })
}

function perhapsDelivered(destination: Destination, error: ActionError): ActionError {
  const place = plain(destinationLabel(destination))
  const message = `${error.message}; the new secret may or may not have arrived in ${place}`
  const hint = `The previous secret stays live, and the next run delivers a fresh one. ${error.hint}`
  return new ActionError(error.code, message, hint, { cause: error, trace: error.trace, status: error.status })
}

function deliveryFailed(work: Work, fresh: Fresh, cause: ActionError): ActionError {
  const took = new Set(fresh.delivered.map(({ destination }) => destinationKey(destination)))
  const label = (taken: boolean) =>
    work.plan.spec.destinations
      .filter((destination) => took.has(destinationKey(destination)) === taken)
      .map((destination) => plain(destinationLabel(destination)))
      .join('; ') || 'none'
  return new ActionError(
    'DELIVERY_FAILED',
    `the new secret is in: ${label(true)}; not, or not surely, in: ${label(false)} (${cause.code}: ${cause.message})`,
    `All of them hold a live secret, and nothing was retired. Mend the cause and run again: a fresh secret goes to all. ${cause.hint}`,
    { cause, trace: cause.trace },
  )
}
