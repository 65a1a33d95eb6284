import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { type Destination, destinationLabel } from '../model/destination.ts'
import { pause } from '../pause.ts'
import type { Work } from './apply-context.ts'
import type { DeliveryWrite } from './fresh-credential.ts'

/** Milliseconds between looks at a stamp: GitHub's stamps spread slowly. */
const lookDelays = [250, 500, 1000, 2000, 4000]

/** The fate of a value: `out` of the place, or `followed` there by somebody else's write. */
export type UndoneDelivery = 'out' | 'followed'

/**
 * Takes the delivered values out of a place again, the client id too, if the stamp is from our own write. Throws if GitHub does not show
 * that write, or refuses.
 */
export async function undoDelivery(delivery: DeliveryWrite, clientId: string, work: Work): Promise<UndoneDelivery> {
  const { destination, at } = delivery
  const seen = await findOwnWrite(destination, at, work)
  if (seen === 'followed') return seen
  if (seen === 'ours') await remove(destination, 'secret', work)
  const { written, before } = await delivery.id
  // Without its secret our id is of no use: it is removed, even if it was there before. Another client's id is put back.
  if (destination.idAs === 'secret' || (destination.idAs === 'variable' && before === clientId))
    await remove(destination, 'id', work)
  else if (written) await work.tools.writers.destinations.restoreVariable(destination, before)
  return 'out'
}

async function remove(destination: Destination, part: 'id' | 'secret', { tools }: Work): Promise<void> {
  const [removal] = await tools.writers.destinations.remove(destination, [part])
  if (removal?.left !== undefined) throw removal.left
}

/**
 * Compares a place with our own write at GitHub's time `at`: it shows that stamp, a later one, or nothing any more. Throws if it still
 * shows an earlier one.
 */
export async function findOwnWrite(
  destination: Destination,
  at: number,
  { tools }: Work,
): Promise<'ours' | 'followed' | 'nothing'> {
  let stamp: number | undefined
  for (const delay of [...lookDelays, undefined]) {
    stamp = (await tools.readers.destinations.stamps(destination)).secretStamp
    if (stamp !== undefined && stamp >= at - 1) return stamp <= at + 1 ? 'ours' : 'followed'
    if (delay === undefined || tools.stop.requested) break
    await pause(delay, tools)
  }
  if (stamp === undefined) return 'nothing'
  throw new ActionError(
    'GITHUB_UNEXPECTED',
    `${plain(destinationLabel(destination))} does not show the value that this run has just written there`,
    'Look at that secret on GitHub, and run again.',
  )
}
