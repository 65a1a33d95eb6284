import { type ActionError, toActionError } from '../../base/errors.ts'
import type { RunningRepository } from '../../model/destination.ts'
import { isForAbsence, type Mode, type Repositories, type WrittenClient } from '../../spec/client-spec.ts'
import { selectedRepositories } from '../../spec/destination-schema.ts'
import { type Api, isUnseen } from './api.ts'
import { repositoryId } from './read.ts'

/** The running repository, the clients that name others, and whether they are deleted. */
type AboutRepositories = {
  repository: RunningRepository
  clients: WrittenClient[]
  others: WrittenClient[]
  policy: { mode: Mode }
}

/**
 * The ids of the repositories that a run names, each read once. The runner knows the id of its own repository. If a repository
 * does not exist, or can't be read, its name takes the place of the id: the later read of its secrets tells more, and affects
 * only one client.
 */
export async function repositoriesOf(
  { repository: { owner, name, id }, clients, others, policy: { mode } }: AboutRepositories,
  api: Api | undefined,
): Promise<Repositories> {
  const full = `${owner}/${name}`
  const ids = new Map<string, string>(id === undefined ? [] : [[full.toLowerCase(), id]])
  const refusals = new Map<string, ActionError>()
  const isToGo = ({ state }: WrittenClient) => isForAbsence(mode) || state === 'absent'
  // Before a deletion it matters which other clients the file serves.
  const spoken = [...clients, ...(clients.some(isToGo) ? others : [])].flatMap((client) =>
    repositoriesNamedIn(client, full),
  )
  const unknown = new Map([full, ...spoken].map((fullName) => [fullName.toLowerCase(), fullName]))
  await Promise.all(
    [...unknown].map(async ([key, fullName]) => {
      if (api === undefined || ids.has(key)) return
      const found = await idOrName(api, fullName).catch(toActionError)
      if (typeof found === 'string') ids.set(key, found)
      else refusals.set(key, found)
    }),
  )
  const refusal = refusals.get(full.toLowerCase())
  // The identity of the running repository decides which clients are ours.
  if (refusal !== undefined) throw refusal
  const idOf = (fullName: string) => ids.get(fullName.toLowerCase()) ?? fullName.toLowerCase()
  return {
    here: { owner, name, id: idOf(full) },
    idOf,
    refusalOf: (client) => {
      const own = repositoriesNamedIn(client, full).flatMap((fullName) => refusals.get(fullName.toLowerCase()) ?? [])
      // While one of their repositories is unknown, the values of other clients can't be told apart from the values to delete.
      return own[0] ?? (isToGo(client) ? [...refusals.values()][0] : undefined)
    },
  }
}

/** Repositories that receive a client, or that may see a secret delivered to their organization. */
function repositoriesNamedIn({ deliver }: WrittenClient, here: string): string[] {
  return deliver.flatMap((delivery) => [
    ...(delivery.organization === undefined ? [delivery.repository ?? here] : []),
    ...selectedRepositories(delivery),
  ])
}

async function idOrName(api: Api, fullName: string): Promise<string> {
  const [owner = '', name = ''] = fullName.split('/')
  try {
    return await repositoryId(api, owner, name)
  } catch (thrown) {
    if (!isUnseen(thrown)) throw thrown
    return fullName.toLowerCase()
  }
}
