import type { Ledger } from '../model/ledger-shape.ts'
import type { AuditStandard } from './audit-facts.ts'

/** Does this repository manage the client? Compares the repository's id, and its name only if the runner sets no id. */
export function isManagedBy({ owner }: Ledger, here: AuditStandard['here']): boolean {
  return here.id === undefined ? owner.name.toLowerCase() === here.fullName.toLowerCase() : owner.repository === here.id
}
