// Writes the pages that are generated from action.yml: docs/inputs.md, and the table of chosen inputs in README.md; and the JSON
// Schema of spec files. With `--check` it writes nothing, and fails if they are out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isMap, isScalar, parseDocument } from 'yaml'
import { specSchemaText } from './schema.ts'

type Entry = { name: string; group: string; meaning: string; need: string }

const root = new URL('../', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, root), 'utf8')
const action = parseDocument(read('action.yml'))

keep('docs/inputs.md', inputsPage(entries('inputs'), entries('outputs')))
keep('README.md', withChosenInputs(read('README.md'), entries('inputs')))
keep('qlik-oauth-client.schema.json', specSchemaText())

function keep(name: string, wanted: string): void {
  const file = new URL(name, root)
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) console.log(`${name} is up to date`)
  else if (process.argv.includes('--check')) {
    console.error(`${name} is out of date. Run "npm run docs" and commit it.`)
    process.exitCode = 1
  } else {
    writeFileSync(file, wanted)
    console.log(`${name}: written`)
  }
}

/** The entries of one section of action.yml, in their order; a comment `--- title` begins a group. */
function entries(section: 'inputs' | 'outputs'): Entry[] {
  const map = action.get(section)
  if (!isMap(map)) throw new Error(`action.yml has no section ${section}`)
  let group = ''
  return map.items.map(({ key, value }, index) => {
    const before = (index === 0 ? map.commentBefore : undefined) ?? (isScalar(key) ? key.commentBefore : undefined)
    group = /^ --- (.+)$/m.exec(before ?? '')?.[1] ?? group
    const name = String(key)
    const description = isMap(value) ? value.get('description') : undefined
    if (typeof description !== 'string') throw new Error(`action.yml: ${section}.${name} has no description`)
    const [, meaning = '', need = ''] =
      /^(.*?)(?:(?:^| )((?:Required|Default:)(?:[^.]|\.(?! |$))*)\.)?$/s.exec(description) ?? []
    return { name, group, meaning: meaning.trim(), need }
  })
}

function inputsPage(inputs: Entry[], outputs: Entry[]): string {
  const groups = [...Map.groupBy(inputs, ({ group }) => group)]
  return `<!-- Made from action.yml by "npm run docs". -->

# Inputs and outputs

For authors of workflows: every input and output of the action. The [README](../README.md#inputs) has those that most workflows need.

A duration is \`90d\`, \`24h\`, \`30m\` or \`0\`. The items of a list are separated by spaces, commas or newlines. A boolean is \`true\` or \`false\`.
An input that is left out changes nothing on an existing client, except \`consent\`, which every run enforces.

${groups.map(([group, of]) => `## ${group}\n\n${of.map((entry) => section(entry)).join('\n\n')}`).join('\n\n')}

## Outputs

${outputs.map((entry) => section(entry, ' (output)')).join('\n\n')}
`
}

function section({ name, meaning, need }: Entry, what = ''): string {
  const [word = '', ...rest] = need.split(/(?<=Required|Default)/)
  const line = need === '' ? '' : `\n\n_${word}_${rest.join('')}.`
  return `### \`${name}\`${what}\n\n${meaning}${line}`
}

/** The table after `<!-- inputs: a b c -->`, with the first sentence of each input. */
function withChosenInputs(readme: string, inputs: Entry[]): string {
  const found = /<!-- inputs: (.+) -->\n[\s\S]*<!-- \/inputs -->/.exec(readme)
  if (found === null) throw new Error('README.md has no table <!-- inputs: … --> … <!-- /inputs -->')
  const rows = found[1]!.split(' ').map((name) => {
    const entry = inputs.find((it) => it.name === name)
    if (entry === undefined) throw new Error(`README.md: action.yml has no input ${name}`)
    const [first] = entry.meaning.split(/(?<=\.) (?=[A-Z`])/)
    return [
      `[\`${name}\`](docs/inputs.md#${name})`,
      entry.need.replace(/^Default: /, '').replace(/^Required/, '**required**'),
      first!,
    ]
  })
  const table = aligned([['input', 'required or default', 'meaning'], ...rows])
  return readme.replace(found[0], () => `<!-- inputs: ${found[1]} -->\n\n${table}\n\n<!-- /inputs -->`)
}

/** Cells of equal width, as the formatter wants them. */
function aligned([head, ...rows]: string[][]): string {
  const widths = head!.map((_, column) => Math.max(3, ...[head!, ...rows].map((row) => row[column]!.length)))
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
