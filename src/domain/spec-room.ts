import { unmadeKey } from './credential.ts'
import { toDestination, usualName } from './delivery.ts'
import { roomBeside } from './description.ts'
import type { WrittenClient } from './spec.ts'

/** As long as ids of repositories are, before they are known. */
const anyId = '9999999999'

/** How many characters a client's description may have, as far as its spec tells: the rest is for the ledger. `here`: `owner/name`. */
export function descriptionRoom(client: Pick<WrittenClient, 'name' | 'deliver' | 'auth-method'>, here: string): number {
  const method = client['auth-method']
  const [owner = '', name = ''] = here.split('/')
  const places = client.deliver.map((delivery) =>
    toDestination(delivery, usualName(method), { owner, name, id: anyId }, () => anyId),
  )
  const current = method === 'private_key_jwt' ? { hint: unmadeKey, since: 0 } : undefined
  const ledgerOwner = { repository: anyId, name: here, client: client.name, origin: 'adopted' as const }
  return roomBeside({ version: 1, owner: ledgerOwner, current, retiring: {}, suspects: {}, destinations: {} }, places)
}
