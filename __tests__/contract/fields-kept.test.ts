import { beforeEach, describe, expect, it } from 'vitest'
import { programFor } from '../promises/many-clients.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { theClient } from '../support/promises.ts'

eachTest()

/** A tenant that takes this scope, and does not keep it. */
function drop(scope: string): void {
  simulation.afterRequest = () => {
    for (const client of simulation.sandbox.tenant.liveClients())
      client.allowedScopes = (client.allowedScopes ?? []).filter((it) => it !== scope)
  }
}

const wanted = { scopes: 'user_default admin.apps' }

describe('a tenant that takes a change and drops a part of it', () => {
  beforeEach(() => drop('admin.apps'))

  it('at creation: the run fails with what is missing, after the delivery', async () => {
    const result = await simulation.run(wanted)
    expectFailure(result, 'TENANT_REJECTED', { message: /scopes without admin\.apps/ })
    expect(result.outputs).toMatchObject({ result: 'created', changed: 'true' })
    const { github, tenant } = simulation.sandbox
    const secret = github.secretValue({ repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' })
    expect(tenant.canAuthenticate(theClient(simulation).clientId, secret!)).toBe(true)
  })

  it('in a change: each run fails with it, and none says that the scopes were changed', async () => {
    expectSuccess(await simulation.run())
    for (const rotate of ['auto', 'now', 'auto']) {
      const result = await simulation.run({ ...wanted, rotate })
      expectFailure(result, 'TENANT_REJECTED', { message: /scopes without admin\.apps/ })
      expect(result.log.filter((line) => /✓ change/.test(line))).toEqual([])
      // A rotation is done all the same.
      expect(result.log.some((line) => line.startsWith('✓ commit'))).toBe(rotate === 'now')
    }
  })

  it('tells what else was changed', async () => {
    expectSuccess(await simulation.run())
    const result = await simulation.run({ ...wanted, description: 'Deploys' })
    expectFailure(result, 'TENANT_REJECTED')
    expect(result.log.join('\n')).toMatch(/✓ change description/)
    expect(theClient(simulation).description).toMatch(/^Deploys\n/)
  })
})

describe('a tenant that does not keep a consent', () => {
  const unkept = { message: /does not show it: consent is not (trusted|required)/ }
  const never = (consent: 'trusted' | 'required') => {
    simulation.afterRequest = () => {
      for (const { clientId } of simulation.sandbox.tenant.liveClients())
        simulation.sandbox.tenant.setConsent(clientId, consent)
    }
  }

  it('in a change: each run fails with it, and none says that it was set', async () => {
    expectSuccess(await simulation.run({ verify: 'false' }))
    never('required')
    for (let run = 0; run < 2; run++) {
      const result = await simulation.run({ description: 'Deploys' })
      expectFailure(result, 'TENANT_REJECTED', unkept)
      expect(result.log.join('\n')).not.toMatch(/✓ set consent/)
    }
    expect(theClient(simulation).description).toMatch(/^Deploys\n/)
  })

  it('at creation: the run fails with it, after the delivery', async () => {
    never('trusted')
    const result = await simulation.run({ consent: 'required' })
    expectFailure(result, 'TENANT_REJECTED', unkept)
    expect(result.outputs).toMatchObject({ result: 'created' })
  })
})

describe('a tenant that does not keep the action’s own line in the description', () => {
  const unkept = { message: /but shows the description without the action’s own line/ }

  // Without the failure each run would be green, rotate, and leave one more secret, until all five slots are taken.
  it.each<[string, (description: string) => string]>([
    ['drops descriptions', () => ''],
    ['cuts them', (description) => description.slice(0, 200)],
    ['escapes them', (description) => description.replaceAll('"', '&quot;')],
  ])('%s: a run that issues fails with it, after the delivery', async (_what, keep) => {
    simulation.afterRequest = () => {
      for (const client of simulation.sandbox.tenant.liveClients()) client.description = keep(client.description ?? '')
    }
    const first = await simulation.run()
    expectFailure(first, 'TENANT_REJECTED', unkept)
    expect(first.outputs).toMatchObject({ result: 'created', changed: 'true' })
    const { github, tenant } = simulation.sandbox
    const secret = github.secretValue({ repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' })
    expect(tenant.canAuthenticate(theClient(simulation).clientId, secret!)).toBe(true)
    expectFailure(await simulation.run({ rotate: 'now' }), 'TENANT_REJECTED', unkept)
  })
})

it('a change that takes a moment to show is no failure', async () => {
  expectSuccess(await simulation.run())
  let looks = 0
  simulation.hostile = (answer, { method, url }) => {
    if (method !== 'GET' || !/oauth-clients\/[^/]+$/.test(url) || ++looks > 1) return answer
    return { ...answer, body: answer.body.replace('"admin.apps"', '"user_default"') }
  }
  expectSuccess(await simulation.run(wanted), { result: 'updated' })
  expect(looks).toBe(2)
})

it('addresses are the same after URL normalisation', async () => {
  const addresses = { 'allowed-origins': ['https://Portal.acme.example'], 'client-uri': 'https://acme.example' }
  const portal = { name: 'deployer', scopes: ['user_default'], deliver: [], ...addresses }
  simulation.program = programFor([portal])
  expectSuccess(await simulation.run({}))
  const client = theClient(simulation)
  client.allowedOrigins = ['https://portal.acme.example/']
  client.clientUri = 'https://acme.example/'
  const again = await simulation.run({})
  expectSuccess(again, { result: 'unchanged', drift: 'false' })
  expect(writes(again)).toEqual([])
})

describe('a note in the ledger without a delivery is tried again', () => {
  it.each(['429', '429 for long', 'answer lost', '500 after', 'page after'] as const)('after %s', async (kind) => {
    simulation.sandbox.tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'] })
    const undelivered = { deliver: 'false' }
    expectSuccess(await simulation.run(undelivered, { at: /^PATCH /, kind }))
    expect(theClient(simulation).description).toContain('"origin":"adopted"')
    expectSuccess(await simulation.run(undelivered), { result: 'unchanged' })
  })
})
