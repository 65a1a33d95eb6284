import { describe, expect, it } from 'vitest'
import { expectSuccess, writes } from '../support/contract.ts'
import { eachTest, settled } from '../support/one-client.ts'
import type { Simulation } from '../support/simulation.ts'

let simulation: Simulation
eachTest((fresh) => {
  simulation = fresh
})

describe('a run that delivers nothing, for a client that was delivered before', () => {
  it.each([{ rotate: 'now' }, { rotate: 'now', 'grace-period': '0' }, { 'drop-destinations': 'true' }])(
    'says that it neither rotates nor retires: %o',
    async (inputs) => {
      await settled(simulation)
      const result = await simulation.run({ deliver: 'false', ...inputs })
      expectSuccess(result, { result: 'unchanged' })
      expect(writes(result)).toEqual([])
      expect(result.log.join('\n')).toMatch(/acme\/app: QLIK_CLIENT_SECRET.*neither rotates nor retires/)
    },
  )

  it('promises no retirement in its summary', async () => {
    await settled(simulation)
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    simulation.advance(25)
    const result = await simulation.run({ deliver: 'false' })
    expect(result.log.join('\n')).toMatch(/neither rotates nor retires/)
    expect(result.summary).not.toMatch(/is retired; it works until then/)
  })

  it('names each hint that it does not retire', async () => {
    const { sandbox } = simulation
    const client = sandbox.tenant.addClient({ clientName: 'deployer', secrets: 2 })
    const hint = client.secrets[0]!.hint
    const result = await simulation.run({ deliver: 'false', 'retire-hints': hint })
    expectSuccess(result)
    expect(result.log.join('\n')).toContain(`Not retired, because this run delivers no secret in its place: ${hint}`)
    expect(client.secrets).toHaveLength(2)
  })

  it('is quiet where nobody asks for either', async () => {
    await settled(simulation)
    const result = await simulation.run({ deliver: 'false' })
    expect(result.log.join('\n')).not.toMatch(/neither rotates/)
  })
})
