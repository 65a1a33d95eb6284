import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Located } from '../../src/base/mistake-positions.ts'
import { positionsIn, readYaml } from '../../src/io/inputs/yaml-reader.ts'
import { parseTree } from '../../src/io/inputs/yaml-tree.ts'

// An anchor before the clients makes the reader read the whole list at once: aliases in it may need the anchor.
const heads = { oneByOne: 'xxx', atOnce: '&ax' }

const entry = (index: number) => ({
  name: `client ${index}`,
  description: 'reads: "all", writes {nothing}\nand more',
  scopes: ['apps', 'user_default'],
  rotation: { after: '90d' },
  deliver: [{ 'client-id-name': `ID_${index}`, 'client-secret-name': `SECRET_${index}` }],
})
const entries = Array.from({ length: 50 }, (_, index) => entry(index))
const block = entries
  .map(
    ({ name, scopes, deliver: [place] }) =>
      `  # one more\n  - name: "${name}"\n    description: >\n      first\n\n      second\n    scopes: [${scopes}] # two\n    deliver:\n      - client-id-name: ${place!['client-id-name']}\n\n        client-secret-name: ${place!['client-secret-name']}\n`,
  )
  .join('\n')

/** Spec files with many clients, with a place for the anchor. */
const files: Record<string, (head: string) => string> = {
  'a list with dashes': (head) => `version: 1\ntenant: ${head} a\nclients:\n${block}environment: b\n`,
  'dashes without indentation': (head) =>
    `tenant: ${head} a\nclients:\n${block.replace(/^ {2}/gm, '')}environment: b\n`,
  'mappings in braces': (head) =>
    `tenant: ${head} a\nclients:\n${entries.map((it) => `  - ${JSON.stringify(it)} # c\n`).join('')}environment: b\n`,
  'a list in brackets': (head) =>
    `tenant: ${head} a\nclients: [\n${entries.map((it) => `  ${JSON.stringify(it)}, # c\n`).join('')}  ]\nenvironment: b\n`,
  JSON: (head) => `{"tenant": ${head} "a", "clients": ${JSON.stringify(entries, undefined, 1)}, "environment": "b"}`,
}

type Flat = { value: unknown; at: unknown; parts: unknown[] }
function flat(node: Located | undefined): Flat | undefined {
  if (node === undefined) return undefined
  const parts = [...(node.parts ?? [])].map(([step, { key, node }]) => [step, key, flat(node)])
  return { value: node.parts === undefined ? node.value : undefined, at: node.at, parts }
}
const read = (text: string) => {
  const { root, mistakes } = parseTree(text)
  return { mistakes, root: flat(root) }
}

const piece = fc.constantFrom(
  '',
  ' ',
  '\n',
  '  ',
  '-',
  '- ',
  ',',
  ':',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '#',
  '*a',
  '!t ',
  '|',
  '---\n',
  '\t',
)
const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(6), piece })

describe('clients that are taken out of a list while it is read', () => {
  it.each(Object.entries(files))('are the same as those of the whole list: %s', (_name, text) => {
    const { root, mistakes } = parseTree(text(heads.oneByOne))
    expect(mistakes).toEqual([])
    const { clients } = root!.value as { clients: unknown[] }
    expect(clients).toHaveLength(entries.length)
    expect(flat(root!.parts!.get('clients')!.node)).toEqual(
      flat(parseTree(text(heads.atOnce)).root!.parts!.get('clients')!.node),
    )
  })

  it('come after a slip above them', () => {
    const text = `//version: 1\nclients:\n${block.replace('    scopes', '    //scopes')}`
    expect(read(text).mistakes).toMatchObject([{ line: 1, message: expect.stringContaining('//') }])
  })

  it.each(Object.entries(files))('leave only the last few tokens for the end: %s', (_name, text) => {
    let taken = 0
    const whole = text(heads.oneByOne)
    readYaml(whole, positionsIn(whole), () => taken++)
    expect(taken).toBeGreaterThan(entries.length - 20)
  })

  it.each(Object.entries(files))('have the same mistakes on the same lines: %s', (_name, text) => {
    const whole = text(heads.oneByOne)
    const start = whole.indexOf('clients')
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const changed = (head: string) =>
          changes.reduce((now, { at, cut, piece }) => {
            const offset = start + Math.floor(at * (whole.length - start))
            return now.slice(0, offset) + piece + now.slice(offset + cut)
          }, text(head))
        const [taken, atOnce] = [read(changed(heads.oneByOne)), read(changed(heads.atOnce))]
        expect(taken.mistakes.toSorted(byPlace)).toEqual(atOnce.mistakes.toSorted(byPlace))
      }),
      { numRuns: 300 },
    )
  })
})

type Placed = { line: number; column: number; message: string }
function byPlace(a: Placed, b: Placed): number {
  return a.line - b.line || a.column - b.column || a.message.localeCompare(b.message)
}
