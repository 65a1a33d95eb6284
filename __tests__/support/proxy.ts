import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { certificates } from './certificates.ts'

export type TestProxy = {
  url: string
  /** `host:port` of every tunnel that was asked for. */
  tunnels: string[]
  /** What each was asked for with: `proxy-authorization`. */
  credentials: (string | undefined)[]
  /** File with the certificate authority that vouches for the hosts behind it. */
  authority: string
  close(): Promise<void>
}

/**
 * An HTTP proxy on loopback that alone knows some hosts: a tunnel to one of them ends at a TLS server with a certificate for
 * that name, which hands requests on to the address given for it.
 */
export async function startProxy(hosts: Record<string, string>): Promise<TestProxy> {
  const { key, cert, authority } = certificates(Object.keys(hosts))
  const inner = createTlsServer({ key, cert }, (incoming, response) => forward(hosts, incoming, response))
  const tunnels: string[] = []
  const credentials: (string | undefined)[] = []
  const proxy = createServer((_incoming, response) => response.writeHead(405).end())
  const sockets = new Set<Socket>()
  proxy.on('connection', (socket) => sockets.add(socket))
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    tunnels.push(incoming.url ?? '')
    credentials.push(incoming.headers['proxy-authorization'])
    const [host = ''] = (incoming.url ?? '').split(':')
    if (hosts[host] === undefined) return socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    inner.emit('connection', socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => (proxy as Server).close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels, credentials, authority, close }
}

function forward(hosts: Record<string, string>, incoming: IncomingMessage, response: ServerResponse): void {
  const target = new URL(hosts[incoming.headers.host ?? ''] ?? 'http://127.0.0.1:1')
  const { method, url, headers } = incoming
  const outgoing = request({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
}
