import { beforeEach, describe, expect, it } from 'vitest'
import { parseDuration } from '../../sandbox/clock.ts'
import type { FaultPlan } from '../../sandbox/faults.ts'
import { Sandbox } from '../../sandbox/sandbox.ts'
import { call } from './calls.ts'

const path = '/api/v1/oauth-clients'

let sandbox: Sandbox
let bearer: string

beforeEach(() => {
  sandbox = new Sandbox({ clock: 'frozen' })
  bearer = sandbox.tenant.issueApiKey({ admin: true }).value
})

function create() {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ appType: 'web', clientName: 'etl' })
  return sandbox.handle('tenant', { method: 'POST', path, headers, body })
}

function list() {
  return call(sandbox, 'tenant', 'GET', `${path}?limit=5`, { bearer })
}

describe('faults', () => {
  it.each([
    [
      { kind: 'status', status: 503, headers: { 'retry-after': '2' }, body: '{}' },
      { kind: 'response', status: 503, body: '{}' },
    ],
    [{ kind: 'drop' }, { kind: 'dropped' }],
    [{ kind: 'hang' }, { kind: 'hung' }],
    [{ kind: 'html' }, { kind: 'response', status: 200, body: expect.stringContaining('<html>') }],
    [{ kind: 'cut' }, { kind: 'cut' }],
  ] as [FaultPlan['fault'], object][])('%o strikes before or after the request takes effect', (fault, seen) => {
    sandbox.faults.add({ when: 'before', fault })
    expect(create()).toMatchObject(seen)
    expect(sandbox.tenant.findByName('etl')).toHaveLength(0)
    sandbox.faults.add({ when: 'after', fault })
    const outcome = create()
    expect(outcome).toMatchObject(seen)
    if (outcome.kind !== 'response') expect(outcome.tookEffect).toBe(true)
    expect(sandbox.tenant.findByName('etl')).toHaveLength(1)
    expect(create()).toMatchObject({ kind: 'response', status: 201 })
  })

  it('cuts the body short of its length', () => {
    sandbox.faults.add({ when: 'after', fault: { kind: 'cut' } })
    const outcome = create()
    if (outcome.kind !== 'cut') throw new Error('not cut')
    expect(outcome.status).toBe(201)
    expect(Number(outcome.headers['content-length'])).toBeGreaterThan(outcome.body.length)
    expect(sandbox.tenant.findByName('etl')[0]?.clientId).toBeDefined()
  })

  it('picks the request by service, method, path and count', () => {
    const fault = { kind: 'status', status: 500 } as const
    const handle = sandbox.faults.add({
      service: 'tenant',
      method: 'get',
      path,
      nth: 2,
      times: 2,
      when: 'before',
      fault,
    })
    expect([list(), list(), list(), list()].map((a) => a.status)).toEqual([200, 500, 500, 200])
    expect(handle.fired).toBe(2)
    const always = sandbox.faults.add({ path: /\?limit=5$/g, times: Number.POSITIVE_INFINITY, when: 'before', fault })
    expect([list(), list(), list()].map((a) => a.status)).toEqual([500, 500, 500])
    expect(create()).toMatchObject({ status: 201 })
    always.remove()
    sandbox.faults.add({ service: 'github', when: 'before', fault })
    expect(list().status).toBe(200)
    sandbox.faults.clear()
  })

  it('runs hooks before and after, and lets the request go on', () => {
    const seen: number[] = []
    const run = () => void seen.push(sandbox.tenant.findByName('etl').length)
    sandbox.faults.add({ when: 'before', fault: { kind: 'hook', run } })
    sandbox.faults.add({ when: 'after', fault: { kind: 'hook', run } })
    expect(create()).toMatchObject({ status: 201 })
    expect(seen).toEqual([0, 1])
  })

  it('tells of each request beforehand, and keeps a record without credentials', () => {
    const indices: number[] = []
    sandbox.faults.onRequest = (record) => {
      expect(record.status).toBeUndefined()
      indices.push(record.index)
    }
    create()
    const { clientId, secret } = sandbox.tenant.createAdminClient()
    const body = { client_id: clientId, client_secret: secret, grant_type: 'client_credentials' }
    call(sandbox, 'tenant', 'POST', '/oauth/token', { body })
    sandbox.faults.add({ when: 'after', fault: { kind: 'drop' } })
    create()
    expect(indices).toEqual([0, 1, 2])
    const at = sandbox.clock.now()
    expect(sandbox.requests).toMatchObject([
      {
        index: 0,
        service: 'tenant',
        method: 'POST',
        path,
        status: 201,
        at,
        body: { appType: 'web', clientName: 'etl' },
      },
      { index: 1, path: '/oauth/token', status: 200 },
      { index: 2, status: undefined },
    ])
    expect(JSON.stringify(sandbox.requests)).not.toContain(secret)
    expect(JSON.stringify(sandbox.requests)).not.toContain(bearer)
  })
})

describe('the clock', () => {
  it('stands still, or runs with an offset', () => {
    const live = new Sandbox()
    expect(Math.abs(live.clock.now() - Date.now())).toBeLessThan(1000)
    live.clock.advance(3_600_000)
    expect(Math.abs(live.clock.now() - Date.now() - 3_600_000)).toBeLessThan(1000)
    expect(new Sandbox({ clock: 'frozen', startAt: 5000 }).clock.now()).toBe(5000)
  })

  it('reads durations', () => {
    expect(['25h', '1.5s', '7d', '20m', '5ms', '25', 'h', ''].map(parseDuration)).toEqual([
      90_000_000,
      1500,
      604_800_000,
      1_200_000,
      5,
      undefined,
      undefined,
      undefined,
    ])
  })
})
