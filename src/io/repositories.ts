import type { Repository } from '../domain/destination.ts'
import { ActionError } from '../domain/errors.ts'
import type { Policy } from '../domain/spec.ts'
import type { GitHub } from './github.ts'
import type { Inputs } from './inputs.ts'

/**
 * The ids of the repositories that a run speaks of, each asked for once. The running one's is known to the runner; where it is
 * not, and nobody can be asked, its name has to do.
 */
export async function repositoriesOf(
  { owner, name, id }: Inputs['repository'],
  clients: Inputs['clients'],
  github: GitHub | undefined,
  mode: Policy['mode'],
): Promise<{ here: Repository; idOf: (fullName: string) => string }> {
  const full = `${owner}/${name}`.toLowerCase()
  const ids = new Map<string, string>(id === undefined ? [] : [[full, id]])
  const named = clients.flatMap(({ deliver }) => deliver.map(({ repository }) => repository ?? full))
  for (const fullName of new Set([full, ...named])) {
    const key = fullName.toLowerCase()
    const [wantedOwner = '', wantedName = ''] = fullName.split('/')
    if (!ids.has(key))
      ids.set(
        key,
        github === undefined
          ? key
          : await idOrName(github, wantedOwner, wantedName, mode === 'destroy' || key === full),
      )
  }
  return { here: { owner, name, id: ids.get(full)! }, idOf: (fullName) => ids.get(fullName.toLowerCase())! }
}

/** Where it need not be there, for it is to be destroyed or is the running one, of which reading its secrets tells more. */
async function idOrName(github: GitHub, owner: string, name: string, mayBeMissing: boolean): Promise<string> {
  try {
    return await github.repositoryId(owner, name)
  } catch (thrown) {
    const isMissing = thrown instanceof ActionError && thrown.code === 'DESTINATION_MISSING'
    if (!mayBeMissing || !isMissing) throw thrown
    return `${owner}/${name}`.toLowerCase()
  }
}
