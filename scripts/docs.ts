// Writes the tables of inputs and outputs in README.md from action.yml, and the JSON Schema of spec files. With `--check` it
// writes nothing, and fails where they differ. It reads only as much YAML as action.yml uses, and refuses the rest.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { specSchemaText } from './schema.ts'

type Entry = { name: string; group: string; description: string; required: boolean }

const action = new URL('../action.yml', import.meta.url)
const readme = new URL('../README.md', import.meta.url)

const schema = new URL('../qlik-oauth-client.schema.json', import.meta.url)

const lines = readFileSync(action, 'utf8').split('\n')
const before = readFileSync(readme, 'utf8')
const after = ['inputs', 'outputs'].reduce((text, section) => replaced(text, section, table(entries(section))), before)

if (after === before) console.log('README.md has the inputs and outputs of action.yml')
else if (process.argv.includes('--check')) {
  console.error('README.md differs from action.yml. Run "npm run docs" and commit README.md.')
  process.exitCode = 1
} else {
  writeFileSync(readme, after)
  console.log('README.md: tables written')
}

const wanted = specSchemaText()
if (existsSync(schema) && readFileSync(schema, 'utf8') === wanted) console.log('the JSON Schema is that of spec files')
else if (process.argv.includes('--check')) {
  console.error('qlik-oauth-client.schema.json is out of date. Run "npm run docs" and commit it.')
  process.exitCode = 1
} else {
  writeFileSync(schema, wanted)
  console.log('qlik-oauth-client.schema.json: written')
}

/** The entries of one section, in their order; a comment `# --- title` begins a group. */
function entries(section: string): Entry[] {
  const start = lines.indexOf(`${section}:`)
  if (start < 0) throw new Error(`action.yml has no section ${section}`)
  const found: Entry[] = []
  let group = ''
  for (let index = start + 1; index < lines.length && !/^\S/.test(lines[index]!); index++) {
    const line = lines[index]!
    const [, title] = /^ {2}# --- (.+)$/.exec(line) ?? []
    const [, name] = /^ {2}([a-z-]+):$/.exec(line) ?? []
    if (title !== undefined) group = title
    else if (name !== undefined) found.push({ name, group, description: '', required: false })
    else if (line.trim() !== '') readKey(line, index, found.at(-1))
  }
  const silent = found.find(({ description }) => description === '')
  if (silent !== undefined) throw new Error(`action.yml: ${section}.${silent.name} has no description`)
  return found
}

function readKey(line: string, index: number, entry: Entry | undefined): void {
  const [, key, value] = /^ {4}(description|required): (".*"|true)$/.exec(line) ?? []
  if (entry === undefined || key === undefined || (key === 'required') !== (value === 'true'))
    throw new Error(`action.yml, line ${index + 1}: not understood: ${line.trim()}`)
  if (key === 'required') entry.required = true
  else entry.description = JSON.parse(value!) as string
}

function table(all: Entry[]): string {
  const rows = all.flatMap(({ name, group, description, required }, index) => [
    ...(group !== '' && group !== all[index - 1]?.group ? [[`**${group}**`, '']] : []),
    [`\`${name}\``, `${required ? '**Required.** ' : ''}${description.replaceAll('|', '\\|')}`],
  ])
  return aligned([[all[0]!.group === '' ? 'output' : 'input', ''], ...rows])
}

/** Cells of equal width, as the formatter wants them. */
function aligned([head, ...rows]: string[][]): string {
  const widths = head!.map((_, column) => Math.max(3, ...[head!, ...rows].map((row) => row[column]!.length)))
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function replaced(text: string, section: string, content: string): string {
  const [open, close] = [`<!-- ${section} -->`, `<!-- /${section} -->`]
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`README.md has no ${open} … ${close}`)
  return `${text.slice(0, from + open.length)}\n${content}\n${text.slice(to)}`
}
