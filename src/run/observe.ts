import { readingArrivedAt } from '../base/duration.ts'
import { type ActionError, toActionError } from '../base/errors.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Destination } from '../model/destination.ts'
import type { ObservedSpaces } from '../model/space.ts'
import type { Clock, Readers, Reading, Timed } from '../ports.ts'
import type { WhoseSpaces } from './observe-spaces.ts'

/** The clients, spaces and destinations to read. */
export type ToObserve = WhoseSpaces & { destinations: Destination[] }

/**
 * Reads the tenant's clients, the destinations' metadata and the members of spaces at once. If clients and destinations both fail, one
 * error has both messages.
 */
export async function observe(asked: ToObserve, readers: Readers, clock: Clock): Promise<Reading> {
  const readAt = clock.elapsed()
  let listedAt = readAt
  const clientList = readers.tenant.clients().finally(() => {
    listedAt = readingArrivedAt(readAt, clock.elapsed())
  })
  const wholeList = clientList.then((list) => withConsent(asked, list, readers.tenant))
  const [tenant, places, spaces] = await Promise.allSettled([
    wholeList,
    readers.destinations.read(asked.destinations),
    spacesOf(asked, clientList, readers),
  ])
  if (tenant.status === 'rejected') throw combined(toActionError(tenant.reason), failureOf(places))
  if (places.status === 'rejected') throw places.reason
  if (spaces.status === 'rejected') throw spaces.reason
  const { value: clients, at: now, passedOver } = tenant.value
  const reading = { clients, passedOver, now, ...places.value, readAt, listedAt, answeredAt: clock.elapsed() }
  return spaces.value === undefined ? reading : { ...reading, spaces: spaces.value }
}

/** Few tenants hide the consent in their list: for the others no code is loaded and no request is sent. */
async function withConsent<T extends Timed<ObservedClient[]>>(
  asked: WhoseSpaces,
  list: T,
  tenant: Readers['tenant'],
): Promise<T> {
  if (list.value.every(({ consent }) => consent !== undefined)) return list
  const { consentOfClients } = await import('./ask-consent.ts')
  return consentOfClients(asked, list, tenant)
}

/** Undefined if no client of the run has or names spaces: then no code is loaded and no request is sent for them. */
async function spacesOf(
  asked: ToObserve,
  clientList: ReturnType<Readers['tenant']['clients']>,
  readers: Readers,
): Promise<ObservedSpaces | undefined> {
  const isNamed = asked.specs.some(({ spaces }) => spaces !== undefined)
  const isLeft = () => asked.specs.some(({ state }) => state === 'absent')
  const isGranted = async () => (await clientList).value.some((it) => it.description.ledger?.spaces !== undefined)
  if (!isNamed && !(isLeft() && (await isGranted()))) return undefined
  const [reader, { observeSpaces }] = await Promise.all([readers.spaces(), import('./observe-spaces.ts')])
  return observeSpaces(asked, clientList, reader)
}

function failureOf(
  places: PromiseSettledResult<Awaited<ReturnType<Readers['destinations']['read']>>>,
): ActionError | undefined {
  return places.status === 'rejected' ? toActionError(places.reason) : places.value.unread.values().next().value
}

function combined(first: ActionError, second: ActionError | undefined): ActionError {
  if (second === undefined) return first
  const hint = `${first.hint} ${second.code}: ${second.hint}`
  return first.with({ message: `${first.message}; and ${second.code}: ${second.message}`, hint })
}
