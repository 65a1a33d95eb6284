import { describe, expect, it } from 'vitest'
import { type Answer, call } from './calls.ts'
import { create, eachTenant, path, sandbox, send, signIn, start } from './own-tenant.ts'

function names(answer: Answer): string[] {
  return answer.json.data.map((item: { clientName: string }) => item.clientName)
}

eachTenant()

describe('who may do what', () => {
  it('refuses an unknown, a missing and an expired bearer with the error envelope', () => {
    const { value } = sandbox.tenant.issueApiKey({ admin: true, expiresAt: sandbox.clock.now() + 1000 })
    expect(call(sandbox, 'tenant', 'GET', path, { bearer: value }).status).toBe(200)
    sandbox.clock.advance(1000)
    for (const wrong of [{ bearer: value }, { bearer: 'x' }, {}]) {
      const answer = call(sandbox, 'tenant', 'GET', path, wrong)
      expect(answer.status).toBe(401)
      expect(answer.json.errors[0]).toMatchObject({ code: 'HTTP-401', title: 'Unauthorized' })
      expect(answer.json.traceId).toMatch(/^[0-9a-f]{32}$/)
    }
  })

  it('gives someone who is no admin the slim shape and no writes', () => {
    const client = sandbox.tenant.addClient({ clientName: 'etl' })
    signIn(false)
    const [item] = send('GET', path).json.data
    expect(item.clientName).toBe('etl')
    for (const field of ['clientSecrets', 'connectionConfig', 'redirectUris', 'allowedAuthMethods']) {
      expect(item).not.toHaveProperty(field)
    }
    const one = `${path}/${client.clientId}`
    expect(create().status).toBe(403)
    expect(send('PATCH', one, []).status).toBe(403)
    expect(send('DELETE', one).status).toBe(403)
    expect(send('POST', `${one}/client-secrets`).status).toBe(403)
    expect(send('GET', `${one}/connection-configs/me`).status).toBe(403)
  })

  it('dates answers by its own clock', () => {
    expect(send('GET', path).headers.date).toBe('Mon, 02 Nov 2026 06:00:00 GMT')
    sandbox.clock.advance(61_500)
    expect(send('GET', path).headers.date).toBe('Mon, 02 Nov 2026 06:01:01 GMT')
  })

  it('limits by tier when told to', () => {
    start({ tier1PerMinute: 2, tier2PerMinute: 1 })
    expect([send('GET', path), send('GET', path), send('GET', path)].map((a) => a.status)).toEqual([200, 200, 429])
    sandbox.clock.advance(15_000)
    const answer = send('GET', path)
    expect(answer.headers['retry-after']).toBe('45')
    expect(answer.json.errors[0].code).toBe('HTTP-429')
    expect([create(), create()].map((a) => a.status)).toEqual([201, 429])
    sandbox.clock.advance(45_000)
    expect(send('GET', path).status).toBe(200)
  })
})

describe('the list', () => {
  function fill(count: number) {
    for (let i = 0; i < count; i++) sandbox.tenant.addClient({ clientName: `c${i}` })
  }

  it('has 20 items unless asked, at most 100, and absolute links to the next and previous page', () => {
    fill(45)
    expect(send('GET', path).json.data).toHaveLength(20)
    for (const limit of ['0', '101', 'x']) expect(send('GET', `${path}?limit=${limit}`).status).toBe(400)
    const first = send('GET', `${path}?limit=30&totalResults=true`)
    expect(first.json.totalResults).toBe(45)
    expect(first.json.links.prev).toBeUndefined()
    const next = new URL(first.json.links.next.href)
    expect(next.origin).toBe('https://sandbox.eu.qlikcloud.com')
    const second = send('GET', next.pathname + next.search)
    expect(new Set([...names(first), ...names(second)]).size).toBe(45)
    expect(second.json.links.next).toBeUndefined()
    const prev = new URL(second.json.links.prev.href)
    expect(names(send('GET', prev.pathname + prev.search))).toEqual(names(first))
    expect(send('GET', `${path}?next=garbage`).status).toBe(400)
  })

  it('can be cut into smaller pages', () => {
    start({ pageLimit: 3 })
    fill(7)
    const seen: string[] = []
    let at: string | undefined = `${path}?limit=100`
    for (; at !== undefined; ) {
      const answer = send('GET', at)
      expect(answer.json.data.length).toBeLessThanOrEqual(3)
      seen.push(...names(answer))
      const href = answer.json.links.next?.href
      at = href && new URL(href).pathname + new URL(href).search
    }
    expect(seen).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'])
  })

  it('filters by equality, joined by and, with quoting', () => {
    const odd = 'a "b" \\ c'
    sandbox.tenant.addClient({ clientName: odd })
    sandbox.tenant.addClient({ clientName: 'Etl' })
    sandbox.tenant.addClient({ clientName: 'x', appType: 'spa' })
    const filtered = (filter: string) => send('GET', `${path}?filter=${encodeURIComponent(filter)}`)
    expect(names(filtered(`clientName eq ${JSON.stringify(odd)}`))).toEqual([odd])
    expect(names(filtered('appType eq "web" and clientName eq "Etl"'))).toEqual(['Etl'])
    expect(names(filtered('clientname EQ "Etl"'))).toEqual(['Etl'])
    expect(names(filtered('clientName eq "etl"'))).toEqual([])
    sandbox.settings.filterCase = 'insensitive'
    expect(names(filtered('clientName eq "etl"'))).toEqual(['Etl'])
    for (const bad of [
      '',
      'clientName',
      'clientName sw "E"',
      'description eq "x"',
      'clientName eq "a" or appType eq "b"',
    ]) {
      expect(filtered(bad).status, bad).toBe(400)
    }
  })

  it('sorts', () => {
    for (const clientName of ['b', 'a', 'c']) sandbox.tenant.addClient({ clientName })
    expect(names(send('GET', `${path}?sort=%2BclientName`))).toEqual(['a', 'b', 'c'])
    expect(names(send('GET', `${path}?sort=-clientName`))).toEqual(['c', 'b', 'a'])
    expect(names(send('GET', `${path}?sort=-createdAt`))).toEqual(['c', 'a', 'b'])
    // An unencoded + is a space.
    expect(send('GET', `${path}?sort=+clientName`).status).toBe(400)
  })

  it('shows the full connection config to admins', () => {
    fill(1)
    const [item] = send('GET', path).json.data
    expect(item.connectionConfig).toEqual({ consentMethod: 'trusted', status: 'approved', deletedByOwner: false })
    expect(item.clientSecrets).toHaveLength(1)
  })

  it('lags or shows deleted clients by switch', () => {
    start({ listDelay: 5 })
    const id = create().json.clientId
    expect(send('GET', path).json.data).toEqual([])
    sandbox.clock.advance(5000)
    expect(send('GET', path).json.data).toHaveLength(1)
    sandbox.tenant.deleteClient(id)
    expect(send('GET', path).json.data).toEqual([])
    expect(send('GET', `${path}/${id}`).status).toBe(404)
    sandbox.settings.deletedClients = 'shown'
    expect(send('GET', path).json.data[0].deletedAt).toMatch(/Z$/)
    expect(send('GET', `${path}/${id}`).status).toBe(200)
    expect(send('PATCH', `${path}/${id}`, []).status).toBe(404)
  })
})
