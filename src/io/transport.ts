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
export function createTransport(env: NodeJS.ProcessEnv): { transport: Transport; close: () => Promise<void> } {
  const direct = new Agent()
  const hasProxy = [env.https_proxy, env.HTTPS_PROXY, env.http_proxy, env.HTTP_PROXY].some(Boolean)
  const proxied = hasProxy ? proxyAgent() : undefined
  return {
    transport: async (wire, signal) => {
      const viaProxy = proxied !== undefined && !isLoopback(new URL(wire.url).hostname)
      return send(wire, signal, viaProxy ? await proxied : direct)
    },
    close: async () => {
      await Promise.all([direct.destroy(), proxied?.then((agent) => agent.destroy())])
    },
  }
}

async function proxyAgent(): Promise<Dispatcher> {
  const [{ default: EnvHttpProxyAgent }, { default: dispatcher }, { default: connect }] = await Promise.all([
    import('undici/lib/dispatcher/env-http-proxy-agent.js'),
    import('undici/lib/dispatcher/dispatcher.js'),
    import('undici/lib/api/api-connect.js'),
  ])
  // Tunnels are opened by a method that only undici as a whole gives to its dispatchers.
  Object.assign(dispatcher.prototype, { connect })
  return new EnvHttpProxyAgent()
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
    throw thrown instanceof TypeError && codeOf(thrown) === '' ? thrown : classified(thrown, signal)
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}

const neverSent = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ENETDOWN',
])

function classified(thrown: unknown, signal: AbortSignal): TransportError {
  if (thrown instanceof TransportError) return thrown
  if (signal.aborted) return new TransportError('silent', 'no answer in time', thrown)
  const code = codeOf(thrown)
  if (code === 'ENOTFOUND') return new TransportError('hopeless', 'there is no such host', thrown)
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return new TransportError('hopeless', `its certificate is not trusted (${code})`, thrown)
  if (neverSent.has(code)) return new TransportError('refused', `the connection failed (${code})`, thrown)
  return new TransportError('lost', `the connection broke (${code || 'no reason given'})`, thrown)
}

/** Node wraps failures of several addresses into one AggregateError: the first tells. */
function codeOf(thrown: unknown): string {
  const error = thrown as { code?: unknown; errors?: { code?: unknown }[]; cause?: { code?: unknown } } | undefined
  const code = error?.code ?? error?.errors?.[0]?.code ?? error?.cause?.code
  return typeof code === 'string' ? code : ''
}
