import { beforeEach, describe, expect, it } from 'vitest'
import type { Space } from '../../sandbox/tenant/spaces-model.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { readDescription } from '../../src/ledger/description.ts'
import { expectFailure, expectHealed, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

let finance: Space

eachTest()
beforeEach(() => {
  finance = simulation.sandbox.tenant.spaces.add('Finance')
})

const tenant = () => simulation.sandbox.tenant
const client = () => tenant().findByName('deployer')[0]!
const bot = () => tenant().knownBot(client().clientId)!
const rolesIn = (space: Space) => tenant().spaces.of(space.id, bot().id)?.roles

type Told = Parameters<typeof expectRefusal>[2]

/** The same refusal for a client that is to be made, and for one that is there. */
async function expectRefused(inputs: Record<string, string>, code: ErrorCode, told: Told) {
  expectRefusal(await simulation.run(inputs), code, told)
  expectRefusal(await simulation.run({ ...inputs, mode: 'plan' }), code, told)
  await simulation.run()
  expectRefusal(await simulation.run(inputs), code, told)
}

describe('before anything is written, a run refuses', () => {
  it('a space that the tenant does not show, by name', async () => {
    await expectRefused({ spaces: 'finance: consumer' }, 'SPACE_MISSING', {
      message: /no space finance; did you mean Finance\?/,
      hint: /exact.*admin\.spaces/,
    })
  })

  it('a space that the tenant does not show, by id', async () => {
    const id = '62716f4b39b865ece543cd45'
    await expectRefused({ spaces: `${id}: consumer` }, 'SPACE_MISSING', { message: new RegExp(id) })
  })

  it('a name that two spaces have', async () => {
    const other = tenant().spaces.add('Finance', { type: 'data' })
    const ids = new RegExp(`2 spaces are called Finance: ${finance.id} \\(shared\\), ${other.id} \\(data\\)`)
    await expectRefused({ spaces: 'Finance: consumer' }, 'SPACE_AMBIGUOUS', { message: ids, hint: /by its id/ })
    expectSuccess(await simulation.run({ spaces: `${other.id}: datapreview` }))
  })

  it('a role that the space does not offer', async () => {
    await expectRefused({ spaces: 'Finance: consummer publisher' }, 'INPUT_INVALID', {
      message:
        /Finance \([\da-f]{24}\) does not offer the role consummer; did you mean consumer\?\n.*the role publisher/,
      hint: /It offers: codeveloper, consumer, dataconsumer, facilitator, producer/,
    })
  })

  it('all of that at once', async () => {
    await expectRefused({ spaces: `Nowhere: consumer\nFinance: king\n${'0'.repeat(24)}: consumer` }, 'SPACE_MISSING', {
      message: /no space Nowhere\n.*no space 0{24}\nINPUT_INVALID: .*the role king/,
    })
  })

  it('one space that is named in two ways', async () => {
    const spaces = `Finance: consumer\n${finance.id}: producer`
    await expectRefused({ spaces }, 'INPUT_INVALID', { message: /Finance and [\da-f]{24} are one space/ })
  })

  it('a space that the caller may not manage', async () => {
    const admin = tenant().addClient({ clientName: 'admin', allowedScopes: ['admin_classic', 'user_default'] })
    const way = { 'api-key': '', 'admin-client-id': admin.clientId, 'admin-client-secret': admin.secrets[0]!.value }
    simulation.sandbox.faults.add({
      path: new RegExp(`${finance.id}/assignments`),
      when: 'before',
      times: 9,
      fault: { kind: 'status', status: 403, body: '{"errors":[{"code":"X","title":"Forbidden"}]}' },
    })
    await expectRefused({ ...way, spaces: 'Finance: consumer' }, 'TENANT_FORBIDDEN', {
      message: /space Finance: reading the members/,
      hint: /admin\.spaces/,
    })
  })

  it.each([
    ['by hand', (id: string) => tenant().deleteUser(id), /is gone from the tenant/, /next access token/],
    ['disabled', (id: string) => tenant().disableUser(id), /is disabled/, /Enable/],
  ])('a user that somebody deleted or disabled: %s', async (_what, spoil, message, hint) => {
    await simulation.run({ spaces: 'Finance: consumer' })
    const { id } = bot()
    tenant().spaces.unassign(finance.id, id)
    spoil(id)
    const result = await simulation.run({ spaces: 'Finance: consumer' })
    expectRefusal(result, 'TENANT_REJECTED', { message, hint })
    expect(result.error!.message).toContain(id)
  })
})

describe('a user that somebody deleted', () => {
  it('is created again by the proof of a fresh secret, and granted its spaces again', async () => {
    const spaces = 'Finance: consumer'
    await simulation.run({ spaces })
    tenant().deleteUser(bot().id)
    simulation.advance(1)
    expectSuccess(await simulation.run({ spaces, rotate: 'now' }), { result: 'rotated' })
    expect(rolesIn(finance)).toEqual(['consumer'])
    expect(readDescription(client().description ?? '').ledger!.bot).toBe(bot().id)
    await expectHealed(simulation, { spaces })
  })
})

describe('of twenty spaces one', () => {
  it('that fails stops none of the others, and the next run grants it', async () => {
    const all = Array.from({ length: 20 }, (_, index) => tenant().spaces.add(`Space ${index}`))
    const spaces = all.map(({ name }) => `${name}: consumer`).join('\n')
    simulation.sandbox.faults.add({
      path: new RegExp(`${all[7]!.id}/assignments$`),
      method: 'POST',
      when: 'before',
      fault: { kind: 'status', status: 403, body: '{"errors":[{"code":"X","title":"Forbidden"}]}' },
    })
    const result = await simulation.run({ spaces })
    expectFailure(result, 'TENANT_FORBIDDEN', {
      message: /space Space 7: adding the client’s user/,
      hint: /admin\.spaces/,
    })
    expect(result.outputs).toMatchObject({ result: 'created', changed: 'true' })
    expect(all.filter((space) => rolesIn(space) !== undefined)).toHaveLength(19)
    // It was surely not granted: should somebody else do so now, it is theirs.
    expect(Object.keys(readDescription(client().description ?? '').ledger!.spaces!)).not.toContain(all[7]!.id)
    await expectHealed(simulation, { spaces })
    expect(all.filter((space) => rolesIn(space) !== undefined)).toHaveLength(20)
  })

  it('more is refused', async () => {
    const spaces = Array.from({ length: 21 }, (_, index) => `Space ${index}: consumer`).join('\n')
    expectRefusal(await simulation.run({ spaces }), 'INPUT_INVALID', { message: /at most 20 spaces/ })
  })
})

describe('what a destruction can’t revoke', () => {
  it('is a warning, and the client is deleted anyway', async () => {
    await simulation.run({ spaces: 'Finance: consumer' })
    const status = { kind: 'status', status: 403, body: '{"errors":[{"code":"X","title":"Forbidden"}]}' } as const
    const handle = simulation.sandbox.faults.add({
      path: /assignments/,
      method: 'DELETE',
      when: 'before',
      fault: status,
    })
    const result = await simulation.run({ mode: 'destroy' })
    expectSuccess(result, { result: 'deleted' })
    expect([handle.fired, result.log.join('\n')]).toEqual([
      1,
      expect.stringMatching(/stays a member.*space Finance|space [\da-f]{24}/),
    ])
  })

  it('is a warning of the plan where it is known by then', async () => {
    await simulation.run({ spaces: 'Finance: consumer' })
    const status = { kind: 'status', status: 403, body: '{"errors":[{"code":"X","title":"Forbidden"}]}' } as const
    simulation.sandbox.faults.add({ path: /assignments/, method: 'GET', when: 'before', times: 9, fault: status })
    const result = await simulation.run({ mode: 'destroy' })
    expectSuccess(result, { result: 'deleted' })
    expect(`${result.log.join('\n')}\n${result.summary}`).toMatch(/stays a member/)
  })
})

describe('the input', () => {
  it.each([
    ['Finance consumer', /line 1 has no colon; a line is <name or id>: <role>/],
    ['\nFinance:', /line 1 names no role/],
    [': consumer', /line 1 names no space/],
    ['Finance: consumer\nFinance: producer', /Finance is named twice/],
    [`${'x'.repeat(257)}: consumer`, /line 1: has at most 256 characters/],
    [`Finance: ${'x'.repeat(65)}`, /line 1: has at most 64 characters/],
  ])('%j is refused', async (spaces, message) => {
    const result = await simulation.run({ spaces })
    expectRefusal(result, 'INPUT_INVALID', { message })
    expect(result.requests).toEqual([])
  })

  it('has roles after the last colon, between commas or spaces, each of them once', async () => {
    const odd = tenant().spaces.add('A: B')
    expectSuccess(await simulation.run({ spaces: '  A: B : consumer,producer, consumer\r\n\r\n' }))
    expect(rolesIn(odd)).toEqual(['consumer', 'producer'])
  })

  it('names a space by an id of any form', async () => {
    expectSuccess(await simulation.run({ spaces: `${finance.id.toUpperCase()}: consumer` }))
    expect(rolesIn(finance)).toEqual(['consumer'])
  })

  it('is not given beside a spec file', async () => {
    const result = await simulation.run({ spaces: 'Finance: consumer', 'spec-file': 'x.yml', name: '', scopes: '' })
    expectRefusal(result, 'INPUT_INVALID', { message: /spaces: / })
  })
})
