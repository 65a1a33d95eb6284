import { describe, expect, it } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { expectHealed, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation, startAnew } from '../support/each-test.ts'
import { expectWorks, hints, place, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()

describe('the admin client', () => {
  it('rotates its own secret into the place the workflow reads it from', async () => {
    const { tenant, github } = simulation.sandbox
    const { clientId, secret } = tenant.createAdminClient('automation')
    const mine = { ...place, name: 'QLIK_ADMIN_SECRET' }
    github.overwriteSecret(mine, secret)
    const inputs = () => ({
      'api-key': '',
      'admin-client-id': clientId,
      'admin-client-secret': github.secretValue(mine)!,
      name: 'automation',
      scopes: '',
      'client-id-as': 'none',
      'client-secret-name': mine.name,
      'rotate-after': '30d',
    })
    for (let round = 0; round < 4; round++) {
      simulation.advance(24 * 31)
      const result = await simulation.run(inputs())
      expectSuccess(result, { result: 'rotated', 'client-id': clientId })
      expect(tenant.canAuthenticate(clientId, github.secretValue(mine)!)).toBe(true)
    }
    simulation.advance(25)
    await simulation.run(inputs())
    // The one it began with, made by hand, and the current one.
    expect(tenant.clients.get(clientId)!.secrets).toHaveLength(2)
  })

  it('may gain scopes', async () => {
    const { clientId, secret } = simulation.sandbox.tenant.createAdminClient('automation')
    const signIn = { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret, name: 'automation' }
    expectSuccess(await simulation.run({ ...signIn, scopes: 'admin_classic user_default apps' }), { result: 'rotated' })
  })
})

describe('a destination', () => {
  it('may be another repository', async () => {
    simulation.sandbox.github.createRepository('Acme/Other', { id: 42 })
    const inputs = { repository: 'acme/other' }
    const client = await settled(inputs)
    expectWorks(client, { repository: 'acme/other' })
    await expectHealed(simulation, inputs)
    expectSuccess(await simulation.run({ ...inputs, mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/other' })).toEqual([])
  })

  it('may be the running repository in other letters', async () => {
    const client = await settled({ repository: 'ACME/App' })
    expectWorks(client)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it.each(['staging', 'prod/eu west', 'Größe', 'a%2Fb', 'x?y#z', 'a+b&c'])(
    'may be the environment %s',
    async (environment) => {
      simulation.sandbox.github.createEnvironment('acme/app', environment)
      const client = await settled({ environment })
      expectWorks(client, { environment })
      expect(simulation.sandbox.github.secretNames(place)).toEqual([])
      expectSuccess(await expectHealed(simulation, { environment }), { result: 'unchanged' })
      expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
      expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', environment })).toEqual([])
    },
  )

  it('is found among more secrets and variables than one page holds', async () => {
    const { github } = simulation.sandbox
    for (let i = 0; i < 95; i++) github.overwriteSecret({ ...place, name: `A_${i}` }, 'x')
    for (let i = 0; i < 75; i++) github.setVariable({ ...place, name: `A_${i}` }, 'x')
    expectWorks(await settled())
    await expectHealed(simulation)
  })

  it('takes a secret sealed with the key of the moment', async () => {
    simulation.sandbox.settings.wrongKey = 'refused'
    simulation.sandbox.faults.add({
      method: 'PUT',
      when: 'before',
      fault: { kind: 'hook', run: () => simulation.sandbox.github.rotatePublicKey({ repository: 'acme/app' }) },
    })
    expectWorks(await settled())
    await expectHealed(simulation)
  })
})

describe('tenants that differ', () => {
  const switches: [string, Partial<Settings>][] = [
    ['gives pages of three', { pageLimit: 3 }],
    ['does not honour consent in the request that creates', { createConsent: 'ignored' }],
    ['has hints from the end of a secret', { hints: 'suffix' }],
    ['has hints that have nothing to do with the secret', { hints: 'opaque' }],
    ['shows consent alone only', { consentShown: 'alone', createConsent: 'ignored' }],
    ['answers in the older form', { legacyHint: true }],
    ['takes two seconds to spread a secret', { secretDelay: 2 }],
    ['takes two seconds to spread consent', { consentDelay: 2, createConsent: 'ignored' }],
    ['shows secrets in lists only', { getShowsSecrets: false }],
    ['does not say when secrets were made', { stampsOfSecrets: 'absent' }],
    ['shows deleted clients', { deletedClients: 'shown' }],
    ['refuses to replace what is not there', { replaceAbsent: 'refused' }],
    ['lets tokens die with their secret', { tokensDieWithSecret: true, tokensDieWithClient: true }],
    ['keeps the last secret', { lastSecret: 'kept' }],
    ['has GitHub show stamps late', { stampDelay: 3 }],
    [
      'is all of these',
      {
        pageLimit: 3,
        createConsent: 'ignored',
        hints: 'opaque',
        legacyHint: true,
        secretDelay: 2,
        getShowsSecrets: false,
      },
    ],
  ]

  it.each(switches)('one that %s is served all the same', async (_what, settings) => {
    await startAnew(settings)
    const { tenant, github } = simulation.sandbox
    for (let i = 0; i < 7; i++) tenant.addClient({ clientName: `other ${i}`, secrets: 1 })
    tenant.deleteClient(tenant.addClient({ clientName: 'deployer' }).clientId)
    const inputs = { description: 'd', 'rotate-after': '30d' }
    expectSuccess(await simulation.run(inputs), { result: 'created' })
    const client = theClient(simulation)
    expectWorks(client)
    await expectHealed(simulation, inputs)
    simulation.advance(24 * 31)
    const rotation = await simulation.run(inputs)
    expectSuccess(rotation, { result: 'rotated', 'secret-hint': hints(client).at(-1)! })
    expectWorks(client)
    simulation.advance(25)
    await simulation.run(inputs)
    expect(hints(client)).toHaveLength(1)
    await expectHealed(simulation, inputs)
    simulation.advance(1)
    github.deleteSecret(place)
    expectSuccess(await expectHealed(simulation, inputs), { result: 'rotated' })
    expectSuccess(await simulation.run({ ...inputs, mode: 'destroy' }), { result: 'deleted' })
    expect(tenant.findByName('deployer')).toEqual([])
    expect(tenant.liveClients()).toHaveLength(7)
  })
})

describe('names from a tenant or a spec', () => {
  it('form no workflow command and no Markdown', async () => {
    const name = '::error::x ##[group] <img src=x> | `a` [l](http://evil.example) @octocat'
    const result = await simulation.run({ name, description: '::warning::y\n::add-mask::a', mode: 'plan' })
    expectSuccess(result)
    for (const line of result.log) expect(line).not.toMatch(/^\s*::|##\[|[\r\n]/)
    expect(result.summary).not.toMatch(/<img|@octocat|\[l\]|`a`/)
    expectSuccess(await simulation.run({ name }), { result: 'created', 'client-name': name })
    await expectHealed(simulation, { name })
  })

  it('are quoted harmlessly where a service says them', async () => {
    const body = JSON.stringify({
      errors: [{ code: 'X', title: '\n::add-mask::a\n##[error]', detail: '<b>' }],
      traceId: '::error::t',
    })
    simulation.sandbox.faults.add({ service: 'tenant', when: 'before', fault: { kind: 'status', status: 400, body } })
    const result = await simulation.run()
    expectRefusal(result, 'TENANT_REJECTED')
    expect(result.error!.message).not.toMatch(/\n|##\[/)
    expect(result.error!.trace).toBeUndefined()
    expect(result.summary).not.toContain('<b>')
  })
})
