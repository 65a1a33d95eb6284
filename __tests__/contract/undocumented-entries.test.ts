import { describe, expect, it } from 'vitest'
import { strangeClients, strangeValues } from '../../sandbox/strangers.ts'
import { expectFailure, expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'
import type { RunResult } from '../support/simulation.ts'

// Lists hold entries that are none of ours: they stop no run, whatever their form.

eachTest()
const strangers = (entries: unknown[]) => {
  simulation.sandbox.settings.strangers = entries
}
const debugged = ({ raw }: RunResult) => raw.split('\n').filter((line) => line.startsWith('::debug::'))

describe('an entry of the tenant’s list that lacks the documented form', () => {
  it.each(strangeClients('deployer').map((entry) => [JSON.stringify(entry), entry] as const))(
    'stops no run, also with the name of the spec: %s',
    async (_text, entry) => {
      strangers([entry])
      const result = await simulation.run()
      expectSuccess(result, { result: 'created' })
      expect(debugged(result)).toEqual([expect.stringMatching(/list of clients without the documented form: 1;/)])
      await expectHealed(simulation)
      simulation.advance(1)
      expectSuccess(await simulation.run({ mode: 'plan' }), { result: 'unchanged' })
      expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
      expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    },
  )

  it('is counted with all others in one line', async () => {
    strangers(strangeClients('deployer'))
    const result = await simulation.run()
    expect(debugged(result)).toEqual([expect.stringMatching(/without the documented form: 12/)])
  })

  it('fails the run if its ledger is ours or it is pinned: the client is not created a second time', async () => {
    const { clientId, description } = await settled()
    const entry = { ...(strangeClients('deployer')[3] as object), clientId, description }
    simulation.sandbox.tenant.deleteClient(clientId)
    strangers([entry])
    const unexpected = { message: /deployer in another form than documented \(publicKeys\)/ }
    expectRefusal(await simulation.run(), 'TENANT_UNEXPECTED', unexpected)
    strangers([{ ...entry, description: '' }])
    expectRefusal(await simulation.run({ 'client-id': clientId }), 'TENANT_UNEXPECTED', unexpected)
    expectRefusal(await simulation.run({ 'client-id': clientId, mode: 'destroy' }), 'TENANT_UNEXPECTED', unexpected)
  })

  it('does not prove who owns a client, if its id does not look like the tenant’s', async () => {
    const { description } = await settled()
    strangers([{ ...(strangeClients('deployer')[0] as object), description }])
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('is not what a client of another type is: that one has the form', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'deployer', appType: 'spa' })
    strangers(strangeClients('deployer'))
    expectRefusal(await simulation.run(), 'CLIENT_IMMUTABLE')
  })
})

describe('an entry of GitHub’s lists that lacks the documented form', () => {
  it('stops no run', async () => {
    simulation.sandbox.settings.strangeValues = strangeValues
    expectSuccess(await simulation.run(), { result: 'created' })
    await expectHealed(simulation)
    expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app' })).toEqual([])
  })

  it('is reported if it is ours: it does not count as absent', async () => {
    await settled()
    const before = theClient(simulation).secrets.length
    simulation.sandbox.settings.strangeValues = [{ name: 'qlik_client_secret' }]
    const result = await simulation.run()
    expectFailure(result, 'GITHUB_UNEXPECTED')
    expect(writes(result)).toEqual([])
    expect(theClient(simulation).secrets).toHaveLength(before)
  })
})
