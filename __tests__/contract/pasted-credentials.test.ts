import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { inputLengths, secretInputs } from '../../src/io/inputs/input-table.ts'
import { expectFailure, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import type { Simulation } from '../support/simulation.ts'
import { runFile } from '../support/spec-files.ts'

eachTest()

const pem = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const credentials: [string, string][] = [
  ['an API key', `eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.${'eyJzdWIiOiJ4In0'.repeat(6)}.Zm9vYmFy-_Zm9v`],
  ['a client secret', '5e1f0c8a7b6d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f'],
  ['a token of an app', 'ghs_16C7e42F292c6912E7710c838347Ae178B4a'],
  ['a fine-grained token', `github_pat_11ABCDEFG0${'aB3dE5gH7j'.repeat(6)}`],
  ['a secret in base64', 'qW7/xZ3+Lk9PvB2nM5tR8yU1iO4aS6dF0gH3jK7lQ2w='],
]
const open = (Object.keys(inputLengths) as (keyof typeof inputLengths)[]).filter(
  (name) => !(secretInputs as readonly string[]).includes(name),
)

/** All that is printed or written but masks. */
function said({ log, summary, outputs, error, annotations }: Awaited<ReturnType<Simulation['run']>>): string {
  return JSON.stringify([log, summary, outputs, error?.message, error?.hint, annotations])
}

describe('a credential in an input that is not secret', () => {
  for (const [kind, value] of credentials) {
    it.each(open)(`is named, masked and never shown: ${kind} in %s`, async (name) => {
      const result = await simulation.run({ [name]: value })
      expectRefusal(result, 'INPUT_INVALID', {
        message: new RegExp(`${name}: (looks like a credential, which belongs in api-key|has at most)`),
      })
      expect(result.requests).toEqual([])
      expect(said(result)).not.toContain(value.slice(0, 20))
      expect(said(result).match(new RegExp(`(^|[\\s"])${name}: `, 'g'))?.length ?? 0).toBeLessThan(6)
      if (value.length <= inputLengths[name]) expect([...result.masks]).toContain(value)
    })
  }

  it.each(['environment', 'scopes', 'repository', 'name', 'client-id', 'retire-hints'])(
    'may be one that the step signs in with, in %s',
    async (name) => {
      const key = 'short-key-123'
      const result = await simulation.run({ 'api-key': key, [name]: `x${key}` })
      expectRefusal(result, 'INPUT_INVALID', { message: new RegExp(`${name}: looks like a credential`) })
      expect(said(result)).not.toContain(key)
    },
  )

  it('may be a private key in a description', async () => {
    const result = await simulation.run({ description: pem })
    expectRefusal(result, 'INPUT_INVALID', { message: /^description: looks like a credential/ })
    expect(said(result)).not.toContain(pem.split('\n')[1])
  })

  it.each([
    '82e0c353eca9a5d849c74d7e98f13f7e',
    'svc-550e8400-e29b-41d4-a716-446655440000',
    'preview-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b',
    'MyCompany-Production-ETL-Service-2024-Instance-01-EU',
  ])('is not an id: %s', async (name) => {
    expectSuccess(await simulation.run({ name }), { result: 'created' })
  })
})

describe('a credential that somebody pasted into a client on the tenant', () => {
  it.each(['plan', 'apply', 'audit', 'destroy'])('reaches no output and no summary (P5): %s', async (mode) => {
    const { tenant } = simulation.sandbox
    const key = tenant.issueApiKey({ admin: true }).value
    tenant.addClient({ clientName: 'deployer', description: `key: ${key}`, clientUri: `https://acme.example/?${key}` })
    tenant.addClient({ clientName: `made with ${key}`, allowedScopes: ['admin_classic'] })
    const { outputs, summary } = await simulation.run({ mode, name: 'deployer', description: 'x', 'api-key': key })
    expect(JSON.stringify([outputs, summary])).not.toContain(key.slice(0, 24))
    for (const list of ['plan', 'clients', 'findings']) if (outputs![list]) JSON.parse(outputs![list])
  })
})

describe('a credential with something pasted along', () => {
  const bare = 'ghs_16C7e42F292c6912E7710c838347Ae178B4a'
  it.each([
    [`"${bare}"`, /has quotes around it/],
    [`'${bare}'`, /has quotes around it/],
    [`${bare}"`, /has quotes around it/],
    [`“${bare}”`, /has quotes around it/],
    [`QLIK_API_KEY=${bare}`, /begins with a name, as in NAME=value: paste the value alone/],
    [`export TOKEN="${bare}"`, /begins with a name/],
    [`api-key: ${bare}`, /begins with a name/],
    [`Bearer ${bare}`, /begins with a name/],
    [`Authorization: Bearer ${bare}`, /begins with a name/],
    [`${bare}\u0000`, /must be one word of printable ASCII characters/],
    [`${bare}\u0007x`, /must be one word/],
    [`${bare}\ud800`, /must be one word/],
    [`${bare}é`, /must be one word/],
    [`x ${bare}`, /must be one word/],
  ])('is refused with the reason, and neither is shown: %j', async (value, message) => {
    for (const name of ['api-key', 'github-token', 'admin-client-secret']) {
      const way = name === 'admin-client-secret' ? { 'api-key': '', 'admin-client-id': 'abc' } : {}
      const result = await simulation.run({ ...way, [name]: value })
      expectRefusal(result, 'INPUT_INVALID', { message })
      expect(result.error?.message).toMatch(new RegExp(`^${name}: `))
      expect(result.requests).toEqual([])
      expect(said(result)).not.toContain(bare.slice(0, 20))
    }
  })

  it('is refused as a private key too', async () => {
    const way = { 'api-key': '', 'admin-client-id': 'abc' }
    for (const [value, message] of [
      [`"${pem.trim()}"`, /has quotes/],
      [`KEY=${pem}`, /begins with a name/],
    ] as const) {
      const result = await simulation.run({ ...way, 'admin-private-key': value })
      expectRefusal(result, 'INPUT_INVALID', { message })
      expect(said(result)).not.toContain(pem.split('\n')[1])
    }
  })

  it.each(['abc=', 'aB3+x/9=', 'a=b', 'k%d503', 'x"y', 'KEY==', 'A1=b'])('may be any other word: %s', async (key) => {
    const result = await simulation.run({ 'api-key': key })
    expectFailure(result, 'TENANT_UNAUTHORIZED')
  })
})

describe('a credential in a spec file', () => {
  const secret = credentials[1]![1]
  const spec = (client: string, more = '') => `version: 1\n${more}clients:\n  - ${client}\n`

  it.each([
    ['a name', spec(`{ name: ${secret}, deliver: [] }`)],
    ['a scope', spec(`{ name: a, scopes: [apps, ${secret}], deliver: [] }`)],
    ['an environment', spec(`{ name: a, deliver: [{ environment: ${secret} }] }`)],
    ['a repository', spec(`{ name: a, deliver: [{ repository: acme/${secret} }] }`)],
    ['a client id', spec(`{ name: a, client-id: ${secret}, deliver: [] }`)],
    ['a description', spec(`{ name: a, description: "use ${secret}", deliver: [] }`)],
    ['a key', spec(`{ name: a, ${secret}: x, deliver: [] }`)],
    ['the environment of the file', spec('{ name: a, deliver: [] }', `environment: ${secret}\n`)],
    ['a default', spec('{ name: a, deliver: [] }', `defaults: { scopes: [${secret}] }\n`)],
  ])('is one mistake, without its value: %s', async (_what, text) => {
    const lines = text.slice(0, text.search(/acme\/5|"use|5e1f/)).split('\n')
    const place = `${lines.length}:${lines.at(-1)!.length + 1}`
    const result = await runFile(text)
    expectRefusal(result, 'SPEC_INVALID')
    expect(result.annotations.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      expect.stringMatching(new RegExp(`^${place} .*looks like a credential, which must not be in a spec file`)),
    ])
    expect(said(result)).not.toContain(secret.slice(0, 20))
    expect([...result.masks].some((mask) => mask.includes(secret))).toBe(true)
  })

  it('may be the one that the step signs in with', async () => {
    const text = spec('{ name: my-key-1234567, deliver: [{ my-key-1234567: x }] }')
    const result = await runFile(text, { 'api-key': 'my-key-1234567' })
    expectRefusal(result, 'SPEC_INVALID', { message: /2 mistakes/ })
    expect(said(result)).not.toContain('my-key-123')
  })
})
