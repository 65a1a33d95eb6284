/** A request as the sandbox sees it: no socket needed. Header names are lower-case; `path` carries the query. */
export type SandboxRequest = { method: string; path: string; headers: Record<string, string>; body: string }

export type SandboxResponse = { status: number; headers: Record<string, string>; body: string }

/** A request taken apart once, for the routes of either service. */
export type Call = {
  method: string
  pathname: string
  /** Percent-decoded once, as a server does; a segment that does not decode is kept as it came. */
  segments: string[]
  query: URLSearchParams
  headers: Record<string, string>
  body: string
}

export function readCall(request: SandboxRequest, path: string): Call {
  const cut = path.indexOf('?')
  const pathname = cut < 0 ? path : path.slice(0, cut)
  return {
    method: request.method.toUpperCase(),
    pathname,
    segments: pathname.split('/').slice(1).map(decodeSegment),
    query: new URLSearchParams(cut < 0 ? '' : path.slice(cut + 1)),
    headers: request.headers,
    body: request.body,
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** `path` without the base path of a service, or undefined when the request is outside of it. */
export function withoutBase(path: string, serviceUrl: string): string | undefined {
  const base = new URL(serviceUrl).pathname.replace(/\/$/, '')
  if (base === '') return path
  return path.startsWith(`${base}/`) ? path.slice(base.length) : undefined
}

export function jsonResponse(status: number, body: unknown, headers: Record<string, string> = {}): SandboxResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  }
}

export function emptyResponse(status: number, headers: Record<string, string> = {}): SandboxResponse {
  return { status, headers: { ...headers }, body: '' }
}

export function bearerOf(headers: Record<string, string>): string | undefined {
  const match = /^(?:bearer|token)\s+(\S+)\s*$/i.exec(headers.authorization ?? '')
  return match?.[1]
}

export function parseJson(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
