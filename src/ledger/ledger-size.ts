import type { Mistake } from '../base/errors.ts'
import { unmadeKey } from '../model/credential.ts'
import type { WrittenClient } from '../spec/client-spec.ts'
import { toDestination, usualName } from '../spec/destination-schema.ts'
import type { CheckedFile } from '../spec/spec-file.ts'
import { roomBeside, roomHint, roomText } from './description.ts'

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

/** A description shares its 4096 characters with the action's own line, which every place makes longer. */
export function tooLong(files: CheckedFile[], here: string): Mistake[] {
  return files.flatMap(({ file, drafts }) =>
    drafts.flatMap(({ name, absent, description, method, deliveries }) => {
      if (name === undefined || absent || description === undefined) return []
      const deliver = deliveries.map(({ delivery }) => delivery)
      const { text, at } = description
      const complaint = roomComplaint({ name, description: text, deliver, 'auth-method': method }, here)
      return complaint === undefined ? [] : [{ file, ...at, message: `description: ${complaint}` }]
    }),
  )
}
