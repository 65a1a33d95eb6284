import { beforeEach, describe, expect, it } from 'vitest'
import type { NamedPlace } from '../../sandbox/github/model.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { workspaceOf } from '../support/workspace.ts'

// P1, P4: a client that is destroyed takes its own values with it, and no value of a client that followed in its place. The ledgers
// tell whose a value is, so it does not matter where it lies and how the client id is kept.

type Where = { inputs: Record<string, string>; at: Omit<NamedPlace, 'name'> }

const org = { organization: 'acme', visibility: 'all' }
const stores: Record<string, Where & { idAs: ('variable' | 'secret' | 'none')[] }> = {
  'a repository': { inputs: {}, at: { repository: 'acme/app' }, idAs: ['variable', 'secret', 'none'] },
  'an environment': {
    inputs: { environment: 'staging' },
    at: { repository: 'acme/app', environment: 'staging' },
    idAs: ['variable', 'secret', 'none'],
  },
  'an organization': { inputs: org, at: { organization: 'acme' }, idAs: ['variable', 'secret', 'none'] },
  'a repository’s Dependabot': {
    inputs: { store: 'dependabot' },
    at: { repository: 'acme/app', store: 'dependabot' },
    idAs: ['secret', 'none'],
  },
  'an organization’s Dependabot': {
    inputs: { ...org, store: 'dependabot' },
    at: { organization: 'acme', store: 'dependabot' },
    idAs: ['secret', 'none'],
  },
  'a repository’s Codespaces': {
    inputs: { store: 'codespaces' },
    at: { repository: 'acme/app', store: 'codespaces' },
    idAs: ['secret', 'none'],
  },
  'an organization’s Codespaces': {
    inputs: { ...org, store: 'codespaces' },
    at: { organization: 'acme', store: 'codespaces' },
    idAs: ['secret', 'none'],
  },
  'a repository’s agents': {
    inputs: { store: 'agents' },
    at: { repository: 'acme/app', store: 'agents' },
    idAs: ['variable', 'secret', 'none'],
  },
  'an organization’s agents': {
    inputs: { ...org, store: 'agents' },
    at: { organization: 'acme', store: 'agents' },
    idAs: ['variable', 'secret', 'none'],
  },
}
const cases = Object.entries(stores).flatMap(([where, { idAs, ...place }]) =>
  idAs.map((as) => ({ where, as, ...place })),
)

eachTest()
beforeEach(() => {
  simulation.addOrganization('acme')
  simulation.inputs['allow-destinations'] = 'acme'
})

describe.each(cases)('$where, with the client id as $as', ({ inputs, at, as }) => {
  const place = { ...inputs, 'client-id-as': as }
  const file = (...clients: string[]) => `version: 1\nclients:\n${clients.join('')}`
  const deliver = JSON.stringify(place)
  const present = (name: string) => `  - { name: ${name}, scopes: [apps], deliver: [${deliver}] }\n`
  const absent = (name: string) => `  - { name: ${name}, state: absent }\n`

  /** The value of a client in the place works, with the id beside it. */
  function expectServed(client: Client | undefined): void {
    const { github, tenant } = simulation.sandbox
    const value = github.secretValue({ ...at, name: 'QLIK_CLIENT_SECRET' })
    expect(tenant.canAuthenticate(client?.clientId ?? '', value ?? '')).toBe(true)
    const id = { ...at, name: 'QLIK_CLIENT_ID' }
    if (as === 'variable') expect(github.variableValue(id)).toBe(client?.clientId)
    if (as === 'secret') expect(github.secretValue(id)).toBe(client?.clientId)
  }
  const named = (name: string) => simulation.sandbox.tenant.findByName(name)[0]
  function expectNothing(): void {
    const { github } = simulation.sandbox
    expect([...github.secretNames(at), ...github.variableNames(at)]).toEqual([])
  }

  async function takenOver(): Promise<void> {
    expectSuccess(await simulation.run({ ...place, name: 'a' }))
    simulation.advance(1)
    expectSuccess(await simulation.run({ ...place, name: 'b', 'drop-destinations': 'true' }), { result: 'created' })
    simulation.advance(1)
  }

  it('the former client is destroyed, the present one keeps its values', async () => {
    await takenOver()
    const b = named('b')
    expectSuccess(await simulation.run({ ...place, name: 'a', mode: 'destroy' }), { result: 'deleted' })
    expect(named('a')).toBeUndefined()
    expectServed(b)
    const again = await simulation.run({ ...place, name: 'b' })
    expectSuccess(again, { result: 'unchanged', drift: 'false' })
    expect(writes(again)).toEqual([])
    expectSuccess(await simulation.run({ name: 'b', mode: 'destroy' }), { result: 'deleted' })
    expectNothing()
  })

  it('the present client is destroyed with its values, and the former one after it', async () => {
    await takenOver()
    expectSuccess(await simulation.run({ ...place, name: 'b', mode: 'destroy' }), { result: 'deleted' })
    expectNothing()
    expect(named('a')).toBeDefined()
    expectSuccess(await simulation.run({ ...place, name: 'a', mode: 'destroy' }), { result: 'deleted' })
    expect(named('a')).toBeUndefined()
  })

  it.each([false, true])('one follows the other in one file, in either order: %s', async (isReversed) => {
    workspaceOf(simulation, { 'clients.yaml': file(present('a')) })
    expectSuccess(await simulation.run(), { result: 'created' })
    simulation.advance(1)
    const both = [absent('a'), present('b')]
    workspaceOf(simulation, { 'clients.yaml': file(...(isReversed ? both.toReversed() : both)) })
    const plan = await simulation.run({ mode: 'plan' })
    expectSuccess(plan, { result: 'planned' })
    expect(plan.log.join('\n')).not.toMatch(/delete from/)
    expectSuccess(await simulation.run(), { result: 'deleted' })
    expect(named('a')).toBeUndefined()
    expectServed(named('b'))
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })
})
