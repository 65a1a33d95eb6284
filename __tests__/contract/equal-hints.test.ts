import { describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectWorks, hints, settled } from '../support/one-client.ts'

eachTest()

/** The client gets another secret with the same hint, listed before the first one: the tenant would delete this one. */
function twin(client: Client, hint: string): string {
  const value = `${hint}${'0'.repeat(59)}`
  const { createdAt, createdBy, usableAt } = client.secrets[0]!
  client.secrets.unshift({ hint, value, createdAt, createdBy, usableAt })
  return value
}

const deletions = (result: Parameters<typeof writes>[0]) => writes(result).filter((line) => line.startsWith('DELETE'))

describe('two live secrets with one hint', () => {
  it('are both kept, with a warning: the tenant deletes by the hint, and it might be the wrong one (P1, P4)', async () => {
    const client = await settled()
    const old = client.secrets[0]!.hint
    twin(client, old)
    for (const inputs of [{ rotate: 'now' }, {}, { 'grace-period': '0' }, { 'retire-hints': old }]) {
      const result = await simulation.run(inputs)
      expectSuccess(result)
      expect(deletions(result)).toEqual([])
      expect(result.log.join('\n')).toMatch(new RegExp(`Several live secrets of deployer .* have the hint ${old}`))
      expectWorks(client)
      simulation.advance(25)
    }
    expect(hints(client).filter((hint) => hint === old)).toHaveLength(2)
    const { log } = await simulation.run({ mode: 'plan' })
    expect(log.join('\n')).toMatch(/Several live secrets/)
  })

  it('do not let a fresh one that can’t be proven take the current one with it (P1)', async () => {
    const client = await settled()
    const { hint } = client.secrets[0]!
    simulation.sandbox.faults.add({
      method: 'POST',
      path: /client-secrets$/,
      when: 'after',
      fault: { kind: 'hook', run: () => Object.assign(client.secrets.at(-1)!, { hint }) },
    })
    simulation.hostile = (answer, { url, method }) => {
      const isIssue = method === 'POST' && url.endsWith('/client-secrets')
      return isIssue ? { ...answer, body: answer.body.replace(/"hint":"[^"]*"/, `"hint":"${hint}"`) } : answer
    }
    simulation.sandbox.faults.add({
      service: 'tenant',
      path: '/oauth/token',
      when: 'before',
      times: 99,
      fault: { kind: 'status', status: 401, body: '{"errors":[{"title":"no"}]}' },
    })
    const result = await simulation.run({ rotate: 'now' })
    expectFailure(result, 'VERIFY_FAILED')
    expect(deletions(result)).toEqual([])
    expectWorks(client)
  })
})
