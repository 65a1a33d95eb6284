import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { classified, isDefect, TransportError } from './network-trouble.ts'
import { type NamedProxy, type Proxies, proxyFor, proxyLabel } from './proxies.ts'
import { connecting, type Shared, tunnelled } from './tunnel.ts'

export type WireRequest = { method: string; url: string; headers: Record<string, string>; body?: string | undefined }
export type WireResponse = { status: number; headers: Record<string, string>; body: string }

/** Sends one request and nothing more: no redirects, no repetition. Throws TransportError. */
export type Transport = (request: WireRequest, signal: AbortSignal) => Promise<WireResponse>

// A page of a hundred clients with full descriptions is under a megabyte.
const longestBody = 16 * 1024 * 1024

// Servers usually keep idle connections open for longer than this. A request on a connection that the server has closed is lost.
const idle = 4000
const patience = 15_000

/**
 * Node's own client: it loads in a fraction of the time that other clients take. https uses the proxy that is configured for it.
 * `connectWithin`: milliseconds that a connection may take.
 */
export function createTransport(
  proxies: Proxies,
  { connectWithin = patience } = {},
): { transport: Transport; close: () => Promise<void> } {
  const shared: Shared = { connectWithin, answered: new Set(), pending: new Set() }
  const agents = new Map<string, Promise<Client>>()
  return {
    transport: (wire, signal) => {
      const { protocol } = new URL(wire.url)
      const proxy = proxyFor(wire.url, proxies)
      const way = proxy === undefined ? protocol : 'proxied'
      const client = agents.get(way) ?? clientFor(protocol, proxy, shared)
      agents.set(way, client)
      return send(wire, signal, { client, proxy, shared })
    },
    close: async () => {
      for (const asking of shared.pending) asking.destroy()
      for (const { agent } of await Promise.all(agents.values())) agent.destroy()
    },
  }
}

type Client = { agent: HttpAgent | HttpsAgent; request: typeof import('node:http').request }

async function clientFor(protocol: string, proxy: NamedProxy | undefined, shared: Shared): Promise<Client> {
  const { Agent, request } = await (protocol === 'https:' ? import('node:https') : import('node:http'))
  const agent = new Agent({ keepAlive: true, timeout: idle, ...connecting }) as HttpAgent | HttpsAgent
  if (proxy !== undefined) await tunnelled(agent, proxy, shared)
  return { agent, request }
}

type Way = { client: Promise<Client>; proxy: NamedProxy | undefined; shared: Shared }

async function send(wire: WireRequest, signal: AbortSignal, way: Way): Promise<WireResponse> {
  const { answered } = way.shared
  const { hostname } = new URL(wire.url)
  try {
    const answer = await exchange(wire, signal, way)
    answered.add(hostname)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer) {
      size += chunk.length
      if (size > longestBody) throw new TransportError('oversized', `the answer is longer than ${longestBody} bytes`)
      chunks.push(chunk)
    }
    const body = Buffer.concat(chunks).toString('utf8')
    return { status: answer.statusCode ?? 0, headers: flat(answer.headers), body }
  } catch (thrown) {
    throw isDefect(thrown) ? thrown : classified(thrown, signal, answered.has(hostname))
  }
}

async function exchange(
  { method, url, headers, body }: WireRequest,
  signal: AbortSignal,
  { client, proxy, shared }: Way,
): Promise<IncomingMessage> {
  const { agent, request } = await client
  const outgoing = request(url, { method, signal, agent, timeout: shared.connectWithin })
  // Not among the options: NODE_DEBUG would show those.
  outgoing.setHeaders(new Map(Object.entries(headers)))
  outgoing.end(body)
  return answerOf(outgoing, signal, proxy && proxyLabel(proxy))
}

/** Throws TransportError `refused` if there is no connection in time: then nothing was sent. */
function answerOf(outgoing: ClientRequest, signal: AbortSignal, proxy: string | undefined): Promise<IncomingMessage> {
  outgoing.on('timeout', () => {
    const socket = outgoing.socket as Socket | undefined
    if (socket === undefined || socket.connecting || socket.secureConnecting)
      outgoing.destroy(new TransportError('refused', `${proxy === undefined ? '' : `${proxy}: `}no connection in time`))
  })
  return new Promise((resolve, reject) => {
    const broken = (why: string) => reject(new TransportError('lost', why))
    // Until the proxy has connected us, the request has no socket, and so no timeout of its own.
    const giveUp = () => {
      if (proxy !== undefined && outgoing.socket == null) reject(new TransportError('refused', `${proxy} was silent`))
    }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    outgoing.on('response', resolve).on('error', reject)
    // Without this listener, another end of the connection would go unnoticed.
    outgoing.on('upgrade', (_answer, socket) => {
      socket.destroy()
      broken('the server switched to another protocol')
    })
    outgoing.on('close', () => broken('the connection was closed'))
  })
}

/** `secureConnecting`: TLS is not agreed on yet. */
type Socket = { connecting: boolean; secureConnecting?: boolean | undefined }

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
