import { describe, expect, it } from 'vitest'
import { readDescription } from '../../src/ledger/description.ts'
import { expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectWorks, hints, kinds, place, settled } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'
import { runFile } from '../support/spec-files.ts'

eachTest()

const nothing = { deliver: 'false' }
const dropped = { ...nothing, 'drop-destinations': 'true' }
const ledger = () => readDescription(theClient(simulation).description ?? '').ledger!

/** A run with nothing to do writes nothing (P6). */
async function expectIdle(inputs: Record<string, string> = nothing): Promise<void> {
  const again = await simulation.run(inputs)
  expectSuccess(again, { result: 'unchanged', changed: 'false', plan: '[]' })
  expect(writes(again)).toEqual([])
}

describe('a run that delivers nothing, for a client that was delivered before', () => {
  it.each([{ rotate: 'now' }, { rotate: 'now', 'grace-period': '0' }, { 'rotate-after': '30d' }])(
    'leaves its places to other runs, and says that it neither rotates nor retires: %o',
    async (inputs) => {
      const client = await settled({}, 24 * 31)
      const result = await simulation.run({ ...nothing, ...inputs })
      expectSuccess(result, { result: 'unchanged' })
      expect(writes(result)).toEqual([])
      expect(result.log.join('\n')).toMatch(
        /acme\/app: QLIK_CLIENT_SECRET.*neither rotates nor retires.*drop-destinations/,
      )
      expectWorks(client)
    },
  )

  it('promises no retirement in its summary', async () => {
    await settled()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    simulation.advance(25)
    const result = await simulation.run(nothing)
    expect(result.log.join('\n')).toMatch(/neither rotates nor retires/)
    expect(result.summary).not.toMatch(/is retired; it works until then/)
  })

  it('is quiet where nobody expects either', async () => {
    await settled()
    const result = await simulation.run(nothing)
    expect(result.log.join('\n')).not.toMatch(/neither rotates|no longer served/)
  })

  it('is told in a plan what a run with drop-destinations would do', async () => {
    await settled()
    const plan = await simulation.run({ ...dropped, mode: 'plan' })
    expectSuccess(plan, { result: 'planned', changed: 'false' })
    expect(kinds(plan)).toEqual(['own'])
    expect(plan.log.join('\n')).toMatch(
      /QLIK_CLIENT_SECRET is no longer served .* stops working when the grace period is over/,
    )
  })

  it('forgets the places with drop-destinations, and a run after the grace retires every secret of ours (P1, P2, P6)', async () => {
    const client = await settled()
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    simulation.advance(1)
    const person = simulation.sandbox.tenant.addSecret(client.clientId)
    expectSuccess(await simulation.run(dropped), { result: 'updated', changed: 'true' })
    expect([ledger().destinations, ledger().current]).toEqual([{}, undefined])
    // Whoever reads the place still can, for the grace.
    expectWorks(client)
    await expectIdle()
    simulation.advance(23.5)
    expectSuccess(await simulation.run(nothing), { result: 'updated' })
    expectWorks(client)
    simulation.advance(1)
    expectSuccess(await simulation.run(nothing), { result: 'updated' })
    expect(hints(client)).toEqual([person.hint])
    await expectIdle()
  })

  it('retires at once without a grace', async () => {
    const client = await settled()
    const result = await simulation.run({ ...dropped, 'grace-period': '0' })
    expectSuccess(result, { result: 'updated' })
    expect(kinds(result)).toEqual(['own', 'retire'])
    expect(hints(client)).toEqual([])
    await expectIdle({ ...nothing, 'grace-period': '0' })
  })

  it('keeps the last secret where the tenant refuses to delete it, says so, and does not try again', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    const client = await settled()
    expectSuccess(await simulation.run(dropped), { result: 'updated' })
    simulation.advance(25)
    const result = await simulation.run(nothing)
    expectSuccess(result)
    expect(result.log.join('\n')).toMatch(/refuses to delete the client’s last secret/)
    expect(hints(client)).toHaveLength(1)
    await expectIdle()
    // A fresh one takes its place as soon as something is delivered again.
    expectSuccess(await simulation.run(), { result: 'rotated' })
    simulation.advance(25)
    expectSuccess(await simulation.run())
    expect(hints(client)).toHaveLength(1)
    expectWorks(client)
  })

  it('ends keys too, but keeps the last one if the client has no other method', async () => {
    const byKey = { 'auth-method': 'private_key_jwt', 'client-secret-name': 'QLIK_KEY' }
    const client = await settled(byKey)
    expectSuccess(await simulation.run(dropped), { result: 'updated' })
    simulation.advance(25)
    expectSuccess(await simulation.run(nothing))
    await expectIdle()
    expect(client.publicKeys).toHaveLength(1)
  })

  it('can be delivered again at any time', async () => {
    const client = await settled()
    expectSuccess(await simulation.run(dropped), { result: 'updated' })
    simulation.advance(1)
    expectSuccess(await simulation.run(), { result: 'rotated' })
    expectWorks(client)
    simulation.advance(25)
    expectSuccess(await simulation.run(), { result: 'updated' })
    expect(hints(client)).toHaveLength(1)
    await expectIdle({})
  })

  it('never ends the secret that the action signs in with', async () => {
    const { tenant, github } = simulation.sandbox
    const { clientId, secret } = tenant.createAdminClient('automation')
    const mine = { ...place, name: 'QLIK_ADMIN_SECRET' }
    github.overwriteSecret(mine, secret)
    const inputs = () => ({
      ...{ 'api-key': '', 'admin-client-id': clientId, 'admin-client-secret': github.secretValue(mine)! },
      ...{ name: 'automation', scopes: '', 'client-id-as': 'none', 'client-secret-name': mine.name },
    })
    expectSuccess(await simulation.run(inputs()), { result: 'rotated' })
    simulation.advance(1)
    const none = () => ({ ...inputs(), 'client-secret-name': '', 'client-id-as': '' })
    expectSuccess(await simulation.run({ ...none(), ...dropped, 'grace-period': '0' }), { result: 'updated' })
    simulation.advance(25)
    expectSuccess(await simulation.run({ ...none(), ...nothing, 'grace-period': '0' }), { result: 'unchanged' })
  })

  it('waits until a run that stopped can no longer deliver', async () => {
    await settled()
    await simulation.run({ rotate: 'now' }, { at: /^PUT/, nth: 1, kind: 'killed after' })
    simulation.advance(2 / 60)
    const early = await simulation.run(dropped)
    expectSuccess(early, { result: 'unchanged' })
    expect(early.log.join('\n')).toMatch(/Set drop-destinations: true again in ten minutes/)
    simulation.advance(9 / 60)
    expectSuccess(await simulation.run(dropped), { result: 'updated' })
    simulation.advance(25)
    expectSuccess(await simulation.run(nothing), { result: 'updated' })
    expect(hints(theClient(simulation))).toEqual([])
    await expectIdle()
  })
})

describe('a run that delivers nothing', () => {
  it('names each hint that it does not retire', async () => {
    const { sandbox } = simulation
    const client = sandbox.tenant.addClient({ clientName: 'deployer', secrets: 2 })
    const hint = client.secrets[0]!.hint
    const result = await simulation.run({ ...nothing, 'retire-hints': hint })
    expectSuccess(result)
    expect(result.log.join('\n')).toContain(`Not retired, because this run delivers no secret in its place: ${hint}`)
    expect(client.secrets).toHaveLength(2)
  })

  it('forgets no place of another repository’s client', async () => {
    const client = await settled()
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    Object.assign(simulation.env, { GITHUB_REPOSITORY: 'acme/other', GITHUB_REPOSITORY_ID: '42' })
    expectSuccess(await simulation.run({ ...nothing, 'client-id': client.clientId }), { result: 'updated' })
    expect(Object.keys(ledger().destinations)).toHaveLength(1)
    expectWorks(client)
  })
})

describe('a file that lists a delivered client with `deliver: []`', () => {
  const file = (deliver: string) =>
    `version: 1\nclients:\n  - { name: deployer, scopes: [user_default], deliver: ${deliver} }\n`

  it.each(['apply', 'plan'])('is refused before any write in mode %s: the places are no longer named', async (mode) => {
    expectSuccess(await runFile(file('[{}]')), { result: 'created' })
    const result = await runFile(file('[]'), { mode })
    expectRefusal(result, 'DESTINATION_DROPPED', {
      message: /deployer .* serves .*acme\/app: QLIK_CLIENT_SECRET, and the spec names no place any more/,
      hint: /drop-destinations: true once/,
    })
    expectWorks(theClient(simulation))
  })

  it('drops them once it is told to, and its secrets end after the grace', async () => {
    expectSuccess(await runFile(file('[{}]')), { result: 'created' })
    expectSuccess(await runFile(file('[]'), { 'drop-destinations': 'true' }), { result: 'updated' })
    simulation.advance(25)
    expectSuccess(await runFile(file('[]')), { result: 'updated' })
    expect(hints(theClient(simulation))).toEqual([])
    expectSuccess(await runFile(file('[]')), { result: 'unchanged' })
  })

  it('needs no word if another client of the file has taken the place over', async () => {
    const two = (first: string, second: string) =>
      `${file(first)}  - { name: portal, scopes: [user_default], deliver: ${second} }\n`
    expectSuccess(await runFile(file('[{}]')), { result: 'created' })
    const handed = await runFile(two('[]', '[{}]'), { 'drop-destinations': 'true', 'grace-period': '' })
    expectSuccess(handed)
    const [portal] = simulation.sandbox.tenant.findByName('portal')
    expectWorks(portal!)
    simulation.advance(1)
    expectSuccess(await runFile(two('[]', '[{}]')))
    simulation.advance(25)
    expectSuccess(await runFile(two('[]', '[{}]')))
    expect(hints(theClient(simulation))).toEqual([])
    expectWorks(portal!)
    expectSuccess(await runFile(two('[]', '[{}]')), { result: 'unchanged' })
  })
})
