import { type ActionError, toActionError } from '../base/errors.ts'
import type { Destination } from '../model/destination.ts'
import type { PreparedDelivery } from '../ports.ts'
import type { Work } from './apply-context.ts'
import type { DeliveredCredential, IdWrite } from './fresh-credential.ts'
import { deliverBy } from './renew-announcement.ts'

// The client id is stored beside the secret, as a variable or as a secret. It is written after the secret: an id beside another client's
// secret would make both useless.

/**
 * Writes the id to a variable while the run continues, unless it is right already. Never rejects: the result has the failure, which
 * `refusedId` checks before the commit.
 */
export async function putIdVariable(
  destination: Destination,
  before: string | undefined,
  clientId: string,
  { tools }: Work,
): Promise<IdWrite> {
  if (destination.idAs !== 'variable' || before === clientId) return { written: false, before }
  try {
    await tools.writers.destinations.putVariable(destination, clientId, before !== undefined)
    return { written: true, before }
  } catch (thrown) {
    const error = toActionError(thrown)
    return { written: error.uncertain, before, error }
  }
}

/** Writes the id to a secret each time, because a secret can't be read. Returns GitHub's time of that write. */
export async function putIdSecret(
  destination: Destination,
  prepared: PreparedDelivery,
  { clientId, announcedAt }: DeliveredCredential,
  { tools }: Work,
): Promise<number | undefined> {
  if (destination.idAs !== 'secret') return undefined
  const { at } = await tools.writers.destinations.putSecret({
    destination,
    name: destination.idName,
    value: clientId,
    prepared,
    sendBy: announcedAt + deliverBy,
  })
  return at
}

/**
 * Waits until every id is written. If one was certainly refused and all places were empty before, returns that failure: the caller takes
 * the secrets out again. Otherwise the delivered secrets stay, and the run fails with it after their commit.
 */
export async function refusedId({ delivered }: DeliveredCredential, work: Work): Promise<ActionError | undefined> {
  const ids = await Promise.all(delivered.map(({ id }) => id))
  const error = ids.find((id) => id.error !== undefined)?.error
  if (error === undefined) return undefined
  const isCertain = !error.uncertain && error.code !== 'CANCELLED'
  if (isCertain && delivered.every(({ wasEmpty }) => wasEmpty)) return error
  work.failure ??= error
  return undefined
}
