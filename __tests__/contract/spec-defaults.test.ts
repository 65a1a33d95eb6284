import { describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { clientsIn, expectMistake, runFile } from '../support/spec-files.ts'

eachTest()

const named = '{ client-id-name: "{name}_ID", client-secret-name: "QLIK_{name}_SECRET" }'
/** A file whose clients are all delivered as the defaults say. */
function specOf(deliver: string, ...clients: string[]): string {
  return `version: 1\ndefaults:\n  scopes: [apps]\n  deliver: ${deliver}\nclients:\n${clients.map((it) => `  - ${it}\n`).join('')}`
}

function secretsIn(environment?: string): string[] {
  const scope = { repository: 'acme/app', ...(environment === undefined ? {} : { environment }) }
  return simulation.sandbox.github.secretNames(scope).sort()
}

describe('defaults.deliver', () => {
  it('fills in for each client, with its own name in the names of its values, and then there is nothing to do', async () => {
    const text = specOf(`[${named}]`, 'name: Etl (nightly)', 'name: portal')
    expectSuccess(await runFile(text), { result: 'created' })
    expect(secretsIn()).toEqual(['QLIK_ETL__NIGHTLY__SECRET', 'QLIK_PORTAL_SECRET'])
    const second = await simulation.run()
    expectSuccess(second, { result: 'unchanged', drift: 'false' })
    expect(writes(second)).toEqual([])
  })

  it('does not fill in for a client that says where it is delivered, even nowhere', async () => {
    const text = specOf(
      `[${named}]`,
      '{ name: etl, deliver: [] }',
      '{ name: jobs, deliver: [{ environment: staging }] }',
    )
    expectSuccess(await runFile(text), { result: 'created' })
    expect([secretsIn(), secretsIn('staging')]).toEqual([[], ['QLIK_CLIENT_SECRET']])
  })

  it('may be an empty list, which delivers nowhere', async () => {
    const result = await runFile(specOf('[]', 'name: etl'), { 'github-token': '' })
    expectSuccess(result, { result: 'created' })
  })

  it('or a list of its own is required, unless a client is absent', async () => {
    const without = (client: string) => `version: 1\ndefaults: { scopes: [apps] }\nclients:\n  - ${client}\n`
    await expectMistake(without('name: etl'), '4:5', /clients\[0\]\.deliver: is missing; give it here or in `defaults`/)
    expectSuccess(await runFile(without('{ name: etl, state: absent }')), { result: 'unchanged' })
  })

  it('is checked where it is written, once for all clients', async () => {
    await expectMistake(
      specOf('[{ enviroment: x }]', 'name: a', 'name: b'),
      '4:15',
      /^.*defaults\.deliver\[0\]\.enviroment: .*did you mean environment\?$/,
    )
    await expectMistake(specOf('true', 'name: a'), '4:12', /defaults\.deliver: must be a list/)
  })

  it('names the client and the place that the input allow-destinations does not name', async () => {
    const text = specOf(`[{ repository: acme/other, client-secret-name: "{name}" }]`, 'name: etl')
    const message =
      /defaults\.deliver\[0\]: client etl is delivered to acme\/other, which the input allow-destinations does not name$/
    await expectMistake(text, '6:5', message)
  })

  it('gives two clients one place unless their names are in it: a mistake at the second, with the place of the first', async () => {
    const message =
      /defaults\.deliver\[0\]: the client secret of client b has the same place as the one of client a \(clients\.yaml:6\), secret QLIK_CLIENT_SECRET in acme\/app; write \{name\} in its name$/
    await expectMistake(specOf('[{}]', 'name: a', 'name: b'), '7:5', message)
    await expectMistake(specOf('[{}, { environment: staging }]', 'name: a', 'name: b'), '7:5', message)
  })

  it('is completed from for the output too', async () => {
    const { outputs } = await runFile(specOf(`[${named}]`, 'name: etl'), { mode: 'plan' })
    expect(JSON.stringify(clientsIn(outputs))).toContain('QLIK_ETL_SECRET')
  })
})

describe('{name}', () => {
  const spec = (client: string, names: string) =>
    `version: 1\nclients:\n  - name: ${client}\n    scopes: [apps]\n    deliver: [{ ${names} }]\n`
  const secretOnly = (name: string) => `client-id-as: none, client-secret-name: "${name}"`

  it.each([
    ['ci-deployer staging', 'X_{name}_Y', 'X_CI_DEPLOYER_STAGING_Y'],
    ['"Ärger & 1 Ünique"', 'X_{name}', 'X__RGER___1__NIQUE'],
    ['"1st"', '{name}_SECRET', '_ST_SECRET'],
    ['"1st"', 'QLIK_{name}', 'QLIK_1ST'],
    ['"2"', '{name}{name}', '_2'],
    ['"🚀"', 'X{name}', 'X_'],
    ['github-sync', 'QLIK_{name}', 'QLIK_GITHUB_SYNC'],
    ['etl', 'lower_{name}', 'LOWER_ETL'],
  ])('of client %s in %s makes %s', async (client, name, expected) => {
    expectSuccess(await runFile(spec(client, secretOnly(name))), { result: 'created' })
    expect(secretsIn()).toEqual([expected])
  })

  it('that makes a name begin with GITHUB_ is a mistake that names the client', async () => {
    const message = /deliver\[0\]\.client-secret-name: with the name of client github-sync it begins with GITHUB_/
    await expectMistake(spec('github-sync', secretOnly('{name}_SECRET')), '5:15', message)
  })

  it.each(['{NAME}', '{ name }', '{name', 'A-{name}', '1{name}', 'GITHUB_{name}'])(
    'is the only such word: not %s',
    async (name) => {
      await expectMistake(
        spec('etl', secretOnly(name)),
        '5:57',
        /client-secret-name: is not a name that GitHub accepts/,
      )
    },
  )

  it('of two clients that GitHub would write alike is a mistake with both places', async () => {
    const text = specOf('[{ client-id-as: none, client-secret-name: "{name}" }]', 'name: a b', 'name: a-b')
    await expectMistake(
      text,
      '7:5',
      /client a-b has the same place as the one of client a b \(clients\.yaml:6\), secret A_B in acme\/app/,
    )
  })

  it('that gives secret and id one name is a mistake', async () => {
    const text = spec('etl', 'client-id-as: secret, client-id-name: "{name}", client-secret-name: ETL')
    await expectMistake(text, '5:15', /deliver\[0\]: the client id of client etl has the same place/)
  })

  it('is not replaced in inputs', async () => {
    for (const name of ['client-id-name', 'client-secret-name']) {
      const result = await simulation.run({ [name]: 'X_{name}' })
      expectRefusal(result, 'INPUT_INVALID', {
        message: new RegExp(`^${name}: can’t contain {name}, which is replaced in spec files only`),
      })
    }
  })
})

describe('two clients of one name', () => {
  const pair = (first: string, second: string) =>
    `version: 1\nclients:\n  - { name: etl, deliver: []${first} }\n  - { name: etl, deliver: []${second} }\n`

  it('are a mistake unless each has its own client-id', async () => {
    const message = /name: there is a client etl already \(clients\.yaml:3\); give each a client-id, or another name$/
    await expectMistake(pair('', ''), '4:13', message)
    await expectMistake(pair(', client-id: a1', ''), '4:13', message)
    await expectMistake(pair('', ', client-id: a1'), '4:13', message)
    await expectMistake(
      pair(', client-id: a1', ', client-id: a1'),
      '4:42',
      /client-id: another client pins the same already/,
    )
    const { error } = await runFile(pair(', client-id: a1', ', client-id: b2'), { mode: 'validate' })
    expect(error).toBeUndefined()
  })

  it('are kept apart by their ids', async () => {
    const { tenant } = simulation.sandbox
    const ids = ['x', 'y'].map((clientName) => tenant.addClient({ clientName }).clientId)
    const text = pair(`, client-id: ${ids[0]}`, `, client-id: ${ids[1]}`)
    expectSuccess(await runFile(text), { result: 'updated' })
    expect(
      tenant
        .findByName('etl')
        .map(({ clientId }) => clientId)
        .sort(),
    ).toEqual(ids.sort())
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })
})
