import type { Repository } from '../domain/destination.ts'
import { ActionError } from '../domain/errors.ts'
import { type Policy, selectedRepositories } from '../domain/spec.ts'
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
  const places = clients.flatMap(({ deliver }) => deliver)
  const named = places.flatMap(({ repository, organization }) =>
    organization === undefined ? [repository ?? full] : [],
  )
  // Who may see what is to be destroyed is nobody's concern.
  const selected = mode === 'destroy' ? [] : places.flatMap(selectedRepositories)
  const wanted = new Map([full, ...named, ...selected].map((fullName) => [fullName.toLowerCase(), fullName]))
  const ask = async ([key, fullName]: [string, string]) => {
    const [wantedOwner = '', wantedName = ''] = fullName.split('/')
    if (github !== undefined && !ids.has(key))
      ids.set(key, await idOrName(github, wantedOwner, wantedName, mode === 'destroy' || key === full))
  }
  // GitHub bears a hundred requests at a time, of everybody with this token.
  const open = [...wanted]
  while (open.length > 0) await Promise.all(open.splice(0, 20).map(ask))
  const idOf = (fullName: string) => ids.get(fullName.toLowerCase()) ?? fullName.toLowerCase()
  return { here: { owner, name, id: idOf(full) }, idOf }
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
