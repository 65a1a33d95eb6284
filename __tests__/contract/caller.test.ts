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

  it('is asked for once more after a broken line', async () => {
    const simulation = await Simulation.start()
    const { faults, tenant } = simulation.sandbox
    faults.add({ service: 'tenant', path: '/api/v1/users/me', when: 'after', fault: { kind: 'drop' } })
    await simulation.run({}, { at: /^PUT /, kind: 'killed before' })
    expect(theClient(simulation).description).toContain(`"by":"${tenant.owner.id}"`)
  })
})

describe('a tenant that does not say who we are', () => {
  it('loses no secret that somebody else made within the minute of a run that died (P4)', async () => {
    const simulation = await Simulation.start({ closed: { '/api/v1/users/me': 403 } })
    const { tenant } = simulation.sandbox
    const client = tenant.addClient({ clientName: 'deployer' })
    const person = tenant.addUser({ name: 'somebody', admin: true }).id
    await simulation.run({}, { at: /client-secrets$/, kind: 'killed before' })
    simulation.advance(1 / 120)
    const { hint } = tenant.addSecret(client.clientId, { createdBy: person })
    simulation.advance(11 / 60)
    for (const hours of [0, 25, 25]) {
      simulation.advance(hours)
      expect((await simulation.run()).error?.message).toBeUndefined()
      expect(client.secrets.map((secret) => secret.hint)).toContain(hint)
    }
    expect((await simulation.run()).summary).toContain(hint)
  })

  it('has the secret retired that a run left when it died creating the client (P2)', async () => {
    const simulation = await Simulation.start({ closed: { '/api/v1/users/me': 403 } })
    await simulation.run({}, { at: /^POST .*oauth-clients$/, kind: 'killed after' })
    const [left] = theClient(simulation).secrets
    for (const hours of [11 / 60, 25, 25]) {
      simulation.advance(hours)
      await simulation.run()
    }
    const hints = theClient(simulation).secrets.map(({ hint }) => hint)
    expect([hints.length, hints.includes(left!.hint)]).toEqual([1, false])
  })
})
