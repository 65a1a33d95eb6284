import { describe, expect, it } from 'vitest'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

eachTest()

describe('inputs of other modes', () => {
  it.each([
    ['validate', 'max-age', '1y'],
    ['apply', 'max-age', '1y'],
    ['plan', 'fail-on-findings', 'perhaps'],
    ['apply', 'export-overwrite', 'x'],
    ['audit', 'export-overwrite', 'x'],
  ])('are checked in mode %s, too: %s', async (mode, name, value) => {
    const result = await simulation.run({ mode, [name]: value })
    expectFailure(result, 'INPUT_INVALID', { message: new RegExp(name) })
    expect(result.requests).toEqual([])
  })
})

describe('a commit that the tenant asks to wait for', () => {
  it('is told as every wait', async () => {
    simulation.sandbox.faults.add({
      service: 'tenant',
      method: 'PATCH',
      path: /oauth-clients\/[^/]+$/,
      times: 1,
      when: 'before',
      fault: { kind: 'status', status: 429, headers: { 'retry-after': '20' } },
    })
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    expect(result.log.join('\n')).toMatch(/… .*waiting 20 s: .*429/)
  })
})

describe('a tenant whose list holds entries of others only', () => {
  it.each(['audit', 'export'])('blames nobody for their form in mode %s, and counts them', async (mode) => {
    simulation.sandbox.settings.strangers = [
      { clientId: 'https://x.example/m', clientName: 'cimd', appType: 'web' },
      null,
      7,
    ]
    const result = await simulation.run({ mode })
    expectSuccess(result)
    expect(result.summary).not.toContain('hides')
  })
})
