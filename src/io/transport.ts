import type { Dispatcher } from 'undici'
// Single files of undici: evaluating the whole of it takes as long as everything else that happens before the first request.
import request from 'undici/lib/api/api-request.js'
import Agent from 'undici/lib/dispatcher/agent.js'

export type WireRequest = { method: string; url: string; headers: Record<string, string>; body?: string | undefined }
export type WireResponse = { status: number; headers: Record<string, string>; body: string }

/** Sends one request and nothing more: no redirects, no repetition. Throws TransportError. */
export type Transport = (request: WireRequest, signal: AbortSignal) => Promise<WireResponse>

export class TransportError extends Error {
  readonly kind: 'refused' | 'hopeless' | 'lost' | 'silent' | 'oversized'
  constructor(kind: TransportError['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

// A page of a hundred clients with full descriptions is under a megabyte.
const longestBody = 16 * 1024 * 1024

/** Loopback never goes through a proxy, as in GitHub's own toolkit; otherwise `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` decide. */
export function createTransport(proxies: Proxies): { transport: Transport; close: () => Promise<void> } {
  const direct = new Agent({ connect: checked })
  let proxied: Promise<Dispatcher> | undefined
  const hasProxy = proxies.http !== undefined || proxies.https !== undefined
  return {
    transport: async (wire, signal) => {
      if (!hasProxy || isLoopback(new URL(wire.url).hostname)) return send(wire, signal, direct)
      proxied ??= proxyAgent(proxies)
      return send(wire, signal, await proxied)
    },
    close: async () => {
      await Promise.all([direct.destroy(), proxied?.then((agent) => agent.destroy())])
    },
  }
}

// Said outright, or NODE_TLS_REJECT_UNAUTHORIZED could take it back.
const checked = { rejectUnauthorized: true }

/** Addresses of proxies, checked; `none`: the hosts that are reached without one, as `NO_PROXY` lists them. */
export type Proxies = { http?: string | undefined; https?: string | undefined; none?: string | undefined }

async function proxyAgent({ http, https, none }: Proxies): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici')
  const checks = { connect: checked, requestTls: checked, proxyTls: checked }
  return new EnvHttpProxyAgent({ ...checks, httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: none ?? '' })
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

async function send(
  { method, url, headers, body }: WireRequest,
  signal: AbortSignal,
  dispatcher: Dispatcher,
): Promise<WireResponse> {
  try {
    const { origin, pathname, search } = new URL(url)
    const options = { origin, path: `${pathname}${search}`, method: method as Dispatcher.HttpMethod, headers, signal }
    const response = await request.call(dispatcher, { ...options, body: body ?? null })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > longestBody) throw new TransportError('oversized', `the answer is longer than ${longestBody} bytes`)
      chunks.push(chunk)
    }
    return {
      status: response.statusCode,
      headers: flat(response.headers),
      body: Buffer.concat(chunks).toString('utf8'),
    }
  } catch (thrown) {
    // A defect of ours is not a matter of the network.
    throw thrown instanceof TypeError && reasonOf(thrown).code === '' ? thrown : classified(thrown, signal)
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}

function classified(thrown: unknown, signal: AbortSignal): TransportError {
  if (thrown instanceof TransportError) return thrown
  if (signal.aborted) return new TransportError('silent', 'no answer in time', thrown)
  const { code, syscall } = reasonOf(thrown)
  if (code === 'ENOTFOUND') return new TransportError('hopeless', 'there is no such host', thrown)
  if (/CERT|SELF_SIGNED|UNABLE_TO|PRX_TLS/.test(code))
    return new TransportError('hopeless', `its certificate is not trusted (${code})`, thrown)
  const [, refusal] = /^Proxy response \((\d{3})\)/.exec((thrown as Error | undefined)?.message ?? '') ?? []
  if (refusal !== undefined)
    return new TransportError(refusal < '500' ? 'hopeless' : 'refused', `the proxy answered ${refusal}`, thrown)
  // Most codes also come on a connection that was up: only while it is made nothing was sent for sure.
  const neverSent = syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
  if (neverSent) return new TransportError('refused', `the connection failed (${code})`, thrown)
  return new TransportError('lost', `the connection broke (${code || 'no reason given'})`, thrown)
}

type Reason = { code?: unknown; syscall?: unknown; errors?: Reason[]; cause?: Reason }

/** Node wraps failures of several addresses into one AggregateError: the first tells. */
function reasonOf(thrown: unknown): { code: string; syscall: string } {
  const error = thrown as Reason | undefined
  const reason = [error, error?.errors?.[0], error?.cause].find(
    (it) => typeof it?.code === 'string' && it.syscall !== undefined,
  )
  const { code, syscall } = reason ?? error?.errors?.[0] ?? error ?? {}
  return { code: typeof code === 'string' ? code : '', syscall: typeof syscall === 'string' ? syscall : '' }
}
