import { type ActionError, toActionError } from '../../base/errors.ts'
import type { Repository } from '../../model/destination.ts'
import { isForAbsence, type Mode, type WrittenClient } from '../../spec/client-spec.ts'
import { selectedRepositories } from '../../spec/destination-schema.ts'
import type { RunningRepository } from '../inputs/environment.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { type Api, isUnseen } from './api.ts'
import { repositoryId } from './read.ts'

type Asked = Pick<Inputs, 'clients' | 'others'> & { api: Api | undefined; mode: Mode }

/** `refusalOf`: why a repository that a client speaks of can't be found out about; of the others nothing is known to be wrong. */
export type Repositories = {
  here: Repository
  idOf: (fullName: string) => string
  refusalOf: (client: WrittenClient) => ActionError | undefined
}

/**
 * The ids of the repositories that a run speaks of, each asked for once. The running one's is known to the runner. Where there is
 * no such repository, or nobody can be asked, its name has to do: reading its secrets tells more, and to one client alone.
 */
export async function repositoriesOf(
  { owner, name, id }: RunningRepository,
  { clients, others, api, mode }: Asked,
): Promise<Repositories> {
  const full = `${owner}/${name}`
  const ids = new Map<string, string>(id === undefined ? [] : [[full.toLowerCase(), id]])
  const refusals = new Map<string, ActionError>()
  const isToGo = ({ state }: WrittenClient) => isForAbsence(mode) || state === 'absent'
  // Where something is deleted it matters whom the file serves besides.
  const spoken = [...clients, ...(clients.some(isToGo) ? others : [])].flatMap((client) => spokenOf(client, full))
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
  // Who acts decides for all clients which of them are ours.
  if (refusal !== undefined) throw refusal
  const idOf = (fullName: string) => ids.get(fullName.toLowerCase()) ?? fullName.toLowerCase()
  return {
    here: { owner, name, id: idOf(full) },
    idOf,
    refusalOf: (client) => {
      const own = spokenOf(client, full).flatMap((fullName) => refusals.get(fullName.toLowerCase()) ?? [])
      // What others are served with can't be told from what is to go, while one of their repositories is not known.
      return own[0] ?? (isToGo(client) ? [...refusals.values()][0] : undefined)
    },
  }
}

/** Repositories that a client is delivered to, or that are to see what is delivered to their organization. */
function spokenOf({ deliver }: WrittenClient, here: string): string[] {
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
