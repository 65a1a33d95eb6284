import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { looking } from '../support/auditing.ts'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { hints, kinds, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'
import { folderWith } from '../support/workspace.ts'

eachTest()

describe('the output `changed`', () => {
  it('is true for an export that wrote its file, and false for one that did not', async () => {
    simulation.env.GITHUB_WORKSPACE = folderWith({})
    const inputs = looking('export', { 'export-file': 'out.yaml' })
    expectSuccess(await simulation.run(inputs), { result: 'exported', changed: 'true' })
    expectFailure(await simulation.run(inputs), 'INPUT_INVALID')
    expectSuccess(await simulation.run(looking('export')), { result: 'exported', changed: 'false' })
  })

  it('is false for an export whose file could not be written in the end', async () => {
    const folder = folderWith({})
    simulation.env.GITHUB_WORKSPACE = folder
    simulation.sandbox.faults.add({
      service: 'tenant',
      when: 'before',
      fault: { kind: 'hook', run: () => writeFileSync(path.join(folder, 'out.yaml'), 'mine') },
    })
    const result = await simulation.run(looking('export', { 'export-file': 'out.yaml' }))
    expectFailure(result, 'INPUT_INVALID')
    expect(result.outputs).toMatchObject({ changed: 'false', result: '' })
    expect(result.summary).not.toContain('to <code>out.yaml')
  })

  it.each(['plan', 'audit', 'validate', 'plan-destroy'])('is false in mode %s', async (mode) => {
    await settled()
    expectSuccess(await simulation.run({ mode, rotate: 'now', description: 'other' }), { changed: 'false' })
  })

  it('is false if the tenant refused the only write: it keeps a client’s last secret', async () => {
    const { sandbox } = simulation
    sandbox.settings.lastSecret = 'kept'
    const place = { 'client-secret-name': 'QLIK_SECRET' }
    await settled({ ...place, 'auth-method': 'client_secret' })
    const byKey = { ...place, 'auth-method': 'private_key_jwt', 'rotate-after': '90d' }
    expectSuccess(await simulation.run(byKey), { result: 'rotated' })
    const client = theClient(simulation)
    client.allowedAuthMethods = ['client_secret', 'private_key_jwt']
    simulation.advance(25)
    // The method goes with the secret. Until then the tenant refuses.
    sandbox.faults.add({
      method: 'PATCH',
      when: 'before',
      times: 9,
      fault: { kind: 'status', status: 400, body: '{"errors":[{"title":"no"}]}' },
    })
    const refused = await simulation.run(byKey)
    expect(kinds(refused)).toEqual([])
    expect([refused.outputs?.changed, hints(client).length]).toEqual(['false', 1])
  })

  it('is false if somebody else had granted the space in between', async () => {
    await settled()
    const { tenant, faults } = simulation.sandbox
    const space = tenant.spaces.add('Finance')
    const spaces = 'Finance: consumer'
    expectSuccess(await simulation.run({ spaces }), { result: 'updated', changed: 'true' })
    const bot = tenant.knownBot(theClient(simulation).clientId)!.id
    tenant.spaces.unassign(space.id, bot)
    faults.add({
      method: 'POST',
      path: /assignments/,
      when: 'before',
      fault: { kind: 'hook', run: () => void tenant.spaces.assign(space.id, bot, ['consumer']) },
    })
    const result = await simulation.run({ spaces })
    expectSuccess(result)
    expect(result.outputs?.changed).toBe('false')
  })
})
