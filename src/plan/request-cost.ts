import { unreachable } from '../base/errors.ts'
import type { Load } from '../base/rate-budget.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Step } from './client-plan.ts'

/** Requests on each service. */
export type RequestCost = { tenant: Load; github: Load }

/**
 * The requests that these steps take if nothing fails. A plan begins only when the limits leave room for all of them, so that no limit
 * delays the commit of an announcement.
 */
export function requestCostOf(steps: Step[]): RequestCost {
  const need: RequestCost = { tenant: { reads: 0, writes: 0 }, github: { reads: 0, writes: 0 } }
  for (const step of steps) {
    const { tenant = {}, github = {} } = stepCost(step)
    need.tenant.reads += tenant.reads ?? 0
    need.tenant.writes += tenant.writes ?? 0
    need.github.reads += github.reads ?? 0
    need.github.writes += github.writes ?? 0
  }
  return need
}

function stepCost(step: Step): { tenant?: Partial<Load>; github?: Partial<Load> } {
  switch (step.kind) {
    // After a creation the list is read, of which two hundred clients fill two pages; after an update the client.
    case 'create':
    case 'update':
    case 'commit':
      return { tenant: { reads: 2, writes: 1 } }
    case 'own':
      return { tenant: { reads: 1, writes: 1 } }
    case 'retire':
      // The list of keys is read, changed and written back, and read again during and after that.
      return { tenant: { reads: isKeyHint(step.hint) ? 3 : 0, writes: 1 } }
    case 'delete':
      // Its places are read once more: secrets and variables of each.
      return { tenant: { writes: 1 }, github: { reads: 2 * step.places.length } }
    case 'consent':
    case 'delete-twin':
      return { tenant: { writes: 1 } }
    case 'issue':
      return { tenant: { reads: step.credential === 'key' ? 4 : 1, writes: 2 } }
    case 'verify':
      // The token is fetched and given back; a request between them asks whose token it is.
      return step.skip === undefined ? { tenant: { reads: 1, writes: 2 } } : {}
    case 'deliver':
      // The public key and the stamp before the write, the stamp after it.
      return { github: { reads: 3, writes: step.destination.idAs === 'none' ? 1 : 2 } }
    case 'write-id':
      return { github: { writes: 1 } }
    case 'grant':
    case 'revoke':
      // After the last one the ledger is read once more.
      return { tenant: step.isLast ? { reads: 1, writes: 2 } : { writes: 1 } }
    case 'remove-values':
      return { github: { writes: step.parts.length } }
    default:
      return unreachable(step)
  }
}
