import { beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { repositoryPlace, theClient } from '../support/promises.ts'
import { workspaceOf } from '../support/workspace.ts'

// A place is served by one client: who wrote it last. Nobody else takes it over silently.

eachTest()
beforeEach(() => {
  simulation.sandbox.github.createEnvironment('acme/app', 'one')
  simulation.sandbox.github.createEnvironment('acme/app', 'two')
})

const client = (name: string, rest = 'deliver: [{}]') => `  - { name: ${name}, scopes: [apps], ${rest} }\n`
const into = (name: string, environment: string, more = '') =>
  client(name, `${more}deliver: [{ environment: ${environment} }]`)
const absent = (name: string) => `  - { name: ${name}, state: absent }\n`
function write(...clients: string[]): void {
  workspaceOf(simulation, { 'clients.yaml': `version: 1\nclients:\n${clients.join('')}` })
}
const named = (name: string): Client => theClient(simulation, name)

function expectServedBy(name: string, where: { environment?: string } = {}): void {
  const { github, tenant } = simulation.sandbox
  const { clientId } = named(name)
  expect(github.variableValue({ ...repositoryPlace, ...where, name: 'QLIK_CLIENT_ID' })).toBe(clientId)
  expect(tenant.canAuthenticate(clientId, github.secretValue({ ...repositoryPlace, ...where }) ?? '')).toBe(true)
}

describe('a place that another client serves', () => {
  it.each(['plan', 'apply'])('is not taken over by a new client of another name: %s', async (mode) => {
    expectSuccess(await simulation.run())
    const { clientId } = named('deployer')
    simulation.advance(1)
    const refused = await simulation.run({ name: 'Deployer', mode })
    expectRefusal(refused, 'DESTINATION_TAKEN', {
      message: new RegExp(`acme/app: QLIK_CLIENT_SECRET \\(deployer \\(${clientId}\\)\\)`),
      hint: new RegExp(`client-id: ${clientId}.*state: absent.*drop-destinations: true`),
    })
    expect(simulation.sandbox.tenant.findByName('Deployer')).toEqual([])
    expectServedBy('deployer')
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('is not taken over by a client that is there, and has served another place', async () => {
    expectSuccess(await simulation.run())
    const other = { name: 'other', environment: 'one' }
    expectSuccess(await simulation.run(other))
    simulation.advance(1)
    const moved = { name: 'other' }
    expectRefusal(await simulation.run(moved), 'DESTINATION_TAKEN')
    expectServedBy('deployer')
    expectSuccess(await simulation.run({ ...moved, 'drop-destinations': 'true' }), { result: 'rotated' })
    expectServedBy('other')
    // Now it is the first one that would take it back.
    simulation.advance(1)
    expectRefusal(await simulation.run(), 'DESTINATION_TAKEN', { message: /\(other \(/ })
    expectSuccess(await simulation.run(moved), { result: 'unchanged' })
  })

  it('is free once somebody else has written there, and once that client is gone', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    simulation.sandbox.github.overwriteSecret(repositoryPlace, 'by hand')
    expectSuccess(await simulation.run({ name: 'second' }), { result: 'created' })
    simulation.advance(1)
    simulation.sandbox.tenant.deleteClient(named('second').clientId)
    expectSuccess(await simulation.run({ name: 'third' }), { result: 'created' })
    expectServedBy('third')
  })

  it('is the same place in another case of its environment', async () => {
    expectSuccess(await simulation.run({ environment: 'One' }))
    simulation.advance(1)
    expectRefusal(await simulation.run({ name: 'second', environment: 'one' }), 'DESTINATION_TAKEN')
  })

  const idAsSecret = { 'client-secret-name': 'A_SECRET', 'client-id-name': 'A_ID', 'client-id-as': 'secret' }
  it.each<[string, string, Record<string, string>]>([
    ['the id over its secret', 'A_SECRET', { 'client-id-name': 'a_secret', 'client-id-as': 'secret' }],
    ['the id over its id', 'A_ID', { 'client-id-name': 'A_ID', 'client-id-as': 'secret' }],
    ['the secret over its id', 'A_ID', { 'client-secret-name': 'A_ID' }],
  ])('is each secret that it wrote: %s', async (_what, name, names) => {
    expectSuccess(await simulation.run(idAsSecret))
    simulation.advance(1)
    const { github } = simulation.sandbox
    const value = github.secretValue({ ...repositoryPlace, name })
    const second = { name: 'second', 'client-secret-name': 'B_SECRET', 'client-id-name': 'B_ID', ...names }
    for (const mode of ['plan', 'apply'])
      expectRefusal(await simulation.run({ ...second, mode }), 'DESTINATION_TAKEN', {
        message: new RegExp(`acme/app: ${name} \\(deployer \\(`, 'i'),
      })
    expect(github.secretValue({ ...repositoryPlace, name })).toBe(value)
    expectSuccess(await simulation.run({ ...second, 'drop-destinations': 'true' }), { result: 'created' })
    simulation.advance(1)
    expectRefusal(await simulation.run(idAsSecret), 'DESTINATION_TAKEN', { message: /\(second \(/ })
  })

  it('stays with a client that pins the other by its id, which is how one is renamed', async () => {
    expectSuccess(await simulation.run())
    const { clientId } = named('deployer')
    simulation.advance(1)
    expectSuccess(await simulation.run({ name: 'renamed', 'client-id': clientId }))
    expectServedBy('renamed')
    expect(simulation.sandbox.tenant.liveClients().filter(({ clientName }) => clientName === 'deployer')).toEqual([])
  })
})

describe('a spec file', () => {
  it('in which a client got another name is refused, and says how to rename it', async () => {
    write(client('old'))
    expectSuccess(await simulation.run(), { result: 'created' })
    const { clientId } = named('old')
    simulation.advance(1)
    write(client('new'))
    const refused = await simulation.run()
    expectRefusal(refused, 'DESTINATION_TAKEN', { message: /\(old \(/, hint: new RegExp(`client-id: ${clientId}`) })
    expect(simulation.sandbox.tenant.findByName('new')).toEqual([])
    write(client('new', `client-id: ${clientId}, deliver: [{}]`))
    expectSuccess(await simulation.run(), { result: 'updated' })
    expectServedBy('new')
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('lets a client take the place of one with state: absent at once, also if only it is chosen', async () => {
    write(client('old'))
    expectSuccess(await simulation.run())
    simulation.advance(1)
    write(absent('old'), client('new'))
    expectSuccess(await simulation.run({ only: 'new' }), { result: 'created' })
    expectServedBy('new')
    expectSuccess(await simulation.run(), { result: 'deleted' })
    expectServedBy('new')
  })

  it('lets two clients swap their places only with drop-destinations', async () => {
    write(into('a', 'one'), into('b', 'two'))
    expectSuccess(await simulation.run())
    simulation.advance(1)
    write(into('a', 'two'), into('b', 'one'))
    for (const mode of ['plan', 'apply']) expectRefusal(await simulation.run({ mode }), 'DESTINATION_TAKEN')
    expectSuccess(await simulation.run({ 'drop-destinations': 'true' }), { result: 'rotated' })
    expectServedBy('a', { environment: 'two' })
    expectServedBy('b', { environment: 'one' })
    const again = await simulation.run()
    expectSuccess(again, { result: 'unchanged', drift: 'false' })
    expect(writes(again)).toEqual([])
  })

  const orders = [0, 1, 2, 3].flatMap((order) => ['0', '24h'].map((grace) => ({ order, grace })))
  it.each(orders)('kills no value while two swap, in whatever order answers come: %o', async ({ order, grace }) => {
    const rotation = `rotation: { grace: ${grace} }, `
    write(into('a', 'one', rotation), into('b', 'two', rotation))
    expectSuccess(await simulation.run())
    simulation.advance(30)
    write(into('a', 'two', rotation), into('b', 'one', rotation))
    const { github, tenant } = simulation.sandbox
    const dead: string[] = []
    simulation.afterRequest = () => {
      for (const environment of ['one', 'two']) {
        const value = github.secretValue({ ...repositoryPlace, environment }) ?? ''
        if (!tenant.liveClients().some(({ clientId }) => tenant.secretIsLive(clientId, value))) dead.push(environment)
      }
    }
    const running = simulation.begin({ 'drop-destinations': 'true' })
    for (let step = 0; await running.step(order < 2 ? order : (step >> order) % 2); step++) {}
    expectSuccess(running.result, { result: 'rotated' })
    for (const hours of [1, 30, 1]) {
      simulation.advance(hours)
      expectSuccess(await simulation.run())
    }
    expect(dead).toEqual([])
    for (const name of ['a', 'b']) expect(named(name).secrets).toHaveLength(1)
  })

  it('names the clients of this repository that it does not have, and how to delete or rename them', async () => {
    write(client('kept'), into('gone', 'one'))
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const { clientId } = named('gone')
    write(client('kept'))
    const result = await simulation.run()
    expectSuccess(result, { result: 'unchanged' })
    const told = new RegExp(
      `gone \\(${clientId}\\) is managed here, in no file.*list gone with state: absent.*client-id: ${clientId}`,
    )
    expect(result.log.join('\n')).toMatch(told)
    expect(result.summary).toMatch(/⚠️ gone .*is managed here, in no file/)
    write(client('kept'), absent('gone'))
    const chosen = await simulation.run({ only: 'kept' })
    expect(chosen.log.join('\n')).not.toContain('managed here, in no file')
    // Inputs describe one client: the others may have workflows of their own.
    delete simulation.inputs['spec-file']
    const one = await simulation.run({ name: 'kept', scopes: 'apps' })
    expect(one.log.join('\n')).not.toContain('managed here, in no file')
  })
})

describe('a place that another client was delivered to later', () => {
  it('is not called dropped: nothing of this client dies there', async () => {
    expectSuccess(await simulation.run({ environment: 'one' }))
    simulation.advance(1)
    expectSuccess(await simulation.run({ name: 'second', environment: 'one', 'drop-destinations': 'true' }))
    simulation.advance(1)
    expectSuccess(await simulation.run({ environment: 'two' }), { result: 'rotated' })
    expectServedBy('second', { environment: 'one' })
    expectServedBy('deployer', { environment: 'two' })
  })
})
