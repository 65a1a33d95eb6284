import type { ParsedNode, YAMLMap } from 'yaml'
import { isAlias, isMap, isScalar, isSeq } from '../../../node_modules/yaml/browser/dist/index.js'
import type { Position } from '../../base/errors.ts'
import { type Located, pathText } from '../../base/mistake-positions.ts'
import { foreignComment, syntaxMistake } from './yaml-mistakes.ts'
import { type At, positionsIn, readYaml } from './yaml-reader.ts'

/** The content of a text, with positions. Without `root` the text could not be read, and messages must quote no key. */
export type Tree = { root?: Located | undefined; mistakes: (Position & { message: string })[] }

/** A spec has a few thousand values and six levels; aliases could turn a few lines into billions of values. */
const mostValues = 50_000
const deepest = 20

const tooMuch = 'is nested too deeply, or has too many values (by aliases, perhaps)'
// YAML does not allow them, and the lexer uses some of them internally.
const control = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** YAML 1.2, and so JSON, as plain data. Messages quote only keys of the text. */
export function parseTree(text: string): Tree {
  const bad = text.search(control)
  if (bad >= 0) {
    const before = text.slice(0, bad).split('\n')
    const at = { line: before.length, column: before.at(-1)!.length + 1 }
    return { mistakes: [{ ...at, message: 'contains a control character; remove it' }] }
  }
  const at = positionsIn(text)
  const walk: Walk = { at, anchors: new Map(), mistakes: [], left: mostValues, clients: [] }
  const reading = readYaml(text, at, (client) => {
    walk.clients.push(located(client, ['clients', walk.clients.length], walk))
  })
  const { document, errors, brackets, warnings, second, excess } = reading
  if (excess !== undefined) return { mistakes: [{ ...at(excess), message: tooMuch }] }
  if (errors.length > 0 || brackets.length > 0) return { mistakes: [syntaxMistake(text, reading)] }
  if (document === undefined) return { mistakes: [{ ...at(0), message: 'is empty' }] }
  const root = located(document.contents, [], walk)
  if (walk.disguised !== undefined) return { mistakes: [walk.disguised] }
  for (const { offset } of warnings)
    walk.mistakes.push({ ...at(offset), message: 'has a tag or directive; a spec file needs none' })
  if (second !== undefined)
    walk.mistakes.push({ ...at(second), message: 'begins a second document; a spec file has only one' })
  return { root, mistakes: walk.mistakes }
}

type Walk = {
  at: At
  anchors: Map<string, ParsedNode>
  mistakes: Tree['mistakes']
  /** The number of values that may still follow. */
  left: number
  /** The first comment or indentation that YAML reads as a part of a key: it explains all other mistakes. */
  disguised?: Tree['mistakes'][number]
  /** The first clients of a long list. */
  clients: Located[]
}

function disguise(key: string): string | undefined {
  if (/^\/[/*]/.test(key)) return foreignComment
  return /^[^\S ]/.test(key) ? 'is indented with a character that only looks like a space; write spaces' : undefined
}

function located(node: ParsedNode | null, path: (string | number)[], walk: Walk): Located {
  const at = walk.at(node?.range?.[0] ?? 0)
  if (walk.left <= 0) return { value: undefined, at, isUnread: true }
  if (--walk.left === 0 || path.length > deepest) {
    walk.left = 0
    walk.mistakes.push({ ...at, message: tooMuch })
    return { value: undefined, at, isUnread: true }
  }
  if (isAlias(node)) {
    const target = walk.anchors.get(node.source)
    if (target === undefined) walk.mistakes.push({ ...at, message: 'is an alias without an anchor before it' })
    return target === undefined ? { value: undefined, at, isUnread: true } : { ...located(target, path, walk), at }
  }
  // A tag is a mistake of its own, and changes the meaning of its value.
  if (node?.tag?.startsWith('!')) return { value: undefined, at, isUnread: true }
  const isAnchored = node?.anchor !== undefined
  if (isAnchored) walk.anchors.set(node.anchor!, node)
  const mark = isAnchored ? { isAnchored } : undefined
  if (isMap(node)) return Object.assign(mapping(node as YAMLMap.Parsed, path, walk), mark)
  if (isSeq(node)) {
    const taken = path.length === 1 && path[0] === 'clients' ? walk.clients.splice(0) : []
    const items = node.items.map((item, index) => taken[index] ?? located(item as ParsedNode, [...path, index], walk))
    const parts = new Map(items.map((item, index) => [index, { key: item.at, node: item }]))
    return Object.assign({ value: items.map(({ value }) => value), at, parts }, mark)
  }
  return Object.assign({ value: isScalar(node) ? node.value : null, at }, mark)
}

function mapping(node: YAMLMap.Parsed, path: (string | number)[], walk: Walk): Located {
  const at = walk.at(node.range[0])
  // Without a prototype, `__proto__` is an ordinary key.
  const value: Record<string, unknown> = Object.create(null)
  const parts = new Map<string, { key: Position; node: Located }>()
  for (const { key, value: item } of node.items) {
    const keyAt = walk.at(key?.range?.[0] ?? node.range[0])
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
    const message = disguise(name ?? '')
    if (message !== undefined && !(walk.disguised && walk.disguised.line < keyAt.line))
      walk.disguised = { ...keyAt, message }
    if (name === '<<') {
      // A mistake, whatever value it merges.
      value[name] = null
      parts.set(name, { key: keyAt, node: { value: null, at: keyAt } })
      continue
    }
    if (name === undefined || parts.has(name)) {
      const where = name === undefined ? 'has a key that is not a text' : `${pathText([...path, name])}: is given twice`
      walk.mistakes.push({ ...keyAt, message: where })
      continue
    }
    const found = item === null ? { value: null, at: keyAt } : located(item, [...path, name], walk)
    value[name] = found.value
    parts.set(name, { key: keyAt, node: found })
  }
  return { value, at, parts }
}
