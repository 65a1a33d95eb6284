import type { ServiceName } from '../../base/rate-budget.ts'
import { sentence } from '../../base/text.ts'
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
export function saidBy(service: ServiceName, { data }: Answer): string | undefined {
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

// Of such a word so much is shown. What is masked is hidden already; this is for what a service shortens or takes apart.
const showsOfOpaque = 8

/**
 * A service may repeat a part of what it was sent: long words, and those of letters and digits, are shortened. An address stays
 * whole, for people have to go there; in one of the tenant's, no part may be long enough for a piece of a credential.
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

/** What support asks for. It is printed only where it looks like one: a service may repeat there what it was sent. */
export function traceOf({ data, headers }: Answer): string | undefined {
  const traceId = (data as { traceId?: unknown } | null | undefined)?.traceId
  if (typeof traceId === 'string' && /^[\da-f][\da-f-]{6,38}[\da-f]$/i.test(traceId)) return `traceId ${traceId}`
  const id = headers['x-github-request-id'] ?? ''
  return /^[\dA-F][\dA-F:-]{6,78}[\dA-F]$/i.test(id) ? `GitHub request id ${id}` : undefined
}
