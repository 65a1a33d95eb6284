import { describe, expect, it } from 'vitest'
import { type RefusalName, refusalFault } from '../../sandbox/github/refusals.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { idPlace, place } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'
import type { Running, RunResult } from '../support/simulation.ts'

// What destroying leaves on GitHub is named, and nothing is called deleted that was not seen to be gone.

eachTest()

const destroy = { mode: 'destroy' }
const said = ({ log, summary }: RunResult) => `${log.join('\n')}\n${summary}`
const clients = () => simulation.sandbox.tenant.liveClients()

/** GitHub refuses whatever these methods do with values. */
function refuse(name: RefusalName, methods: string[]): void {
  const what = { service: 'github', path: /secrets|variables/, when: 'before', times: 99 } as const
  for (const method of methods) simulation.sandbox.faults.add({ ...what, method, fault: refusalFault(name) })
}

describe('what can’t be deleted', () => {
  it('because the repository is archived is a warning that names each value, and the client is deleted', async () => {
    expectSuccess(await simulation.run())
    const { clientId } = theClient(simulation)
    refuse('archived', ['DELETE'])
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted' })
    expect(clients()).toEqual([])
    for (const name of ['QLIK_CLIENT_SECRET', 'QLIK_CLIENT_ID'])
      expect(said(result)).toMatch(new RegExp(`${name} is left behind in acme/app: .*archived`))
    expect(result.log.join('\n')).not.toMatch(/✓ delete from/)
    expect(result.summary).toMatch(/⚠️ QLIK_CLIENT_SECRET is left behind/)
    expect(result.log.join('\n')).toContain(`qlikbot\\${clientId}`)
  })

  it.each(['blocked', 'locked'] as const)(
    'because the repository is %s does not hold the client back',
    async (name) => {
      expectSuccess(await simulation.run())
      refuse(name, ['GET', 'DELETE'])
      const result = await simulation.run(destroy)
      expectSuccess(result, { result: 'deleted' })
      expect(clients()).toEqual([])
      expect(said(result)).toMatch(/QLIK_CLIENT_SECRET and QLIK_CLIENT_ID are left behind in acme\/app/)
    },
  )

  it('because the token does not see the repository is named, once', async () => {
    const { github } = simulation.sandbox
    github.createRepository('acme/other', { id: 42 })
    expectSuccess(await simulation.run({ repository: 'acme/other' }))
    const token = github.issueToken({
      kind: 'fine-grained',
      permissions: { secrets: 'write', actions_variables: 'write', metadata: 'read' },
      repositories: ['acme/app'],
    })
    for (const repository of ['', 'acme/other']) {
      const plan = await simulation.run({ mode: 'plan-destroy', repository, 'github-token': token })
      expectSuccess(plan, { result: 'planned' })
      expect(said(plan)).toMatch(/QLIK_CLIENT_SECRET and QLIK_CLIENT_ID are left behind in acme\/other/)
      expect(plan.log.join('\n')).not.toMatch(/○ delete from/)
    }
    const result = await simulation.run({ ...destroy, 'github-token': token })
    expectSuccess(result, { result: 'deleted' })
    expect(result.log.filter((line) => /^✓ delete/.test(line))).toHaveLength(1)
    expect(clients()).toEqual([])
    expect(github.secretNames({ repository: 'acme/other' })).toEqual(['QLIK_CLIENT_SECRET'])
  })

  it('because the token may only read fails the run, and the client stays: a better token can', async () => {
    expectSuccess(await simulation.run())
    refuse('permission', ['DELETE'])
    expectFailure(await simulation.run(destroy), 'DESTINATION_FORBIDDEN')
    expect(clients()).toHaveLength(1)
    simulation.sandbox.faults.clear()
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })
})

describe('what is not this client’s', () => {
  it('stays if somebody has written it since, and a warning says so', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    simulation.sandbox.github.overwriteSecret(place, 'by hand')
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted' })
    expect(simulation.sandbox.github.secretValue(place)).toBe('by hand')
    expect(simulation.sandbox.github.variableNames(place)).toEqual([])
    expect(said(result)).toMatch(/QLIK_CLIENT_SECRET is left behind in acme\/app: somebody wrote it after/)
  })

  it('stays where a client was never delivered, whatever the inputs name', async () => {
    const client = simulation.sandbox.tenant.addClient({ clientName: 'theirs', secrets: 0 })
    simulation.sandbox.github.overwriteSecret(place, 'of somebody')
    const result = await simulation.run({ ...destroy, name: 'theirs', 'client-id': client.clientId })
    expectSuccess(result, { result: 'deleted' })
    expect(simulation.sandbox.github.secretValue(place)).toBe('of somebody')
  })

  it.each(['killed after', 'killed before'] as const)(
    'but what a run delivered and did not note is: %s',
    async (kind) => {
      await simulation.run({ 'client-id-as': 'none' }, { at: /^PUT .*secrets/, kind })
      simulation.advance(1)
      expectSuccess(await simulation.run(destroy), { result: 'deleted' })
      expect(simulation.sandbox.github.secretNames(place)).toEqual([])
    },
  )
})

describe('the client id', () => {
  it.each(['variable', 'secret'])('under a former name is deleted too: as %s', async (as) => {
    const kept = { 'client-id-as': as }
    expectSuccess(await simulation.run({ ...kept, 'client-id-name': 'FORMER' }))
    simulation.advance(1)
    const result = await simulation.run({ ...destroy, ...kept, 'client-id-name': 'LATER' })
    expectSuccess(result, { result: 'deleted' })
    const { github } = simulation.sandbox
    expect([...github.secretNames(place), ...github.variableNames(place)]).toEqual([])
  })
})

describe('a run that rotates while another destroys', () => {
  const put = /^PUT .*secrets/
  async function until(running: Running, what: RegExp): Promise<void> {
    while (!(await running.waiting()).some((request) => what.test(request))) await running.step()
  }

  it('and dies right after its delivery leaves no dead value: the places are looked at once more', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const rotating = simulation.begin({ rotate: 'now' })
    await until(rotating, put)
    simulation.advance(2 / 60)
    const destroying = simulation.begin(destroy)
    await until(destroying, /^DELETE .*oauth-clients/)
    while (simulation.sandbox.github.secretNames(place).length === 0) await rotating.step()
    rotating.kill()
    while (await destroying.step()) {}
    expectSuccess(destroying.result, { result: 'deleted' })
    const { github } = simulation.sandbox
    expect(github.secretNames(place)).toEqual([])
    expect(github.variableNames(idPlace)).toEqual([])
  })

  it('does not lose a value that another client put there meanwhile', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const destroying = simulation.begin(destroy)
    await until(destroying, /^DELETE .*oauth-clients/)
    const other = await simulation.run({ name: 'other' })
    expectSuccess(other, { result: 'created' })
    while (await destroying.step()) {}
    expectSuccess(destroying.result, { result: 'deleted' })
    const { github, tenant } = simulation.sandbox
    const { clientId } = theClient(simulation, 'other')
    expect(tenant.canAuthenticate(clientId, github.secretValue(place) ?? '')).toBe(true)
    expect(github.variableValue(idPlace)).toBe(clientId)
    expect(writes(await simulation.run({ name: 'other' }))).toEqual([])
  })
})
