import { describe, expect, it } from 'vitest'
import { parseTree } from '../../src/io/inputs/yaml-tree.ts'

const size = 1_048_576
const filled = (piece: string) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)

const lines = [
  '{a: 1}\n',
  '&\n',
  '%\n',
  ',\n',
  '""\n',
  '[\n',
  ']\n',
  '- \n',
  '-\n',
  '?\n',
  ':\n',
  '#\n',
  '*a\n',
  '!a\n',
  '|\n',
  '- |\n',
  '\n',
  '...\n',
  '---\n',
  'a\n---\n',
  '%YAML 1.2\n',
  '<<: *a\n',
  'a: [\n',
  'a: "b\n',
  '- &a x\n',
  '? a\n: b\n',
  'a: &x [b, {c: "d"}] # e\n- *x\n',
]
const words = [
  '&',
  '& ',
  '&a ',
  '"',
  '"" ',
  "'",
  "'a' ",
  '%',
  ',',
  ', ',
  '{a: 1}',
  '[',
  '[]',
  '{',
  '{"a":',
  ']',
  ':',
  ': ',
  '? ',
  '- ',
  '!',
  '! ',
  '!a ',
  '*',
  '*a ',
  '|',
  '>',
  ' ',
  '\t',
  '@',
  '\\',
  'a ',
  '[{',
  '{[}]',
  '\r',
]
const wholes: [string, string][] = [
  [
    'many keys',
    Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`)
      .join('\n')
      .slice(0, size),
  ],
  ['steps', Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ['a long list', `[${filled('1,')}]`],
  ['a long list of nothing', `[${filled(',')}]`],
  ['bad escapes', `"${filled('\\u')}"`],
  ['an open list of lines', `[ ${filled('a\n')}`],
  ['a key of a megabyte', `${filled('k')}: 1`],
  ['a folded text', `a: >\n${filled(' b\n\n')}`],
]
const all: [string, string][] = [
  ...[...lines, ...words].map((piece): [string, string] => [JSON.stringify(piece), filled(piece)]),
  ...wholes,
]

// Whole files of nothing else: a parser that collects all errors takes half a minute and a gigabyte for some of them.
describe('a file of garbage at the size limit', () => {
  it.each(all)('is refused soon, with a few mistakes: %s', (_name, text) => {
    // The time of this process, whatever else the machine does.
    const began = process.cpuUsage()
    const { root, mistakes } = parseTree(text)
    const { user } = process.cpuUsage(began)
    expect(user / 1e6).toBeLessThan(3)
    expect(mistakes.length).toBeLessThanOrEqual(101)
    // It is no spec file, whatever else it is.
    if (mistakes.length === 0) expect(root?.value ?? {}).not.toHaveProperty('clients')
  })
})
