import { toActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { clientsClaiming } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Destination, destinationKey, destinationLabel, type ObservedDestination } from '../model/destination.ts'
import type { Step } from '../plan/client-plan.ts'
import { isOutOfReach, leftBehindText } from '../plan/values-to-delete.ts'
import { stepLine } from '../report/step-text.ts'
import { valueKey } from '../spec/value-keys.ts'
import { noteWritten, type Work, warn } from './apply-context.ts'

type RemoveStep = Step & { kind: 'remove-values' }

/**
 * Deletes values on GitHub. Returns the step with the values that are gone; undefined if there are none. If a value can't be deleted
 * because its place is archived or hidden, a warning says so, and the client is deleted anyway. Throws if a better token could delete it.
 */
export async function removeValues(step: RemoveStep, work: Work): Promise<RemoveStep | undefined> {
  const { progress, tools } = work
  const removals = await tools.writers.destinations.remove(step.destination, step.parts)
  const gone = removals.filter(({ left }) => left === undefined).map(({ part }) => part)
  progress.changed ||= gone.length > 0 || removals.some(({ left }) => left?.uncertain)
  for (const { part, left } of removals) {
    if (left === undefined) continue
    if (!isOutOfReach(left)) throw left
    warn(leftBehindText(step.destination, [part], plain(left.message, 300)), work)
  }
  return gone.length > 0 ? { ...step, parts: gone } : undefined
}

/**
 * Deletes a client, then reads its places once more: a run that was rotating it at that moment may have delivered a secret that is dead
 * now.
 */
export async function deleteClient(step: Step & { kind: 'delete' }, work: Work): Promise<true> {
  const { tools } = work
  await noteWritten(work, tools.writers.tenant.remove(step.clientId))
  if (step.places.length === 0) return true
  try {
    const { destinations: seen } = await tools.readers.destinations.read(step.places)
    const later = step.places.flatMap((destination) => laterValues(destination, step.clientId, seen, work))
    // The owners of values matter only if a value appeared.
    const clients = later.length === 0 ? [] : (await tools.readers.tenant.clients()).value
    for (const removal of later) await removeLater(removal, clients, work)
  } catch (thrown) {
    const places = step.places.map((destination) => plain(destinationLabel(destination))).join('; ')
    const why = plain(toActionError(thrown).message, 300)
    warn(
      `The client is deleted. Another run may have delivered a secret meanwhile, and this run could not check that: look at ${places} (${why}).`,
      work,
    )
  }
  return true
}

/** Values that appeared or changed since the plan was made. */
function laterValues(
  destination: Destination,
  clientId: string,
  seen: ReadonlyMap<string, ObservedDestination>,
  { plan, reading }: Work,
): RemoveStep[] {
  const key = destinationKey(destination)
  const [before, now] = [reading.destinations.get(key), seen.get(key)]
  const isLater = (earlier: number | undefined, later: number | undefined) => later !== undefined && later !== earlier
  const parts = [
    ...(isLater(before?.secretStamp, now?.secretStamp) ? (['secret'] as const) : []),
    ...(isLater(before?.idStamp, now?.idStamp) || now?.idValue === clientId ? (['id'] as const) : []),
  ].filter((part) => !plan.spec.spared?.has(valueKey(destination, part)))
  return parts.length === 0 ? [] : [{ kind: 'remove-values', destination, parts }]
}

/** Removes the new values, without those that another client may have written. */
async function removeLater(step: RemoveStep, clients: ObservedClient[], work: Work): Promise<void> {
  const parts = step.parts.filter((part) => clientsClaiming(valueKey(step.destination, part), clients).length === 0)
  if (parts.length === 0) return
  const done = await removeValues({ ...step, parts }, work)
  if (done === undefined) return
  work.progress.done.push(done)
  work.tools.reporter.step(stepLine(done, 'done', []))
}
