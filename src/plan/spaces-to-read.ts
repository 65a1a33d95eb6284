import { ActionError } from '../base/errors.ts'
import { grantedSpaces } from '../ledger/granted-spaces.ts'
import type { ObservedClient } from '../model/client.ts'
import {
  type Assignment,
  type Membership,
  type ObservedBot,
  type ObservedSpaces,
  refLabel,
  sameRoles,
} from '../model/space.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { findSpace, spaceDetails } from './find-space.ts'

/**
 * The next questions to the tenant. `members` and `details`: ids of spaces, each with a name for messages; `bots`: ids of clients; `all`:
 * the list of spaces.
 */
export type SpaceQuestions = {
  all: boolean
  details: Map<string, string>
  members: Map<string, string>
  bots: Set<string>
}

/** Spaces that can be read before anything else is known, because the spec names their ids. */
export function spacesNamedById(specs: ClientSpec[]): Map<string, string> {
  const memberships = specs.flatMap((spec) => (isAsked(spec) && spec.state === 'present' ? (spec.spaces ?? []) : []))
  return new Map(memberships.flatMap(({ space: { id, name } }) => (name === undefined ? [[id!, id!]] : [])))
}

/** A client that is refused anyway needs no questions. */
function isAsked({ refusal }: ClientSpec): boolean {
  return refusal === undefined
}

/**
 * The questions about the spaces of these clients that are still open. The caller asks all of them together, and calls again until none is
 * left. Each space is read once: clients that share spaces share the answers.
 */
export function spacesToRead(
  clients: { spec: ClientSpec; client: ObservedClient | undefined }[],
  seen: ObservedSpaces,
): SpaceQuestions {
  const questions: SpaceQuestions = { all: false, details: new Map(), members: new Map(), bots: new Set() }
  for (const { spec, client } of clients) if (isAsked(spec)) ask(spec, client, seen, questions)
  const isNew = (known: ReadonlyMap<string, unknown>) => (id: string) => !known.has(id)
  return {
    all: questions.all && seen.all === undefined,
    details: filtered(questions.details, isNew(seen.details)),
    members: filtered(questions.members, isNew(seen.members)),
    bots: new Set([...questions.bots].filter(isNew(seen.bots))),
  }
}

function filtered<V>(map: Map<string, V>, keeps: (key: string) => boolean): Map<string, V> {
  return new Map([...map].filter(([key]) => keeps(key)))
}

function ask(
  spec: ClientSpec,
  client: ObservedClient | undefined,
  seen: ObservedSpaces,
  questions: SpaceQuestions,
): void {
  const named = spec.state === 'absent' ? [] : spec.spaces
  if (named === undefined) return
  const bot = knownBot(client, seen)
  if (client !== undefined && named.length > 0 && bot === undefined) questions.bots.add(client.id)
  const ids = named.flatMap((membership) => askMembership(membership, { client, bot, seen, questions }) ?? [])
  if (client !== undefined) askGranted(client, { ids, bot, seen, questions })
}

/** Granted spaces may have to be revoked: asks for their members, for the client's user, and for the name of each space to revoke. */
function askGranted(
  client: ObservedClient,
  { ids, bot, seen, questions }: Pick<Asking, 'bot' | 'seen' | 'questions'> & { ids: string[] },
): void {
  const granted = grantedSpaces(client.description.ledger)
  if (granted.length > 0 && bot === undefined) questions.bots.add(client.id)
  for (const id of granted.filter((it) => !ids.includes(it))) {
    questions.members.set(id, id)
    const members = seen.members.get(id)
    if (Array.isArray(members) && assignmentOf(members, bot) !== undefined) askDetails(id, id, { seen, questions })
  }
}

function askDetails(id: string, label: string, { seen, questions }: Pick<Asking, 'seen' | 'questions'>): void {
  if (spaceDetails(id, seen) === undefined) questions.details.set(id, label)
}

type Asking = {
  client: ObservedClient | undefined
  bot: string | undefined
  seen: ObservedSpaces
  questions: SpaceQuestions
}

/** Returns the id of the space, if it is known. */
function askMembership({ space, roles }: Membership, { client, bot, seen, questions }: Asking): string | undefined {
  const found = findSpace(space, client?.description.ledger, seen)
  if (found.kind === 'ask') questions.all = true
  if (found.kind !== 'found') return undefined
  const { id } = found
  const label = refLabel(space)
  // Also for a client that does not exist yet: the answer shows whether we may manage the space.
  questions.members.set(id, label)
  const members = seen.members.get(id)
  const isBotKnown = client === undefined || bot !== undefined || seen.bots.has(client.id)
  if (!isBotKnown || members === undefined || members instanceof ActionError) return id
  const has = members === 'gone' ? undefined : assignmentOf(members, bot)
  if (has !== undefined && sameRoles(has.roles, roles)) return id
  // The roles that a space offers, and whether it still exists, matter only if something changes there.
  askDetails(id, label, { seen, questions })
  // Somebody may have deleted or disabled the bot that the ledger remembers.
  if (client !== undefined) questions.bots.add(client.id)
  return id
}

export function assignmentOf(members: Assignment[], bot: string | undefined): Assignment | undefined {
  return bot === undefined ? undefined : members.find(({ assigneeId }) => assigneeId === bot)
}

/** The client's user: from the tenant if that was asked, else from the ledger. */
export function knownBot(client: ObservedClient | undefined, seen: ObservedSpaces): string | undefined {
  const shown = client && seen.bots.get(client.id)
  if (isBot(shown)) return shown.id
  return shown === 'none' ? undefined : client?.description.ledger?.bot
}

export function isBot(shown: ObservedBot | 'none' | ActionError | undefined): shown is ObservedBot {
  return shown !== undefined && shown !== 'none' && !(shown instanceof ActionError)
}
