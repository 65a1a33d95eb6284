import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/plan/client-plan.ts'
import { requestCostOf } from '../../src/plan/request-cost.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import type { RunResult } from '../support/simulation.ts'
import { destination, ledgerOf } from '../support/values.ts'

const delivery: Step[] = [{ kind: 'verify' }, { kind: 'deliver', destination, idBefore: undefined }, { kind: 'commit' }]
const clientId = 'c'
const ledger = ledgerOf()

/** What a run really sent. */
function sent({ requests }: RunResult) {
  const count = (service: string, isRead: boolean) =>
    requests.filter((it) => it.service === service && (it.method === 'GET') === isRead).length
  return {
    tenant: { reads: count('tenant', true), writes: count('tenant', false) },
    github: { reads: count('github', true), writes: count('github', false) },
  }
}

eachTest()

describe('the need of a plan', () => {
  it('equals the writes of creating, proving and delivering, and the reads after the plan', async () => {
    const create = {
      kind: 'create',
      fields: {},
      consent: 'trusted',
      user: '',
      ledger,
      deliver: true,
    } as unknown as Step
    const need = requestCostOf([create, ...delivery])
    const { tenant, github } = sent(await simulation.run())
    expect([need.tenant.writes, need.github.writes]).toEqual([tenant.writes, github.writes])
    expect(need.github.reads).toBeGreaterThanOrEqual(github.reads - 2)
    expect(need.tenant.reads).toBeGreaterThanOrEqual(tenant.reads - 1)
  })

  it.each(['secret', 'key'] as const)('covers the writes of rotating a %s', async (credential) => {
    const method = credential === 'key' ? { 'auth-method': 'private_key_jwt' } : {}
    await simulation.run(method)
    simulation.advance(1)
    const issue = { kind: 'issue', clientId, user: '', reasons: ['asked'], ledger, credential } as unknown as Step
    const need = requestCostOf([issue, ...delivery])
    const { tenant, github } = sent(await simulation.run({ ...method, rotate: 'now' }))
    expect(need.tenant.writes).toBe(tenant.writes)
    expect(need.tenant.reads).toBeGreaterThanOrEqual(tenant.reads - 1)
    // The id stands there already.
    expect(need.github.writes - 1).toBe(github.writes)
  })
})

it('counts deletions and retirements', () => {
  const keyHint = 'k'.repeat(43)
  expect(
    requestCostOf([
      { kind: 'retire', clientId, hint: 'aaaaa', why: 'no grace' },
      { kind: 'retire', clientId, hint: keyHint, why: 'no grace' },
      { kind: 'remove-values', destination, parts: ['secret', 'id'] },
      { kind: 'delete', clientId, name: 'x', places: [destination] },
    ]),
  ).toEqual({ tenant: { reads: 3, writes: 3 }, github: { reads: 2, writes: 2 } })
})
