import { type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import { paginate, readObject, requireField } from './bodies.ts'
import { GitHubProblem, notFound, unprocessable } from './problem.ts'
import type { Visibility } from './scope.ts'
import type { Target } from './target.ts'

/** The repositories that see a secret or variable of an organization: `…/{name}/repositories[/{repository_id}]`. */
export function selectedRoute(
  call: Call,
  item: { visibility: Visibility | undefined },
  rest: string[],
  target: Target,
): SandboxResponse {
  const [kind, id, more] = rest
  const { visibility } = item
  if (kind !== 'repositories' || more !== undefined || visibility === undefined || !target.repositoryOf)
    throw notFound()
  if (visibility.visibility !== 'selected') throw conflict()
  if (id === undefined && call.method === 'GET') return list(call, visibility, target)
  if (id === undefined && call.method === 'PUT') {
    visibility.repositoryIds = idsOf(readObject(call))
    return emptyResponse(204)
  }
  if (id === undefined || !/^\d+$/.test(id) || !target.repositoryOf(Number(id))) throw notFound()
  const others = visibility.repositoryIds.filter((other) => other !== Number(id))
  if (call.method !== 'PUT' && call.method !== 'DELETE') throw notFound()
  visibility.repositoryIds = call.method === 'PUT' ? [...others, Number(id)] : others
  return emptyResponse(204)
}

/** The visibility of a secret or variable, in GitHub's form, with the address of the list of selected repositories. */
export function shownVisibility(
  name: string,
  visibility: Visibility | undefined,
  { url }: Target,
): Record<string, string> {
  if (!visibility) return {}
  const own = url.endsWith(`/${name}`) ? url : `${url}/${name}`
  const list = visibility.visibility === 'selected' ? { selected_repositories_url: `${own}/repositories` } : {}
  return { visibility: visibility.visibility, ...list }
}

function list(call: Call, { repositoryIds }: Visibility, target: Target): SandboxResponse {
  const all = repositoryIds.flatMap((id) => target.repositoryOf?.(id) ?? [])
  const { page, headers } = paginate(all, call, { usual: 30, most: 100 }, target.url)
  const repositories = page.map(({ id, fullName, private: isPrivate }) => ({
    id,
    name: fullName.split('/')[1],
    full_name: fullName,
    private: isPrivate,
  }))
  return jsonResponse(200, { total_count: all.length, repositories }, headers)
}

function idsOf(body: Record<string, unknown>): number[] {
  requireField(body, 'selected_repository_ids')
  const ids = body.selected_repository_ids
  if (Array.isArray(ids) && ids.every(Number.isInteger)) return [...new Set(ids as number[])]
  throw unprocessable("Invalid request.\n\nFor 'properties/selected_repository_ids', it is not an array of integers.")
}

function conflict(): GitHubProblem {
  return new GitHubProblem(409, 'Conflict when visibility type is not set to selected')
}
