import { toActionError } from '../base/errors.ts'
import type { ObservedClient } from '../model/client.ts'
import type { Repository } from '../model/destination.ts'
import { noSpacesSeen, type ObservedSpaces } from '../model/space.ts'
import { clientOf } from '../plan/client-order.ts'
import { type SpaceQuestions, spacesNamedById, spacesToRead } from '../plan/spaces-to-read.ts'
import type { SpaceReader, Timed } from '../ports.ts'
import type { ClientSpec } from '../spec/client-spec.ts'

/** The clients to read spaces for, and the repository that keeps them. */
export type WhoseSpaces = { specs: ClientSpec[]; here: Repository }

/**
 * Reads the spaces of these clients: spaces that are named by ids together with the list of clients, the others after the list, because
 * they need the ledgers. Reads the members of each space once, however many clients share it. A refusal is kept as an error: it concerns
 * only the clients that need the answer.
 */
export async function observeSpaces(
  { specs, here }: WhoseSpaces,
  tenant: Promise<Timed<ObservedClient[]>>,
  reader: SpaceReader,
): Promise<ObservedSpaces> {
  const seen = noSpacesSeen()
  const early = answered(
    { all: false, details: new Map(), members: spacesNamedById(specs), bots: new Set() },
    { seen, reader },
  )
  const [{ value: clients, at: now }] = await Promise.all([tenant, early])
  const known = specs.map((spec) => ({ spec, client: clientOf(spec, { clients, now }, { repository: here }) }))
  // For a single client only its own membership is read: a space with thousands of members costs one page.
  const [only] = known.length === 1 ? known : []
  const assigneeId = only?.client?.description.ledger?.bot
  for (;;) {
    const questions = spacesToRead(known, seen)
    const { all, details, members, bots } = questions
    if (!all && details.size + members.size + bots.size === 0) return seen
    await answered(questions, { seen, reader, assigneeId })
  }
}

type Answering = { seen: ObservedSpaces; reader: SpaceReader; assigneeId?: string | undefined }

async function answered(questions: SpaceQuestions, { seen, reader, assigneeId }: Answering): Promise<void> {
  const all = async () => {
    seen.all = await reader.spaces().catch(toActionError)
  }
  await Promise.all([
    ...(questions.all ? [all()] : []),
    ...[...questions.members].map(async ([id, label]) => {
      seen.members.set(id, await orError(reader.members(id, label, assigneeId), 'gone'))
    }),
    ...[...questions.details].map(async ([id, label]) => {
      seen.details.set(id, await orError(reader.space(id, label), 'gone'))
    }),
    ...[...questions.bots].map(async (clientId) => {
      seen.bots.set(clientId, await orError(reader.bot(clientId), 'none'))
    }),
  ])
}

async function orError<T, N>(answer: Promise<T | undefined>, none: N) {
  try {
    return (await answer) ?? none
  } catch (thrown) {
    return toActionError(thrown)
  }
}
