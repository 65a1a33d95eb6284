import type { Mistake } from '../base/errors.ts'
import { placeholderKeyHint } from '../model/credential.ts'
import type { Membership } from '../model/space.ts'
import type { CheckedFile } from '../spec/check-spec-file.ts'
import type { WrittenClient } from '../spec/client-spec.ts'
import { toDestination, usualName } from '../spec/destination-schema.ts'
import { roomBeside, roomHint, roomText } from './description.ts'
import { withGranted } from './granted-spaces.ts'

/** An id as long as those of repositories, while the real one is unknown. */
const anyId = '9999999999'

type Sized = Pick<WrittenClient, 'name' | 'description' | 'deliver' | 'auth-method' | 'spaces' | 'rotation'>

/**
 * The complaint about a description that leaves too little room for the ledger, as far as the spec shows; undefined if it fits. `here`:
 * `owner/name`.
 */
export function roomComplaint({ description, ...client }: Sized, here: string): string | undefined {
  const room = descriptionRoom(client, here)
  const text = description ?? ''
  return text.length <= room ? undefined : `${roomText(text, room)}. ${roomHint(room)}`
}

function descriptionRoom(client: Omit<Sized, 'description'>, here: string): number {
  const method = client['auth-method']
  const [owner = '', name = ''] = here.split('/')
  const places = client.deliver.map((delivery) =>
    toDestination(delivery, usualName(method), { owner, name, id: anyId }, () => anyId),
  )
  const current = method === 'private_key_jwt' ? { hint: placeholderKeyHint, since: 0 } : undefined
  const ledgerOwner = { repository: anyId, name: here, client: client.name, origin: 'adopted' as const }
  const ledger = { version: 1 as const, owner: ledgerOwner, current, retiring: {}, suspects: {}, destinations: {} }
  return roomBeside(withGranted(ledger, anySpaces(client.spaces ?? []), undefined), places, client.rotation)
}

/** Entries as long as the entries for these spaces will be. */
function anySpaces(spaces: Membership[]): Record<string, string> {
  const entries = spaces.map(({ space }, index) => [
    String(index).padStart(Math.max(24, space.id?.length ?? 0), '0'),
    space.name === undefined ? '' : 'zzzzzzz',
  ])
  return Object.fromEntries(entries)
}

/**
 * A description shares its 4096 characters with the action's own line, and each place makes that line longer. The description of
 * the defaults is one mistake, for however many clients it is too long.
 */
export function tooLongDescriptions(files: CheckedFile[], here: string): Mistake[] {
  const mistakes = files.flatMap(({ file, drafts }) =>
    drafts.flatMap(({ name, at, absent, description, method, deliveries, spaces, rotation }) => {
      if (name === undefined || absent) return []
      const deliver = deliveries.map(({ delivery }) => delivery)
      const client = { name, description: description?.text, deliver, spaces, rotation, 'auth-method': method }
      const complaint = roomComplaint(client, here)
      return complaint === undefined ? [] : [{ file, ...(description?.at ?? at), message: `description: ${complaint}` }]
    }),
  )
  const place = ({ file, line, column }: Mistake) => `${file}:${line}:${column}`
  return [...new Map(mistakes.toReversed().map((mistake) => [place(mistake), mistake])).values()].toReversed()
}
