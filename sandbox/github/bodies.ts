import { type Call, isRecord, parseJson } from '../http.ts'
import { GitHubProblem, unprocessable } from './problem.ts'
import type { Visibility } from './scope.ts'

export function readObject(call: Call): Record<string, unknown> {
  const parsed = parseJson(call.body)
  if (!parsed.ok) throw new GitHubProblem(400, 'Problems parsing JSON')
  if (!isRecord(parsed.value)) throw new GitHubProblem(400, 'Body should be a JSON object')
  return parsed.value
}

/** The wording of GitHub's schema checks, as seen when a field is missing. */
export function requireField(body: Record<string, unknown>, field: string): void {
  if (body[field] === undefined) throw unprocessable(`Invalid request.\n\n"${field}" wasn't supplied.`)
}

export function readString(body: Record<string, unknown>, field: string): string | undefined {
  const value = body[field]
  if (value === undefined || typeof value === 'string') return value
  throw unprocessable(`Invalid request.\n\nFor 'properties/${field}', ${JSON.stringify(value)} is not a string.`)
}

export function readVisibility(body: Record<string, unknown>): Visibility | undefined {
  const visibility = readString(body, 'visibility')
  const ids = body.selected_repository_ids
  if (visibility === undefined) return undefined
  if (!['all', 'private', 'selected'].includes(visibility)) {
    throw unprocessable(`Invalid request.\n\n${visibility} is not a member of ["all", "private", "selected"].`)
  }
  if (ids !== undefined && visibility !== 'selected') {
    throw unprocessable('selected_repository_ids is only allowed with visibility selected')
  }
  return { visibility, repositoryIds: Array.isArray(ids) ? ids.map(Number) : [] }
}

/** One page of a list and its `Link` header. */
export function paginate<T>(
  items: T[],
  call: Call,
  size: { usual: number; most: number },
  url: string,
): { page: T[]; headers: Record<string, string> } {
  const perPage = Math.min(positive(call.query.get('per_page')) ?? size.usual, size.most)
  const page = positive(call.query.get('page')) ?? 1
  const last = Math.max(1, Math.ceil(items.length / perPage))
  const link = (target: number, rel: string) => {
    const query = new URLSearchParams(call.query)
    query.set('page', String(target))
    return `<${url}?${query}>; rel="${rel}"`
  }
  const links: string[] = []
  if (page > 1) links.push(link(page - 1, 'prev'))
  if (page < last) links.push(link(page + 1, 'next'), link(last, 'last'))
  if (page > 1) links.push(link(1, 'first'))
  const headers: Record<string, string> = links.length > 0 ? { link: links.join(', ') } : {}
  return { page: items.slice((page - 1) * perPage, page * perPage), headers }
}

function positive(text: string | null): number | undefined {
  const value = Number(text ?? Number.NaN)
  return Number.isInteger(value) && value > 0 ? value : undefined
}

/** Whole seconds, as GitHub writes its times. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
