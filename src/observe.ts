import type { Destination } from './domain/destination.ts'
import { ActionError, toActionError } from './domain/errors.ts'
import type { Policy } from './domain/spec.ts'
import type { Observed } from './domain/steps.ts'
import type { Clock, Readers } from './ports.ts'

/** One reading of both services, in elapsed milliseconds asked for at `readAt` and there at `answeredAt`. */
export type Reading = Observed & { readAt: number; answeredAt: number }

/**
 * Asks for the tenant's clients and the destinations' metadata together. Where both fail, the one error tells of both.
 * What is to be destroyed may be gone already: a missing place is an empty one then.
 */
export async function observe(
  destinations: Destination[],
  readers: Readers,
  clock: Clock,
  mode: Policy['mode'],
): Promise<Reading> {
  const readAt = clock.elapsed()
  const [tenant, places] = await Promise.allSettled([
    readers.tenant.clients(),
    readers.destinations.read(destinations, mode === 'destroy' ? 'empty' : 'refused'),
  ])
  if (tenant.status === 'rejected' && places.status === 'rejected')
    throw both(toActionError(tenant.reason), toActionError(places.reason))
  if (tenant.status === 'rejected') throw tenant.reason
  if (places.status === 'rejected') throw places.reason
  return {
    clients: tenant.value.value,
    now: tenant.value.at,
    destinations: places.value,
    readAt,
    answeredAt: clock.elapsed(),
  }
}

function both(first: ActionError, second: ActionError): ActionError {
  const hint = `${first.hint} ${second.code}: ${second.hint}`
  return new ActionError(first.code, `${first.message}; and ${second.code}: ${second.message}`, hint, {
    cause: first,
    trace: first.trace,
    status: first.status,
  })
}
