import type { ServiceName } from '../../base/rate-budget.ts'
import { sentence } from '../../base/text.ts'
import type { Answer } from './responses.ts'

/**
 * Did the service itself refuse? Qlik refuses with a list of errors, its token endpoints also in OAuth's form, GitHub with a
 * message. A gateway or proxy in between answers with a page of its own, which says nothing about the requested resource.
 */
export function isRefusalOfService(service: ServiceName, { url }: { url: string }, { data }: Answer): boolean {
  if (data === null || typeof data !== 'object') return false
  const { errors, error, message } = data as Record<string, unknown>
  if (service === 'github') return typeof message === 'string'
  return Array.isArray(errors) || (typeof error === 'string' && new URL(url).pathname.startsWith('/oauth/'))
}

/** The service's own words about an error, in any of these forms: Qlik's `errors`, RFC 6749's `error`, GitHub's `message`. */
export function serviceMessage(service: ServiceName, { data }: Answer): string | undefined {
  if (data === null || typeof data !== 'object') return undefined
  const { errors, error, error_description, message } = data as Record<string, unknown>
  const first = Array.isArray(errors) ? (errors[0] as Record<string, unknown> | undefined) : undefined
  const qlik =
    typeof first?.title === 'string' || typeof first?.code === 'string'
      ? [first.code, first.title, first.detail]
      : undefined
  const parts = (qlik ?? [error, error_description, message]).filter((part) => typeof part === 'string' && part !== '')
  return parts.length === 0
    ? undefined
    : sentence(parts.map((part) => withoutOpaque(part as string, service)).join(' · '))
}

// The number of characters shown of an opaque word. Masked texts are hidden already; this covers parts of a secret that a service
// quotes.
const showsOfOpaque = 8

/**
 * A service may quote a part of the request. So long words, and words of letters and digits, are shortened. An address stays
 * whole, because people open it; but no part of a tenant's address may be long enough to be a piece of a credential.
 */
function withoutOpaque(text: string, service: ServiceName): string {
  return text.replace(/https?:\/\/[^\s"'<>]+|[\w+/=-]{12,}/gi, (word) => {
    if (/^https?:/i.test(word))
      return service === 'github' ? word : word.replace(/[\w+=]{32,}/g, (part) => (isMixed(part) ? shown(part) : part))
    return word.length >= 24 || isMixed(word) ? shown(word) : word
  })
}

function isMixed(word: string): boolean {
  return /\d/.test(word) && /[a-z]/i.test(word)
}

function shown(word: string): string {
  return `${word.slice(0, showsOfOpaque)}…`
}

/** The id that support asks for. It is printed only if it has the form of one, because a service may quote the request there. */
export function traceOf({ data, headers }: Answer): string | undefined {
  const traceId = (data as { traceId?: unknown } | null | undefined)?.traceId
  if (typeof traceId === 'string' && /^[\da-f][\da-f-]{6,38}[\da-f]$/i.test(traceId)) return `traceId ${traceId}`
  const id = headers['x-github-request-id'] ?? ''
  return /^[\dA-F][\dA-F:-]{6,78}[\dA-F]$/i.test(id) ? `GitHub request id ${id}` : undefined
}
