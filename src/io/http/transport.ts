import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { connectionSettings, type Shared } from './connection-settings.ts'
import { isDefect, TransportError, toTransportError } from './network-failures.ts'
import { type Proxies, proxyFor } from './proxies.ts'
import type { Tunnel } from './proxy-tunnel.ts'

export type WireRequest = { method: string; url: string; headers: Record<string, string>; body?: string | undefined }
export type WireResponse = { status: number; headers: Record<string, string>; body: string }

/** Sends one request and nothing more: no redirects, no repetition. Throws TransportError. */
export type Transport = (request: WireRequest, signal: AbortSignal) => Promise<WireResponse>

// A page of a hundred clients with full descriptions is under a megabyte.
const longestBody = 16 * 1024 * 1024

// Servers usually keep idle connections open for longer than this. A request on a connection that the server has closed is lost.
const idle = 4000
const connectPatience = 15_000

/**
 * Node's own client, which loads faster than any other; undici sends the https requests that have a proxy. `connectWithin`: milliseconds
 * that a connection may take.
 */
export function createTransport(
  proxies: Proxies,
  { connectWithin = connectPatience } = {},
): { transport: Transport; close: () => Promise<void> } {
  const shared: Shared = { connectWithin, answered: new Set() }
  const direct = createDirect(shared)
  let tunnel: Promise<Tunnel> | undefined
  return {
    transport: async (wire, signal) => {
      const proxy = proxyFor(wire.url, proxies)
      if (proxy === undefined) return send(wire, signal, direct, shared)
      tunnel ??= import('./proxy-tunnel.ts').then(({ createTunnel }) => createTunnel(proxy, shared))
      return send(wire, signal, await tunnel, shared)
    },
    close: async () => {
      await Promise.all([direct.close(), tunnel?.then((way) => way.close())])
    },
  }
}

async function send(wire: WireRequest, signal: AbortSignal, way: Tunnel, { answered }: Shared): Promise<WireResponse> {
  const { hostname } = new URL(wire.url)
  try {
    const { status, headers, body } = await way.exchange(wire, signal)
    answered.add(hostname)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body) {
      size += chunk.length
      if (size > longestBody) throw new TransportError('oversized', `the answer is longer than ${longestBody} bytes`)
      chunks.push(chunk)
    }
    return { status, headers: flatHeaders(headers), body: Buffer.concat(chunks).toString('utf8') }
  } catch (thrown) {
    throw isDefect(thrown) ? thrown : toTransportError(thrown, signal, answered.has(hostname))
  }
}

function createDirect({ connectWithin }: Shared): Tunnel {
  const clients = new Map<string, ReturnType<typeof clientFor>>()
  return {
    exchange: async ({ method, url, headers, body }, signal) => {
      const { protocol } = new URL(url)
      const client = clients.get(protocol) ?? clientFor(protocol)
      clients.set(protocol, client)
      const { agent, request } = await client
      const outgoing = request(url, { method, signal, agent, timeout: connectWithin })
      // Not among the options: NODE_DEBUG would show those.
      outgoing.setHeaders(new Map(Object.entries(headers)))
      outgoing.end(body)
      const answer = await answerOf(outgoing)
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer }
    },
    close: async () => {
      for (const { agent } of await Promise.all(clients.values())) agent.destroy()
    },
  }
}

async function clientFor(protocol: string) {
  const { Agent, request } = await (protocol === 'https:' ? import('node:https') : import('node:http'))
  return {
    agent: new Agent({ keepAlive: true, timeout: idle, ...connectionSettings }) as HttpAgent | HttpsAgent,
    request,
  }
}

/** Throws TransportError `refused` if there is no connection in time: then nothing was sent. */
function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  outgoing.on('timeout', () => {
    const socket = outgoing.socket as Socket | undefined
    if (socket === undefined || socket.connecting || socket.secureConnecting)
      outgoing.destroy(new TransportError('refused', 'no connection in time'))
  })
  return new Promise((resolve, reject) => {
    const broken = (why: string) => reject(new TransportError('lost', why))
    outgoing.on('response', resolve).on('error', reject)
    // Without these, a request that ends in another way would never settle the promise.
    outgoing.on('upgrade', (_answer, socket) => {
      socket.destroy()
      broken('the server switched to another protocol')
    })
    outgoing.on('close', () => broken('the connection was closed'))
  })
}

/** `secureConnecting`: TLS is not agreed on yet. */
type Socket = { connecting: boolean; secureConnecting?: boolean | undefined }

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
