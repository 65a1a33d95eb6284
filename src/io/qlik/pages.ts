import * as z from 'zod/mini'
import type { Answer } from '../http/responses.ts'
import { askTenant, parseTenantAnswer, type Session, unexpectedTenantAnswer } from './session.ts'

// Made when the first list is read.
const pageSchema = z.lazy(() =>
  z.object({
    data: z.array(z.unknown()),
    links: z.nullish(z.object({ next: z.nullish(z.object({ href: z.nullish(z.string()) })) })),
  }),
)

/** No real list of a tenant has so many pages of a hundred. */
const mostPages = 500

/** One page of a list, each item as it came. `more`: another page follows. */
export type Page = { items: unknown[]; at: number; more: boolean }

/**
 * The pages of a list, one after the other: the address of the next page is the tenant's link, never computed. Throws
 * `TENANT_UNEXPECTED` if the links lead in a circle, to another place, or have no end.
 */
export async function* pages(session: Session, first: string, what: string): AsyncGenerator<Page> {
  const seen = new Set<string>()
  let path: string | undefined | null = first
  while (path !== undefined) {
    seen.add(path)
    const answer: Answer = await askTenant(session, { method: 'GET', path, what })
    const page: z.infer<typeof pageSchema> = parseTenantAnswer(pageSchema, answer, what)
    path = nextPath(page.links?.next?.href, session.tenant.origin)
    if (path === null)
      throw unexpectedTenantAnswer(answer, what, 'has a link to the next page that is not a valid address')
    // A client on a page that was not read must not count as absent.
    if (path !== undefined && seen.has(path))
      throw unexpectedTenantAnswer(answer, what, 'leads back to a page that was read')
    if (seen.size >= mostPages) throw unexpectedTenantAnswer(answer, what, `has no end: ${mostPages} pages were read`)
    yield { items: page.data, at: answer.at, more: path !== undefined }
  }
}

/**
 * The tenant may use another of its names in links: we keep the name that was given to us. Null if the link is not an address of
 * a page: in other addresses (`x:@host/`) the path begins without a slash, and could change the host before it.
 */
function nextPath(href: string | null | undefined, origin: string): string | undefined | null {
  if (!href) return undefined
  const url = URL.canParse(href, origin) ? new URL(href, origin) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? `${url.pathname}${url.search}` : null
}
