import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { TransportError } from '../../src/io/http/network-failures.ts'
import { proxyFor, proxyLabel } from '../../src/io/http/proxies.ts'
import { createTransport } from '../../src/io/http/transport.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What comes of a write to a host behind this proxy. */
async function asking(address: string, { patience = 5000, connectWithin = 4000 } = {}) {
  const { transport, close } = createTransport({ https: { address, variable: 'HTTPS_PROXY' } }, { connectWithin })
  ends.push(close)
  const began = performance.now()
  const error = await transport(
    { method: 'POST', url: 'https://acme.eu.qlikcloud.com/x', headers: {}, body: '{}' },
    AbortSignal.timeout(patience),
  ).catch((thrown: unknown) => thrown)
  if (!(error instanceof TransportError)) throw error
  return { error, seconds: (performance.now() - began) / 1000 }
}

describe('a proxy at fault', () => {
  it.each([
    [407, 'hopeless', /wants a user name and a password: write them into HTTPS_PROXY/],
    [403, 'hopeless', /may this runner use it/],
    [502, 'refused', /may this runner use it/],
  ] as const)('is named where it answers %i, and nothing was sent', async (status, kind, hint) => {
    const server = createServer()
    server.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))
    const at = await listening(server)
    const { error, seconds } = await asking(`http://bob:hunter2hunter2@${at}`)
    expect(error).toMatchObject({ kind, message: `the proxy ${at} (HTTPS_PROXY) answered ${status}` })
    expect(error.hint).toMatch(hint)
    expect(seconds).toBeLessThan(1)
  })

  it('is named where it is not there, and where it does not exist', async () => {
    const at = await listening(createTcpServer())
    await ends.pop()!()
    expect((await asking(`http://${at}`)).error).toMatchObject({
      kind: 'refused',
      message: `the proxy ${at} (HTTPS_PROXY): the connection failed (ECONNREFUSED)`,
    })
    const { error, seconds } = await asking('http://proxy.invalid:3128')
    expect(error).toMatchObject({
      kind: 'hopeless',
      message: 'the proxy proxy.invalid:3128 (HTTPS_PROXY): there is no such host',
    })
    expect(seconds).toBeLessThan(1)
  })

  it('is named at once where it speaks no TLS although its address says so', async () => {
    const at = await listening(createServer())
    const { error, seconds } = await asking(`https://${at}`)
    expect(error).toMatchObject({ kind: 'hopeless', message: `the proxy ${at} (HTTPS_PROXY): it does not speak TLS` })
    expect(error.hint).toMatch(/write http:\/\//)
    expect(seconds).toBeLessThan(1)
  })

  it('is named where it closes the connection', async () => {
    const at = await listening(createTcpServer((socket) => socket.end()))
    const { error } = await asking(`http://${at}`)
    expect(error.kind).toBe('refused')
    expect(error.message).toContain(`the proxy ${at} (HTTPS_PROXY)`)
  })

  it('that accepts and stays silent holds nobody longer than a request may take, and nothing was sent', async () => {
    const at = await listening(createTcpServer(() => {}))
    const { error, seconds } = await asking(`http://${at}`, { patience: 300 })
    expect(error).toMatchObject({ kind: 'refused', message: `the proxy ${at} (HTTPS_PROXY) was silent` })
    expect(seconds).toBeLessThan(2)
    const again = await asking(`http://${at}`, { connectWithin: 300 })
    expect(again.error).toMatchObject({ kind: 'refused', message: `the proxy ${at} (HTTPS_PROXY) was silent` })
    expect(again.seconds).toBeLessThan(2)
  })

  it('holds nobody longer either where it connects, and TLS is never agreed on', async () => {
    const server = createServer()
    server.on('connect', (_, socket) => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'))
    const at = await listening(server)
    const { error, seconds } = await asking(`http://${at}`, { patience: 300 })
    expect(error.kind).toBe('silent')
    expect(seconds).toBeLessThan(2)
    const again = await asking(`http://${at}`, { connectWithin: 300 })
    expect(again.error).toMatchObject({ kind: 'refused', message: expect.stringContaining('no connection in time') })
    expect(again.seconds).toBeLessThan(2)
  })
})

describe('which hosts a proxy is for', () => {
  const https = { address: 'http://proxy:3128/', variable: 'HTTPS_PROXY' }
  const isDirect = (url: string, none?: string) => proxyFor(url, { https, none }) === undefined

  it.each([
    ['*'],
    ['a.example, *'],
    ['acme.eu.qlikcloud.com'],
    ['ACME.eu.qlikcloud.com.'],
    [' a.example , qlikcloud.com '],
    ['a.example qlikcloud.com'],
    ['.qlikcloud.com'],
    ['*.qlikcloud.com'],
    ['acme.eu.qlikcloud.com:443'],
    ['.com'],
  ])('is none of those that NO_PROXY names: %s', (none) => {
    expect(isDirect('https://acme.eu.qlikcloud.com/x', none)).toBe(true)
    expect(isDirect('https://acme.eu.qlikcloud.com./x', none)).toBe(true)
  })

  it.each([
    [undefined],
    [''],
    [','],
    ['.'],
    ['likcloud.com'],
    ['.acme.eu.qlikcloud.com'],
    ['qlikcloud.com:8443'],
    ['a*'],
  ])('is every other one: %s', (none) => expect(isDirect('https://acme.eu.qlikcloud.com/x', none)).toBe(false))

  it('is nothing on this machine, and no plain http', () => {
    for (const url of ['https://localhost/', 'https://127.0.0.1:8/', 'https://[::1]/', 'http://a.example/'])
      expect(isDirect(url)).toBe(true)
  })

  it('is told by host and port, without the password', () => {
    expect(proxyLabel({ address: 'https://bob:word@proxy/', variable: 'https_proxy' })).toBe(
      'the proxy proxy:443 (https_proxy)',
    )
  })
})
