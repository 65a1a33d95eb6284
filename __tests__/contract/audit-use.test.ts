import { describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { audited, detailOf, findings, kindsOf, looking, quietClient, signsIn } from '../support/auditing.ts'
import { count, expectFailure } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

// What an audit says of the use of clients, of endpoints that are closed to it, and what it costs.

eachTest()

const tenant = () => simulation.sandbox.tenant
const made = (name: string): Client => tenant().addClient({ clientName: name, allowedScopes: ['user_default'] })

describe('a client', () => {
  it('is unused after ninety days without an access token', async () => {
    const [used, never] = [quietClient(simulation), made('never')]
    const result = await audited(simulation)
    expect(kindsOf(result, used.clientId)).not.toContain('unused')
    expect(kindsOf(result, never.clientId)).toContain('unused')
    expect(detailOf(result, 'unused')).toMatch(/no access token in the 90 days .* \(it is only \d+ \w+ old\)$/)
    simulation.advance(24 * 89)
    expect(kindsOf(await audited(simulation), used.clientId)).not.toContain('unused')
    simulation.advance(24 * 2)
    expect(kindsOf(await audited(simulation), used.clientId)).toContain('unused')
  })

  it.each(['new', 'old', 'both'] as const)('is used by events with its %s names', async (names) => {
    simulation.sandbox.settings.nameOfTokenEvents = names
    const { clientId } = quietClient(simulation)
    expect(kindsOf(await audited(simulation), clientId)).toEqual(['unmanaged'])
  })

  it.each(['new', 'old'] as const)('is asked about by its bot where others fill the %s events', async (names) => {
    simulation.sandbox.settings.nameOfTokenEvents = names
    const [used, stale, never] = [quietClient(simulation, 'used'), quietClient(simulation, 'stale'), made('never')]
    simulation.advance(24 * 100)
    signsIn(simulation, used)
    // More events of one client than are read of all: it is no longer among the newest.
    const busy = quietClient(simulation, 'busy')
    for (let index = 0; index < 300; index++) signsIn(simulation, busy)
    const result = await audited(simulation)
    expect(kindsOf(result, used.clientId)).not.toContain('unused')
    expect(kindsOf(result, stale.clientId)).toContain('unused')
    expect(kindsOf(result, never.clientId)).toContain('unused')
    expect(result.requests.filter(({ path }) => path.includes('userId=')).length).toBeGreaterThan(1)
  })

  it('that nobody can tell of is not called unused: events may not say whose bot got the token', async () => {
    simulation.sandbox.settings.usersOfTokenEvents = 'not told'
    const clients = [...Array(10).keys()].map((index) => quietClient(simulation, `c${index}`))
    for (let index = 0; index < 600; index++) signsIn(simulation, clients[9]!)
    const result = await audited(simulation)
    expect(findings(result).map(({ kind }) => kind)).not.toContain('unused')
    expect(detailOf(result, 'unseen')).toMatch(
      /^events .*they do not say which client they belong to; not judged: whether 9 clients/,
    )
  })

  it('that acts as other users is not called unused because its own bot is idle', async () => {
    const grants = ['client_credentials', 'urn:qlik:oauth:user-impersonation']
    const portal = tenant().addClient({ clientName: 'portal', allowedGrantTypes: grants, allowedScopes: ['apps'] })
    const busy = [0, 1, 2, 3].map((index) => quietClient(simulation, `b${index}`))
    for (let index = 0; index < 300; index++) signsIn(simulation, busy[0]!)
    tenant().events.tokenIssued(portal, tenant().owner, ['apps'], grants[1])
    expect(kindsOf(await audited(simulation), portal.clientId)).not.toContain('unused')
    for (let index = 0; index < 300; index++) signsIn(simulation, busy[0]!)
    expect(kindsOf(await audited(simulation), portal.clientId)).not.toContain('unused')
  })

  it('for people is not judged', async () => {
    const spa = tenant().addClient({ clientName: 'spa', appType: 'spa', allowedGrantTypes: [], secrets: 0 })
    expect(kindsOf(await audited(simulation), spa.clientId)).toEqual(['unmanaged'])
  })
})

describe('an endpoint that is closed', () => {
  it.each([401, 403, 404] as const)(
    'is told once, with what was not judged, and the rest goes on (%i)',
    async (status) => {
      made('never')
      simulation.sandbox.settings.closed = { '/api/v1/audits': status, '/api/v1/users': status }
      const result = await audited(simulation)
      const unseen = findings(result).filter(({ kind }) => kind === 'unseen')
      expect(unseen.map(({ detail }) => detail)).toEqual([
        expect.stringMatching(
          `^users \\(/api/v1/users\\): the tenant answered ${status} .*; not judged: orphaned bots`,
        ),
        expect.stringMatching(
          `^events \\(/api/v1/audits\\): the tenant answered ${status} .*; not judged: which clients`,
        ),
      ])
      expect(unseen).toMatchObject([{ 'client-id': '', 'client-name': '', severity: 'info' }, {}])
      expect(findings(result).map(({ kind }) => kind)).toEqual(['unmanaged', 'unseen', 'unseen'])
      expect(count(result, 'GET', /audits/)).toBe(1)
      expect(count(result, 'GET', /users/)).toBe(1)
    },
  )

  it('may be one that never answers', async () => {
    const { clientId } = made('never')
    simulation.sandbox.faults.add({ path: /audits/, when: 'before', times: 1000, fault: { kind: 'hang' } })
    const result = await audited(simulation)
    expect(kindsOf(result, clientId)).toEqual(['unmanaged'])
    expect(detailOf(result, 'unseen')).toMatch(/silent for .*; not judged: which clients are unused/)
  })

  it('may close in the middle: who was asked about by then is judged', async () => {
    const clients = [...Array(30).keys()].map((index) => quietClient(simulation, `c${index}`))
    simulation.advance(24 * 100)
    for (let index = 0; index < 3000; index++) signsIn(simulation, clients[0]!)
    simulation.sandbox.faults.add({
      ...{ path: /userId=/, nth: 20, times: 1000, when: 'before' },
      fault: { kind: 'status', status: 403, body: '{"errors":[{"code":"HTTP-403","title":"Forbidden"}]}' },
    })
    const result = await audited(simulation)
    const unused = findings(result).filter(({ kind }) => kind === 'unused').length
    const [, left] = /whether (\d+) clients? (?:is|are) unused/.exec(detailOf(result, 'unseen'))!
    expect(unused).toBeLessThan(29)
    expect(unused + Number(left)).toBe(29)
  })

  it('is the run’s failure where it is the list of clients itself', async () => {
    simulation.sandbox.settings.closed = { '/api/v1/oauth-clients': 403 }
    const result = await simulation.run(looking('audit'))
    expectFailure(result, 'TENANT_FORBIDDEN')
    expect(result.outputs).toMatchObject({ result: '', findings: '' })
  })

  it('may be the list’s own: fields that only administrators see are reported as unseen', async () => {
    made('plain')
    const key = tenant().issueApiKey({ admin: false }).value
    const result = await audited(simulation, { 'api-key': key })
    const unseen = findings(result).filter(({ kind }) => kind === 'unseen')
    expect(unseen[0]!.detail).toMatch(
      /^clients: .*shows parts of 1 of them to administrators only.*; not judged: their consent, secrets and keys$/,
    )
    expect(findings(result).map(({ kind }) => kind)).not.toContain('unknown-maker')
  })
})

describe('a tenant that takes less than its documentation says', () => {
  const refusing = (path: RegExp) =>
    simulation.sandbox.faults.add({
      ...{ path, when: 'before', times: 1000 },
      fault: { kind: 'status', status: 400, body: '{"errors":[{"code":"HTTP-400","title":"Bad request"}]}' },
    })

  it('is asked for the events of each bot where it does not show those of all', async () => {
    const [used, stale] = [quietClient(simulation, 'used'), quietClient(simulation, 'stale'), made('never'), made('n')]
    simulation.advance(24 * 100)
    signsIn(simulation, used)
    refusing(/audits\?(?!.*userId)/)
    const result = await audited(simulation)
    expect(kindsOf(result, used.clientId)).toEqual(['unmanaged'])
    expect(kindsOf(result, stale!.clientId)).toContain('unused')
    refusing(/audits/)
    const closed = await audited(simulation)
    expect(findings(closed).map(({ kind }) => kind)).not.toContain('unused')
    expect(detailOf(closed, 'unseen')).toMatch(/answered 400 .*which clients are unused/)
  })

  it('is read to the last user where it finds none by a part of its subject', async () => {
    for (let index = 0; index < 4; index++) made(`c${index}`)
    for (let index = 0; index < 300; index++) tenant().addUser({ name: `u${index}`, admin: false })
    const maker = tenant().addUser({ name: 'late', admin: true })
    tenant().addSecret(tenant().liveClients()[0]!.clientId, { createdBy: maker.id })
    tenant().addUser({ name: 'left', admin: true, clientId: 'c'.repeat(32) })
    refusing(/users\?filter=/)
    const result = await audited(simulation)
    expect(detailOf(result, 'orphaned-bot')).toMatch(/its client is gone/)
    expect(findings(result).map(({ kind }) => kind)).not.toContain('unknown-maker')
    expect(findings(result).map(({ kind }) => kind)).not.toContain('unseen')
  })

  it('calls no maker gone where it does not even find a user that it showed just now', async () => {
    made('c')
    for (let index = 0; index < 150; index++) tenant().addUser({ name: `u${index}`, admin: false })
    const maker = tenant().addUser({ name: 'late', admin: true })
    tenant().addSecret(tenant().liveClients()[0]!.clientId, { createdBy: maker.id })
    simulation.sandbox.faults.add({
      ...{ path: /users\?filter=id/, when: 'before' },
      fault: { kind: 'status', status: 200, body: '{"data":[],"links":{}}' },
    })
    expect(findings(await audited(simulation)).map(({ kind }) => kind)).not.toContain('unknown-maker')
  })

  it('may no longer know the old name of an event', async () => {
    const { clientId } = quietClient(simulation)
    made('never')
    refusing(/eventType=com\.qlik\.oauth-token/)
    const result = await audited(simulation)
    expect(kindsOf(result, clientId)).toEqual(['unmanaged'])
    expect(findings(result).filter(({ kind }) => kind === 'unused')).toHaveLength(1)
  })
})

describe('entries that nobody documented', () => {
  it('are looked at as far as they can be read', async () => {
    const address = 'https://agent.example/oauth/client.json'
    simulation.sandbox.settings.strangers = [
      { clientId: address, clientName: 'agent', appType: 'native', allowedScopes: ['user_default', 'admin.apps'] },
      { clientId: 'urn:x:y', clientName: ['odd'], allowedScopes: 'admin.apps', disableTag: 'not approved' },
      { clientName: 'nobody' },
      {
        ...{ clientId: 'b'.repeat(32), clientName: 'long hint', appType: 'web' },
        ...{ allowedScopes: ['apps'] },
        clientSecrets: [{ hint: 'h'.repeat(41), createdAt: '2020-01-01T00:00:00Z', createdBy: tenant().owner.id }],
      },
      'nonsense',
    ]
    tenant().addUser({ name: 'agent', admin: false, clientId: address })
    const result = await audited(simulation)
    expect(kindsOf(result, address)).toEqual(['broad-scope', 'unmanaged'])
    expect(kindsOf(result, 'urn:x:y')).toEqual(['unmanaged', 'disabled'])
    expect(kindsOf(result, 'b'.repeat(32))).toEqual(['old-secret', 'unmanaged'])
    expect(detailOf(result, 'old-secret')).toMatch(/^secret \(not shown\) is \d+ days old$/)
    expect(findings(result).map(({ kind }) => kind)).not.toContain('orphaned-bot')
    // An entry without an id is not a client that anybody could find.
    expect(result.log.at(-1)).toMatch(/3 clients looked at/)
  })
})

describe('what an audit costs', () => {
  /** A tenant of so many clients, all but a few used, whose events nobody could read one by one. */
  const crowd = (size: number, events: number) => {
    const clients = [...Array(size).keys()].map((index) =>
      index % 3 === 0 ? made(`c${index}`) : quietClient(simulation, `c${index}`),
    )
    simulation.advance(24)
    for (let index = 0; index < events; index++) signsIn(simulation, clients[1]!)
    return clients
  }

  it.each([
    [2, 300],
    [3, 300],
    [4, 300],
    [10, 0],
    [10, 500],
    [60, 3000],
    [200, 0],
    [200, 5000],
  ])('is three requests a client at most: %i clients, %i events', async (size, events) => {
    crowd(size, events)
    const result = await audited(simulation)
    expect(result.requests.length).toBeLessThanOrEqual(3 * size)
    expect(findings(result).filter(({ kind }) => kind === 'unused')).toHaveLength(Math.ceil(size / 3))
  })

  it('stays small on a tenant with many users', async () => {
    const clients = crowd(40, 0)
    for (let index = 0; index < 3000; index++) tenant().addUser({ name: `u${index}`, admin: false })
    const late = tenant().addUser({ name: 'late', admin: true })
    const gone = tenant().addUser({ name: 'gone', admin: true })
    for (const { id } of [late, gone]) tenant().addSecret(clients[1]!.clientId, { createdBy: id })
    tenant().users.delete(gone.id)
    tenant().addUser({ name: 'left', admin: true, clientId: 'c'.repeat(32) })
    const result = await audited(simulation)
    expect(result.requests.length).toBeLessThanOrEqual(3 * 40)
    expect(detailOf(result, 'orphaned-bot')).toMatch(/^user \w+: its client is gone/)
    expect(kindsOf(result, clients[1]!.clientId)).toEqual(['unmanaged', 'unknown-maker'])
  })

  it('is done at the pace that the tenant allows, and says how far it is', async () => {
    const { settings, clock } = simulation.sandbox
    crowd(200, 5000)
    settings.tier1PerMinute = 1000
    simulation.requestTime = 250
    const began = clock.now()
    const result = await audited(simulation)
    const minutes = (clock.now() - began) / 60_000
    expect(result.log.join('\n')).toMatch(/… \d+ of \d+ clients asked about/)
    expect(result.log.join('\n')).not.toMatch(/limits the rate/)
    // Requests are carried out one after the other here: no other wait was added.
    expect(minutes).toBeLessThan((result.requests.length * 250) / 60_000 / 0.9)
  })
})
