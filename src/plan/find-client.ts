import { isoTime } from '../base/duration.ts'
import { ActionError, hiddenError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { foreignAmong } from '../ledger/classify-secrets.ts'
import { lease, lostAfter } from '../ledger/lease.ts'
import { isOwner } from '../ledger/ownership.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ClientSpec, ManagingRepository } from '../spec/client-spec.ts'

/** The client that a spec means. `twins`: younger clients that runs created just before they died; this run deletes them. */
export type FoundClient =
  | { kind: 'none' }
  | { kind: 'found'; client: ObservedClient; by: 'pin' | 'ledger' | 'name'; twins: ObservedClient[] }

/**
 * Finds the client of a spec among all of the tenant: by its pin, else by the ledger that names this repository and this spec, else by its
 * name. Throws `CLIENT_MISSING`, `CLIENT_AMBIGUOUS`, `CLIENT_OWNED_ELSEWHERE`, `CLIENT_IMMUTABLE`, `LEDGER_NEWER`, or `TENANT_FORBIDDEN`
 * if the tenant hides from us the fields that only administrators see.
 */
export function findClient(
  spec: ClientSpec,
  clients: ObservedClient[],
  actor: ManagingRepository,
  now: number,
): FoundClient {
  const identity =
    spec.clientId !== undefined ? pinned(spec, clients, spec.clientId) : byLedgerOrName(spec, clients, actor, now)
  if (identity.kind === 'found') refuseUnfit(identity.client)
  return identity
}

function pinned(spec: ClientSpec, clients: ObservedClient[], clientId: string): FoundClient {
  const client = clients.find(({ id }) => id === clientId)
  if (client !== undefined) return { kind: 'found', client, by: 'pin', twins: [] }
  throw new ActionError(
    'CLIENT_MISSING',
    `the tenant has no client ${plain(clientId)}, which client-id pins for ${plain(spec.name)}`,
    'It may have been deleted, or the id belongs to another tenant. Correct client-id, or leave it out: then the client is found by name, or created.',
  )
}

function byLedgerOrName(spec: ClientSpec, all: ObservedClient[], actor: ManagingRepository, now: number): FoundClient {
  const clients = all.filter(({ id }) => !spec.pinnedByOthers?.has(id))
  const ours = clients.filter((client) => isOwner(client.description.ledger, spec, actor))
  if (ours.length > 0) return oursOf(spec, ours, now)
  const named = clients.filter(({ name }) => name === spec.name)
  if (named.length > 1) throw ambiguous(spec, named)
  const [client] = named
  if (client === undefined) return { kind: 'none' }
  const owner = client.description.ledger?.owner
  if (owner !== undefined) throw ownedElsewhere(client, actor)
  return { kind: 'found', client, by: 'name', twins: [] }
}

/**
 * Of several twins takes the one with a commit, else the oldest. The others count as twins only if their runs died after the announcement.
 */
function oursOf(spec: ClientSpec, ours: ObservedClient[], now: number): FoundClient {
  const [first, ...rest] = [...ours].sort(settledFirst) as [ObservedClient, ...ObservedClient[]]
  const abandoned = rest.every((client) => isAbandoned(client, spec, now) && isYounger(client, first))
  if (rest.length > 0 && !abandoned) {
    // A run that may still be alive deletes its own twin; until then the older client is ours.
    const dying = rest.every((client) => isMereAnnouncement(client) && isYounger(client, first))
    if (!dying) throw ambiguous(spec, ours)
  }
  return { kind: 'found', client: first, by: 'ledger', twins: abandoned ? rest : [] }
}

function settledFirst(a: ObservedClient, b: ObservedClient): number {
  const settled = Number(isMereAnnouncement(a)) - Number(isMereAnnouncement(b))
  return settled !== 0 ? settled : isYounger(a, b) ? 1 : -1
}

/** Which of two creations came later; of two at the same instant the one with the greater id. */
export function isYounger(client: ObservedClient, than: ObservedClient): boolean {
  const difference = (client.createdAt ?? 0) - (than.createdAt ?? 0)
  return difference !== 0 ? difference > 0 : client.id > than.id
}

function isMereAnnouncement({ description: { ledger } }: ObservedClient): boolean {
  return ledger?.announced !== undefined && ledger.current === undefined && ledger.owner.origin === 'made'
}

/**
 * Is this a younger twin whose run is over? It will be deleted, so it must look exactly as a creation leaves it, and nobody may use it.
 */
function isAbandoned(client: ObservedClient, spec: ClientSpec, now: number): boolean {
  const { ledger } = client.description
  if (ledger?.announced === undefined || !isMereAnnouncement(client)) return false
  const { announced, destinations, retiring, suspects } = ledger
  const isFirst = [destinations, retiring, suspects].every((part) => Object.keys(part).length === 0)
  const isOfThen = client.createdAt === undefined || Math.abs(client.createdAt - announced.at) <= lease
  const isWhole = client.name === spec.name && client.secrets.length <= 1
  const isUsed = foreignAmong(client.secrets, { ledger, observed: new Map(), now }).length > 0
  return isFirst && isOfThen && isWhole && !isUsed && now - announced.at > lostAfter
}

function refuseUnfit(client: ObservedClient): void {
  if (client.description.note === 'newer') {
    throw new ActionError(
      'LEDGER_NEWER',
      `the ledger of ${clientLabel(client)} was written by a later version of this action`,
      'Use that version here too. This version would forget which secrets were issued.',
    )
  }
  if (client.appType !== 'web') {
    throw new ActionError(
      'CLIENT_IMMUTABLE',
      `${clientLabel(client)} is a client of type ${plain(client.appType)}, and Qlik does not let the type change`,
      'Machine-to-machine clients are of type web. Choose another name, or delete that client if it is not needed.',
    )
  }
  if (!client.shownToAdmin) throw hiddenError(clientLabel(client))
}

function ambiguous(spec: ClientSpec, clients: ObservedClient[]): ActionError {
  const list = clients.map((client) => {
    const owner = client.description.ledger?.owner
    const by =
      owner === undefined
        ? client.owner === undefined
          ? ''
          : `, owner ${plain(client.owner)}`
        : `, managed by ${plain(owner.name)} as ${plain(owner.client)}`
    return `${client.id} (created ${client.createdAt === undefined ? 'at an unknown time' : isoTime(client.createdAt)}${by})`
  })
  return new ActionError(
    'CLIENT_AMBIGUOUS',
    `${clients.length} clients could be ${plain(spec.name)}: ${list.join('; ')}`,
    'Pin the right one with client-id, or rename or delete the others.',
  )
}

/** The refusal to touch a client that is not ours. `adopted`: we manage it, but it existed before. */
export function ownedElsewhere(
  client: ObservedClient,
  { repository }: ManagingRepository,
  adopted = false,
): ActionError {
  const owner = client.description.ledger?.owner
  const isNamesake =
    owner !== undefined &&
    owner.repository !== repository.id &&
    owner.name.toLowerCase() === `${repository.owner}/${repository.name}`.toLowerCase()
  const since = isNamesake
    ? `. This repository has the id ${plain(repository.id)}: the other one was deleted and created again, or gave up its name`
    : ''
  const who = adopted
    ? 'existed before this action adopted it'
    : owner === undefined
      ? 'was not made by this action'
      : `is managed by ${plain(owner.name)} (repository ${plain(owner.repository)}) as ${plain(owner.client)}${since}`
  return new ActionError(
    'CLIENT_OWNED_ELSEWHERE',
    `${clientLabel(client)} ${who}`,
    `Leave it alone, or choose another name. If you may change or delete it anyway, pin it with client-id: ${plain(client.id)}.`,
  )
}

/** A client's name and id, by which people find it on the tenant. */
export function clientLabel({ name, id }: { name: string; id: string }): string {
  return `${plain(name, 80)} (${plain(id, 64)})`
}
