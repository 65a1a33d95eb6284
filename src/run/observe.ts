import { ActionError, toActionError } from '../base/errors.ts'
import type { Destination } from '../model/destination.ts'
import type { Clock, Readers, Reading } from '../ports.ts'

/** Asks for the tenant's clients and the destinations' metadata together. Where both fail, the one error tells of both. */
export async function observe(destinations: Destination[], readers: Readers, clock: Clock): Promise<Reading> {
  const readAt = clock.elapsed()
  const [tenant, places] = await Promise.allSettled([readers.tenant.clients(), readers.destinations.read(destinations)])
  if (tenant.status === 'rejected') throw both(toActionError(tenant.reason), failureOf(places))
  if (places.status === 'rejected') throw places.reason
  const { value: clients, at: now, passedOver } = tenant.value
  return { clients, passedOver, now, ...places.value, readAt, answeredAt: clock.elapsed() }
}

function failureOf(
  places: PromiseSettledResult<Awaited<ReturnType<Readers['destinations']['read']>>>,
): ActionError | undefined {
  return places.status === 'rejected' ? toActionError(places.reason) : places.value.unread.values().next().value
}

function both(first: ActionError, second: ActionError | undefined): ActionError {
  if (second === undefined) return first
  const hint = `${first.hint} ${second.code}: ${second.hint}`
  return new ActionError(first.code, `${first.message}; and ${second.code}: ${second.message}`, hint, {
    cause: first,
    trace: first.trace,
    status: first.status,
  })
}
