import { destinationKey } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { Actor, ClientSpec, Keeper } from '../spec/client-spec.ts'

/** The ledger of a client that nobody here has dealt with yet. */
export function newLedger(spec: ClientSpec, actor: Actor, origin: 'made' | 'adopted'): Ledger {
  return { version: 1, owner: ownerOf(spec, actor, origin), retiring: {}, suspects: {}, destinations: {} }
}

function ownerOf(spec: ClientSpec, { repository }: Actor, origin: 'made' | 'adopted'): Ledger['owner'] {
  return { repository: repository.id, name: `${repository.owner}/${repository.name}`, client: spec.name, origin }
}

/** The ledger as ours: that of another owner is taken over with all it knows. */
export function owned(ledger: Ledger | undefined, spec: ClientSpec, actor: Actor): Ledger {
  if (ledger === undefined) return newLedger(spec, actor, 'adopted')
  // A client of this repository under another name of the spec is still what it was: made or adopted.
  const origin = ledger.owner.repository === actor.repository.id ? ledger.owner.origin : 'adopted'
  if (isOwner(ledger, spec, actor)) return ledger
  // A place without a repository of its own lies in the owner's: of the owner before, from now on by name.
  const places = Object.entries(ledger.destinations).map(([key, delivered]) => [
    key,
    { in: ledger.owner.name, ...delivered },
  ])
  return { ...ledger, owner: ownerOf(spec, actor, origin), destinations: Object.fromEntries(places) }
}

/** Destinations that are no longer served are forgotten with the next ledger. */
export function onlyNamed(destinations: Ledger['destinations'], spec: ClientSpec): Ledger['destinations'] {
  const named = new Set(spec.destinations.map(destinationKey))
  return Object.fromEntries(Object.entries(destinations).filter(([key]) => named.has(key)))
}

/** Does the ledger name this repository and this spec? */
export function isOwner(ledger: Ledger | undefined, spec: ClientSpec, actor: Keeper): boolean {
  return ledger?.owner.repository === actor.repository.id && ledger.owner.client === spec.name
}
