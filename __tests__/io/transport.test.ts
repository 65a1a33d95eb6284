import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TransportError } from '../../src/io/http/network-failures.ts'
import { isLoopback } from '../../src/io/http/proxies.ts'
import { createTransport, type WireResponse } from '../../src/io/http/transport.ts'
import { type Certificates, certificates } from '../support/certificates.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function listening(server: Server & { closeAllConnections?(): void }, scheme = 'http'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    server.closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  })
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serving = (listener: RequestListener) => listening(createServer(listener))

/** What comes of one request; `patience` stands for the time limit of a request. */
async function asking(url: string, { patience = 5000, headers = {} } = {}): Promise<WireResponse | TransportError> {
  const { transport, close } = createTransport({})
  ends.push(close)
  const signal = AbortSignal.timeout(patience)
  return transport({ method: 'GET', url, headers }, signal).catch((error: TransportError) => error)
}

describe('the transport', () => {
  let made: Certificates
  beforeAll(() => {
    made = certificates(['localhost'])
  })

  it('reads no more of an answer than any true one has', async () => {
    let sent = 0
    const url = await serving((_, response) => {
      const chunk = Buffer.alloc(1 << 20, 'x')
      const more = () => {
        while (!response.destroyed && sent < 64 && response.write(chunk)) sent++
        if (!response.destroyed && sent < 64) response.once('drain', more)
      }
      more()
    })
    expect(await asking(url)).toMatchObject({ kind: 'oversized' })
    expect(sent).toBeLessThan(40)
  })

  it('asks for nothing compressed, and unpacks nothing: no small answer becomes a large one', async () => {
    const asked: unknown[] = []
    const url = await serving((request, response) => {
      asked.push(request.headers['accept-encoding'])
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1 << 22)))
    })
    const answer = await asking(url)
    expect(asked).toEqual([undefined])
    expect((answer as WireResponse).body.length).toBeLessThan(10_000)
  })

  it('is told of an answer that is none: another protocol, or the end of the connection', async () => {
    const raw = (text: string) =>
      listening(createTcpServer((socket) => socket.on('error', () => {}).on('data', () => socket.end(text))))
    const switching = await raw('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    expect(await asking(switching)).toMatchObject({ kind: 'lost' })
    expect(await asking(await raw(''))).toMatchObject({ kind: 'lost' })
  })

  it('refuses headers without end', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200, Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'y'.repeat(1000)])))
      response.end('{}')
    })
    expect(await asking(url)).toBeInstanceOf(TransportError)
  })

  it('gives an answer that comes in drops no more time than any other', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200)
      const drops = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drops))
    })
    const began = performance.now()
    expect(await asking(url, { patience: 300 })).toMatchObject({ kind: 'silent' })
    expect(performance.now() - began).toBeLessThan(3000)
  })

  it('follows no redirect by itself', async () => {
    const asked: unknown[] = []
    const url = await serving((request, response) => {
      asked.push(request.url)
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await asking(`${url}/here`)).toMatchObject({ status: 307 })
    expect(asked).toEqual(['/here'])
  })

  it('refuses a certificate that nobody vouches for, whatever the environment says', async () => {
    const url = await listening(
      createTlsServer(made, (_, response) => response.end('{}')),
      'https',
    )
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const error = await asking(url.replace('127.0.0.1', 'localhost'))
      expect(error).toMatchObject({ kind: 'hopeless', message: expect.stringMatching(/certificate is not trusted/) })
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  it('knows that nothing was sent where a connection is not made in time', async () => {
    const sockets: Socket[] = []
    const url = await listening(
      createTcpServer((socket) => sockets.push(socket)),
      'https',
    )
    ends.unshift(async () => {
      for (const socket of sockets) socket.destroy()
    })
    const { transport, close } = createTransport({}, { connectWithin: 200 })
    ends.push(close)
    const asked = transport({ method: 'POST', url, headers: {}, body: '{}' }, AbortSignal.timeout(5000))
    await expect(asked).rejects.toMatchObject({ kind: 'refused', message: 'no connection in time' })
  })

  it('sends one request after the other on one connection', async () => {
    const ports = new Set<number | undefined>()
    const url = await serving((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('{}')
    })
    const { transport, close } = createTransport({})
    ends.push(close)
    const signal = AbortSignal.timeout(5000)
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(await transport({ method, url, headers: {} }, signal)).toMatchObject({ status: 200, body: '{}' })
    expect(ports.size).toBe(1)
  })
})

describe('loopback', () => {
  it.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])('is %s', (host) => expect(isLoopback(host)).toBe(true))

  it.each(['127.0.0.1.evil.example', 'localhost.evil.example', '[::2]', '128.0.0.1', '0.0.0.0', 'xn--lcalhost-54a'])(
    'is not %s',
    (host) => expect(isLoopback(host)).toBe(false),
  )

  it('is what addresses in other forms are once they were read', () => {
    for (const form of ['2130706433', '0x7f.1', '127.1', '0177.0.0.1'])
      expect(isLoopback(new URL(`http://${form}/`).hostname)).toBe(true)
  })
})
