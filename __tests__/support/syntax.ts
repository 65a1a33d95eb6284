import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { type AnyNode, type Program, parse } from 'acorn'
import { full } from 'acorn-walk'

// The sources as syntax trees. Node takes the types out and leaves blanks, so that places in a tree are places in the file.

export type Source = { name: string; text: string; tree: Program }

/** All sources below a folder, by their path there. */
export function sourcesIn(folder: string): Map<string, Source> {
  const names = globSync('**/*.ts', { cwd: folder }).filter((name) => !name.endsWith('.d.ts'))
  return new Map(
    names.map((file) => {
      const name = file.replaceAll('\\', '/')
      const text = readFileSync(path.join(folder, file), 'utf8')
      return [name, { name, text, tree: treeOf(text) }]
    }),
  )
}

function treeOf(text: string): Program {
  return parse(stripTypeScriptTypes(text), { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true })
}

/** All nodes of a tree that a test holds for. */
export function nodesOf(tree: AnyNode, holds: (node: AnyNode) => boolean): AnyNode[] {
  const found: AnyNode[] = []
  full(tree, (node) => {
    if (holds(node as AnyNode)) found.push(node as AnyNode)
  })
  return found
}

/** The name by which something is called or read: `f` of `f()` and of `a.b.f()`; undefined for anything else. */
export function nameOf(node: AnyNode | null | undefined): string | undefined {
  if (node?.type === 'Identifier') return node.name
  if (node?.type !== 'MemberExpression') return undefined
  return node.property.type === 'Identifier' && !node.computed ? node.property.name : undefined
}

/** `a.b.c` of such a chain of names. */
export function chainOf(node: AnyNode | null | undefined): string | undefined {
  if (node?.type === 'ImportExpression' || node?.type === 'MetaProperty') return undefined
  if (node?.type !== 'MemberExpression') return nameOf(node)
  const before = chainOf(node.object)
  const name = nameOf(node)
  return before === undefined || name === undefined ? undefined : `${before}.${name}`
}

export type Import = { from: string; to: string; typeOnly: boolean }

/**
 * Imports and re-exports of a source: files by their path below the folder, packages by their names. Imports of types only are gone
 * from the tree, so those are read from the text.
 */
export function importsOf({ name, text, tree }: Source): Import[] {
  const target = (written: string) =>
    written.startsWith('.') && !written.includes('node_modules')
      ? path.posix.join(path.posix.dirname(name), written)
      : written.replace(/^[./]*node_modules\//, '')
  const evaluated = nodesOf(tree, ({ type }) =>
    /^Import(Declaration|Expression)$|^Export(Named|All)Declaration$/.test(type),
  )
  const values = evaluated.flatMap((node) => {
    const source = 'source' in node ? node.source : undefined
    return source?.type === 'Literal' ? [{ from: name, to: target(String(source.value)), typeOnly: false }] : []
  })
  const types = [...text.matchAll(/^(?:import|export) type [^'"]*?from '([^']+)'/gm)]
  return [...values, ...types.map(([, written]) => ({ from: name, to: target(written!), typeOnly: true }))]
}
