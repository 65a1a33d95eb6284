import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ActionError } from '../../src/base/errors.ts'
import { TransportError } from '../../src/io/http/network-failures.ts'
import type { Call } from '../../src/io/http/responses.ts'
import { createService } from '../../src/io/http/service-client.ts'
import { createTransport, type Transport, type WireResponse } from '../../src/io/http/transport.ts'

const get: Call = {
  method: 'GET',
  url: 'https://acme.eu.qlikcloud.com/x',
  headers: { authorization: 'Bearer x' },
  what: 'reading',
  repeatable: true,
}
const post: Call = { ...get, method: 'POST', what: 'writing', repeatable: false }

const good: WireResponse = { status: 200, headers: { date: 'Mon, 02 Nov 2026 06:00:00 GMT' }, body: '{"a":1}' }
const lost = () => new TransportError('lost', 'the connection broke (ECONNRESET)')
const refused = () => new TransportError('refused', 'the connection failed (ECONNREFUSED)')

/** A service that does these things in turn, the last one for ever, on a clock that only waiting moves. */
function service(...answers: (WireResponse | (() => Error))[]) {
  const world = { now: 0, log: [] as string[], sent: [] as string[], stopped: false }
  const listeners = new Set<() => void>()
  const transport: Transport = async ({ method, url }) => {
    world.sent.push(`${method} ${url}`)
    const next = answers[Math.min(world.sent.length, answers.length) - 1]!
    if (typeof next === 'function') throw next()
    return next
  }
  const around = {
    clock: {
      elapsed: () => world.now,
      sleep: async (milliseconds: number) => {
        world.now += milliseconds
      },
    },
    stop: {
      get requested() {
        return world.stopped
      },
      onStop: (listener: () => void) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    reporter: {
      step: (line: string) => void world.log.push(line),
      debug: () => {},
      notice: () => {},
      warning: () => {},
    },
  }
  const http = (call: Call, name: 'tenant' | 'github' = 'tenant') => createService(name, transport, around).http(call)
  return { world, http, around, transport }
}

async function failing(sent: Promise<unknown>): Promise<ActionError> {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ActionError)
  return error as ActionError
}

describe('a request', () => {
  it('that nobody could take is sent again, whatever it was', async () => {
    const { http, world } = service(refused, refused, good)
    expect((await http(post)).data).toEqual({ a: 1 })
    expect(world.sent).toHaveLength(3)
  })

  it('that nobody takes for half a minute is unreachable', async () => {
    const { http, world } = service(refused)
    const error = await failing(http(get))
    expect(error).toMatchObject({ code: 'TENANT_UNREACHABLE', uncertain: false })
    expect(error.message).toMatch(/reading: the connection failed \(ECONNREFUSED\)/)
    expect(error.hint).toMatch(/acme\.eu\.qlikcloud\.com .*HTTPS_PROXY/)
    expect(world.now).toBeGreaterThan(15_000)
    expect(world.now).toBeLessThanOrEqual(30_000)
  })

  it.each([
    ['there is no such host', () => new TransportError('hopeless', 'there is no such host')],
    ['the answer is endless', () => new TransportError('oversized', 'too long')],
  ])('is sent once where %s', async (_what, fault) => {
    const { http, world } = service(fault)
    expect((await failing(http(get))).code).toBe('TENANT_UNREACHABLE')
    expect(world.sent).toHaveLength(1)
  })

  it('has its patience still when it was kept from being sent to stay within a limit', async () => {
    const answers = Array.from({ length: 97 }, () => good)
    const { world, transport, around } = service(...answers, { ...good, status: 503 }, good)
    const { http } = createService('tenant', transport, around)
    const change = { ...post, repeatable: true }
    await Promise.all(answers.map(() => http(change)))
    await http(change)
    expect(world.now).toBeGreaterThan(60_000)
    expect(world.sent).toHaveLength(99)
  })

  it('that is not safe to repeat is not repeated, and its failure says that it may have taken effect', async () => {
    for (const fault of [lost, { ...good, status: 502 }, () => new TransportError('silent', 'x')]) {
      const { http, world } = service(fault, good)
      expect(await failing(http(post))).toMatchObject({ code: 'TENANT_UNREACHABLE', uncertain: true })
      expect(world.sent).toHaveLength(1)
    }
  })

  it('that was limited was not carried out: it is repeated, whatever it was', async () => {
    const { http, world } = service({ ...good, status: 429, headers: { ...good.headers, 'retry-after': '40' } }, good)
    await http(post)
    expect(world.now).toBe(40_000)
    expect(world.log).toEqual([expect.stringMatching(/… writing: the tenant limits the rate .*; waiting 40 s/)])
  })

  it('waits until a time that is given as a date', async () => {
    const headers = { ...good.headers, 'retry-after': 'Mon, 02 Nov 2026 06:01:30 GMT' }
    const { http, world } = service({ ...good, status: 503, headers }, good)
    await http(get)
    expect(world.now).toBe(90_000)
  })

  it.each(['0', '-5', '+0', '0.0', 'Mon, 02 Nov 2026 05:00:00 GMT', 'soon', ''])(
    'takes a time that is over, or none, for no time that was named: %j',
    async (after) => {
      const { http, world } = service({ ...good, status: 503, headers: { ...good.headers, 'retry-after': after } })
      expect((await failing(http(get))).code).toBe('TENANT_UNREACHABLE')
      expect(world.now).toBeGreaterThan(15_000)
      expect(world.now).toBeLessThanOrEqual(30_000)
    },
  )

  it('waits for GitHub’s limit to be reset, by GitHub’s own clock', async () => {
    const reset = Date.parse('2026-11-02T06:05:00Z') / 1000
    const headers = { ...good.headers, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) }
    const { http, world } = service({ ...good, status: 403, headers }, good)
    await http(get, 'github')
    expect(world.now).toBe(300_000)
  })

  it('waits a minute, then longer, where GitHub names no time for its secondary limit', async () => {
    const limited = { ...good, status: 403, body: '{"message":"You have exceeded a secondary rate limit."}' }
    const { http, world } = service(limited, limited, good)
    await http(get, 'github')
    expect(world.now).toBe(180_000)
  })

  it('waits fifteen minutes in all at most', async () => {
    const { http, world } = service({ ...good, status: 429, headers: { ...good.headers, 'retry-after': '400' } })
    expect((await failing(http(get))).code).toBe('RATE_LIMITED')
    expect(world.now).toBe(800_000)
  })

  it('is cancelled where the run is asked to stop, and says so whatever the service did', async () => {
    const { http, world } = service(() => {
      world.stopped = true
      return lost()
    })
    expect(await failing(http(post))).toMatchObject({ code: 'CANCELLED', uncertain: true })
    expect(world.sent).toHaveLength(1)
  })
})

describe('an answer', () => {
  it('needs a date, for times are compared by it', async () => {
    const { http } = service({ ...good, headers: {} })
    expect(await failing(http(get))).toMatchObject({ code: 'TENANT_UNEXPECTED' })
  })

  it('may be empty', async () => {
    const { http } = service({ ...good, status: 204, body: '' })
    expect((await http(get)).data).toBeUndefined()
  })

  it('that is a redirect is followed to the same origin only, and not for ever', async () => {
    const to = (location: string, status = 307) => ({ ...good, status, headers: { ...good.headers, location } })
    const followed = service(to('/y'), to('https://acme.eu.qlikcloud.com/z'), good)
    await followed.http(post)
    expect(followed.world.sent.at(-1)).toBe('POST https://acme.eu.qlikcloud.com/z')
    for (const place of ['https://evil.example/', 'http://acme.eu.qlikcloud.com/', '//evil.example/x']) {
      const elsewhere = service(to(place), good)
      expect(await failing(elsewhere.http(get))).toMatchObject({ code: 'TENANT_UNEXPECTED' })
      expect(elsewhere.world.sent).toHaveLength(1)
    }
    for (const status of [301, 307, 308])
      for (const place of ['https://evil.example/', 'https://acme.eu.qlikcloud.com:8443/x', 'http://[']) {
        const elsewhere = service(to(place, status), good)
        expect(await failing(elsewhere.http(post))).toMatchObject({ code: 'TENANT_UNEXPECTED', uncertain: true })
        expect(elsewhere.world.sent).toHaveLength(1)
      }
    const endless = service(to('/x'))
    expect(await failing(endless.http(get))).toMatchObject({ code: 'TENANT_UNEXPECTED' })
    expect(endless.world.sent).toHaveLength(4)
  })

  it('that is a redirect for reading does not turn a write into a read', async () => {
    const { http, world } = service({ ...good, status: 303, headers: { ...good.headers, location: '/y' } }, good)
    expect(await failing(http(post))).toMatchObject({ code: 'TENANT_UNEXPECTED', uncertain: true })
    expect(world.sent).toHaveLength(1)
  })

  it.each([
    [
      'Qlik’s form',
      '{"errors":[{"code":"OAUTH-14","title":"Invalid client_id","detail":"not authorized"}],"traceId":"00d3a2f4"}',
      'OAUTH-14 · Invalid client_id · not authorized',
      'traceId 00d3a2f4',
    ],
    [
      'few letters of long words: a service may repeat a part of a credential',
      '{"errors":[],"message":"bad token 0123456789abcdef0123 of eyJhbGciOiJSUzI1NiJ9.e30, see user-impersonation"}',
      'bad token 01234567… of eyJhbGci….e30, see user-impersonation',
      undefined,
    ],
    ['no form, for it is empty', '', '', undefined],
  ])('that refuses is quoted in %s', async (_what, body, said, trace) => {
    const { http } = service({ ...good, status: 400, body })
    const error = await failing(http(get))
    expect(error).toMatchObject({ code: 'TENANT_REJECTED', trace })
    expect(error.message).toBe(`reading: the tenant answered 400${said === '' ? '' : ` (${said})`}`)
  })
})

describe('the transport', () => {
  it('tells a closed port from a connection that breaks', async () => {
    const { transport, close } = createTransport({})
    const breaking = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve))
    const port = (breaking.address() as { port: number }).port
    const kind = (url: string) =>
      transport({ method: 'GET', url, headers: {} }, new AbortController().signal).then(
        () => 'answer',
        (error: TransportError) => error.kind,
      )
    expect(await kind(`http://127.0.0.1:${port}/`)).toBe('lost')
    await new Promise((resolve) => breaking.close(resolve))
    expect(await kind(`http://127.0.0.1:${port}/`)).toBe('refused')
    await close()
  })
})
