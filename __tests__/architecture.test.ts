import path from 'node:path'
import type { AnyNode, ArrowFunctionExpression, FunctionDeclaration, FunctionExpression } from 'acorn'
import { describe, expect, it } from 'vitest'
import type { Secret } from '../src/base/secret.ts'
import type { Step } from '../src/plan/client-plan.ts'
import { chainOf, type Import, importsOf, nameOf, nodesOf, sourcesIn } from './support/syntax.ts'

const files = sourcesIn(path.join(import.meta.dirname, '../src'))
const imports = [...files.values()].flatMap(importsOf)

const isIo = (name: string) => name.startsWith('io/')

const pure = ['base', 'model', 'spec', 'ledger', 'plan', 'report', 'audit']
/** Which rooms a room may import from, besides itself. Everything looks down: docs in CONTRIBUTING.md. */
const mayImport: Record<string, string[]> = {
  base: [],
  model: ['base'],
  spec: ['base', 'model'],
  ledger: ['base', 'model', 'spec'],
  plan: ['base', 'model', 'spec', 'ledger'],
  report: ['base', 'model', 'spec', 'ledger', 'plan'],
  audit: ['base', 'model', 'spec', 'ledger', 'plan', 'report'],
  ports: ['base', 'model', 'plan'],
  'io/runner': ['base', 'ports'],
  'io/http': ['base', 'ports', 'io/runner'],
  'io/qlik': ['base', 'model', 'ledger', 'ports', 'io/runner', 'io/http'],
  'io/github': ['base', 'model', 'spec', 'ports', 'io/http'],
  'io/inputs': ['base', 'model', 'spec', 'ledger', 'io/runner', 'io/http', 'io/qlik'],
  apply: ['base', 'model', 'spec', 'ledger', 'plan', 'report', 'ports'],
  run: [
    'base',
    'model',
    'spec',
    'plan',
    'report',
    'audit',
    'ports',
    'apply',
    'io/runner',
    'io/http',
    'io/qlik',
    'io/github',
    'io/inputs',
  ],
  main: ['base', 'run', 'io/runner', 'io/http'],
}

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (!file.includes('/')) return file === 'main.ts' ? 'main' : 'ports'
  return first === 'io' ? `io/${second}` : first
}

/** Files with a node for which a test holds. */
function filesWith(holds: (node: AnyNode) => boolean): string[] {
  return [...files.values()].filter(({ tree }) => nodesOf(tree, holds).length > 0).map(({ name }) => name)
}

const reads = (pattern: RegExp) => (node: AnyNode) =>
  node.type === 'MemberExpression' && pattern.test(chainOf(node) ?? '')
const calls = (pattern: RegExp) => (node: AnyNode) =>
  node.type === 'CallExpression' && pattern.test(chainOf(node.callee) ?? '')

describe('the sources', () => {
  it('are found, and so are their imports', () => {
    expect(files.size).toBeGreaterThan(40)
    expect(imports.length).toBeGreaterThan(150)
    const ours = imports.filter(({ to }) => to.endsWith('.ts'))
    expect(ours.filter(({ to }) => !files.has(to))).toEqual([])
  })

  it('are in rooms, and each room imports from those below it only', () => {
    const rooms = new Set([...files.keys()].map(roomOf))
    expect([...rooms].filter((room) => !(room in mayImport))).toEqual([])
    const upward = imports.filter(({ from, to }) => {
      const [room, other] = [roomOf(from), roomOf(to)]
      return files.has(to) && room !== other && !mayImport[room]!.includes(other)
    })
    expect(upward.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('need every permission in that table', () => {
    const needed = new Set(imports.map(({ from, to }) => `${roomOf(from)} → ${roomOf(to)}`))
    const permissions = Object.entries(mayImport).flatMap(([room, others]) => others.map((it) => `${room} → ${it}`))
    expect(permissions.filter((it) => !needed.has(it))).toEqual([])
  })

  it('use packages and Node’s own modules in io and the composition only, but for zod and the distance of words', () => {
    const anywhere = ['zod/mini', 'fastest-levenshtein']
    const outside = imports.filter(({ from, to }) => !to.endsWith('.ts') && !anywhere.includes(to) && !isIo(from))
    expect(outside.map(({ from, to }) => `${from} ${to}`)).toEqual(['main.ts node:crypto'])
  })

  it('open a secret in io only', () => {
    const opening = filesWith(
      (node) =>
        node.type === 'CallExpression' &&
        node.callee.type === 'MemberExpression' &&
        nameOf(node.callee) === 'open' &&
        node.arguments.length === 0,
    )
    expect(opening.length).toBeGreaterThan(2)
    expect(opening.filter((name) => !isIo(name))).toEqual([])
  })

  it('make a secret in one place only, which masks it first', () => {
    expect(filesWith((node) => node.type === 'NewExpression' && nameOf(node.callee) === 'Secret')).toEqual([
      'io/runner/mask-secret.ts',
    ])
  })

  it('speak to the runner in one room only', () => {
    const speaking = imports.filter(({ to }) => to.startsWith('@actions/'))
    expect([...new Set(speaking.map(({ from }) => from))].sort()).toEqual([
      'io/runner/run-context.ts',
      'io/runner/runner-files.ts',
      'io/runner/runner.ts',
    ])
    expect(filesWith(reads(/^console\.|^process\.(stdout|stderr|exit\w*)\b/))).toEqual(['io/runner/runner.ts'])
  })

  it('read the environment in inputs and runner only', () => {
    const reading = filesWith(
      (node) => node.type === 'MemberExpression' && /(^|\.)env$/.test(chainOf(node.object) ?? ''),
    )
    const inputs = ['environment', 'proxy-variables', 'inputs', 'input-table'].map((name) => `io/inputs/${name}.ts`)
    expect(reading.sort()).toEqual([...inputs, 'io/runner/run-context.ts', 'io/runner/runner.ts'].sort())
    // The toolkit's context takes no environment as an argument: it is lent the given one.
    expect(filesWith(reads(/^process\.env$/)).sort()).toEqual(['io/runner/run-context.ts', 'main.ts'])
  })

  it('decide in the pure rooms without time, chance, environment or promises', () => {
    const impure = (node: AnyNode) =>
      node.type === 'AwaitExpression' ||
      ('async' in node && node.async === true) ||
      (node.type === 'NewExpression' && nameOf(node.callee) === 'Promise') ||
      (node.type === 'NewExpression' && nameOf(node.callee) === 'Date' && node.arguments.length === 0) ||
      calls(/^(Date\.now|Math\.random|setTimeout|setInterval|performance\.\w+|Promise\.\w+|crypto\.\w+)$/)(node) ||
      reads(/^(process|performance)\./)(node)
    expect(filesWith(impure).filter((name) => pure.includes(roomOf(name)))).toEqual([])
    expect(filesWith(impure).length).toBeGreaterThan(10)
  })

  it('have no default exports', () => {
    expect(filesWith(({ type }) => type === 'ExportDefaultDeclaration')).toEqual([])
  })

  it('have no import cycles', () => {
    expect(cycle(imports.filter(({ to, typeOnly }) => files.has(to) && !typeOnly))).toBeUndefined()
  })

  it('have 40 lines and four parameters a function at most', () => {
    const long = [...files.values()].flatMap(({ name, text, tree }) =>
      nodesOf(tree, (node) => isFunction(node) && (linesOf(node, text) > 40 || node.params.length > 4)).map(
        (node) => `${name}:${text.slice(0, node.start).split('\n').length}`,
      ),
    )
    expect(long).toEqual([])
  })

  it('have 300 lines a file at most', () => {
    const long = [...files.values()].filter(({ text }) => text.split('\n').length > 301).map(({ name }) => name)
    expect(long).toEqual([])
  })
})

function isFunction(node: AnyNode): node is FunctionDeclaration | FunctionExpression | ArrowFunctionExpression {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type)
}

function linesOf({ start, end }: AnyNode, text: string): number {
  return text.slice(start, end).split('\n').length
}

/** Some cycle among imports, as a list of files; undefined where there is none. */
function cycle(edges: Import[]): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { from, to } of edges) {
      const found = from === file ? visit(to, [...trail, file]) : undefined
      if (found !== undefined) return found
    }
    done.add(file)
    return undefined
  }
  for (const file of files.keys()) {
    const found = visit(file, [])
    if (found !== undefined) return found
  }
  return undefined
}

/** The secrets that can be reached from a value of this type; `never` where there is none. */
type SecretsIn<T> = T extends Secret
  ? Secret
  : T extends readonly (infer Item)[]
    ? SecretsIn<Item>
    : T extends object
      ? { [Key in keyof T]-?: SecretsIn<T[Key]> }[keyof T]
      : never

type Reaches<T> = [SecretsIn<T>] extends [never] ? 'no secret' : 'a secret'

describe('a step', () => {
  it('holds no secret, at any depth: the compiler refuses one that does', () => {
    const step = 'no secret' satisfies Reaches<Step>
    const planted = 'a secret' satisfies Reaches<
      Step | { kind: 'planted'; deep: { list: { it?: Secret | undefined }[] } }
    >
    expect([step, planted]).toEqual(['no secret', 'a secret'])
  })
})
