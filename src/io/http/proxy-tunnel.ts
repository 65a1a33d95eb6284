import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
// Single files of undici: its index also loads fetch, WebSocket, caches and test doubles, which are half of its size.
import api from '../../../node_modules/undici/lib/api/index.js'
import buildConnector from '../../../node_modules/undici/lib/core/connect.js'
import Agent from '../../../node_modules/undici/lib/dispatcher/agent.js'
import Client from '../../../node_modules/undici/lib/dispatcher/client.js'
import { connectionSettings, type Shared } from './connection-settings.ts'
import { TransportError, toTransportError } from './network-failures.ts'
import { type NamedProxy, proxyLabel } from './proxies.ts'

type Sent = { method: string; url: string; headers: Record<string, string>; body?: string | undefined }
type Received = { status: number; headers: Dispatcher.ResponseData['headers']; body: AsyncIterable<Buffer> }
export type Tunnel = { exchange: (sent: Sent, signal: AbortSignal) => Promise<Received>; close: () => Promise<void> }

/** Requests by undici through a proxy (RFC 9110, CONNECT). If the proxy is at fault, throws TransportError that names it. */
export function createTunnel(proxy: NamedProxy, shared: Shared): Tunnel {
  const secure = buildConnector({ ...connectionSettings, timeout: shared.connectWithin })
  const clients = new Set<Dispatcher>()
  let waiting = 0
  const agent = new Agent({
    connect: (options, done) => {
      waiting++
      connectThrough(proxy, `${options.hostname}:${options.port || 443}`, { shared, clients })
        .finally(() => waiting--)
        .then(
          (socket) => secure({ ...options, httpSocket: socket as never }, done),
          (thrown: unknown) => done(proxyError(proxy, thrown, shared), null),
        )
    },
  })
  const exchange: Tunnel['exchange'] = async ({ method, url, headers, body = null }, signal) => {
    const silent = () =>
      waiting > 0
        ? new TransportError('refused', `${proxyLabel(proxy)} was silent`)
        : new TransportError('silent', 'no answer in time')
    const { origin, pathname, search } = new URL(url)
    const options = {
      origin,
      path: `${pathname}${search}`,
      method: method as Dispatcher.HttpMethod,
      headers,
      body,
      signal,
    }
    const {
      statusCode,
      headers: answered,
      body: answer,
    } = await inTime(api.request.call(agent, options), signal, silent)
    return { status: statusCode, headers: answered, body: answer }
  }
  return { exchange, close: async () => void (await Promise.all([agent, ...clients].map((it) => it.destroy()))) }
}

/** undici ignores the signal while it has no connection: this ends the wait anyway. */
function inTime<T>(answer: Promise<T>, signal: AbortSignal, late: () => TransportError): Promise<T> {
  return new Promise((resolve, reject) => {
    answer.then(resolve, reject)
    const giveUp = () => reject(late())
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

/** A connection to `host:port` through the proxy. If this throws, nothing was sent to the host. */
async function connectThrough(
  { address }: NamedProxy,
  target: string,
  { shared, clients }: { shared: Shared; clients: Set<Dispatcher> },
): Promise<Duplex> {
  const { origin, hostname, username, password } = new URL(address)
  const client = new Client(origin, { connect: { ...connectionSettings, timeout: shared.connectWithin } })
  clients.add(client)
  const credentials =
    username === '' && password === '' ? {} : { 'proxy-authorization': `Basic ${basic(username, password)}` }
  const late = () => new TransportError('refused', 'was silent')
  const asking = api.connect.call(client, { path: target, headers: { host: target, ...credentials } })
  const { statusCode, socket } = await inTime(asking, AbortSignal.timeout(shared.connectWithin), late)
  clients.delete(client)
  shared.answered.add(hostname)
  if (statusCode >= 200 && statusCode < 300) return socket
  socket.on('error', () => {}).destroy()
  throw new TransportError(statusCode < 500 ? 'hopeless' : 'refused', `answered ${statusCode}`)
}

function basic(username: string, password: string): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
}

/** An error that names the proxy, because the proxy is at fault and not the service behind it. */
function proxyError(proxy: NamedProxy, thrown: unknown, { answered }: Shared): TransportError {
  const { kind, message } = toTransportError(thrown, { aborted: false }, answered.has(new URL(proxy.address).hostname))
  const { variable } = proxy
  const how = /^(was|answered|closed)/.test(message) ? ` ${message}` : `: ${message}`
  const hint = message.includes('407')
    ? `The proxy wants a user name and a password: write them into ${variable}, as user:password@ before the host.`
    : message.includes('TLS')
      ? `Does the address in ${variable} begin with https:// although the proxy speaks http? Most do: write http://.`
      : `Is ${variable} the address of the proxy, and may this runner use it for that host? What NO_PROXY names is reached without it.`
  return new TransportError(kind === 'hopeless' ? 'hopeless' : 'refused', proxyLabel(proxy) + how, thrown, hint)
}
