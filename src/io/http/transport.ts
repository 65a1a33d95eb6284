import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { Dispatcher } from 'undici'

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

// A server that closes an idle connection does so later than this, as a rule: what is sent on a closed one is lost.
const idle = 4000
const patience = 10_000

/**
 * Loopback never goes through a proxy, as in GitHub's own toolkit; otherwise `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` decide.
 * `connectWithin`: milliseconds that a connection may take.
 */
export function createTransport(
  proxies: Proxies,
  { connectWithin = patience } = {},
): { transport: Transport; close: () => Promise<void> } {
  const direct = createDirect(connectWithin)
  let proxied: Promise<Way> | undefined
  const hasProxy = proxies.http !== undefined || proxies.https !== undefined
  return {
    transport: async (wire, signal) => {
      if (!hasProxy || isLoopback(new URL(wire.url).hostname)) return send(wire, signal, direct)
      proxied ??= createProxied(proxies)
      return send(wire, signal, await proxied)
    },
    close: async () => {
      await Promise.all([direct.close(), proxied?.then((way) => way.close())])
    },
  }
}

// Said outright, or NODE_TLS_REJECT_UNAUTHORIZED could take it back.
const checked = { rejectUnauthorized: true }

/** The answer as it begins; its body is read by who asked. */
type Begun = { status: number; headers: Record<string, string | string[] | undefined>; body: AsyncIterable<Buffer> }
type Way = { exchange: (request: WireRequest, signal: AbortSignal) => Promise<Begun>; close: () => unknown }

/** Node's own client: it is there in a fraction of the time that any other takes. */
function createDirect(connectWithin: number): Way {
  const clients: Record<string, ReturnType<typeof clientFor>> = {}
  return {
    exchange: async ({ method, url, headers, body }, signal) => {
      const { protocol } = new URL(url)
      clients[protocol] ??= clientFor(protocol)
      const { agent, request } = await clients[protocol]
      const outgoing = request(url, { method, signal, agent, timeout: connectWithin })
      // Not among the options: NODE_DEBUG would show those.
      outgoing.setHeaders(new Map(Object.entries(headers)))
      outgoing.end(body)
      const answer = await answerOf(outgoing)
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer }
    },
    close: async () => {
      for (const { agent } of await Promise.all(Object.values(clients))) agent.destroy()
    },
  }
}

async function clientFor(protocol: string) {
  const { Agent, request } = await (protocol === 'https:' ? import('node:https') : import('node:http'))
  return { agent: new Agent({ keepAlive: true, timeout: idle, ...checked }) as HttpAgent | HttpsAgent, request }
}

/** Throws TransportError `refused` where there is no connection in time: then nothing was sent. */
function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  outgoing.on('timeout', () => {
    const socket = outgoing.socket as Socket | undefined
    if (socket === undefined || socket.connecting || socket.secureConnecting)
      outgoing.destroy(new TransportError('refused', 'no connection in time'))
  })
  return new Promise((resolve, reject) => {
    const broken = (why: string) => reject(new TransportError('lost', why))
    outgoing.on('response', resolve).on('error', reject)
    // Whatever else ends it: nobody would be told.
    outgoing.on('upgrade', (_answer, socket) => {
      socket.destroy()
      broken('the server switched to another protocol')
    })
    outgoing.on('close', () => broken('the connection was closed'))
  })
}

/** `secureConnecting`: TLS is not agreed on yet. */
type Socket = { connecting: boolean; secureConnecting?: boolean | undefined }

/** Addresses of proxies, checked; `none`: the hosts that are reached without one, as `NO_PROXY` lists them. */
export type Proxies = { http?: string | undefined; https?: string | undefined; none?: string | undefined }

async function createProxied({ http, https, none }: Proxies): Promise<Way> {
  const { EnvHttpProxyAgent, request } = await import('undici')
  const checks = { connect: checked, requestTls: checked, proxyTls: checked }
  const proxies = { httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: none ?? '' }
  const dispatcher = new EnvHttpProxyAgent({ ...checks, ...proxies })
  return {
    exchange: async ({ method, url, headers, body = null }, signal) => {
      const options = { method: method as Dispatcher.HttpMethod, headers, body, signal, dispatcher }
      const { statusCode, headers: answered, body: answer } = await request(url, options)
      return { status: statusCode, headers: answered, body: answer }
    },
    close: () => dispatcher.destroy(),
  }
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

async function send(wire: WireRequest, signal: AbortSignal, way: Way): Promise<WireResponse> {
  try {
    const { status, headers, body } = await way.exchange(wire, signal)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body) {
      size += chunk.length
      if (size > longestBody) throw new TransportError('oversized', `the answer is longer than ${longestBody} bytes`)
      chunks.push(chunk)
    }
    return { status, headers: flat(headers), body: Buffer.concat(chunks).toString('utf8') }
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
