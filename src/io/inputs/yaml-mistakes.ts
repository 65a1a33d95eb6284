import type { Position } from '../../base/errors.ts'
import { expressionText } from '../../spec/forbidden-texts.ts'
import { noSpaceText } from '../../spec/spec-mistakes.ts'
import type { Slip, YamlReading } from './yaml-reader.ts'

type YamlMistake = Position & { message: string }

/**
 * The one mistake that explains why a text is not YAML, on the line where it was made. A parser notices a slip where the text no
 * longer fits, often lines later, and then reports errors that follow from it: these are left out. The words are our own, because
 * the parser's messages quote the file.
 */
export function syntaxMistake(text: string, reading: YamlReading): YamlMistake {
  const { at, errors, brackets } = reading
  const [first] = errors
  const offset = Math.min(...[...errors, ...brackets.map(({ end }) => ({ offset: end }))].map((it) => it.offset))
  const lines = linesOf(text, at, first ?? { offset, code: '', message: '' })
  const mistake =
    expression(lines) ??
    tab(lines) ??
    conflict(lines) ??
    comment(lines) ??
    quote(text, reading) ??
    bracket(text, reading) ??
    keyLine(lines, reading)
  return mistake ?? { ...at(offset), message: first === undefined ? unreadable : slipText(first) }
}

const unreadable = 'can’t be read as YAML or JSON'

/** A line of the text, and its number from 1. */
type Line = { number: number; text: string }
type Lines = {
  error: Slip
  here: Line /** The closest line before it that is neither empty nor a comment. */
  before: Line | undefined
  next: Line | undefined
}

function linesOf(text: string, at: YamlReading['at'], error: Slip): Lines {
  const all = text.split('\n')
  const { line: number } = at(error.offset)
  const line = (it: number): Line | undefined =>
    all[it - 1] === undefined ? undefined : { number: it, text: all[it - 1]! }
  const holds = (it: Line | undefined) => it !== undefined && !/^\s*(#|$)/.test(it.text)
  let above = number - 1
  while (above > 0 && !holds(line(above))) above--
  let below = number + 1
  while (below <= all.length && !holds(line(below))) below++
  return { error, here: line(number) ?? { number, text: '' }, before: line(above), next: line(below) }
}

function on({ number, text }: Line, part: RegExp, message: string): YamlMistake | undefined {
  const index = text.search(part)
  return index < 0 ? undefined : { line: number, column: index + 1, message }
}

function expression({ here }: Lines): YamlMistake | undefined {
  return on(here, /\$\{\{/, expressionText)
}

function tab({ error, here, next }: Lines): YamlMistake | undefined {
  const message = 'is indented with a tab; YAML wants spaces'
  const indented = /(?<=^ *(?:- *)?)\t/
  if (error.code === 'TAB_AS_INDENT') return on(here, indented, message) ?? on(here, /\t/, message)
  return on(here, indented, message) ?? (next && on(next, indented, message))
}

function conflict({ here, before }: Lines): YamlMistake | undefined {
  const marker = /^(<{7}|={7}|>{7})( |$)/
  return [before, here].flatMap(
    (line) => (line && on(line, marker, 'is a marker of a merge conflict in git: resolve the conflict')) ?? [],
  )[0]
}

export const foreignComment = 'has a comment that begins with // or /*: in YAML it begins with #, and JSON has none'

function comment({ here }: Lines): YamlMistake | undefined {
  return on(here, /(?<=^\s*|[,[{\]}]\s*)\/[/*]/, foreignComment)
}

/** A quote that is never closed takes in all lines up to the next quote, and the text after that does not fit. */
function quote(text: string, { at, errors, quotes }: YamlReading): YamlMistake | undefined {
  const [first] = errors
  const open = quotes.find(({ isClosed }) => !isClosed)
  const early = quotes.find(
    ({ end }) => first !== undefined && end <= first.offset + 1 && at(end).line === at(first.offset).line,
  )
  const found = open ?? early
  if (found !== undefined) return { ...at(found.start), message: 'has an opening quote that is not closed on its line' }
  const isBehind = first !== undefined && /["']\s*$/.test(text.slice(Math.max(0, first.offset - 80), first.offset))
  return isBehind && /at node end|in YAML stream/.test(first.message)
    ? { ...at(first.offset), message: "has text behind a closing quote; write a quote within quotes as \\\" or ''" }
    : undefined
}

function bracket(text: string, { at, errors, brackets }: YamlReading): YamlMistake | undefined {
  const [first] = errors
  // If two brackets are open, the inner one was forgotten.
  const open = brackets.find(({ isClosed }) => !isClosed)
  const wrong = brackets.find(({ isClosed }) => isClosed)
  const found = wrong !== undefined && (open === undefined || wrong.end <= open.end) ? wrong : open
  if (found === undefined)
    return first !== undefined && /Unexpected flow-(seq|map)-end/.test(first.message)
      ? extra(at(first.offset))
      : undefined
  const character = text[found.start]
  const isBefore = first !== undefined && first.offset < found.start
  // A key without its colon becomes one text with the lines below it, and with the brackets in them.
  if (isBefore && first.code === 'MULTILINE_IMPLICIT_KEY') return undefined
  if (character !== '[' && character !== '{') return extra(at(found.start))
  // A mistake before the bracket has another cause.
  if (isBefore) return undefined
  return { ...at(found.start), message: `has a ${character} without its ${character === '[' ? ']' : '}'}` }
}

function extra(position: Position): YamlMistake {
  return { ...position, message: 'has a closing bracket that nothing opened' }
}

const plainKey = /(?<=^\s*(?:- +)*)[\w-]+:(?=[^\s:])/

/** A key without its colon or space becomes one text with the lines below it; so does a text with a key that is indented deeper. */
function keyLine({ error, here, before, next }: Lines, { at, errors }: YamlReading): YamlMistake | undefined {
  const indent = (line: Line) => line.text.search(/[^\s-]/)
  switch (error.code) {
    case 'MULTILINE_IMPLICIT_KEY':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MISSING_CHAR':
    case 'BAD_INDENT': {
      const missing =
        on(here, plainKey, noSpaceText) ?? on(here, /(?<=^\s*)-(?=[A-Za-z])/, 'lacks a space after the dash')
      if (missing !== undefined) return missing
      const isInBrackets = errors.some(({ offset, code }) => offset === error.offset && code === 'BLOCK_IN_FLOW')
      if (isInBrackets) return { ...at(error.offset), message: noComma }
      if (/^Missing , or :/.test(error.message))
        return { ...at(error.offset), message: `${noComma}, or a colon after a key` }
      if (/(value|map)s? /.test(error.message) && /Implicit (map )?keys need/.test(error.message))
        return { ...at(error.offset), message: 'has a key without a colon, or an item without `- `' }
      if (/^(All|Sequence item without|A block sequence may not)/.test(error.message)) return misaligned(here)
      const isDeeper = next !== undefined && /^\s*[\w-]+:(\s|$)/.test(next.text) && indent(next) > indent(here)
      if (isDeeper && /^\s*(- +)*[\w-]+: +\S/.test(here.text)) return misaligned(next)
      if (error.code === 'MULTILINE_IMPLICIT_KEY') return { ...at(error.offset), message: 'has a key without a colon' }
      return on(here, /(?<=: .*): /, 'has a second colon; put a text with a colon and a space in quotes')
    }
    default:
      return before === undefined ? undefined : on(before, plainKey, noSpaceText)
  }
}

function misaligned(line: Line): YamlMistake | undefined {
  return on(line, /\S/, 'is not indented like the other lines of its list or mapping')
}

const noComma = 'lacks a comma between two items'

function slipText({ code, message }: Slip): string {
  const texts: Record<string, string> = {
    BAD_SCALAR_START: 'has a value that begins with a character that YAML reserves: put it in quotes',
    BAD_ALIAS: 'has a & or * without a name; put a text that begins so in quotes',
    ALIAS_PROPS: 'has an alias with an anchor or a tag',
    MULTIPLE_ANCHORS: 'has two anchors',
    MULTIPLE_TAGS: 'has two tags',
    BAD_DQ_ESCAPE: 'has a backslash within double quotes that starts no escape: write \\\\, or use single quotes',
    BLOCK_AS_IMPLICIT_KEY: 'is not indented like the other lines of its list or mapping',
    BAD_INDENT: 'is not indented like the other lines of its list or mapping',
    BLOCK_IN_FLOW: noComma,
    KEY_OVER_1024_CHARS: 'has a key of more than 1024 characters',
    TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
  }
  if (/Comments must be/.test(message)) return 'has a # without a space before it: put the text in quotes'
  if (/Block scalar header/.test(message)) return 'has text after a | or >: start the text on the next line'
  if (/block-seq-ind on same line/.test(message)) return 'has a list on the line of its key: begin it on the next line'
  if (/Unexpected , in|empty item/.test(message)) return 'has a comma with nothing before it'
  if (/Missing , |double-quoted-scalar token|single-quoted-scalar token/.test(message)) return noComma
  if (/at node end|in YAML stream/.test(message))
    return 'has text after the end of a value; only a list or mapping has several values'
  if (/Missing space after :/.test(message)) return noSpaceText
  return texts[code] ?? unreadable
}
