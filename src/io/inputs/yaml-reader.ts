import type { CST, Document, ParsedNode } from 'yaml'
// Parts of the build for browsers: the build for Node prints all text that it reads if LOG_STREAM or LOG_TOKENS is set. The
// package's own loop around them collects every error of a file, which takes half a minute and a gigabyte for 1 MB of garbage.
import { composeDoc } from '../../../node_modules/yaml/browser/dist/compose/compose-doc.js'
import { Directives } from '../../../node_modules/yaml/browser/dist/doc/directives.js'
import { Lexer, LineCounter, Parser, CST as tokens } from '../../../node_modules/yaml/browser/dist/index.js'
import type { Position } from '../../base/errors.ts'
import { clientByClient } from './yaml-clients.ts'

/** A finding of the parser. `offset` counts characters from the start of the text. The message may quote the file: it is never printed. */
export type Slip = { offset: number; code: string; message: string }

/**
 * A bracket or a quoted text. `end` is after its last character. `isClosed`: by its own kind of bracket, with enough indentation.
 */
export type Span = { start: number; end: number; isClosed: boolean }

/**
 * The result of reading a text: its first document, and the findings. Without syntax errors `document` is complete, except for the
 * clients that were taken from it while it was read.
 */
export type YamlReading = {
  at: At
  document: Document.Parsed<ParsedNode> | undefined
  /** Syntax errors in the order of the text; at most a hundred. */
  errors: Slip[]
  /** Valid YAML that a spec file does not need: tags, directives. */
  warnings: Slip[]
  /** The start of a second document. */
  second: number | undefined
  /** Brackets that are not closed, or not by their own kind. */
  brackets: Span[]
  /** Quoted texts that are not closed, or that span several lines. */
  quotes: Span[]
  /** The place where reading stopped, because the text exceeds a limit. */
  excess: number | undefined
}

const mostErrors = 100
/** A spec has six levels; each takes up to three entries of the parser's stack. */
const deepestStack = 80
/** Fifty thousand values, each with its key, colon, space, line break and indentation, and the lexer's marks between them. */
const mostLexemes = 400_000

/** Line and column of a character. */
export type At = (offset: number) => Position

/** Finds the line and the column of each character of a text. */
export function positionsIn(text: string): At {
  const lines = new LineCounter()
  for (let start = 0; start >= 0; start = text.indexOf('\n', start) + 1 || -1) lines.addNewLine(start)
  return (offset) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length))
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

/**
 * Reads YAML 1.2, and so JSON, with time and memory in proportion to its length, whatever its content. Never throws. `at`: finds
 * positions in the text. `take` gets the first clients of a long list, in their order.
 */
export function readYaml(text: string, at: At, take: (client: ParsedNode) => void): YamlReading {
  const reading: YamlReading = {
    at,
    document: undefined,
    errors: [],
    warnings: [],
    second: undefined,
    brackets: [],
    quotes: [],
    excess: undefined,
  }
  const takeClients = clientByClient((list) => compose(list, reading)?.contents, take)
  const document = firstDocument(text, reading, takeClients)
  if (document !== undefined && reading.excess === undefined) reading.document = compose(document, reading)
  reading.errors.sort((a, b) => a.offset - b.offset)
  return reading
}

/** Reads to the end of the first document, or to the first error after it: one slip causes a hundred others. */
function firstDocument(
  text: string,
  reading: YamlReading,
  takeClients: (stack: readonly CST.Token[]) => void,
): CST.Document | undefined {
  const parser = new Parser()
  const { stack } = parser as unknown as { stack: readonly CST.Token[] }
  const marks = trackMarks(reading)
  let document: CST.Document | undefined
  let [count, hasAnchors] = [0, false]
  // Returns true when enough was read.
  const take = (token: CST.Token): boolean => {
    if (token.type === 'error')
      reading.errors.push({ offset: token.offset, code: 'UNEXPECTED_TOKEN', message: token.message })
    if (token.type === 'directive')
      reading.warnings.push({ offset: token.offset, code: 'DIRECTIVE', message: 'a directive' })
    if (token.type === 'document' && document !== undefined) reading.second = token.offset
    if (token.type === 'document') document ??= token
    return token.type === 'error' || reading.second !== undefined || reading.warnings.length >= mostErrors
  }
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > mostLexemes || stack.length > deepestStack) {
      reading.excess = marks.offset()
      return document
    }
    marks.pass(lexeme)
    for (const token of parser.next(lexeme)) if (take(token)) return finished(parser, document)
    hasAnchors ||= lexeme[0] === '&'
    // An alias needs the anchors before it.
    if (document === undefined && !hasAnchors) takeClients(stack)
  }
  marks.end()
  for (const token of parser.end()) if (take(token)) break
  return document
}

/** The document that an error interrupts: the mistake that caused the error may be before it. */
function finished(parser: Parser, document: CST.Document | undefined): CST.Document | undefined {
  if (document !== undefined) return document
  for (const token of parser.end()) if (token.type === 'document') return token
  return undefined
}

/** Follows brackets and quotes; the lexer's tokens are consecutive pieces of the text, with a few marks between them. */
function trackMarks(reading: YamlReading) {
  const open: { bracket: string; start: number }[] = []
  let [offset, isScalar] = [0, false]
  const unclosed = () => {
    for (const { start } of open.splice(0)) reading.brackets.push({ start, end: offset, isClosed: false })
  }
  const close = (bracket: string) => {
    const last = open.pop()
    if (last === undefined || { '[': ']', '{': '}' }[last.bracket] !== bracket)
      reading.brackets.push({ start: last?.start ?? offset, end: offset, isClosed: last !== undefined })
  }
  return {
    offset: () => offset,
    end: unclosed,
    pass: (lexeme: string) => {
      if (lexeme === tokens.FLOW_END) unclosed()
      if (lexeme === tokens.FLOW_END || lexeme === tokens.DOCUMENT || lexeme === tokens.SCALAR) {
        isScalar = lexeme === tokens.SCALAR
        return
      }
      const [first] = lexeme
      if (!isScalar && (lexeme === '[' || lexeme === '{')) open.push({ bracket: lexeme, start: offset })
      if (!isScalar && (lexeme === ']' || lexeme === '}')) close(lexeme)
      const end = offset + lexeme.length
      if (!isScalar && (first === '"' || first === "'")) {
        const isClosed = lexeme.length > 1 && lexeme.endsWith(first)
        if (!isClosed || lexeme.includes('\n')) reading.quotes.push({ start: offset, end, isClosed })
      }
      isScalar = false
      offset = end
    },
  }
}

class Enough extends Error {}

/** Returns undefined if there are too many errors. */
function compose(token: CST.Document, reading: YamlReading): YamlReading['document'] {
  const options = { uniqueKeys: false, schema: 'core', merge: false, resolveKnownTags: false, logLevel: 'silent' }
  try {
    return composeDoc(
      { ...options, strict: true, keepSourceTokens: false },
      new Directives({ version: '1.2' }),
      token,
      (source, code, message, isWarning = false) => {
        const offset = typeof source === 'number' ? source : Array.isArray(source) ? source[0] : source.offset
        const found = isWarning ? reading.warnings : reading.errors
        found.push({ offset, code, message })
        if (found.length >= mostErrors) throw new Enough()
      },
    )
  } catch (thrown) {
    // The composer's recursion is bounded by the parser's stack; if it throws anything else, the text is not a spec.
    if (!(thrown instanceof Enough)) reading.errors.push({ offset: token.offset, code: 'IMPOSSIBLE', message: '' })
    return undefined
  }
}
