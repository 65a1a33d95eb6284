// The build for browsers, as in `yaml-reader.ts`: the build for Node prints all text that it handles if LOG_STREAM or LOG_TOKENS
// is set.
import {
  Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Scalar,
} from '../../../node_modules/yaml/browser/dist/index.js'
import type { SpecDraft } from '../../spec/spec-draft.ts'

/** The text of a spec file. It has no character that an editor would not show, and no value can break out of its place. */
export function specText({ head, tenant, defaults, clients, foot }: SpecDraft): string {
  const content = {
    version: 1,
    tenant,
    ...(Object.keys(defaults).length === 0 ? {} : { defaults }),
    clients: clients.map(({ entry }) => entry),
  }
  const document = new Document(content, { schema: 'core', version: '1.2', aliasDuplicateObjects: false })
  styled(document.contents)
  const list = document.get('clients')
  if (isCollection(list)) {
    for (const [index, item] of list.items.entries()) {
      if (!isMap(item)) continue
      item.commentBefore = commentOf(clients[index]!.about)
      item.spaceBefore = index > 0
    }
  }
  // Lines stay as they are: a folded text would read back differently.
  const text = document.toString({
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    flowCollectionPadding: false,
  })
  return `${lines(head)}${visible(text)}${foot.length === 0 ? '' : `\n${lines(foot)}`}`
}

function lines(comments: string[]): string {
  return comments.map((comment) => `#${commentLine(comment)}\n`).join('')
}

function commentOf(comments: string[]): string {
  return comments.map(commentLine).join('\n')
}

/** Comments have no escapes, so a hidden character is replaced. */
function commentLine(comment: string): string {
  return ` ${comment.replace(new RegExp(hidden, 'gu'), '�')}`
}

/** Short lists on one line, texts of several lines as a block, unusual texts in quotes. */
function styled(node: unknown): void {
  if (isScalar(node)) {
    if (typeof node.value === 'string') node.type = styleOf(node.value)
    return
  }
  if (!isCollection(node)) return
  const values = node.items.map((item) => (isPair(item) ? item.value : item))
  const texts = values.map((value) => (isScalar(value) ? String(value.value) : undefined))
  const isShort = texts.every((text) => text !== undefined) && texts.join(', ').length <= longestLine
  node.flow = values.length === 0 || (isSeq(node) && isShort)
  for (const value of values) styled(value)
}

const longestLine = 90

function styleOf(text: string): Scalar.Type {
  if (hidden.test(text) || text !== text.trim() || text === '') return Scalar.QUOTE_DOUBLE
  if (!text.includes('\n')) return Scalar.PLAIN
  // A block keeps its lines, unless one of them begins or ends with spaces.
  return text.split('\n').every((line) => line === line.trimEnd() && !/^[\s#]/.test(line))
    ? Scalar.BLOCK_LITERAL
    : Scalar.QUOTE_DOUBLE
}

/** Control, direction, invisible and half characters, and line breaks of other systems; but not the line break itself. */
const hidden = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\uFFFE\uFFFF]/u

/** All of them are in double quotes by now, where an escape has the same meaning. */
function visible(text: string): string {
  return text.replace(new RegExp(hidden, 'gu'), (char) => {
    const code = char.codePointAt(0)!
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
