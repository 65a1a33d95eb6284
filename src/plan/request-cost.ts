import { unreachable } from '../base/errors.ts'
import type { Load } from '../base/rate-budget.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Step } from './steps.ts'

/** Requests on each service. */
export type Need = { tenant: Load; github: Load }

/**
 * What carrying out these steps takes where nothing goes wrong: a plan is begun when the limits can serve it whole, so that they
 * don't stretch the time between announcing and committing.
 */
export function needOf(steps: Step[]): Need {
  const need: Need = { tenant: { reads: 0, writes: 0 }, github: { reads: 0, writes: 0 } }
  for (const step of steps) {
    const { tenant = {}, github = {} } = stepNeed(step)
    need.tenant.reads += tenant.reads ?? 0
    need.tenant.writes += tenant.writes ?? 0
    need.github.reads += github.reads ?? 0
    need.github.writes += github.writes ?? 0
  }
  return need
}

function stepNeed(step: Step): { tenant?: Partial<Load>; github?: Partial<Load> } {
  switch (step.kind) {
    case 'create':
      // A tenant of two hundred clients is two pages.
      return { tenant: { reads: 2, writes: 1 } }
    case 'update':
      // What was written is looked at.
      return { tenant: { reads: 2, writes: 1 } }
    case 'own':
      return { tenant: { reads: 1, writes: 1 } }
    case 'retire':
      // Keys are a list that is read, changed and written back, and looked at meanwhile and after that.
      return { tenant: { reads: isKeyHint(step.hint) ? 3 : 0, writes: 1 } }
    case 'delete':
      // Its places are looked at once more: secrets and variables of each.
      return { tenant: { writes: 1 }, github: { reads: 2 * step.places.length } }
    case 'consent':
    case 'delete-twin':
      return { tenant: { writes: 1 } }
    case 'issue':
      return { tenant: { reads: step.credential === 'key' ? 4 : 1, writes: 2 } }
    case 'verify':
      // The token is fetched and given back; whose it is, is asked between.
      return step.skip === undefined ? { tenant: { reads: 1, writes: 2 } } : {}
    case 'deliver':
      // Public key and stamp before it, the stamp after it.
      return { github: { reads: 3, writes: step.destination.idAs === 'none' ? 1 : 2 } }
    case 'commit':
      return { tenant: { reads: 2, writes: 1 } }
    case 'write-id':
      return { github: { writes: 1 } }
    case 'grant':
    case 'revoke':
      // After the last one the ledger is looked at once more.
      return { tenant: step.isLast ? { reads: 1, writes: 2 } : { writes: 1 } }
    case 'remove-values':
      return { github: { writes: step.parts.length } }
    default:
      return unreachable(step)
  }
}
