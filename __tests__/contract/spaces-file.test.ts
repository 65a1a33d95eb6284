import { describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { runFile } from '../support/spec-files.ts'

eachTest()
const spaces = () => simulation.sandbox.tenant.spaces

const fleet = (count: number, of: string[]) => `version: 1
defaults:
  scopes: [user_default]
  spaces: [${of.map((space) => `{ ${space}, roles: [consumer] }`).join(', ')}]
clients:
${Array.from({ length: count }, (_, index) => `  - { name: client-${index}, deliver: [{ client-id-as: none, client-secret-name: S_${index} }] }`).join('\n')}
`

describe('spaces in a file', () => {
  it('have their mistakes on their lines, all at once', async () => {
    const result = await runFile(`version: 1
defaults:
  spaces:
    - Finance: consumer
clients:
  - name: etl
    deliver: []
    spaces:
      - { name: Finance, roles: [] }
      - { name: Finance, id: abc, roles: [consumer] }
      - { roles: [consumer] }
      - { nmae: Finance, roles: [consumer] }
      - { id: '../users', roles: [consumer] }
      - { name: Sales, roles: consumer }
      - { name: Sales }
  - name: portal
    deliver: []
    spaces:
      - { name: Sales, roles: [consumer] }
      - { name: Sales, roles: [producer] }
  - name: many
    deliver: []
    spaces: [${Array.from({ length: 21 }, (_, index) => `{ name: s${index}, roles: [consumer] }`).join(', ')}]
`)
    expectRefusal(result, 'SPEC_INVALID')
    expect(result.requests).toEqual([])
    expect(result.error!.message.split('\n').map((line) => line.replace('- clients.yaml:', ''))).toEqual([
      expect.stringMatching(/mistakes/),
      expect.stringMatching(
        /^4:7: defaults.spaces\[0\].Finance: is not a key of a space: write its `name` and its `roles`$/,
      ),
      expect.stringMatching(/^9:33: clients\[0\].spaces\[0\].roles: is an empty list$/),
      expect.stringMatching(/^10:30: clients\[0\].spaces\[1\].id: and name are two ways/),
      expect.stringMatching(/^11:9: clients\[0\].spaces\[2\]: does not say which space/),
      expect.stringMatching(/^12:11: clients\[0\].spaces\[3\].nmae: is not a key of a spec; did you mean name\?$/),
      expect.stringMatching(/^13:15: clients\[0\].spaces\[4\].id: is not the id of a space$/),
      expect.stringMatching(/^14:31: clients\[0\].spaces\[5\].roles: must be a list, not a text$/),
      expect.stringMatching(/^15:9: clients\[0\].spaces\[6\].roles: is missing$/),
      expect.stringMatching(/^20:9: clients\[1\].spaces\[1\]: names a space twice$/),
      expect.stringMatching(/^23:13: clients\[2\].spaces: has at most 20 spaces$/),
    ])
  })

  it('may have a role that Qlik does not document: checking says so', async () => {
    const file = fleet(1, ["name: 'A: B'"]).replace('consumer', 'consummer')
    const result = await runFile(file, { mode: 'validate' })
    expectSuccess(result, { result: 'valid' })
    expect(result.log.join('\n')).toContain(
      'The role consummer is not among the roles of spaces that Qlik documents. Did you mean consumer?',
    )
  })

  it.each([
    ['names', ({ name }: { name: string }) => `name: ${name}`],
    ['ids', ({ id }: { id: string }) => `id: ${id}`],
  ])('of a fleet cost a request each, and none a client: by %s', async (_what, by) => {
    const five = Array.from({ length: 5 }, (_, index) => spaces().add(`Space-${index}`))
    for (let index = 0; index < 150; index++) spaces().add(`Other ${index}`)
    const file = fleet(40, five.map(by))
    const first = await runFile(file)
    expectSuccess(first)
    const listed = first.requests.filter(({ path }) => path.startsWith('/api/v1/spaces?'))
    expect(listed).toHaveLength(_what === 'names' ? 2 : 0)
    for (const { id } of five) expect(spaces().in(id)).toHaveLength(40)
    const without = await runFile(file.replace(/ {2}spaces:.*\n/, ''))
    const second = await runFile(file)
    expectSuccess(second, { changed: 'false', result: 'unchanged' })
    expect(writes(second)).toEqual([])
    expect(second.requests.length - without.requests.length).toBe(5)
  })

  it('of clients with state: absent are revoked first', async () => {
    const finance = spaces().add('Finance')
    const file = fleet(2, ['name: Finance'])
    expectSuccess(await runFile(file))
    const result = await runFile(file.replace('name: client-0,', 'name: client-0, state: absent,'))
    expectSuccess(result)
    expect(spaces().in(finance.id)).toHaveLength(1)
    const kinds = (JSON.parse(result.outputs!.plan!) as { kind: string }[]).map(({ kind }) => kind)
    expect(kinds).toEqual(['revoke', 'remove-values', 'delete'])
  })

  it('that one client can’t have stop no other client', async () => {
    spaces().add('Finance')
    const file = `${fleet(1, ['name: Finance'])}  - { name: lost, deliver: [], spaces: [{ name: Nowhere, roles: [consumer] }] }\n`
    const result = await runFile(file)
    expect(result.outputs).toMatchObject({ result: 'created', 'error-code': 'SPACE_MISSING' })
    expect(spaces().assignments.size).toBe(1)
  })
})
