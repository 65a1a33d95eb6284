import { describe, expect, it } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { expectFailure, expectHealed, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation, startAnew } from '../support/each-test.ts'
import { expectWorks, hints } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()

// What the documentation of both services leaves open, and no other test tries both ways.

/** A client's life: made, idle, rotated, retired, changed, healed, destroyed. */
async function live(inputs: Record<string, string> = {}): Promise<void> {
  const { tenant, github } = simulation.sandbox
  expectSuccess(await simulation.run(inputs), { result: 'created' })
  simulation.advance(1)
  const client = theClient(simulation)
  expectSuccess(await expectHealed(simulation, inputs), { result: 'unchanged' })
  expectSuccess(await simulation.run({ ...inputs, rotate: 'now' }), { result: 'rotated' })
  expectWorks(client)
  simulation.advance(25)
  expectSuccess(await expectHealed(simulation, { ...inputs, scopes: 'user_default apps' }), { result: 'updated' })
  expect(hints(client)).toHaveLength(1)
  github.deleteSecret({ repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' })
  expectSuccess(await expectHealed(simulation, { ...inputs, scopes: 'user_default apps' }), { result: 'rotated' })
  expectWorks(client)
  expectSuccess(await simulation.run({ ...inputs, mode: 'destroy' }), { result: 'deleted' })
  expect(tenant.findByName('deployer')).toEqual([])
}

describe('a client lives its whole life on a tenant or GitHub that', () => {
  const kinds: [string, Partial<Settings>][] = [
    ['lists a new client two seconds late', { listDelay: 2 }],
    ['lists a new client long after the run', { listDelay: 20 }],
    ['refuses two clients of one name', { duplicateNames: 'refused' }],
    ['compares filters without case', { filterCase: 'insensitive' }],
    ['ignores unknown fields', { unknownFields: 'ignored' }],
    ['answers a client without consent with 401', { untrustedStatus: 401, untrustedCode: 'OAUTH-1', consentDelay: 2 }],
    ['answers a client without consent with 403', { untrustedStatus: 403, consentDelay: 2, createConsent: 'ignored' }],
    ['counts new scopes with the next token only', { scopeChanges: 'next-token' }],
    ['gives each user one access token at a time', { maxTokensPerUser: 1 }],
    ['wants another status for an unconfirmed deletion', { unconfirmedDeleteStatus: 412 }],
    ['refuses to delete bots', { deletionOfBots: 'refused', botAppears: 'with-client' }],
    ['limits with 429', { githubLimitStatus: 429, writesPerMinute: 3, githubRetryAfter: undefined }],
    ['limits by the hour', { primaryPerHour: 30 }],
  ]

  it.each(kinds)('%s', async (_what, settings) => {
    await startAnew(settings)
    await live()
  })

  it('trusts every new client', async () => {
    await startAnew({ createConsent: 'always' })
    await live()
  })
})

describe('a tenant that', () => {
  it('trusts every new client is told that this one’s consent is required', async () => {
    await startAnew({ createConsent: 'always' })
    expectSuccess(await simulation.run({ consent: 'required' }), { result: 'created' })
    expect(theClient(simulation).consentMethod).toBe('required')
    await expectHealed(simulation, { consent: 'required' })
  })

  it('wants user_default beside admin_classic for managing clients is managed with both', async () => {
    await startAnew({ scopesToManage: 'admin_classic user_default' })
    const { clientId, secret } = simulation.sandbox.tenant.createAdminClient('automation')
    await live({ 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret })
  })

  it('has as many clients as it allows says so before anything is delivered', async () => {
    await startAnew({ maxClients: 1 })
    simulation.sandbox.tenant.addClient({ clientName: 'other' })
    expectFailure(await simulation.run(), 'TENANT_REJECTED', { message: /maximum number of OAuth clients/ })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app' })).toEqual([])
  })

  it.each(['forbidden', 'missing'] as const)('calls a hidden space %s: the run names it', async (unseenSpace) => {
    await startAnew({ unseenSpace })
    const result = await simulation.run({ spaces: '6512a0b1c2d3e4f5a6b7c8d9: consumer' })
    expect(result.error?.code).toBe('SPACE_MISSING')
    expect(result.error?.message).toContain('6512a0b1c2d3e4f5a6b7c8d9')
  })
})
