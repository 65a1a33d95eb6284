import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

// The first admin client as docs/bootstrap.md has it: the inputs are read from that page.

const page = readFileSync(path.join(import.meta.dirname, '../../docs/bootstrap.md'), 'utf8')
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => parse(text!))
const [workflow, itself, keyNames, signIn] = blocks
const first: Record<string, string> = workflow.jobs.admin.steps[0].with
const second: Record<string, string> = itself[0].with

eachTest()
beforeEach(() => {
  simulation.sandbox.github.createEnvironment('acme/app', 'qlik-admin')
})

/** The inputs of a page's step with what its expressions stand for, at this moment. */
function given(inputs: Record<string, string>): Record<string, string> {
  const { github } = simulation.sandbox
  const place = { repository: 'acme/app', environment: 'qlik-admin' }
  const value = (text: string) => {
    const [, kind, name = ''] = /^\$\{\{ (vars|secrets)\.(\w+) \}\}$/.exec(text) ?? []
    if (name === 'QLIK_API_KEY') return simulation.inputs['api-key']!
    if (name === 'CLIENTS_TOKEN') return simulation.inputs['github-token']!
    const stored = kind === 'vars' ? github.variableValue({ ...place, name }) : github.secretValue({ ...place, name })
    return kind === undefined ? text : (stored ?? '')
  }
  const tenant = simulation.sandbox.settings.tenantUrl
  const none = { name: '', scopes: '', 'api-key': '' }
  return { ...none, ...Object.fromEntries(Object.entries(inputs).map(([name, text]) => [name, value(text)])), tenant }
}

describe('the first admin client', () => {
  it('is made by the action, with an API key, and rotates itself from then on', async () => {
    expectSuccess(await simulation.run(given(first)), { result: 'created' })
    const [client] = simulation.sandbox.tenant.findByName('automation')
    expect(client).toMatchObject({ allowedScopes: ['admin_classic'], consentMethod: 'trusted' })
    simulation.sandbox.tenant.revokeApiKey(simulation.inputs['api-key']!)
    const again = await simulation.run(given(second))
    expectSuccess(again, { result: 'unchanged' })
    expect(writes(again)).toEqual([])
    simulation.advance(24 * 81)
    expectSuccess(await simulation.run(given(second)), { result: 'rotated' })
    simulation.advance(25)
    expectSuccess(await simulation.run(given(second)), { result: 'updated' })
    expect(client!.secrets).toHaveLength(1)
    expect(client!.allowedScopes).toEqual(['admin_classic'])
  })

  it('has a key instead of a secret, where the same two lines say so', async () => {
    expectSuccess(await simulation.run(given({ ...first, ...keyNames })), { result: 'created' })
    const [client] = simulation.sandbox.tenant.findByName('automation')
    expect(client).toMatchObject({ secrets: [], allowedAuthMethods: ['private_key_jwt'] })
    const { 'admin-client-secret': _, ...rest } = second
    const byKey = { ...rest, ...keyNames, ...signIn }
    expectSuccess(await simulation.run(given(byKey)), { result: 'unchanged' })
    simulation.advance(24 * 81)
    expectSuccess(await simulation.run(given(byKey)), { result: 'rotated' })
    simulation.advance(25)
    expectSuccess(await simulation.run(given(byKey)), { result: 'updated' })
    expect(client!.publicKeys).toHaveLength(1)
  })

  it('that was made in the console is adopted, and its pasted secret is retired when it is named', async () => {
    const { tenant, github } = simulation.sandbox
    const { clientId, secret, hint } = tenant.createAdminClient('automation')
    const place = { repository: 'acme/app', environment: 'qlik-admin' }
    github.setVariable({ ...place, name: 'QLIK_ADMIN_CLIENT_ID' }, clientId)
    github.overwriteSecret({ ...place, name: 'QLIK_ADMIN_CLIENT_SECRET' }, secret)
    simulation.advance(1)
    const adopted = await simulation.run(given(second))
    expectSuccess(adopted, { result: 'rotated' })
    expect(adopted.summary).toContain(`| <code>${hint}</code> |`)
    simulation.advance(1)
    expectSuccess(await simulation.run(given(second)), { result: 'unchanged' })
    expectSuccess(await simulation.run({ ...given(second), 'retire-hints': hint }), { result: 'updated' })
    expect(tenant.clients.get(clientId)!.secrets.map((it) => it.hint)).not.toContain(hint)
    expectSuccess(await simulation.run(given(second)), { result: 'unchanged' })
  })
})
