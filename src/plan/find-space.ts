import { didYouMean } from '../base/did-you-mean.ts'
import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { nameMark } from '../ledger/granted-spaces.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { type ObservedSpace, type ObservedSpaces, refLabel, type SpaceRef } from '../model/space.ts'

/** The space that a spec means: its id, or the reason why there is none, or `ask` if only the tenant's list of spaces can tell. */
export type FoundSpace = { kind: 'found'; id: string } | { kind: 'ask' } | { kind: 'none'; error: ActionError }

/**
 * Finds a space by its id; or by its name, in the ledger first and then in the tenant's list. The ledger's answer is valid until the
 * tenant shows that the space is gone or has another name.
 */
export function findSpace(ref: SpaceRef, ledger: Ledger | undefined, seen: ObservedSpaces): FoundSpace {
  const { id, name } = ref
  if (name === undefined) return findById(id!, seen)
  const mark = nameMark(name)
  const remembered = Object.entries(ledger?.spaces ?? {}).find(([, it]) => it === mark)?.[0]
  if (remembered !== undefined && !isAnother(remembered, ref, seen)) return { kind: 'found', id: remembered }
  if (seen.all === undefined) return { kind: 'ask' }
  if (seen.all instanceof ActionError) return { kind: 'none', error: seen.all }
  const sameId = seen.all.find((space) => space.id === id)
  const named = sameId === undefined ? seen.all.filter((space) => space.name === name) : [sameId]
  if (named.length > 1) return { kind: 'none', error: ambiguous(ref, named) }
  return named.length === 1 ? { kind: 'found', id: named[0]!.id } : { kind: 'none', error: missing(ref, seen.all) }
}

function findById(id: string, seen: ObservedSpaces): FoundSpace {
  const details = seen.details.get(id)
  if (details === 'gone') return { kind: 'none', error: missing({ id }, []) }
  return { kind: 'found', id }
}

/** Is the space that had this name gone or renamed? */
function isAnother(id: string, { name, id: written }: SpaceRef, seen: ObservedSpaces): boolean {
  if (seen.members.get(id) === 'gone') return true
  const details = spaceDetails(id, seen)
  return details !== undefined && details.name !== name && id !== written
}

/** The details of a space, from whichever answer has them. */
export function spaceDetails(id: string, { all, details }: ObservedSpaces): ObservedSpace | undefined {
  const single = details.get(id)
  if (single !== undefined && single !== 'gone' && !(single instanceof ActionError)) return single
  return Array.isArray(all) ? all.find((space) => space.id === id) : undefined
}

function missing(ref: SpaceRef, all: ObservedSpace[]): ActionError {
  const label = plain(refLabel(ref), 100)
  const names = [...new Set(all.map(({ name }) => name))]
  const suggestion = ref.name === undefined ? '' : didYouMean(ref.name, names)
  return new ActionError(
    'SPACE_MISSING',
    `spaces: the tenant shows no space ${label}${suggestion}`,
    'Correct the name (it must match exactly, upper and lower case included) or the id, or create the space. The tenant shows only the spaces that the caller may see: a tenant admin, or a client with the scope admin.spaces, sees all of them.',
  )
}

function ambiguous(ref: SpaceRef, spaces: ObservedSpace[]): ActionError {
  const list = spaces.map(({ id, type }) => `${id}${type === undefined ? '' : ` (${plain(type, 20)})`}`)
  return new ActionError(
    'SPACE_AMBIGUOUS',
    `spaces: ${spaces.length} spaces are called ${plain(refLabel(ref), 100)}: ${list.join(', ')}`,
    'Name the right one by its id.',
  )
}
