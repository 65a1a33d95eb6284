import { createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Sandbox } from '../../sandbox/sandbox.ts'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'

let started: StartedSandbox
let authorization: string
const path = '/api/v1/oauth-clients'

beforeAll(async () => {
  started = await startSandbox({ settings: { clock: 'frozen' } })
  authorization = `Bearer ${started.sandbox.tenant.issueApiKey({ admin: true }).value}`
})
beforeEach(() => started.sandbox.faults.clear())
afterAll(() => started.close())

function get(at = path, init: RequestInit = {}): Promise<Response> {
  return fetch(`${started.tenantUrl}${at}`, { headers: { authorization }, ...init })
}

describe('the sandbox on a port', () => {
  it('answers with its own date, length and links', async () => {
    started.sandbox.tenant.addClient({ clientName: 'a' })
    started.sandbox.tenant.addClient({ clientName: 'b' })
    const response = await get(`${path}?limit=1`)
    expect(response.headers.get('date')).toBe('Mon, 02 Nov 2026 06:00:00 GMT')
    const body = await response.text()
    expect(Number(response.headers.get('content-length'))).toBe(Buffer.byteLength(body))
    const next = JSON.parse(body).links.next.href
    expect(next.startsWith(`${started.tenantUrl}${path}?`)).toBe(true)
    expect((await fetch(next, { headers: { authorization } })).status).toBe(200)
  })

  it('drops the connection, before or after the effect', async () => {
    const { sandbox } = started
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ appType: 'web', clientName: 'dropped' })
    for (const [when, count] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      sandbox.faults.add({ method: 'POST', when, fault: { kind: 'drop' } })
      await expect(get(path, { method: 'POST', headers, body })).rejects.toThrow('fetch failed')
      expect(sandbox.tenant.findByName('dropped')).toHaveLength(count)
    }
    expect((await get()).status).toBe(200)
  })

  it('hangs until the caller gives up', async () => {
    started.sandbox.faults.add({ when: 'after', fault: { kind: 'hang' } })
    await expect(get(path, { signal: AbortSignal.timeout(100) })).rejects.toThrow('timeout')
    expect((await get()).status).toBe(200)
  })

  it('cuts a body off', async () => {
    started.sandbox.faults.add({ when: 'after', fault: { kind: 'cut' } })
    const response = await get()
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it('answers with a page instead of JSON', async () => {
    started.sandbox.faults.add({ when: 'before', fault: { kind: 'html', status: 502 } })
    const response = await get()
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8'])
  })

  it('moves its clock and shows its state, without secrets', async () => {
    const { sandbox } = started
    const secret = sandbox.tenant.addClient({ clientName: 'shown' }).secrets[0]!
    sandbox.github.createRepository('acme/app', { environments: ['staging'] })
    sandbox.github.overwriteSecret({ repository: 'acme/app', environment: 'staging', name: 'A' }, secret.value)
    const before = sandbox.requests.length
    const moved = await get('/_sandbox/clock', { method: 'POST', body: '{"advance":"25h"}' })
    expect(await moved.json()).toEqual({ now: '2026-11-03T07:00:00.000Z' })
    expect((await get('/_sandbox/clock', { method: 'POST', body: '{"advance":25}' })).status).toBe(400)
    expect((await get('/_sandbox/other')).status).toBe(404)
    const state = await (await get('/_sandbox/state')).text()
    expect(state).toContain(secret.hint)
    expect(state).toContain('"name":"A","updatedAt":"2026-11-02T06:00:00Z"')
    expect(state).not.toContain(secret.value)
    expect(sandbox.requests).toHaveLength(before)
  })

  it('takes a sandbox made before, and ports', async () => {
    const port = await freePort()
    const sandbox = new Sandbox()
    const other = await startSandbox({ sandbox, tenantPort: port, githubBasePath: '/api/v3' })
    expect(other.sandbox).toBe(sandbox)
    expect(other.tenantUrl).toBe(`http://127.0.0.1:${port}`)
    expect(sandbox.settings).toMatchObject({ tenantUrl: other.tenantUrl, githubUrl: other.githubUrl })
    expect(other.githubUrl).toMatch(/\/api\/v3$/)
    await other.close()
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
