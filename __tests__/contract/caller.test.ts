import { describe, expect, it } from 'vitest'
import { programFor } from '../promises/many-clients.ts'
import { deployerTo } from '../promises/scenarios.ts'
import { theClient } from '../support/promises.ts'
import { type RunResult, Simulation } from '../support/simulation.ts'

const asked = ({ requests }: RunResult) => requests.filter(({ path }) => path === '/api/v1/users/me').length
const file = (count: number) =>
  programFor(
    Array.from({ length: count }, (_, index) => ({
      ...deployerTo({ 'client-id-name': `ID_${index}`, 'client-secret-name': `SECRET_${index}` }),
      name: `client-${index}`,
    })),
  )

describe('who we are', () => {
  it('is in the announcement of a run that issues, and not in what it commits', async () => {
    const simulation = await Simulation.start()
    const { tenant } = simulation.sandbox
    await simulation.run({}, { at: /^PUT /, kind: 'killed before' })
    expect(theClient(simulation).description).toContain(`"by":"${tenant.owner.id}"`)
    simulation.advance(1)
    await simulation.run()
    expect(theClient(simulation).description).not.toContain('"by"')
  })

  it('is asked for by no plan, no destroy and no fleet that has nothing to do, and once by one that issues', async () => {
    const simulation = await Simulation.start()
    expect(asked(await simulation.run({ mode: 'plan' }))).toBe(0)
    await simulation.run()
    expect(asked(await simulation.run({ mode: 'destroy' }))).toBe(0)
    simulation.program = file(5)
    const created = await simulation.run()
    expect(created.error?.message).toBeUndefined()
    // Once each new client was proven, and once for all.
    expect(asked(created)).toBe(5 + 1)
    expect(asked(await simulation.run())).toBe(0)
  })

  it('delays neither a run with nothing to do nor a failure, where the tenant does not answer that', async () => {
    const simulation = await Simulation.start()
    await simulation.run()
    simulation.sandbox.faults.add({
      service: 'tenant',
      method: 'GET',
      path: /users\/me/,
      when: 'before',
      times: 9,
      fault: { kind: 'hang' },
    })
    const before = simulation.sandbox.clock.now()
    expect((await simulation.run()).outputs?.result).toBe('unchanged')
    expect((await simulation.run({ 'api-key': 'wrong' })).error?.code).toBe('TENANT_UNAUTHORIZED')
    expect(simulation.sandbox.clock.now() - before).toBeLessThan(1000)
    expect((await simulation.run({ rotate: 'now' })).outputs?.result).toBe('rotated')
  })
})
