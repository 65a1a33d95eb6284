import type { Ledger } from '../model/ledger-shape.ts'
import type { Measure } from './evidence.ts'

/** Does this repository keep the client? By the repository's id, and by its name only where the runner does not say the id. */
export function ownerIs({ owner }: Ledger, here: Measure['here']): boolean {
  return here.id === undefined ? owner.name.toLowerCase() === here.fullName.toLowerCase() : owner.repository === here.id
}
