import { beforeAll, describe, expect, it } from 'vitest'
import { startAnew } from '../support/each-test.ts'
import { expectMistake, runFile } from '../support/spec-files.ts'

beforeAll(() => startAnew())

const head = 'version: 1\nclients:\n'
const one = `${head}  - name: one\n    deliver: []\n`
const comma = /lacks a comma between two items(, or a colon after a key)?$/
const comment = /has a comment that begins with \/\/ or \/\*: in YAML it begins with #, and JSON has none$/

describe('a misspelt key or value is one mistake: nothing seems to be missing because of it', () => {
  it.each<[string, string, string, RegExp]>([
    ['name', `${head}  - { nam: one, deliver: [] }\n`, '3:7', /nam: is not a key of a spec; did you mean name\?$/],
    ['clients', 'version: 1\nclient:\n  - { name: one, deliver: [] }\n', '2:1', /client: .* did you mean clients\?$/],
    ['version', 'Version: 1\nclients:\n  - { name: one, deliver: [] }\n', '1:1', /Version: .* did you mean version\?$/],
    ['deliver', `${head}  - { name: one, delivers: [] }\n`, '3:18', /delivers: .* did you mean deliver\?$/],
    ['state', `${head}  - { name: one, State: absent }\n`, '3:18', /State: .* did you mean state\?$/],
    ['roles', `${one}    spaces: [{ name: A, role: [consumer] }]\n`, '5:25', /role: .* did you mean roles\?$/],
    [
      'the value of state',
      `${head}  - { name: one, state: deleted }\n`,
      '3:25',
      /state: accepted are present, absent$/,
    ],
    ['a state without a value', `${head}  - { name: one, state: }\n`, '3:25', /state: is empty/],
    ['a tag without a value', `${head}  - name: !one\n    deliver: []\n`, '3:11', /has a tag or directive/],
    [
      'false for no place',
      `${head}  - { name: one, deliver: false }\n`,
      '3:27',
      /true or false; `\[\]` delivers nowhere$/,
    ],
  ])('%s', async (_slip, text, place, message) => {
    await expectMistake(text, place, message)
  })

  it('but a wrong value of the right key is told beside it', async () => {
    const result = await runFile(`${head}  - { nam: one, name: 12, deliver: [] }\n`)
    expect(result.annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining('nam: is not a key of a spec'),
      expect.stringContaining('name: must be a text'),
    ])
  })
})

describe('a slip that JSON invites is one mistake, on the line where it was made', () => {
  it.each<[string, string, string, RegExp]>([
    ['no comma behind a number', '{"version": 1\n "clients": []}', '1:13', comma],
    ['no comma behind a text', '{"version": 1, "clients": [{"name": "a"\n "deliver": []}]}', '2:2', comma],
    ['no comma between clients', '{"version": 1, "clients": [{"name": "a"}\n {"name": "b"}]}', '2:2', comma],
    ['no comma in a list', `${head}  - {name: a, scopes: ["a" "b"], deliver: []}\n`, '3:28', comma],
    ['no colon', '{"version": 1,\n "clients" [{"name": "a"}]}', '2:12', comma],
    [
      'a comment behind a value',
      '{"version": 1, // first\n "clients": [{"name": "a", "deliver": []}]}',
      '1:16',
      comment,
    ],
    ['a comment on a line', '{"version": 1,\n // all\n "clients": [{"name": "a", "deliver": []}]}', '2:2', comment],
    ['a comment in front', '// all\n{"version": 1, "clients": [{"name": "a", "deliver": []}]}', '1:1', comment],
    ['a comment in the middle', '{/* x */ "version": 1, "clients": [{"name": "a", "deliver": []}]}', '1:2', comment],
    ['no-break spaces', `${head}  - name: a\n\u00a0\u00a0\u00a0\u00a0deliver: []\n`, '4:1', /only looks like a space/],
    [
      'a key without a colon, then brackets',
      'version: 1\nclients\n  - {name: a}\n',
      '2:1',
      /has a key without a colon$/,
    ],
    ['a list behind its key', 'version: 1\nclients: - name: a\n', '2:10', /has a list on the line of its key/],
  ])('%s', async (_slip, text, place, message) => {
    await expectMistake(text, place, message)
  })
})

describe('a space with a mistake', () => {
  it.each<[string, string, string, RegExp]>([
    ['names no role', '{ name: A, roles: [] }', '5:32', /roles: is an empty list$/],
    ['has an empty role', "{ name: A, roles: [''] }", '5:33', /roles\[0\]: is empty$/],
    ['has two names', '{ name: A, id: abc, roles: [consumer] }', '5:29', /id: and name are two ways to name a space/],
    ['has none', '{ roles: [consumer] }', '5:14', /does not say which space/],
    ['has an id that is none', "{ id: '../users', roles: [consumer] }", '5:20', /id: is not the id of a space$/],
  ])('%s, and it is the only one', async (_what, space, place, message) => {
    await expectMistake(`${one}    spaces: [${space}]\n`, place, message)
  })
})

it('a description in the defaults that is too long is one mistake, for however many clients', async () => {
  const text = `version: 1\ndefaults: { description: ${'x'.repeat(4000)}, deliver: [] }\nclients: [{ name: a }, { name: b }]\n`
  await expectMistake(text, '2:26', /description: its 4000 characters leave no room/)
})
