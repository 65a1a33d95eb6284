import { describe, expect, it } from 'vitest'
import { readDescription } from '../../src/ledger/description.ts'
import { expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { theClient } from '../support/promises.ts'
import { workspaceOf } from '../support/workspace.ts'

// GitHub takes `Staging` and `staging` for one environment.

const staging = { repository: 'acme/app', environment: 'staging', name: 'QLIK_CLIENT_SECRET' }

eachTest()

describe('an environment that is spelled another way', () => {
  it.each([
    ['Staging', 'staging'],
    ['staging', 'STAGING'],
  ])('is the same place: %s, then %s', async (before, after) => {
    expectSuccess(await simulation.run({ environment: before }))
    const value = simulation.sandbox.github.secretValue(staging)
    const again = await simulation.run({ environment: after })
    expectSuccess(again, { result: 'unchanged', drift: 'false' })
    expect(writes(again)).toEqual([])
    simulation.advance(1)
    expectSuccess(await simulation.run({ environment: after, rotate: 'now' }), { result: 'rotated' })
    expect(simulation.sandbox.github.secretValue(staging)).not.toBe(value)
    simulation.advance(25)
    expectSuccess(await simulation.run({ environment: before }))
    expect(theClient(simulation).secrets.map((it) => it.value)).toEqual([
      simulation.sandbox.github.secretValue(staging),
    ])
  })

  it('is asked for as it is written', async () => {
    const result = await simulation.run({ environment: 'Staging' })
    const paths = result.requests.map(({ path }) => path).filter((path) => path.includes('/environments/'))
    expect(paths.length).toBeGreaterThan(3)
    for (const path of paths) expect(path).toContain('/environments/Staging/')
    const destroyed = await simulation.run({ mode: 'destroy' })
    expectSuccess(destroyed, { result: 'deleted' })
    expect(writes(destroyed)).toContain('DELETE /repos/acme/app/environments/Staging/secrets/QLIK_CLIENT_SECRET')
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', environment: 'staging' })).toEqual([])
  })

  it('is the same place in a ledger that has both spellings: the later delivery counts', async () => {
    expectSuccess(await simulation.run({ environment: 'staging' }))
    const { clientId, description } = theClient(simulation)
    const { stamp } = readDescription(description!).ledger!.destinations['123456789//staging/QLIK_CLIENT_SECRET']!
    const older = `"destinations":{"123456789//Staging/":{"hint":"older","stamp":${stamp - 60}},`
    simulation.sandbox.tenant.setDescription(clientId, description!.replace('"destinations":{', older))
    const again = await simulation.run({ environment: 'STAGING' })
    expectSuccess(again, { result: 'unchanged' })
    expect(writes(again)).toEqual([])
  })

  it('is one place also where two clients of a file name it', async () => {
    const client = (name: string, environment: string, id: string) =>
      `  - name: ${name}\n    scopes: [apps]\n    deliver: [{ environment: ${environment}, client-id-name: ${id} }]\n`
    workspaceOf(simulation, {
      'clients.yaml': `version: 1\nclients:\n${client('a', 'Staging', 'A_ID')}${client('b', 'staging', 'B_ID')}`,
    })
    const refused = await simulation.run()
    expect(refused.error?.code).toBe('SPEC_INVALID')
    expect(refused.error?.message).toMatch(/the client secret of client b has the same place as the one of client a/)
  })
})
