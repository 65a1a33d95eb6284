import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export type TestProxy = {
  url: string
  /** `host:port` of every tunnel that was asked for. */
  tunnels: string[]
  /** File with the certificate authority that vouches for the hosts behind it. */
  authority: string
  close(): Promise<void>
}

/**
 * An HTTP proxy on loopback that alone knows some hosts: a tunnel to one of them ends at a TLS server with a certificate for
 * that name, which hands requests on to the address given for it.
 */
export async function startProxy(hosts: Record<string, string>): Promise<TestProxy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'proxy-'))
  const { key, cert, authority } = certificates(folder, Object.keys(hosts))
  const inner = createTlsServer({ key, cert }, (incoming, response) => forward(hosts, incoming, response))
  const tunnels: string[] = []
  const proxy = createServer((_incoming, response) => response.writeHead(405).end())
  const sockets = new Set<Socket>()
  proxy.on('connection', (socket) => sockets.add(socket))
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    tunnels.push(incoming.url ?? '')
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
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels, authority, close }
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

function certificates(folder: string, names: string[]): { key: string; cert: string; authority: string } {
  const file = (name: string) => path.join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  )
  openssl('req', ...newKey, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${names[0]}`)
  writeFileSync(file('names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`)
  const signing = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names')]
  openssl('x509', '-req', '-in', file('csr'), ...signing, '-out', file('cert'), '-days', '2')
  return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8'), authority: file('ca.pem') }
}
