import { describe, expect, it } from 'vitest'
import { expectSuccess } from '../support/contract.ts'
import { expectUsable, repositoryPlace, theClient } from '../support/promises.ts'
import type { Simulation as World } from '../support/simulation.ts'
import { Simulation } from '../support/simulation.ts'
import { programFor } from './many-clients.ts'
import { fourPlaces, keyPlace, twoClients } from './scenarios.ts'

// A tenant that takes up to ten seconds for each answer is served (P7), and nobody is locked out meanwhile (P1).

const byKey = { 'auth-method': 'private_key_jwt' }
type Inputs = Record<string, string>

const tasks: Record<string, { before?: Inputs; inputs?: Inputs; result: string }> = {
  'to create a client': { result: 'created' },
  'to create a client with a key': { inputs: byKey, result: 'created' },
  'to create a client that delivers nothing': { inputs: { deliver: 'false' }, result: 'created' },
  'to do nothing': { before: {}, result: 'unchanged' },
  'to rotate': { before: {}, inputs: { rotate: 'now' }, result: 'rotated' },
  'to rotate without grace': { before: {}, inputs: { rotate: 'now', 'grace-period': '0' }, result: 'rotated' },
  'to rotate a key': { before: byKey, inputs: { ...byKey, rotate: 'now' }, result: 'rotated' },
  'to rotate a key without grace': {
    before: byKey,
    inputs: { ...byKey, rotate: 'now', 'grace-period': '0' },
    result: 'rotated',
  },
  'to change description and scopes': {
    before: {},
    inputs: { description: 'Mine', scopes: 'user_default apps' },
    result: 'updated',
  },
  'to destroy': { before: {}, inputs: { mode: 'destroy' }, result: 'deleted' },
}

async function crowded(pages: Partial<World['sandbox']['settings']> = {}): Promise<World> {
  const simulation = await Simulation.start(pages)
  for (let index = 0; index < 120; index++) simulation.sandbox.tenant.addClient({ clientName: `other-${index}` })
  return simulation
}

describe.each([400, 1100, 2500, 5000, 9900])('a tenant of 120 clients that takes %i ms for each answer', (time) => {
  it.each(Object.entries(tasks))('is served where the run has %s', async (_what, { before, inputs = {}, result }) => {
    const simulation = await crowded()
    if (before !== undefined) {
      expectSuccess(await simulation.run(before), { result: 'created' })
      simulation.advance(1)
    }
    simulation.tenantTime = time
    expectSuccess(await simulation.run(inputs), { result })
    simulation.advance(1)
    if (result === 'deleted' || inputs.deliver === 'false') return
    const place = inputs['auth-method'] === undefined ? repositoryPlace : keyPlace
    expectUsable(simulation, [place])
    const { rotate: _asked, ...settled } = inputs
    expectSuccess(await simulation.run(settled), { result: 'unchanged' })
    expect(theClient(simulation)).toBeDefined()
  })

  it('is served where the single read leaves out the secrets', async () => {
    const simulation = await crowded({ getShowsSecrets: false })
    simulation.tenantTime = time
    expectSuccess(await simulation.run(), { result: 'created' })
    simulation.advance(1)
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    expectUsable(simulation, [repositoryPlace])
  })

  it('is served for several clients', async () => {
    const simulation = await crowded()
    simulation.tenantTime = time
    simulation.sandbox.github.createRepository('acme/other')
    simulation.sandbox.github.createEnvironment('acme/app', 'portal')
    simulation.program = programFor(twoClients)
    expectSuccess(await simulation.run(), { result: 'created' })
    simulation.advance(1)
    expectUsable(simulation, fourPlaces)
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    expectUsable(simulation, fourPlaces)
  })

  it('is served where the run signs in as a client', async () => {
    const simulation = await crowded()
    const { clientId, secret } = simulation.sandbox.tenant.createAdminClient()
    simulation.tenantTime = time
    Object.assign(simulation.inputs, { 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': secret })
    expectSuccess(await simulation.run(), { result: 'created' })
    expectUsable(simulation, [repositoryPlace])
  })
})
