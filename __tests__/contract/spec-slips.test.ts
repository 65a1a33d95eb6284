import { beforeAll, describe, it } from 'vitest'
import { startAnew } from '../support/each-test.ts'
import { expectMistake } from '../support/spec-files.ts'

beforeAll(() => startAnew())

const head = 'version: 1\nclients:\n'
const deep = /is not indented like the other lines of its list or mapping$/
const space = /lacks a space after the colon: write `key: value`$/
const quoted = /has an opening quote that is not closed on its line$/
const expression = /has an expression `\$\{\{ … \}\}`, which is not evaluated in a file/

// What people get wrong when they write YAML by hand: each is one mistake, the right one, on its line.
describe('a slip in a spec file is one mistake, on the line where it was made', () => {
  it.each<[string, string, string, RegExp]>([
    ['no space behind a colon, first key', `${head}  - name:one\n    scopes: [a]\n    deliver: []\n`, '3:5', space],
    [
      'no space behind a colon, later key',
      `${head}  - name: one\n    consent:trusted\n    deliver: []\n`,
      '4:5',
      space,
    ],
    ['no space behind a colon, last key', `${head}  - name: one\n    deliver: []\n    consent:trusted\n`, '5:5', space],
    [
      'no space behind a colon, before a bracket',
      `${head}  - name: one\n    scopes:[a]\n    deliver: []\n`,
      '4:5',
      space,
    ],
    ['no space behind a colon, only key', `${head}  - name:one\n`, '3:5', space],
    ['no space behind a colon, at the top', 'version:1\nclients:\n  - name: x\n', '1:1', space],
    ['no space behind a colon, in braces', `${head}  - { name:one, deliver: [] }\n`, '3:7', space],
    ['no space behind a dash', `${head}  -name: x\n   deliver: []\n`, '3:3', /lacks a space after the dash$/],
    [
      'no space behind the dashes of a list',
      `${head}  - name: x\n    deliver: []\n    scopes:\n      -a\n      -b\n`,
      '6:7',
      /scopes: lacks a space after the dash/,
    ],
    ['no ], then a key', `${head}  - name: one\n    scopes: [a\n    deliver: []\n`, '4:13', /has a \[ without its \]$/],
    [
      'no ], at the end',
      `${head}  - name: one\n    deliver: []\n    scopes: [a, b\n`,
      '5:13',
      /has a \[ without its \]$/,
    ],
    [
      'no ], then a client',
      `${head}  - name: one\n    deliver: []\n    scopes: [a, b\n  - name: two\n    deliver: []\n`,
      '5:13',
      /has a \[ without/,
    ],
    ['no ], in braces', `${head}  - { name: one, scopes: [a, deliver: [] }\n`, '3:26', /has a \[ without its \]$/],
    [
      'no }',
      `${head}  - { name: one, scopes: [a], deliver: []\n  - { name: two, deliver: [] }\n`,
      '3:5',
      /has a \{ without its \}$/,
    ],
    ['no } in JSON', '{"version": 1, "clients": [{"name": "x", "deliver": []}]', '1:1', /has a \{ without its \}$/],
    [
      'one ] too many',
      `${head}  - name: one\n    scopes: [a]]\n    deliver: []\n`,
      '4:16',
      /has a closing bracket that nothing opened$/,
    ],
    [
      'one } too many',
      '{"version": 1, "clients": [{"name": "x", "deliver": []}]}}',
      '1:58',
      /has a closing bracket that nothing opened$/,
    ],
    [
      'no comma',
      '{"version": 1, "clients": [{"name": "x" "deliver": []}]}',
      '1:37',
      /lacks a comma between two items$/,
    ],
    ['a key too deep, behind a value', `${head}  - name: one\n      scopes: [a]\n    deliver: []\n`, '4:7', deep],
    ['a key too deep, behind a list', `${head}  - name: one\n    deliver: []\n      scopes: [a]\n`, '5:7', deep],
    [
      'a key too deep, in a mapping',
      `${head}  - name: one\n    deliver: []\n    rotation:\n      after: 90d\n        grace: 1h\n`,
      '7:9',
      deep,
    ],
    ['a key too shallow', `${head}  - name: one\n    scopes: [a]\n   deliver: []\n`, '5:4', deep],
    ['a key at its dash', `${head}  - name: one\n    scopes: [a]\n  deliver: []\n`, '5:3', deep],
    [
      'a key at the margin',
      `${head}  - name: one\n    scopes: [a]\ndeliver: []\n`,
      '5:1',
      /^clients.yaml:5:1: deliver: belongs to a client or to `defaults`: indent it$/,
    ],
    [
      'a key of the rotation beside it',
      `${head}  - name: one\n    deliver: []\n    rotation:\n    after: 90d\n`,
      '6:5',
      /clients\[0\]\.after: belongs in `rotation`, which is empty: indent it deeper$/,
    ],
    [
      'a key of a place beside deliver',
      `${head}  - name: one\n    deliver:\n    environment: staging\n`,
      '5:5',
      /environment: belongs in `deliver`, which is empty: indent it deeper, behind a dash$/,
    ],
    [
      'a default beside defaults',
      'version: 1\ndefaults:\nscopes: [a]\nclients: [{ name: x, deliver: [] }]\n',
      '3:1',
      /scopes: belongs in `defaults`, which is empty/,
    ],
    [
      'deliver within the rotation',
      `${head}  - name: one\n    rotation:\n      after: 90d\n      deliver: []\n`,
      '6:7',
      /rotation\.deliver: belongs to the client: indent it less$/,
    ],
    [
      'scopes within a place',
      `${head}  - name: one\n    deliver:\n      - environment: staging\n        scopes: [a]\n`,
      '6:9',
      /scopes: belongs to the client: indent it less$/,
    ],
    [
      'clients within the defaults',
      'version: 1\ndefaults:\n  scopes: [a]\n  clients:\n    - name: x\n',
      '4:3',
      /defaults\.clients: belongs to the file itself: indent it less$/,
    ],
    ['a client too shallow', `${head}  - name: one\n    deliver: []\n - name: two\n   deliver: []\n`, '5:2', deep],
    ['a client too deep', `${head}  - name: one\n    deliver: []\n    - name: two\n      deliver: []\n`, '5:5', deep],
    [
      'clients without dashes',
      `${head}    name: x\n    deliver: []\n`,
      '3:5',
      /clients: must be a list, not a mapping$/,
    ],
    ['an open quote', `${head}  - name: "one\n    deliver: []\n`, '3:11', quoted],
    [
      'an open quote before others',
      `${head}  - name: "one\n    description: "Does things"\n    deliver: []\n`,
      '3:11',
      quoted,
    ],
    ['an open single quote', `${head}  - name: 'one\n    deliver: []\n`, '3:11', quoted],
    ['an open quote at a key', `${head}  - name: x\n    "deliver: []\n`, '4:5', quoted],
    [
      'an apostrophe in single quotes',
      `${head}  - name: 'it's'\n    deliver: []\n`,
      '3:15',
      /has text behind a closing quote/,
    ],
    ['a bad escape', `${head}  - name: "C:\\qlik"\n    deliver: []\n`, '3:14', /has a backslash within double quotes/],
    ['a tab before a list', 'version: 1\nclients:\n\t- name: x\n', '3:1', /is indented with a tab; YAML wants spaces$/],
    ['a tab before a key', `${head}  - name: x\n\tdeliver: []\n`, '4:1', /is indented with a tab/],
    [
      'tabs before a nested key',
      `${head}  - name: x\n    rotation:\n\t\tafter: 90d\n    deliver: []\n`,
      '5:1',
      /is indented with a tab/,
    ],
    ['a tab behind a dash', `${head}  -\tname: x\n    deliver: []\n`, '3:4', /is indented with a tab/],
    [
      'a second colon',
      `${head}  - name: x\n    description: Deploys: all\n    deliver: []\n`,
      '4:25',
      /has a second colon; put a text with a colon and a space in quotes$/,
    ],
    ['a key without a colon', `${head}  - name: x\n    deliver\n`, '4:5', /has a key without a colon/],
    ['= for a colon', 'version: 1\nclients = []\n', '2:1', /has a key without a colon/],
    [
      'an @ in front',
      `${head}  - name: @acme\n    deliver: []\n`,
      '3:11',
      /begins with a character that YAML reserves: put it in quotes$/,
    ],
    [
      'a merge conflict',
      `version: 1\n<<<<<<< HEAD\nclients: []\n=======\nclients: []\n>>>>>>> x\n`,
      '2:1',
      /is a marker of a merge conflict/,
    ],
    ['a control character', `${head}  - name: "a\u0007b"\n    deliver: []\n`, '3:13', /contains a control character/],
    [
      'the key twice',
      `${head}  - name: x\n    name: y\n    deliver: []\n`,
      '4:5',
      /clients\[0\]\.name: is given twice$/,
    ],
    ['a second document', `${head}  - name: x\n    deliver: []\n---\na: 1\n`, '5:1', /begins a second document/],
    ['a tag', `${head}  - name: !secret x\n    deliver: []\n`, '3:11', /has a tag or directive/],
    ['an alias of nothing', `${head}  - name: *x\n    deliver: []\n`, '3:11', /is an alias without an anchor/],
    ['no clients', 'version: 1\nclients:\n', '2:9', /clients: is empty$/],
    ['a list of nothing', `${head}  -\n`, '3:4', /clients\[0\]: is empty: write an item after the dash/],
    [
      'a mapping for a list',
      `${head}  - name: x\n    deliver: { environment: staging }\n`,
      '4:14',
      /deliver: must be a list, not a mapping$/,
    ],
    [
      'a list for a mapping',
      `${head}  - name: x\n    rotation: [90d]\n    deliver: []\n`,
      '4:15',
      /rotation: must be a mapping, not a list$/,
    ],
    ['an expression as a value', `${head}  - name: \${{ vars.NAME }}\n    deliver: []\n`, '3:11', expression],
    [
      'an expression for a list',
      `${head}  - name: x\n    scopes: \${{ vars.SCOPES }}\n    deliver: []\n`,
      '4:13',
      expression,
    ],
    [
      'an expression in a list',
      `${head}  - name: x\n    scopes: [\${{ vars.SCOPE }}]\n    deliver: []\n`,
      '4:14',
      expression,
    ],
    ['an expression in braces', `${head}  - { name: \${{ vars.NAME }}, deliver: [] }\n`, '3:13', expression],
    [
      'an expression in a name of a secret',
      `${head}  - name: x\n    deliver: [{ client-secret-name: "\${{ vars.NAME }}" }]\n`,
      '4:37',
      expression,
    ],
    ['an expression for all clients', `version: 1\nclients: \${{ fromJSON(vars.CLIENTS) }}\n`, '2:10', expression],
    ['an expression as a key', `${head}  - name: x\n    deliver: []\n    "\${{ x }}": y\n`, '5:5', expression],
    [
      'a merge key',
      `version: 1\nx-base: &base\n  scopes: [a]\n  deliver: []\nclients:\n  - <<: *base\n    name: x\n`,
      '6:5',
      /clients\[0\]\.<<: merge keys are not read; .* `defaults`$/,
    ],
    ['a merge key that brings the name', `${head}  - <<: *nothing\n`, '3:5', /<<: merge keys are not read/],
    [
      'a merge key in a place',
      `${head}  - name: x\n    deliver: [{ <<: {}, environment: staging }]\n`,
      '4:17',
      /<<: merge keys are not read/,
    ],
  ])('%s', async (_slip, text, place, message) => {
    await expectMistake(text, place, message)
  })

  it('with Windows line ends as well', async () => {
    const text = `${head}  - name: one\n    scopes: [a\n    deliver: []\n`.replaceAll('\n', '\r\n')
    await expectMistake(text, '4:13', /has a \[ without its \]$/)
  })

  it('and a description may have an expression, which is a text like any other', async () => {
    const text = `${head}  - name: x\n    description: Deploys \${{ github.ref }}\n    scopes: [apps]\n    deliver: []\n    tenant: x\n`
    await expectMistake(text, '7:5', /tenant: belongs to the file itself/)
  })
})
