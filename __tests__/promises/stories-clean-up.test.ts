import { describe, expect, test } from 'vitest'
import { expectUsable, repositoryPlace, theClient } from '../support/promises.ts'
import type { RunResult, Simulation } from '../support/simulation.ts'
import { expectHealing, putSecret, rotated, until } from '../support/stories.ts'
import { prepared, type Scenario, scenarios, threePlaces } from './scenarios.ts'

const writesToGitHub = ({ requests }: RunResult) =>
  requests.filter(({ service, method }) => service === 'github' && method !== 'GET')

/** The client that the tenant sees behind the new secret is another one. */
function mistakeWho(simulation: Simulation): void {
  simulation.hostile = (answer, { url }) =>
    url.endsWith('/users/me') ? { ...answer, body: '{"id":"x","clientId":"0123456789abcdef0123456789abcdef"}' } : answer
}

describe('nothing is written to GitHub before the proof', () => {
  test.each([
    ['a new client', {}],
    ['a client whose id no variable shows yet', { before: rotatedWithoutId }],
  ] as [string, Scenario][])('of %s, the id neither', async (_what, scenario) => {
    const { simulation, watch } = await prepared(scenario)
    mistakeWho(simulation)
    const result = await simulation.run({ rotate: 'now' })
    expect(result.error?.code).toBe('VERIFY_FAILED')
    expect(writesToGitHub(result)).toEqual([])
    simulation.hostile = undefined
    await expectHealing(simulation, watch)
  })

  test('the secret comes before the id: no id is ever beside another client’s secret', async () => {
    const { simulation } = await prepared({})
    const { tenant, github } = simulation.sandbox
    const other = tenant.addClient({ clientName: 'other' })
    const idPlace = { ...repositoryPlace, name: 'QLIK_CLIENT_ID' }
    github.setVariable(idPlace, other.clientId)
    github.overwriteSecret(repositoryPlace, other.secrets[0]!.value)
    simulation.advance(1)
    simulation.afterRequest = () => {
      const isOthers = github.secretValue(repositoryPlace) === other.secrets[0]!.value
      if (isOthers) expect(github.variableValue(idPlace)).toBe(other.clientId)
    }
    const { error } = await simulation.run({ 'drop-destinations': 'true' })
    expect(error?.message).toBeUndefined()
    expectUsable(simulation, [repositoryPlace])
  })

  test('an id that may not be written fails the run, and the delivered secret stays and is the current one', async () => {
    const { simulation, watch } = await prepared({ before: rotatedWithoutId })
    const held = { secrets: 'write', actions_variables: 'read', metadata: 'read' } as const
    const token = simulation.sandbox.github.issueToken({ kind: 'app', permissions: held })
    const refused = await simulation.run({ rotate: 'now', 'github-token': token })
    expect(refused.error?.code).toBe('DESTINATION_FORBIDDEN')
    const issued = await simulation.run({ 'github-token': token })
    expect(issued.requests.filter(({ path }) => path.endsWith('/client-secrets'))).toEqual([])
    await expectHealing(simulation, watch)
  })
})

async function rotatedWithoutId(simulation: Simulation): Promise<void> {
  await simulation.run()
  simulation.sandbox.github.deleteVariable({ ...repositoryPlace, name: 'QLIK_CLIENT_ID' })
  simulation.advance(1)
}

describe('P1: a client that is deleted in the midst of a run leaves no dead secret', () => {
  /** A run that has written its secret to all places, and a client that is gone then. */
  async function deletedMeanwhile(scenario: Scenario, inputs: Record<string, string> = {}, puts = 1) {
    const { simulation } = await prepared(scenario)
    const running = simulation.begin({ rotate: 'now', ...inputs })
    for (let left = puts; left > 0; left--) {
      await until(running, /^PUT /)
      await running.step()
    }
    await until(running, /^GET .*oauth-clients\/|^POST .*variables/)
    return { simulation, running }
  }

  test('destroy takes the values out, a rotation delivers, and then destroy deletes the client', async () => {
    const { simulation } = await prepared(rotated)
    const rotating = simulation.begin({ rotate: 'now' })
    await until(rotating, putSecret)
    simulation.advance(2 / 60)
    const destroying = simulation.begin({ mode: 'destroy' })
    await until(destroying, /^DELETE .*oauth-clients/)
    await rotating.step()
    while (await destroying.step()) {}
    while (await rotating.step()) {}
    const log = [...rotating.result.log, '---', ...destroying.result.log].join('\n')
    expect(simulation.sandbox.tenant.findByName('deployer'), log).toEqual([])
    expect(rotating.result.error?.code, log).toBe('CLIENT_MISSING')
    const { github } = simulation.sandbox
    expect([...github.secretNames(repositoryPlace), ...github.variableNames(repositoryPlace)]).toEqual([])
  })

  test('what somebody else wrote there since is left alone', async () => {
    const { simulation, running } = await deletedMeanwhile(rotated)
    const { github, tenant } = simulation.sandbox
    tenant.deleteClient(theClient(simulation).clientId)
    simulation.advance(1 / 360)
    github.overwriteSecret(repositoryPlace, 'by hand')
    while (await running.step()) {}
    expect(running.result.error?.code).toBe('CLIENT_MISSING')
    expect(github.secretValue(repositoryPlace)).toBe('by hand')
  })

  test('one place that keeps its value stops no other, and is named', async () => {
    const { simulation, running } = await deletedMeanwhile(scenarios['rotating in three places'], {}, 3)
    const { github, tenant, faults } = simulation.sandbox
    tenant.deleteClient(theClient(simulation).clientId)
    const path = /^\/repos\/acme\/app\/actions\/secrets\//
    faults.add({ service: 'github', method: 'DELETE', path, when: 'before', fault: { kind: 'status', status: 403 } })
    while (await running.step()) {}
    const log = running.result.log.join('\n')
    expect(running.result.error?.code, log).toBe('CLIENT_MISSING')
    expect(threePlaces.map((place) => github.secretNames(place))).toEqual([[repositoryPlace.name], [], []])
    expect(log).toMatch(/acme\/app.* may hold a secret of the deleted client/)
  })
})

describe('clean-up continues after its first failure', () => {
  test('the announcement is taken back although the token could not be given back, and each failure is reported', async () => {
    const { simulation, watch } = await prepared(rotated)
    const { faults } = simulation.sandbox
    const refuse = { kind: 'status', status: 403, body: '{"errors":[{"code":"X","title":"no"}]}' } as const
    faults.add({ service: 'tenant', method: 'DELETE', when: 'before', fault: refuse })
    const result = await simulation.run({ rotate: 'now' }, { at: putSecret, kind: 'GitHub 403' })
    expect(result.error?.code).toBe('DESTINATION_FORBIDDEN')
    expect(result.log.join('\n')).toMatch(/Retiring the new secret \(\w+\) failed/)
    faults.clear()
    await expectHealing(simulation, watch)
  })
})
