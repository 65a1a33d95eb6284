import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { specSchemaText } from '../scripts/schema.ts'
import { Simulation } from './support/simulation.ts'
import { workspaceOf } from './support/workspace.ts'

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const committed = read('qlik-oauth-client.schema.json')
const accepts = new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(committed))

let simulation: Simulation
beforeAll(async () => {
  simulation = await Simulation.start()
})

/** What the program says of the same text. */
async function problems(text: string): Promise<string[]> {
  workspaceOf(simulation, { 'clients.yaml': text })
  const inputs = { mode: 'validate', tenant: '', 'allow-destinations': 'acme/*' }
  const { annotations, error } = await simulation.run(inputs)
  expect([undefined, 'SPEC_INVALID']).toContain(error?.code)
  return annotations.map(({ message }) => message)
}

describe('the JSON Schema of a spec file', () => {
  it('is what the program’s own schema says: run "npm run docs" after a change', () => {
    expect(committed).toBe(specSchemaText())
  })

  const [, readmeSpec = ''] =
    /## Many clients from one file[\s\S]*?```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? []

  it.each([
    ['examples/clients.yaml', read('examples/clients.yaml')],
    ['README.md', readmeSpec],
  ])('and the program accept %s, which names it in its first line', async (_name, text) => {
    expect(text).toMatch(/^# yaml-language-server: \$schema=(\.\.|https:.*)\/qlik-oauth-client\.schema\.json\n/)
    expect(accepts(parse(text)), JSON.stringify(accepts.errors)).toBe(true)
    expect(await problems(text)).toEqual([])
  })

  const client = (more: string) => `version: 1\nclients: [{ name: x, ${more} }]\n`

  it.each([
    client('deliver: []'),
    client('state: absent'),
    client('deliver: [], rotation: { after: 1d, grace: 0 }'),
    client('deliver: [], scopes: [], redirect-uris: [https://a/1, https://a/2, https://a/3, https://a/4, app://5]'),
    client('deliver: [{ client-secret-name: lower }]'),
    client('deliver: [{ client-secret-name: "{name}_SECRET", client-id-name: "qlik_{name}" }]'),
    'version: 1\ndefaults: { deliver: [] }\nclients: [{ name: x }]',
  ])('accepts what the program accepts: %s', async (text) => {
    expect(accepts(parse(text)), JSON.stringify(accepts.errors)).toBe(true)
    expect(await problems(text)).toEqual([])
  })

  it.each([
    'clients: [{ name: x, deliver: [] }]',
    'version: 2\nclients: [{ name: x, deliver: [] }]',
    'version: 1\nclients: []',
    'version: 1\nclients: [{ deliver: [] }]',
    'version: 1\ndefaults: { deliver: [] }\nclients: [{ deliver: [] }]',
    'version: 1\ndefaults: { scopes: [] }\nclients: [{ name: x }]',
    client('scope: []'),
    client('state: absent, scopes: apps'),
    client('state: present'),
    client('state: gone, deliver: []'),
    client('deliver: [], rotation: { after: 0 }'),
    client('deliver: [], rotation: { grace: 1 day }'),
    client('deliver: [], allowed-origins: [https://a, https://b, https://c, https://d, https://e, https://f]'),
    client('deliver: [], consent: maybe'),
    client('deliver: false'),
    client('deliver: [{ repository: app }]'),
    client('deliver: [{ client-id-name: 1X }]'),
    client('deliver: [{ client-id-name: "{NAME}" }]'),
    client('deliver: [{ client-id-name: "1{name}" }]'),
  ])('refuses what the program refuses: %s', async (text) => {
    expect(accepts(parse(text))).toBe(false)
    expect(await problems(text)).not.toEqual([])
  })
})
