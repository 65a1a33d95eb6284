import type { ServiceName } from '../../base/rate-budget.ts'
import { plain } from '../../base/text.ts'
import type { Answer } from './responses.ts'

/**
 * Is a refusal the service's own? Qlik refuses with a list of errors, its token endpoints also in OAuth's form, GitHub with a
 * message. A gateway or proxy in between answers with pages of its own: they say nothing of what was asked for.
 */
export function isOwnWord(service: ServiceName, { url }: { url: string }, { data }: Answer): boolean {
  if (data === null || typeof data !== 'object') return false
  const { errors, error, message } = data as Record<string, unknown>
  if (service === 'github') return typeof message === 'string'
  return Array.isArray(errors) || (typeof error === 'string' && new URL(url).pathname.startsWith('/oauth/'))
}

/** What the service itself says of an error, in any of its forms: Qlik's `errors`, RFC 6749's `error`, GitHub's `message`. */
export function saidBy({ data }: Answer): string | undefined {
  if (data === null || typeof data !== 'object') return undefined
  const { errors, error, error_description, message } = data as Record<string, unknown>
  const first = Array.isArray(errors) ? (errors[0] as Record<string, unknown> | undefined) : undefined
  const qlik =
    typeof first?.title === 'string' || typeof first?.code === 'string'
      ? [first.code, first.title, first.detail]
      : undefined
  const parts = (qlik ?? [error, error_description, message]).filter((part) => typeof part === 'string' && part !== '')
  return parts.length === 0 ? undefined : plain(parts.map((part) => withoutOpaque(part as string)).join(' · '), 300)
}

// Of such a word so much is shown. What is masked is hidden already; this is for what a service shortens or takes apart.
const showsOfOpaque = 8

/** A service may repeat a part of what it was sent: long words, and those of letters and digits, are shortened. */
function withoutOpaque(text: string): string {
  return text.replace(/[\w+/=-]{12,}/g, (word) =>
    word.length >= 24 || (/\d/.test(word) && /[a-z]/i.test(word)) ? `${word.slice(0, showsOfOpaque)}…` : word,
  )
}

export function traceOf({ data, headers }: Answer): string | undefined {
  const traceId = (data as { traceId?: unknown } | null | undefined)?.traceId
  if (typeof traceId === 'string') return `traceId ${plain(traceId, 80)}`
  const id = headers['x-github-request-id']
  return id === undefined ? undefined : `GitHub request id ${plain(id, 80)}`
}
