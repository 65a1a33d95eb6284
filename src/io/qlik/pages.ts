import * as z from 'zod/mini'
import type { Answer } from '../http/responses.ts'
import { ask, misread, parsed, type Session } from './session.ts'

// Made when the first list is read.
const pageSchema = z.lazy(() =>
  z.object({
    data: z.array(z.unknown()),
    links: z.nullish(z.object({ next: z.nullish(z.object({ href: z.nullish(z.string()) })) })),
  }),
)

/** No list of a tenant has so many pages of a hundred. */
const mostPages = 500

/** One page of a list, each item as it came. `more`: another one follows. */
export type Page = { items: unknown[]; at: number; more: boolean }

/**
 * The pages of a list, one after the other: the next one is asked for as the tenant says, never computed. Throws
 * `TENANT_UNEXPECTED` where they lead in a circle, elsewhere, or have no end.
 */
export async function* pages(session: Session, first: string, what: string): AsyncGenerator<Page> {
  const seen = new Set<string>()
  let path: string | undefined | null = first
  while (path !== undefined) {
    seen.add(path)
    const answer: Answer = await ask(session, { method: 'GET', path, what })
    const page: z.infer<typeof pageSchema> = parsed(pageSchema, answer, what)
    path = nextPath(page.links?.next?.href, session.tenant.origin)
    if (path === null) throw misread(answer, what, 'links to something that is no address')
    // What is on a page that was not read must not count as absent.
    if (path !== undefined && seen.has(path)) throw misread(answer, what, 'leads back to a page that was read')
    if (seen.size >= mostPages) throw misread(answer, what, `has no end: ${mostPages} pages were read`)
    yield { items: page.data, at: answer.at, more: path !== undefined }
  }
}

/**
 * The tenant may link by another of its names: we stay with the one that was given to us. Null where it is no address of a page:
 * in others (`x:@host/`) the path begins without a slash, and could change the host that it is put behind.
 */
function nextPath(href: string | null | undefined, origin: string): string | undefined | null {
  if (!href) return undefined
  const url = URL.canParse(href, origin) ? new URL(href, origin) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? `${url.pathname}${url.search}` : null
}
