import { unmadeKey } from './credential.ts'
import { toDestination, usualName } from './delivery.ts'
import { roomBeside, roomHint, roomText } from './description.ts'
import type { WrittenClient } from './spec.ts'

/** As long as ids of repositories are, before they are known. */
const anyId = '9999999999'

type Sized = Pick<WrittenClient, 'name' | 'description' | 'deliver' | 'auth-method'>

/**
 * What is wrong with a client's description, as far as its spec tells, beside which the ledger needs room; undefined where nothing is.
 * `here`: `owner/name`.
 */
export function roomComplaint({ description, ...client }: Sized, here: string): string | undefined {
  if (description === undefined) return undefined
  const room = descriptionRoom(client, here)
  return description.length <= room ? undefined : `${roomText(description, room)}. ${roomHint(room)}`
}

function descriptionRoom(client: Omit<Sized, 'description'>, here: string): number {
  const method = client['auth-method']
  const [owner = '', name = ''] = here.split('/')
  const places = client.deliver.map((delivery) =>
    toDestination(delivery, usualName(method), { owner, name, id: anyId }, () => anyId),
  )
  const current = method === 'private_key_jwt' ? { hint: unmadeKey, since: 0 } : undefined
  const ledgerOwner = { repository: anyId, name: here, client: client.name, origin: 'adopted' as const }
  return roomBeside({ version: 1, owner: ledgerOwner, current, retiring: {}, suspects: {}, destinations: {} }, places)
}
