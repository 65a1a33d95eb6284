import { describe, expect, it } from 'vitest'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectWorks, hints, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest({ readsBehind: 1 })

/** The request takes effect, and its answer is lost. */
const loses = (method: string, path: RegExp, times = 1) =>
  simulation.sandbox.faults.add({ service: 'tenant', method, path, times, when: 'after', fault: { kind: 'drop' } })

describe('a deletion whose answer was lost, on a tenant whose reads are a second old', () => {
  it('of a secret comes to its end in the same run (P2)', async () => {
    const client = await settled()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    simulation.advance(25)
    loses('DELETE', /client-secrets/)
    expectSuccess(await simulation.run(), { result: 'updated', changed: 'true' })
    expect(hints(client)).toHaveLength(1)
    expectWorks(client)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('of a secret without grace, too', async () => {
    const client = await settled()
    loses('DELETE', /client-secrets/)
    expectSuccess(await simulation.run({ rotate: 'now', 'grace-period': '0' }), { result: 'rotated' })
    expect(hints(client)).toHaveLength(1)
  })

  it('of a client comes to its end in the same run', async () => {
    await settled()
    loses('DELETE', /oauth-clients\/[^/]+$/)
    expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
  })

  it('is not believed for longer than some seconds: something else may say so', async () => {
    simulation.sandbox.settings.readsBehind = 0
    const client = await settled()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    simulation.advance(25)
    const body = JSON.stringify({ errors: [{ title: 'Not found' }] })
    simulation.sandbox.faults.add({ method: 'DELETE', when: 'before', fault: { kind: 'status', status: 404, body } })
    const before = simulation.sandbox.clock.now()
    expectFailure(await simulation.run(), 'TENANT_UNEXPECTED', { message: /gone, and the next one shows it/ })
    expect(simulation.sandbox.clock.now() - before).toBeLessThan(8000)
    expect(hints(theClient(simulation))).toHaveLength(2)
    expectWorks(client)
  })
})
