import type { ParsedNode, YAMLMap } from 'yaml'
// The build for browsers: that for Node prints what it reads where LOG_STREAM or LOG_TOKENS is set.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
} from '../../../node_modules/yaml/browser/dist/index.js'
import { type Located, pathText } from '../../base/diagnostics.ts'
import type { Position } from '../../base/errors.ts'

/** What a text holds, with positions. `root` is missing where it can't be read; only with it may messages quote keys. */
export type Tree = { root?: Located | undefined; mistakes: (Position & { message: string })[] }

/** A spec has a few thousand values and six levels; aliases could make billions of a few lines. */
const mostValues = 50_000
const deepest = 20

/** YAML 1.2, and so JSON, as plain data. Nothing of the text itself gets into messages but keys. */
export function parseTree(text: string): Tree {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const documents = parsed(text, lines)
  if (documents === undefined) return { mistakes: [{ ...at(0), message: 'can’t be read as YAML or JSON' }] }
  const [document, second] = documents
  if (document === undefined) return { mistakes: [{ ...at(0), message: 'is empty' }] }
  if (document.errors.length > 0) {
    // One slip leads to others behind it: of each line the first, and of all a few.
    const first = new Map(document.errors.toReversed().map(({ code, pos }) => [at(pos[0]).line, { code, pos }]))
    const few = [...first.values()].sort((a, b) => a.pos[0] - b.pos[0]).slice(0, 5)
    return { mistakes: few.map(({ code, pos }) => ({ ...at(pos[0]), message: syntaxText(code) })) }
  }
  const walk: Walk = { at, anchors: new Map(), mistakes: [], left: mostValues }
  const root = located(document.contents, [], walk)
  for (const { pos } of document.warnings)
    walk.mistakes.push({ ...at(pos[0]), message: 'has a tag or directive; a spec file needs none' })
  if (second !== undefined)
    walk.mistakes.push({ ...at(second.range[0]), message: 'begins a second document; a spec file is one' })
  return { root, mistakes: walk.mistakes }
}

function parsed(text: string, lineCounter: LineCounter) {
  try {
    // Equal keys are looked for here, in one pass.
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      logLevel: 'silent',
    })
    return 'empty' in documents ? [] : documents
  } catch {
    // The parser is recursive: what is nested absurdly exhausts the stack.
    return undefined
  }
}

/** Our own words: the parser's quote the file. */
function syntaxText(code: string): string {
  const texts: Record<string, string> = {
    TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
    BAD_INDENT: 'is indented wrongly',
    MISSING_CHAR: 'lacks a closing quote, bracket or comma, or a space',
    BAD_SCALAR_START: 'begins with a character that needs quotes',
    BLOCK_AS_IMPLICIT_KEY: 'has a second colon; texts with a colon and a space need quotes',
    RESOURCE_EXHAUSTION: 'is nested too deeply',
  }
  return texts[code] ?? 'is no YAML'
}

type Walk = {
  at: (offset: number) => Position
  anchors: Map<string, ParsedNode>
  mistakes: Tree['mistakes']
  /** How many values there may still be. */
  left: number
}

function located(node: ParsedNode | null, path: (string | number)[], walk: Walk): Located {
  const at = walk.at(node?.range?.[0] ?? 0)
  if (walk.left <= 0) return { value: undefined, at }
  if (--walk.left === 0 || path.length > deepest) {
    walk.left = 0
    walk.mistakes.push({ ...at, message: 'is nested too deeply, or has too many values (by aliases, perhaps)' })
    return { value: undefined, at }
  }
  if (isAlias(node)) {
    const target = walk.anchors.get(node.source)
    if (target === undefined) walk.mistakes.push({ ...at, message: 'is an alias without an anchor before it' })
    return target === undefined ? { value: undefined, at } : { ...located(target, path, walk), at }
  }
  if (node?.anchor !== undefined) walk.anchors.set(node.anchor, node)
  if (isMap(node)) return mapping(node as YAMLMap.Parsed, path, walk)
  if (isSeq(node)) {
    const items = node.items.map((item, index) => located(item as ParsedNode, [...path, index], walk))
    const parts = new Map(items.map((item, index) => [index, { key: item.at, node: item }]))
    return { value: items.map(({ value }) => value), at, parts }
  }
  return { value: isScalar(node) ? node.value : null, at }
}

function mapping(node: YAMLMap.Parsed, path: (string | number)[], walk: Walk): Located {
  const at = walk.at(node.range[0])
  // Without a prototype, __proto__ is a key like others.
  const value: Record<string, unknown> = Object.create(null)
  const parts = new Map<string, { key: Position; node: Located }>()
  for (const { key, value: item } of node.items) {
    const keyAt = walk.at(key?.range?.[0] ?? node.range[0])
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
    if (name === undefined || parts.has(name)) {
      const where = name === undefined ? 'has a key that is no text' : `${pathText([...path, name])}: stands here twice`
      walk.mistakes.push({ ...keyAt, message: where })
      continue
    }
    const found = item === null ? { value: null, at: keyAt } : located(item, [...path, name], walk)
    value[name] = found.value
    parts.set(name, { key: keyAt, node: found })
  }
  return { value, at, parts }
}
