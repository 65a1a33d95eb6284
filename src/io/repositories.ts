import { selectedRepositories } from '../domain/delivery.ts'
import type { Repository } from '../domain/destination.ts'
import { ActionError } from '../domain/errors.ts'
import type { Policy } from '../domain/spec.ts'
import type { Api } from './github-api.ts'
import { repositoryId } from './github-read.ts'
import type { Inputs } from './inputs.ts'

type Asked = Pick<Inputs, 'clients' | 'others'> & { api: Api | undefined; mode: Policy['mode'] }

/**
 * The ids of the repositories that a run speaks of, each asked for once. The running one's is known to the runner. Where there is
 * no such repository, or nobody can be asked, its name has to do: reading its secrets tells more, and to one client alone.
 */
export async function repositoriesOf(
  { owner, name, id }: Inputs['repository'],
  { clients, others, api, mode }: Asked,
): Promise<{ here: Repository; idOf: (fullName: string) => string }> {
  const full = `${owner}/${name}`
  const ids = new Map<string, string>(id === undefined ? [] : [[full.toLowerCase(), id]])
  const deletes = mode === 'destroy' || clients.some(({ state }) => state === 'absent')
  // Where something is deleted it matters whom the file serves besides.
  const places = [...clients, ...(deletes ? others : [])].flatMap(({ deliver }) => deliver)
  const named = places.flatMap(({ repository, organization }) =>
    organization === undefined ? [repository ?? full] : [],
  )
  const wanted = [full, ...named, ...places.flatMap(selectedRepositories)]
  const unknown = new Map(wanted.map((fullName) => [fullName.toLowerCase(), fullName]))
  await Promise.all(
    [...unknown].map(async ([key, fullName]) => {
      if (api !== undefined && !ids.has(key)) ids.set(key, await idOrName(api, fullName))
    }),
  )
  const idOf = (fullName: string) => ids.get(fullName.toLowerCase()) ?? fullName.toLowerCase()
  return { here: { owner, name, id: idOf(full) }, idOf }
}

async function idOrName(api: Api, fullName: string): Promise<string> {
  const [owner = '', name = ''] = fullName.split('/')
  try {
    return await repositoryId(api, owner, name)
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'DESTINATION_MISSING') throw thrown
    return fullName.toLowerCase()
  }
}
