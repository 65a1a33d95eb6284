import { describe, expect, it } from 'vitest'
import { audited, detailOf, quietClient } from '../support/auditing.ts'
import { count, expectHealed, expectSuccess, writes } from '../support/contract.ts'
import { simulation, startAnew } from '../support/each-test.ts'
import { kinds, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

const asksForConsent = /connection-configs\/me$/

describe('a tenant that shows consent only when it is asked for it', () => {
  it('is asked once a run, for the clients of the run, and nothing is written twice (P6)', async () => {
    await startAnew({ consentShown: 'alone' })
    simulation.sandbox.tenant.addClient({ clientName: 'somebody else’s' })
    await settled()
    for (const mode of ['apply', 'plan', 'apply']) {
      const again = await simulation.run({ mode })
      expectSuccess(again, { result: 'unchanged', changed: 'false', drift: 'false', plan: '[]' })
      expect(writes(again)).toEqual([])
      expect(count(again, 'GET', asksForConsent)).toBe(1)
      expect(again.log.join('\n')).not.toMatch(/consent/)
    }
  })

  it('has consent that was taken back set again, and says what it was', async () => {
    await startAnew({ consentShown: 'alone' })
    const client = await settled()
    client.consentMethod = 'required'
    const plan = await simulation.run({ mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true' })
    expect(plan.log.join('\n')).toContain('set consent to trusted (was required)')
    expectSuccess(await expectHealed(simulation), { result: 'updated', drift: 'true' })
    expect(client.consentMethod).toBe('trusted')
  })

  it('that does not set it with the client is told once more', async () => {
    await startAnew({ consentShown: 'alone', createConsent: 'ignored' })
    const client = await settled()
    expect(client.consentMethod).toBe('trusted')
    await expectHealed(simulation)
  })

  it('is exported with it', async () => {
    await startAnew({ consentShown: 'alone' })
    await settled()
    simulation.sandbox.tenant.addClient({ clientName: 'asks people', consentMethod: 'required' })
    const { outputs } = await simulation.run({ mode: 'export' })
    expect(outputs!.spec).toMatch(/asks people[\s\S]*consent: required/)
    expect(outputs!.spec).not.toMatch(/would/)
  })
})

describe('a tenant that tells nobody the consent', () => {
  it('gets it set with the adoption and with each fresh secret, and otherwise nothing (P6)', async () => {
    await startAnew({ consentShown: 'nowhere' })
    const client = simulation.sandbox.tenant.addClient({ clientName: 'deployer', consentMethod: 'required' })
    const adoption = await simulation.run()
    expectSuccess(adoption, { result: 'rotated' })
    expect(kinds(adoption)).toContain('consent')
    expect(client.consentMethod).toBe('trusted')
    const again = await expectHealed(simulation)
    expectSuccess(again, { result: 'unchanged', drift: 'false' })
    expect(again.log.join('\n')).toMatch(/does not tell this credential the consent of deployer/)
    expect(kinds(await simulation.run({ rotate: 'now' }))).toContain('consent')
  })

  it('gets it set if nothing is delivered, too', async () => {
    await startAnew({ consentShown: 'nowhere', createConsent: 'ignored' })
    expectSuccess(await simulation.run({ deliver: 'false' }), { result: 'created' })
    expect(theClient(simulation).consentMethod).toBe('trusted')
    await expectHealed(simulation, { deliver: 'false' })
  })
})

describe('an audit of a tenant whose list lacks the consent', () => {
  it('says what it could not judge', async () => {
    await startAnew({ consentShown: 'alone' })
    quietClient(simulation)
    const result = await audited(simulation)
    expect(detailOf(result, 'unseen')).toMatch(/does not show the consent of 1 client; not judged/)
  })
})
