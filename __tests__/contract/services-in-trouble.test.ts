import { describe, expect, it } from 'vitest'
import type { Fault } from '../../sandbox/faults.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { settled, hints as sharedHints, stored, timed } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()
const settle = (inputs: Record<string, string> = {}) => settled(inputs, 0)
const hints = (client: Client) => sharedHints(client).sort()

describe('a service in trouble', () => {
  const services = [
    ['tenant', 'TENANT', /oauth-clients/],
    ['github', 'GITHUB', /actions\/secrets/],
  ] as const

  describe.each(services)('%s', (service, code, path) => {
    const strike = (fault: Fault, times: number, method = 'GET') =>
      simulation.sandbox.faults.add({ service, method, path, times, when: 'before', fault })

    it('that answers 5xx once and then is fine is asked again', async () => {
      strike({ kind: 'status', status: 503 }, 2)
      const { result, seconds } = await timed(() => simulation.run())
      expectSuccess(result, { result: 'created' })
      expect(seconds).toBeLessThan(5)
    })

    it('that answers 5xx for good is unreachable after half a minute', async () => {
      strike({ kind: 'status', status: 500 }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, `${code}_UNREACHABLE`, { message: /500/, hint: /can this runner reach it\? Proxies/ })
      expect(seconds).toBeGreaterThan(15)
      expect(seconds).toBeLessThan(31)
      expect(result.log.join('\n')).toMatch(/… reading the \w+.*: .* answered 500; waiting \d s/)
    })

    it('that is silent for good is unreachable', async () => {
      strike({ kind: 'hang' }, 1000)
      expectRefusal(await simulation.run(), `${code}_UNREACHABLE`, { message: /was silent for/ })
    })

    it('whose answers break off is asked again, and unreachable where they all do', async () => {
      strike({ kind: 'cut' }, 1)
      expectSuccess(await simulation.run(), { result: 'created' })
      strike({ kind: 'drop' }, 1000)
      expectRefusal(await simulation.run(), `${code}_UNREACHABLE`, { message: /the connection broke/ })
    })

    it('that sends HTML instead of JSON is asked once', async () => {
      strike({ kind: 'html' }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, `${code}_UNEXPECTED`, {
        message: /is not JSON \(text\/html/,
        hint: /proxy or a sign-in page/,
      })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })

    it.each(['{}', '[]', 'null', '"text"', '{"data":{},"secrets":{},"total_count":1}', ''])(
      'that sends JSON of another form (%s) is asked once',
      async (body) => {
        strike({ kind: 'status', status: 200, body }, 1000)
        const result = await simulation.run()
        expectRefusal(result, `${code}_UNEXPECTED`, { message: /another form than documented/ })
        expect(count(result, 'GET', path)).toBe(1)
      },
    )

    it('that redirects elsewhere gets no credentials there', async () => {
      const location = 'https://evil.example/api/v1/oauth-clients'
      strike({ kind: 'status', status: 302, headers: { location } }, 1000)
      const result = await simulation.run()
      expectRefusal(result, `${code}_UNEXPECTED`, { message: /is a redirect to another address \(302\)/ })
      expect(count(result, 'GET', path)).toBe(1)
      expect(result.requests.every(({ path: asked }) => !asked.includes('evil'))).toBe(true)
    })

    it('that limits the rate is waited for as long as it asks, and the log says so', async () => {
      strike({ kind: 'status', status: 429, headers: { 'retry-after': '70' } }, 1)
      const { result, seconds } = await timed(() => simulation.run())
      expectSuccess(result, { result: 'created' })
      expect(seconds).toBeGreaterThanOrEqual(70)
      expect(seconds).toBeLessThan(80)
      expect(result.log.join('\n')).toMatch(/ limits the rate of requests \(429\); waiting 70 s/)
    })

    it('that asks for twenty minutes is not waited for', async () => {
      strike({ kind: 'status', status: 429, headers: { 'retry-after': '1200' } }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, 'RATE_LIMITED', { message: /for longer than a run waits/, hint: /Run again later/ })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })

    it('that is down with a date twenty minutes away is not waited for', async () => {
      strike({ kind: 'status', status: 503, headers: { 'retry-after': '1200' } }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, 'RATE_LIMITED')
      expect(seconds).toBeLessThan(1)
    })

    it.each([400, 409, 418, 422])('that answers %i is asked once', async (status) => {
      const body = service === 'tenant' ? '{"errors":[{"title":"no"}]}' : '{"message":"no"}'
      strike({ kind: 'status', status, body }, 1000)
      const { result, seconds } = await timed(() => simulation.run())
      expectRefusal(result, status === 418 ? `${code}_UNEXPECTED` : `${code}_REJECTED`, {
        message: new RegExp(`${status}`),
      })
      expect(count(result, 'GET', path)).toBe(1)
      expect(seconds).toBeLessThan(1)
    })
  })

  it('is followed where it redirects to itself, as GitHub does for a repository that was renamed', async () => {
    await settle()
    simulation.sandbox.github.renameRepository('acme/app', 'acme/renamed')
    simulation.advance(1)
    const result = await simulation.run({ rotate: 'now' })
    expectSuccess(result, { result: 'rotated' })
    expect(count(result, 'PUT', /^\/repositories\/123456789\//)).toBe(1)
  })

  it('waits out GitHub’s secondary limit, which answers 403', async () => {
    const body = JSON.stringify({ message: 'You have exceeded a secondary rate limit.' })
    const plan = { service: 'github', method: 'PUT', when: 'before' } as const
    simulation.sandbox.faults.add({
      ...plan,
      fault: { kind: 'status', status: 403, body, headers: { 'retry-after': '9' } },
    })
    const { result, seconds } = await timed(() => simulation.run())
    expectSuccess(result, { result: 'created' })
    expect(seconds).toBeGreaterThanOrEqual(9)
  })

  it.each([
    ['creating the client', 'POST', /oauth-clients$/],
    ['announcing', 'PATCH', /oauth-clients\/\w+$/],
    ['issuing', 'POST', /client-secrets$/],
    ['writing the secret', 'PUT', /secrets\/QLIK/],
    ['writing the variable', 'POST', /variables$/],
  ] as const)(
    'whose answer is lost after %s took effect is no failure, and leaves no twin',
    async (_what, method, path) => {
      const rotating = method === 'PATCH' || String(path).includes('client-secrets')
      if (rotating) {
        await settle()
        simulation.advance(1)
      }
      const handle = simulation.sandbox.faults.add({ method, path, when: 'after', fault: { kind: 'drop' } })
      const result = await simulation.run(rotating ? { rotate: 'now' } : {})
      expectSuccess(result)
      expect(handle.fired).toBe(1)
      const client = theClient(simulation)
      expect(client.secrets).toHaveLength(rotating ? 2 : 1)
      const { secret, id } = stored()
      expect(id).toBe(client.clientId)
      expect(simulation.sandbox.tenant.canAuthenticate(id!, secret!)).toBe(true)
      await expectHealed(simulation)
    },
  )

  it('that creates the client and loses the answer is reported as created anyway', async () => {
    const lost = { method: 'POST', path: /oauth-clients$/, when: 'after', fault: { kind: 'drop' } } as const
    simulation.sandbox.faults.add(lost)
    expectSuccess(await simulation.run(), { result: 'created' })
  })
})

describe('a run that is asked to stop', () => {
  it('ends with CANCELLED, and the next run continues', async () => {
    const result = await simulation.run({}, { at: 4, kind: 'SIGTERM' })
    expectFailure(result, 'CANCELLED', { hint: /next run continues/ })
    simulation.advance(1)
    await expectHealed(simulation)
  })

  it.each(['plan', 'plan-destroy', 'audit', 'export'])('also ends so if it only reads: %s', async (mode) => {
    for (let index = 0; index < 250; index++) simulation.sandbox.tenant.addClient({ clientName: `c${index}` })
    const result = await simulation.run({ mode }, { at: 0, kind: 'SIGTERM' })
    expectFailure(result, 'CANCELLED', { hint: /next run continues/ })
    expect(result.requests.length).toBeLessThan(6)
    expect(writes(result)).toEqual([])
  })
})

describe('a tenant in trouble while it writes', () => {
  const issue = { service: 'tenant' as const, method: 'POST', path: /\/client-secrets$/ }
  const status = (retryAfter?: string) => ({
    kind: 'status' as const,
    status: 503,
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
  })

  it.each([
    ['issuing', issue, { rotate: 'now' }],
    ['announcing', { ...issue, method: 'PATCH', path: /\/oauth-clients\/\w+$/ }, { rotate: 'now' }],
    ['creating', { ...issue, path: /\/oauth-clients$/ }, { name: 'second', 'client-secret-name': 'SECOND' }],
  ])('is told as such after half a minute of silence: %s', async (_what, request, inputs: Record<string, string>) => {
    const client = await settle()
    const before = hints(client)
    const { faults, clock } = simulation.sandbox
    const silent = { kind: 'hook', run: () => clock.advance(30_000) } as const
    faults.add({ ...request, when: 'before', times: 99, fault: silent })
    faults.add({ ...request, when: 'after', times: 99, fault: { kind: 'hang' } })
    const { result, seconds } = await timed(() => simulation.run(inputs))
    expectFailure(result, 'TENANT_UNREACHABLE', { message: /silent/ })
    expect(seconds).toBeLessThan(35)
    faults.clear()
    simulation.advance(11 / 60)
    await expectHealed(simulation)
    expect(hints(client)).toEqual(before)
  })

  it.each([
    ['issuing', issue, { rotate: 'now' }],
    ['creating', { ...issue, path: /\/oauth-clients$/ }, { name: 'second', 'client-secret-name': 'SECOND' }],
  ])('is waited for as it asks, and that is told: %s', async (_what, request, inputs: Record<string, string>) => {
    await settle()
    simulation.sandbox.faults.add({ ...request, when: 'before', times: 2, fault: status('4') })
    const { result, seconds } = await timed(() => simulation.run(inputs))
    expectSuccess(result)
    expect(seconds).toBeGreaterThan(8)
    expect(result.log.filter((line) => /^… (waiting|issuing once more in) 4 s/.test(line))).toHaveLength(2)
    expect(result.log.join('\n')).toMatch(/answered 503/)
  })

  it('is not called slower than a run waits while the run waits', async () => {
    const limited = { kind: 'status', status: 429, headers: { 'retry-after': '4' } } as const
    simulation.sandbox.faults.add({ ...issue, path: /\/oauth-clients$/, when: 'before', fault: limited })
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    const told = result.log.filter((line) => line.startsWith('… waiting 4 s'))
    expect(told).toEqual([expect.stringMatching(/creating the client: .*\(429\)$/)])
  })

  it('is not waited for where it asks for more than a quarter of an hour', async () => {
    await settle()
    simulation.sandbox.faults.add({ ...issue, when: 'before', times: 2, fault: status('1000') })
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectFailure(result, 'RATE_LIMITED')
    expect(seconds).toBeLessThan(5)
  })

  it('gets half a minute where it does not say how long', async () => {
    await settle()
    simulation.sandbox.faults.add({ ...issue, when: 'before', times: 99, fault: status() })
    const { result, seconds } = await timed(() => simulation.run({ rotate: 'now' }))
    expectFailure(result, 'TENANT_UNREACHABLE', { message: /issuing a secret: the tenant answered 503/ })
    expect(seconds).toBeGreaterThan(10)
    expect(seconds).toBeLessThan(35)
  })
})
