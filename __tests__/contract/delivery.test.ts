import { beforeEach, describe, expect, it } from 'vitest'
import { programFor } from '../promises/many-clients.ts'
import { deployerTo, otherPlace } from '../promises/scenarios.ts'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { repositoryPlace, theClient } from '../support/promises.ts'

eachTest()
beforeEach(() => {
  const { github } = simulation.sandbox
  github.createRepository('acme/other', { id: 987654321 })
  simulation.program = programFor([deployerTo({}, { repository: 'acme/other', 'client-secret-name': 'QLIK_SECRET' })])
})

describe('a secret for two destinations, of which one refuses it', () => {
  async function refusedBySecond() {
    const { faults } = simulation.sandbox
    const body = '{"message":"Resource not accessible by integration"}'
    faults.add({
      method: 'PUT',
      path: /acme\/other/,
      when: 'before',
      times: 9,
      fault: { kind: 'status', status: 403, body },
    })
    const result = await simulation.run({ rotate: 'now' })
    faults.clear()
    return result
  }

  it('says which of them holds it, retires nothing, and leaves both with a live one', async () => {
    expectSuccess(await simulation.run(), { result: 'created' })
    const { github, tenant } = simulation.sandbox
    const { clientId } = theClient(simulation)
    const before = github.secretValue(otherPlace)
    simulation.advance(1)
    const message =
      /delivered to: acme\/app: QLIK_CLIENT_SECRET; it was not, or not certainly, delivered to: acme\/other: QLIK_SECRET \(DESTINATION_FORBIDDEN/
    expectFailure(await refusedBySecond(), 'DELIVERY_FAILED', {
      message,
      hint: /run again: each place gets a fresh secret/,
    })
    expect(github.secretValue(otherPlace)).toBe(before)
    for (const place of [repositoryPlace, otherPlace])
      expect(tenant.canAuthenticate(clientId, github.secretValue(place) ?? '')).toBe(true)
    expectSuccess(await simulation.run(), { result: 'rotated', drift: 'true' })
    expect(github.secretValue(otherPlace)).toBe(github.secretValue(repositoryPlace))
  })
})
