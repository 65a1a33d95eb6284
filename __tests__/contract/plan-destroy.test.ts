import { describe, expect, it } from 'vitest'
import { expectFailure, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { kinds } from '../support/one-client.ts'
import { repositoryPlace, theClient } from '../support/promises.ts'
import type { RunResult } from '../support/simulation.ts'
import { workspaceOf } from '../support/workspace.ts'

// Destroying can be previewed, hits only what was named, and spares clients that somebody else uses.

eachTest()

const said = ({ log, summary }: RunResult) => `${log.join('\n')}\n${summary}`
const preview = { mode: 'plan-destroy' }
const destroy = { mode: 'destroy' }

function write(...names: string[]): void {
  const clients = names.map(
    (name) => `  - { name: ${name}, scopes: [apps], deliver: [{ client-id-as: none, client-secret-name: ${name} }] }\n`,
  )
  workspaceOf(simulation, { 'clients.yaml': `version: 1\nclients:\n${clients.join('')}` })
}

describe('mode: plan-destroy', () => {
  it('says what destroy would do, and writes nothing', async () => {
    expectSuccess(await simulation.run())
    const plan = await simulation.run(preview)
    expectSuccess(plan, { result: 'planned', changed: 'false' })
    expect(writes(plan)).toEqual([])
    expect(plan.log.join('\n')).toMatch(
      /^○ delete from acme\/app: secret QLIK_CLIENT_SECRET, variable QLIK_CLIENT_ID\n○ delete client deployer/m,
    )
    expect(plan.log.join('\n')).not.toMatch(/^✓/m)
    const done = await simulation.run(destroy)
    expect(kinds(done)).toEqual(kinds(plan))
    expect(JSON.parse(done.outputs!.plan!)).toEqual(JSON.parse(plan.outputs!.plan!))
    expectSuccess(await simulation.run(preview), { result: 'unchanged' })
  })

  it('does not fail for drift', async () => {
    expectSuccess(await simulation.run())
    expectSuccess(await simulation.run({ ...preview, 'fail-on-drift': 'true' }), { result: 'planned' })
  })

  it('shows a whole file, and says that destroy wants the names', async () => {
    write('a', 'b')
    expectSuccess(await simulation.run())
    const plan = await simulation.run(preview)
    expectSuccess(plan, { result: 'planned' })
    expect(plan.log.join('\n')).toMatch(/mode: destroy with a spec file needs the input only/)
    const refused = await simulation.run(destroy)
    expectRefusal(refused, 'INPUT_INVALID', { message: /^only: is missing/ })
    expect(refused.requests).toEqual([])
    expectSuccess(await simulation.run({ ...destroy, only: 'a' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.findByName('b')).toHaveLength(1)
    const chosen = await simulation.run({ ...preview, only: 'b' })
    expect(chosen.log.join('\n')).not.toContain('needs the input only')
  })
})

describe('a name that no client has', () => {
  it.each([destroy, preview])('is reported, with a similar name, if it would be deleted: %o', async (mode) => {
    expectSuccess(await simulation.run())
    const { clientId } = theClient(simulation)
    const result = await simulation.run({ ...mode, name: 'deployr' })
    expectSuccess(result, { result: 'unchanged', changed: 'false' })
    expect(said(result)).toContain(`Did you mean deployer (${clientId})?`)
    expect(result.summary).toContain('⚠️')
    const far = await simulation.run({ ...mode, name: 'something else' })
    expect(said(far)).toMatch(/no client something else/)
    expect(said(far)).not.toContain('Did you mean')
  })

  it('is reported for a file too, without suggesting a client that the file keeps', async () => {
    const text = (name: string) => `  - { name: ${name}, state: absent }\n`
    const kept = '  - { name: etl-1, scopes: [apps], deliver: [] }\n'
    workspaceOf(simulation, { 'clients.yaml': `version: 1\nclients:\n${kept}${text('etl-2')}` })
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    expect(said(result)).toMatch(/no client etl-2/)
    const again = await simulation.run()
    expect(said(again)).not.toContain('Did you mean')
  })
})

describe('a hint in retire-hints', () => {
  it('that nobody has is a warning: nobody may believe a leaked secret retired', async () => {
    expectSuccess(await simulation.run())
    const result = await simulation.run({ 'retire-hints': 'zzzzz' })
    expectSuccess(result, { result: 'unchanged' })
    expect(result.log.join('\n')).toMatch(/retire-hints: no client of this run has .* hint zzzzz/)
    expect(result.summary).toMatch(/⚠️ retire-hints.*zzzzz/)
    const pasted = await simulation.run({ 'retire-hints': 'f'.repeat(64) })
    expect(said(pasted)).not.toContain('f'.repeat(64))
    expect(said(pasted)).toMatch(/64 characters/)
  })

  it('that is the current secret’s is a warning with the way to replace it', async () => {
    expectSuccess(await simulation.run())
    const [{ hint } = { hint: '' }] = theClient(simulation).secrets
    const result = await simulation.run({ 'retire-hints': hint })
    expectSuccess(result, { result: 'unchanged' })
    expect(said(result)).toMatch(new RegExp(`${hint} is the current secret of deployer .*rotate: now`))
  })

  it('that somebody has is no warning', async () => {
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const { hint } = simulation.sandbox.tenant.addSecret(theClient(simulation).clientId)
    const result = await simulation.run({ 'retire-hints': hint })
    expectSuccess(result)
    expect(said(result)).not.toContain('retire-hints:')
  })
})

describe('a client with a live secret that this action did not issue', () => {
  async function used(): Promise<{ hint: string; value: string }> {
    expectSuccess(await simulation.run())
    simulation.advance(48)
    const added = simulation.sandbox.tenant.addSecret(theClient(simulation).clientId)
    simulation.advance(72)
    return added
  }

  it.each([destroy, preview])('is not deleted, and says whose it is: %o', async (mode) => {
    const { hint, value } = await used()
    const { clientId } = theClient(simulation)
    expectRefusal(await simulation.run(mode), 'CLIENT_IN_USE', {
      message: new RegExp(`deployer \\(${clientId}\\).*${hint}, 3 days old, made by`),
      hint: new RegExp(`retire-hints: ${hint}`),
    })
    expect(simulation.sandbox.tenant.canAuthenticate(clientId, value)).toBe(true)
    expect(simulation.sandbox.github.secretNames(repositoryPlace)).toEqual(['QLIK_CLIENT_SECRET'])
  })

  it.each(['plan', 'apply'])('nor by state: absent, %s', async (mode) => {
    const { hint } = await used()
    workspaceOf(simulation, { 'clients.yaml': 'version: 1\nclients:\n  - { name: deployer, state: absent }\n' })
    expectRefusal(await simulation.run({ mode }), 'CLIENT_IN_USE', { message: new RegExp(hint) })
  })

  it('goes once each of them is named', async () => {
    const first = await used()
    const second = simulation.sandbox.tenant.addSecret(theClient(simulation).clientId)
    simulation.advance(1)
    expectFailure(await simulation.run({ ...destroy, 'retire-hints': first.hint }), 'CLIENT_IN_USE', {
      message: new RegExp(second.hint),
    })
    const all = { ...destroy, 'retire-hints': `${first.hint} ${second.hint}` }
    expectSuccess(await simulation.run({ ...all, mode: 'plan-destroy' }), { result: 'planned' })
    expectSuccess(await simulation.run(all), { result: 'deleted' })
    expect(simulation.sandbox.tenant.findByName('deployer')).toEqual([])
  })
})
