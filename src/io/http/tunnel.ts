import type { ClientRequest, Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { classified, TransportError } from './network-trouble.ts'
import { type NamedProxy, proxyLabel } from './proxies.ts'

/**
 * Options of every connection. `rejectUnauthorized` is explicit, because NODE_TLS_REJECT_UNAUTHORIZED could switch off the check
 * of certificates. Each address of a host gets so many milliseconds: Node's default of 250 is too short for a slow line.
 */
export const connecting = { rejectUnauthorized: true, autoSelectFamilyAttemptTimeout: 4000 }

/**
 * State that all requests share. `answered`: hosts that have answered; `pending`: connections through a proxy that are not open
 * yet.
 */
export type Shared = { connectWithin: number; answered: Set<string>; pending: Set<ClientRequest> }

type MakeConnection = (
  options: { host: string; port: number; socket?: Duplex },
  done: Done,
) => Duplex | null | undefined
type Done = (error: Error | null, socket?: Duplex) => void

/** Sends an agent's connections through the proxy (RFC 9110, CONNECT). TLS is between this process and the host. */
export async function tunnelled(agent: HttpAgent | HttpsAgent, proxy: NamedProxy, shared: Shared): Promise<void> {
  const { request } = await (proxy.address.startsWith('https:') ? import('node:https') : import('node:http'))
  const direct = (agent as unknown as { createConnection: MakeConnection }).createConnection.bind(agent)
  const createConnection: MakeConnection = (options, done) => {
    connectBy(proxy, `${options.host}:${options.port}`, { request, shared }).then(
      (socket) => done(null, direct({ ...options, socket }, done) ?? undefined),
      (thrown: unknown) => done(ofProxy(proxy, thrown, shared)),
    )
    return undefined
  }
  Object.assign(agent, { createConnection })
}

/** A connection that the proxy passes on to `host:port`. If this throws, nothing was sent to the host. */
function connectBy(
  { address }: NamedProxy,
  target: string,
  { request, shared }: { request: typeof import('node:http').request; shared: Shared },
): Promise<Duplex> {
  const { protocol, hostname, port, username, password } = new URL(address)
  const where = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port }
  const options = { ...where, method: 'CONNECT', path: target, agent: false as const, ...connecting }
  const asking = request(options)
  asking.setHeader('host', target)
  if (username !== '' || password !== '') asking.setHeader('proxy-authorization', `Basic ${basic(username, password)}`)
  shared.pending.add(asking)
  const late = setTimeout(() => asking.destroy(new TransportError('refused', 'was silent')), shared.connectWithin)
  return new Promise<Duplex>((resolve, reject) => {
    asking.on('connect', ({ statusCode = 0 }, socket, head) => {
      shared.answered.add(hostname)
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head)
        return resolve(socket)
      }
      socket.destroy()
      reject(new TransportError(statusCode < 500 ? 'hopeless' : 'refused', `answered ${statusCode}`))
    })
    asking.on('error', reject).on('close', () => reject(new TransportError('refused', 'closed the connection')))
    asking.end()
  }).finally(() => {
    clearTimeout(late)
    shared.pending.delete(asking)
  })
}

function basic(username: string, password: string): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
}

/** The proxy failed, not the service behind it: the message names the proxy. */
function ofProxy(proxy: NamedProxy, thrown: unknown, { answered }: Shared): TransportError {
  const { kind, message } = classified(thrown, { aborted: false }, answered.has(new URL(proxy.address).hostname))
  const { variable } = proxy
  const how = /^(was|answered|closed)/.test(message) ? ` ${message}` : `: ${message}`
  const hint = message.includes('407')
    ? `The proxy wants a user name and a password: write them into ${variable}, as user:password@ before the host.`
    : message.includes('TLS')
      ? `Does the address in ${variable} begin with https:// although the proxy speaks http? Most do: write http://.`
      : `Is ${variable} the address of the proxy, and may this runner use it for that host? What NO_PROXY names is reached without it.`
  return new TransportError(kind === 'hopeless' ? 'hopeless' : 'refused', proxyLabel(proxy) + how, thrown, hint)
}
