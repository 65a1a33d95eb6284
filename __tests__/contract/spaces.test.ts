import { beforeEach, describe, expect, it } from 'vitest'
import type { Space } from '../../sandbox/tenant/spaces-model.ts'
import { readDescription } from '../../src/ledger/description.ts'
import { expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

let finance: Space
let sales: Space

eachTest()
beforeEach(() => {
  finance = simulation.sandbox.tenant.spaces.add('Finance')
  sales = simulation.sandbox.tenant.spaces.add('Sales', { type: 'managed' })
})

const client = () => simulation.sandbox.tenant.findByName('deployer')[0]!
const bot = () => simulation.sandbox.tenant.knownBot(client().clientId)!
const rolesIn = (space: Space) => simulation.sandbox.tenant.spaces.of(space.id, bot().id)?.roles
const ledger = () => readDescription(client().description ?? '').ledger!
const kinds = (outputs: Record<string, string> | undefined) =>
  (JSON.parse(outputs!.plan!) as { kind: string }[]).map(({ kind }) => kind)
const spaceRequests = (requests: { method: string; path: string }[]) =>
  requests.filter(({ path }) => path.includes('/spaces') || path.includes('/users?'))

/** Nothing is left to do, and looking costs one request a space. */
async function expectNothingToDo(inputs: Record<string, string>, spaces: number): Promise<void> {
  const again = await simulation.run(inputs)
  expectSuccess(again, { result: 'unchanged', changed: 'false', drift: 'false', plan: '[]' })
  expect(writes(again)).toEqual([])
  expect(spaceRequests(again.requests)).toHaveLength(spaces)
}

describe('spaces', () => {
  it('are granted when the client is made, after the proof, with all roles', async () => {
    const spaces = `Finance: consumer producer\n${sales.id}: operator, publisher`
    const result = await simulation.run({ spaces })
    expectSuccess(result, { result: 'created', drift: 'true' })
    expect(kinds(result.outputs)).toEqual(['create', 'verify', 'deliver', 'commit', 'grant', 'grant'])
    expect(rolesIn(finance)).toEqual(['consumer', 'producer'])
    expect(rolesIn(sales)).toEqual(['operator', 'publisher'])
    expect(Object.keys(ledger().spaces!)).toEqual(expect.arrayContaining([finance.id, sales.id]))
    expect(ledger().bot).toBe(bot().id)
    expect(result.log.join('\n')).toMatch(/✓ grant consumer, producer in space Finance \([\da-f]{24}\)/)
    await expectNothingToDo({ spaces }, 2)
  })

  it('cost nothing where nobody speaks of them', async () => {
    const spaces = 'Finance: consumer'
    await simulation.run({ spaces })
    const silent = await simulation.run()
    expectSuccess(silent, { result: 'unchanged' })
    expect(spaceRequests(silent.requests)).toEqual([])
    expect(rolesIn(finance)).toEqual(['consumer'])
  })

  it('are granted to a client that is there, its user found by the client’s id', async () => {
    await simulation.run()
    const spaces = 'Finance: consumer'
    const plan = await simulation.run({ spaces, mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true' })
    expect(kinds(plan.outputs)).toEqual(['own', 'grant'])
    expect(JSON.parse(plan.outputs!.plan!)[1]).toMatchObject({
      kind: 'grant',
      space: 'Finance',
      'space-id': finance.id,
      before: [],
      after: ['consumer'],
    })
    expect(writes(plan)).toEqual([])
    const result = await simulation.run({ spaces })
    expectSuccess(result, { result: 'updated', changed: 'true', drift: 'true' })
    expect(kinds(result.outputs)).toEqual(['own', 'grant'])
    // The ledger first.
    expect(writes(result).map((line) => line.replace(/\/[\da-f]{24,32}/g, '/ID'))).toEqual([
      'PATCH /api/v1/oauth-clients/ID',
      'POST /api/v1/spaces/ID/assignments',
    ])
    await expectNothingToDo({ spaces }, 1)
  })

  it('get the roles that the spec names, however somebody changed them', async () => {
    const spaces = 'Finance: consumer producer'
    await simulation.run({ spaces })
    simulation.sandbox.tenant.spaces.assign(finance.id, bot().id, ['facilitator', 'consumer'])
    const result = await simulation.run({ spaces })
    expectSuccess(result, { result: 'updated', drift: 'true' })
    expect(result.log.join('\n')).toContain('grant +producer -facilitator in space Finance')
    expect(rolesIn(finance)).toEqual(['consumer', 'producer'])
    await expectNothingToDo({ spaces }, 1)
  })

  it('are granted again if somebody took the client out', async () => {
    const spaces = 'Finance: consumer'
    await simulation.run({ spaces })
    simulation.sandbox.tenant.spaces.unassign(finance.id, bot().id)
    expectSuccess(await simulation.run({ spaces }), { result: 'updated', drift: 'true' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    await expectNothingToDo({ spaces }, 1)
  })

  it('are revoked when the spec no longer names them, all of them by an empty list', async () => {
    await simulation.run({ spaces: 'Finance: consumer\nSales: consumer' })
    const fewer = await simulation.run({ spaces: 'Sales: consumer' })
    expectSuccess(fewer, { result: 'updated', drift: 'true' })
    expect(kinds(fewer.outputs)).toEqual(['revoke'])
    expect(fewer.log.join('\n')).toContain(`revoke consumer in space Finance (${finance.id})`)
    expect([rolesIn(finance), rolesIn(sales)]).toEqual([undefined, ['consumer']])
    await expectNothingToDo({ spaces: 'Sales: consumer' }, 1)
    const none = await simulation.run({ spaces: '[]' })
    expectSuccess(none, { result: 'updated' })
    expect(rolesIn(sales)).toBeUndefined()
    expect([ledger().bot, ledger().spaces]).toEqual([undefined, undefined])
    await expectNothingToDo({ spaces: '[]' }, 0)
  })

  it('that somebody else granted get the roles of the spec, and are never revoked', async () => {
    await simulation.run()
    simulation.sandbox.tenant.spaces.assign(finance.id, bot().id, ['facilitator'])
    const spaces = 'Finance: consumer\nSales: consumer'
    expectSuccess(await simulation.run({ spaces }), { result: 'updated' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    expect(Object.keys(ledger().spaces!)).toEqual([sales.id])
    const gone = await simulation.run({ spaces: '[]' })
    expect(kinds(gone.outputs)).toEqual(['revoke'])
    expect([rolesIn(finance), rolesIn(sales)]).toEqual([['consumer'], undefined])
  })

  it('that somebody else granted between our look and our request are not ours', async () => {
    await simulation.run()
    const { faults, tenant } = simulation.sandbox
    faults.add({
      path: /assignments$/,
      method: 'POST',
      when: 'before',
      fault: {
        kind: 'hook',
        run: () => void tenant.spaces.assign(finance.id, bot().id, ['facilitator'], { by: 'maria' }),
      },
    })
    const spaces = 'Finance: consumer'
    expectSuccess(await simulation.run({ spaces }), { result: 'updated' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    expect(ledger().spaces).toBeUndefined()
    expectSuccess(await simulation.run({ spaces: '[]' }), { drift: 'false' })
    expect(rolesIn(finance)).toEqual(['consumer'])
  })

  it('are revoked before the client is deleted', async () => {
    await simulation.run({ spaces: 'Finance: consumer' })
    const { id } = bot()
    const result = await simulation.run({ mode: 'destroy' })
    expectSuccess(result, { result: 'deleted' })
    expect(kinds(result.outputs)).toEqual(['revoke', 'remove-values', 'delete'])
    expect(simulation.sandbox.tenant.spaces.of(finance.id, id)).toBeUndefined()
  })

  it('are found by name once, and then by what the ledger remembers', async () => {
    const spaces = 'Finance: consumer'
    const first = await simulation.run({ spaces })
    expect(first.requests.filter(({ path }) => path.startsWith('/api/v1/spaces?'))).toHaveLength(1)
    await expectNothingToDo({ spaces }, 1)
    // Looked at more closely, a name must still be the one.
    simulation.sandbox.tenant.spaces.rename(finance.id, 'Finance, old')
    const successor = simulation.sandbox.tenant.spaces.add('Finance')
    expectSuccess(await simulation.run({ spaces: 'Finance: producer' }), { result: 'updated' })
    expect([rolesIn(finance), rolesIn(successor)]).toEqual([undefined, ['producer']])
    await expectNothingToDo({ spaces: 'Finance: producer' }, 1)
  })

  it('take a bot as the tenant wants it, and ask only once', async () => {
    simulation.sandbox.settings.typeOfBots = 'bot'
    for (const status of [400, 404, 422]) {
      simulation.sandbox.settings.wrongTypeStatus = status
      const result = await simulation.run({
        name: `client-${status}`,
        'client-secret-name': `S_${status}`,
        'client-id-as': 'none',
        spaces: 'Finance: consumer\nSales: consumer',
      })
      expectSuccess(result, { result: 'created' })
      expect(writes(result).filter((line) => line.includes('assignments'))).toHaveLength(3)
    }
  })

  it('wait for the client’s user where nothing proves the secret, and say so', async () => {
    const inputs = { verify: 'false', spaces: 'Finance: consumer' }
    const first = await simulation.run(inputs)
    expectSuccess(first, { result: 'created' })
    expect(first.log.join('\n')).toContain('has no user on the tenant yet')
    expect(ledger().spaces).toBeUndefined()
    const second = await simulation.run(inputs)
    expectSuccess(second, { result: 'unchanged', drift: 'true' })
    expect(writes(second)).toEqual([])
    expect(second.summary).toContain('has no user on the tenant yet')
    simulation.sandbox.tenant.botOf(client())
    expectSuccess(await simulation.run(inputs), { result: 'updated' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    await expectNothingToDo(inputs, 1)
  })

  it('are granted without a proof where the tenant makes the user with the client', async () => {
    simulation.sandbox.settings.botAppears = 'with-client'
    const inputs = { deliver: 'false', spaces: 'Finance: consumer' }
    expectSuccess(await simulation.run(inputs), { result: 'created' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    expect(ledger()).toMatchObject({ bot: bot().id, spaces: { [finance.id]: expect.any(String) } })
    await expectNothingToDo(inputs, 1)
  })

  it('go on to be served when a secret is rotated, with no request more to the ledger', async () => {
    const spaces = 'Finance: consumer'
    await simulation.run({ spaces })
    const plain = await simulation.run({ rotate: 'now' })
    simulation.advance(1)
    const result = await simulation.run({ spaces: `${spaces}\nSales: operator`, rotate: 'now' })
    expectSuccess(result, { result: 'rotated' })
    expect(writes(result).filter((line) => line.startsWith('PATCH'))).toHaveLength(
      writes(plain).filter((line) => line.startsWith('PATCH')).length,
    )
    expect(rolesIn(sales)).toEqual(['operator'])
  })
})
