import type { Call } from '../http.ts'
import { invalid } from './problem.ts'

export type Page<T> = { items: T[]; next: string | undefined; prev: string | undefined }

/** One page of sorted items. A cursor names the first item of its page. */
export function pageOf<T extends { id: string }>(all: T[], query: URLSearchParams, limits: Limits): Page<T> {
  const limit = readLimit(query.get('limit'), limits)
  const cursor = query.get('next') ?? query.get('prev')
  const from = cursor === null ? 0 : all.findIndex(({ id }) => id === cursor)
  if (from < 0) throw invalid('The page cursor is not valid')
  return {
    items: all.slice(from, from + limit),
    next: all[from + limit]?.id,
    prev: from > 0 ? all[Math.max(0, from - limit)]?.id : undefined,
  }
}

type Limits = { usual: number; pageLimit: number }

function readLimit(limit: string | null, { usual, pageLimit }: Limits): number {
  const asked = limit === null ? usual : Number(limit)
  if (!Number.isInteger(asked) || asked < 1 || asked > 100) throw invalid('limit must be from 1 to 100')
  return Math.min(asked, pageLimit)
}

/** The `links` of a page. */
export function linksOf(page: Page<unknown>, call: Call, tenantUrl: string): Record<string, { href: string }> {
  const link = (name: 'next' | 'prev', cursor: string | undefined) => {
    if (cursor === undefined) return {}
    const query = new URLSearchParams(call.query)
    query.delete('next')
    query.delete('prev')
    query.set(name, cursor)
    return { [name]: { href: `${tenantUrl}${call.pathname}?${query}` } }
  }
  const own = call.query.size === 0 ? '' : `?${call.query}`
  return {
    self: { href: `${tenantUrl}${call.pathname}${own}` },
    ...link('next', page.next),
    ...link('prev', page.prev),
  }
}
