import { destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { Actor, ClientSpec, ManagingRepository } from '../spec/client-spec.ts'

/** The first ledger of a client. */
export function newLedger(spec: ClientSpec, actor: Actor, origin: 'made' | 'adopted'): Ledger {
  return { version: 1, owner: ownerOf(spec, actor, origin), retiring: {}, suspects: {}, destinations: {} }
}

function ownerOf(spec: ClientSpec, { repository }: Actor, origin: 'made' | 'adopted'): Ledger['owner'] {
  return { repository: repository.id, name: `${repository.owner}/${repository.name}`, client: spec.name, origin }
}

/** The ledger with us as its owner. A ledger of another owner keeps all its other contents. */
export function withOwner(ledger: Ledger | undefined, spec: ClientSpec, actor: Actor): Ledger {
  if (ledger === undefined) return newLedger(spec, actor, 'adopted')
  // A client of this repository under another name keeps its origin: made or adopted.
  const origin = ledger.owner.repository === actor.repository.id ? ledger.owner.origin : 'adopted'
  if (isOwner(ledger, spec, actor)) return ledger
  // A place without a repository is in the owner's repository. That was the previous owner's: from now on it is named.
  const named = (places: Ledger['destinations']) =>
    Object.fromEntries(Object.entries(places).map(([key, delivered]) => [key, { in: ledger.owner.name, ...delivered }]))
  return {
    ...ledger,
    owner: ownerOf(spec, actor, origin),
    destinations: named(ledger.destinations),
    ...(ledger.leaving === undefined ? {} : { leaving: named(ledger.leaving) }),
  }
}

/** The destinations that the spec names: the ledger drops all others. */
export function onlyNamed(destinations: Ledger['destinations'], spec: ClientSpec): Ledger['destinations'] {
  const named = new Set(spec.destinations.map(destinationKey))
  return Object.fromEntries(Object.entries(destinations).filter(([key]) => named.has(key)))
}

/** The same without the destinations that the spec names. */
export function withoutNamed(destinations: Ledger['destinations'], spec: ClientSpec): Ledger['destinations'] {
  const named = new Set(spec.destinations.map(destinationKey))
  return Object.fromEntries(Object.entries(destinations).filter(([key]) => !named.has(key)))
}

/** Does the ledger name this repository and this spec? */
export function isOwner(ledger: Ledger | undefined, spec: ClientSpec, actor: ManagingRepository): boolean {
  return ledger?.owner.repository === actor.repository.id && ledger.owner.client === spec.name
}
