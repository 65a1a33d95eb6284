import type { Repository } from '../domain/destination.ts'
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
): Promise<{ here: Repository; idOf: (fullName: string) => string }> {
  const full = `${owner}/${name}`.toLowerCase()
  const ids = new Map<string, string>(id === undefined ? [] : [[full, id]])
  const named = clients.flatMap(({ deliver }) => deliver.map(({ repository }) => repository ?? full))
  for (const fullName of new Set([full, ...named])) {
    const key = fullName.toLowerCase()
    const [wantedOwner = '', wantedName = ''] = fullName.split('/')
    if (!ids.has(key)) ids.set(key, github === undefined ? key : await github.repositoryId(wantedOwner, wantedName))
  }
  return { here: { owner, name, id: ids.get(full)! }, idOf: (fullName) => ids.get(fullName.toLowerCase())! }
}
