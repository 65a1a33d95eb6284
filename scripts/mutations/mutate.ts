import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { AnyNode } from 'acorn'
import { nameOf, nodesOf, type Source, sourcesIn } from '../../__tests__/support/syntax.ts'
import type { Mutation, Place } from './list.ts'

/** Carries a mutation out in these sources. Throws unless it names exactly one place, so that no mutation is lost by a change. */
export function mutate(src: string, { name, at, becomes }: Mutation): void {
  const found = [...sourcesIn(src).values()].flatMap((source) => placesIn(source, at).map((node) => ({ source, node })))
  if (found.length !== 1) throw new Error(`${name}: names ${found.length} places in the sources, not one`)
  const [{ source, node }] = found as [(typeof found)[0]]
  const { text } = source
  writeFileSync(path.join(src, source.name), `${text.slice(0, node.start)}${becomes}${text.slice(node.end)}`)
}

function placesIn({ tree }: Source, { in: declared, ...what }: Place): AnyNode[] {
  const within = declared === undefined ? [tree] : nodesOf(tree, (node) => declares(node, declared))
  return within.flatMap((node) => outermost(nodesOf(node, (inner) => fits(inner, what)).map(changed)))
}

function declares(node: AnyNode, name: string): boolean {
  return (node.type === 'FunctionDeclaration' || node.type === 'VariableDeclarator') && nameOf(node.id) === name
}

function fits(node: AnyNode, { constant, call, property, returns, test }: Omit<Place, 'in'>): boolean {
  if (constant !== undefined) return node.type === 'VariableDeclarator' && nameOf(node.id) === constant
  if (call !== undefined) return node.type === 'CallExpression' && nameOf(node.callee) === call
  if (property !== undefined) return node.type === 'Property' && nameOf(node.key as AnyNode) === property
  if (test !== undefined) return node.type === 'BinaryExpression' && node.operator === test
  return returns === true && node.type === 'ReturnStatement'
}

/** The part of a node that a mutation replaces: the value of a declaration or property, and otherwise all of it. */
function changed(node: AnyNode): AnyNode {
  if (node.type === 'VariableDeclarator' && node.init != null) return node.init
  if (node.type === 'Property') return node.value
  if (node.type === 'ReturnStatement' && node.argument != null) return node.argument
  return node
}

function outermost(nodes: AnyNode[]): AnyNode[] {
  return nodes.filter(
    (node) => !nodes.some((other) => other !== node && other.start <= node.start && other.end >= node.end),
  )
}
