import { describe, expect, it } from 'vitest'
import { readDescription } from '../../src/ledger/description.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { expectHealed, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectWorks, hints, idPlace, kinds, place, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'

eachTest()

describe('a place with another client’s id', () => {
  it('is reported once before it is overwritten', async () => {
    const { clientId } = await settled()
    const warned = new RegExp(`acme/app: QLIK_CLIENT_ID holds the id of another client \\(${clientId}\\)`)
    const second = { name: 'second', 'drop-destinations': 'true' }
    const plan = await simulation.run({ ...second, mode: 'plan' })
    const result = await simulation.run(second)
    for (const { log } of [plan, result]) expect(log.join('\n')).toMatch(warned)
    expectSuccess(result, { result: 'created' })
    const again = await simulation.run({ name: 'second' })
    expect(again.log.join('\n')).not.toContain('another client')
    const named = { name: 'third', 'client-id-name': 'THIRD_ID', 'client-secret-name': 'THIRD_SECRET' }
    expect((await simulation.run(named)).log.join('\n')).not.toContain('another client')
  })
})

describe('a variable in which two clients keep their ids, beside secrets of their own', () => {
  it('is named in each run that would change it', async () => {
    const { clientId } = await settled()
    const second = { name: 'second', 'client-secret-name': 'SECOND_SECRET' }
    const warned = (id: string) =>
      new RegExp(`QLIK_CLIENT_ID holds the id of another client, .*\\(${id}\\), .*client-id-name of its own`)
    const other = await simulation.run(second)
    expect(other.log.join('\n')).toMatch(warned(clientId))
    const secondId = theClient(simulation, 'second').clientId
    for (const [inputs, id] of [
      [{}, secondId],
      [second, clientId],
    ] as const)
      expect((await simulation.run(inputs)).log.join('\n')).toMatch(warned(id))
  })
})

describe('a client that was there before', () => {
  it('is adopted with a notice, its own secrets stay, and are named in the summary', async () => {
    const { tenant } = simulation.sandbox
    const client = tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['apps'],
      description: 'By hand',
      secrets: 2,
    })
    const before = hints(client)
    const plan = await simulation.run({ mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true' })
    const result = await simulation.run()
    expectSuccess(result, { result: 'rotated', drift: 'true', 'client-id': client.clientId })
    expect(result.log.join('\n')).toMatch(/deployer \(\w+\) already existed: it is adopted/)
    expect(hints(client)).toEqual([...before, result.outputs!['secret-hint']])
    for (const hint of before)
      expect(result.summary).toMatch(new RegExp(`\\| <code>${hint}</code> \\| .* \\| <code>${tenant.owner.id}`))
    expect(readDescription(client.description!)).toMatchObject({
      user: 'By hand',
      ledger: { owner: { origin: 'adopted' } },
    })
    expectWorks(client)
    const after = await expectHealed(simulation)
    expect(after.log.join('\n')).not.toContain('adopted')
    simulation.advance(24 * 100)
    await expectHealed(simulation)
    expect(hints(client)).toEqual(expect.arrayContaining(before))
  })

  it('loses secrets that are named in retire-hints, and only once the current one is in place', async () => {
    const client = simulation.sandbox.tenant.addClient({
      clientName: 'deployer',
      allowedScopes: ['user_default'],
      secrets: 2,
    })
    const [first, second] = hints(client) as [string, string]
    const inputs = { 'retire-hints': `${first}, nosuch` }
    const result = await simulation.run(inputs)
    expectSuccess(result, { result: 'rotated' })
    expect(kinds(result).at(-1)).toBe('retire')
    expect(hints(client)).toEqual([second, result.outputs!['secret-hint']])
    expectSuccess(await simulation.run({ 'retire-hints': second }), { result: 'updated' })
    expect(hints(client)).toEqual([result.outputs!['secret-hint']])
    await expectHealed(simulation, inputs)
    expectWorks(client)
  })

  it('never loses the current secret by a hint, whoever names it', async () => {
    const client = await settled()
    expectSuccess(await simulation.run({ 'retire-hints': hints(client)[0]! }), { result: 'unchanged' })
    expectWorks(client)
  })
})

describe('plan', () => {
  const situations: [string, () => Promise<unknown>, Record<string, string>][] = [
    ['there is no client', async () => {}, {}],
    ['there is drift', async () => simulation.sandbox.tenant.setScopes((await settled()).clientId, []), {}],
    ['a rotation is asked for', settled, { rotate: 'now' }],
    ['it is to be adopted', async () => void simulation.sandbox.tenant.addClient({ clientName: 'deployer' }), {}],
  ]

  it.each(situations)(
    'writes nothing and mints no token where %s, and is what apply then does',
    async (_what, prepare, inputs) => {
      await prepare()
      const plan = await simulation.run({ ...inputs, mode: 'plan' })
      expectSuccess(plan, { result: 'planned', changed: 'false' })
      expect(plan.requests.every(({ method }) => method === 'GET')).toBe(true)
      expect(plan.log.filter((line) => line.startsWith('○')).length).toBe(kinds(plan).length)
      expect(plan.log.join('\n')).toMatch(/^This is a plan: nothing was done\. \d+ to create/m)
      const done = await simulation.run(inputs)
      expectSuccess(done, { drift: plan.outputs!.drift! })
      expect(kinds(done)).toEqual(kinds(plan))
    },
  )

  it('says what fails before it would', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'deployer', secrets: 5 })
    expectRefusal(await simulation.run({ mode: 'plan' }), 'SECRET_SLOTS_FULL')
  })

  it('needs no scope for a client that is there, and one for a client that is not', async () => {
    expectRefusal(await simulation.run({ mode: 'plan', scopes: '' }), 'INPUT_INVALID')
  })
})

describe('destroy', () => {
  const destroy = { mode: 'destroy' }

  it('deletes what was made: values first, then the client, with its id as confirmation', async () => {
    const client = await settled()
    simulation.sandbox.github.overwriteSecret({ ...place, name: 'OTHERS' }, 'stay')
    const from = simulation.sandbox.requests.length
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted', changed: 'true', 'client-id': client.clientId, 'secret-hint': '' })
    expect(kinds(result)).toEqual(['remove-values', 'delete'])
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
    expect(simulation.sandbox.github.secretNames(place)).toEqual(['OTHERS'])
    expect(simulation.sandbox.github.variableNames(place)).toEqual([])
    const deletion = simulation.sandbox.requests
      .slice(from)
      .filter(({ method }) => method === 'DELETE')
      .at(-1)
    expect(deletion).toMatchObject({ service: 'tenant', headers: { 'qlik-confirm-delete': client.clientId } })
    expect(result.log.join('\n')).toContain(`qlikbot\\${client.clientId}`)
    const again = await simulation.run(destroy)
    expectSuccess(again, { result: 'unchanged', changed: 'false' })
    expect(writes(again)).toEqual([])
  })

  it('leaves an adopted client, unless it is pinned', async () => {
    const client = simulation.sandbox.tenant.addClient({ clientName: 'deployer' })
    expectRefusal(await simulation.run(destroy), 'CLIENT_OWNED_ELSEWHERE', { message: /was not made by this action/ })
    await simulation.run()
    expectRefusal(await simulation.run(destroy), 'CLIENT_OWNED_ELSEWHERE', { message: /existed before/ })
    const hint = client.secrets[0]!.hint
    const pinned = { ...destroy, 'client-id': client.clientId, 'retire-hints': hint }
    expectSuccess(await simulation.run(pinned), { result: 'deleted' })
    expectSuccess(await simulation.run(pinned), { result: 'unchanged' })
  })

  it('takes nothing where there is nothing, not even a scope', async () => {
    expectSuccess(await simulation.run({ ...destroy, scopes: '' }), { result: 'unchanged', drift: 'false' })
  })

  it('leaves a place where another client’s credentials lie', async () => {
    await settled()
    const { github } = simulation.sandbox
    github.setVariable(idPlace, 'f'.repeat(32))
    github.overwriteSecret({ ...place, name: 'QLIK_CLIENT_SECRET' }, 'of another client')
    simulation.advance(1)
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(github.secretNames(place)).toEqual(['QLIK_CLIENT_SECRET'])
  })

  it('leaves what another client’s ledger says is its own, whatever this one’s says', async () => {
    const { github, tenant } = simulation.sandbox
    const names = { 'client-id-name': 'OTHER_ID', 'client-secret-name': 'OTHER_SECRET' }
    await simulation.run({ name: 'other', ...names })
    const mine = await settled()
    const { ledger } = readDescription(mine.description!)
    const theirs = readDescription(theClient(simulation, 'other').description!).ledger!.destinations
    const destinations = { ...ledger!.destinations, ...theirs }
    tenant.setDescription(mine.clientId, ledgerLine({ ...ledger!, destinations }))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(github.secretNames(place)).toEqual(['OTHER_SECRET'])
  })

  it('leaves a variable that shows another client’s id', async () => {
    await settled()
    simulation.sandbox.github.setVariable(idPlace, 'f'.repeat(32))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(simulation.sandbox.github.variableValue(idPlace)).toBe('f'.repeat(32))
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })

  it('deletes also the values of destinations that only the ledger knows', async () => {
    const client = await settled({ environment: 'staging' })
    const result = await simulation.run(destroy)
    expectSuccess(result, { result: 'deleted', 'client-id': client.clientId })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', environment: 'staging' })).toEqual([])
    expect(simulation.sandbox.github.variableNames({ repository: 'acme/app', environment: 'staging' })).toEqual([])
  })

  it('leaves a variable that shows another client’s id also where only the ledger knows the place', async () => {
    await settled({ environment: 'staging' })
    const staging = { ...idPlace, environment: 'staging' }
    simulation.sandbox.github.setVariable(staging, 'f'.repeat(32))
    expectSuccess(await simulation.run(destroy), { result: 'deleted' })
    expect(simulation.sandbox.github.variableValue(staging)).toBe('f'.repeat(32))
  })

  it('leaves the places of a repository that took the client over by its pin', async () => {
    const client = await settled()
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    simulation.sandbox.github.overwriteSecret({ ...place, repository: 'acme/other' }, 'another client’s')
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    const pinned = { 'client-id': client.clientId, deliver: 'false' }
    expectSuccess(await simulation.run(pinned), { result: 'updated' })
    expectSuccess(await simulation.run({ ...pinned, ...destroy }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretValue({ ...place, repository: 'acme/other' })).toBe('another client’s')
    expect(simulation.sandbox.github.secretValue(place)).toBeUndefined()
  })

  it('does not mind places that are gone', async () => {
    await settled({ environment: 'staging' })
    simulation.sandbox.github.deleteEnvironment('acme/app', 'staging')
    expectSuccess(await simulation.run({ ...destroy, environment: 'staging' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
  })

  it('ends what a run that died began', async () => {
    await settled()
    for (let at = 0; at < 8; at++) await simulation.run(destroy, { at, kind: 'killed before' })
    expectSuccess(await simulation.run(destroy))
    expect(simulation.sandbox.tenant.liveClients()).toEqual([])
    expect(simulation.sandbox.github.secretNames(place)).toEqual([])
  })
})
