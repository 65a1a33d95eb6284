import type { CST, ParsedNode } from 'yaml'

type List = CST.BlockSequence | CST.FlowCollection
type Item = CST.CollectionItem

/** So many clients are composed at a time. */
const batch = 16

/**
 * Follows a parser and composes the clients in its list, a few at a time, while the text is still being read. Tokens take fifty times
 * the memory of their text, so those of thousands of clients must not exist together. A client's tokens are replaced by an empty text
 * where the client ends. A list with a slip is left as it is, because the parser's message about it depends on its neighbours.
 * `compose`: returns undefined if there are too many errors.
 */
export function clientByClient(
  compose: (list: CST.Document) => ParsedNode | null | undefined,
  take: (client: ParsedNode) => void,
) {
  let list: List | undefined
  let done = 0
  /** `stack`: the values that the parser has begun: the document, the mapping in it, the list in that, and so on. */
  return (stack: readonly CST.Token[]): void => {
    const [document, mapping, value] = stack
    if (document?.type !== 'document' || !isList(value) || value.items.length < done + batch + 2) return
    list ??= isOfClients(mapping) ? value : undefined
    if (value !== list) return
    // The parser may still change the last two.
    const clients = value.items.slice(done, -2)
    const nodes = clients.every((item, index) => isRegular(item, value, done + index)) ? composed(clients, value) : []
    for (const [index, node] of nodes.entries()) {
      take(node)
      value.items[done + index] = placeOf(clients[index]!, node)
    }
    done = nodes.length === clients.length ? done + nodes.length : Number.POSITIVE_INFINITY
  }

  function composed(clients: Item[], around: List): ParsedNode[] {
    const root = compose({ type: 'document', offset: around.offset, start: [], value: listOf(clients, around) })
    return root != null && 'items' in root && root.items.length === clients.length ? (root.items as ParsedNode[]) : []
  }
}

function isList(token: CST.Token | undefined): token is List {
  return token?.type === 'block-seq' || (token?.type === 'flow-collection' && token.start.source === '[')
}

function isOfClients(mapping: CST.Token | undefined): boolean {
  if (mapping?.type !== 'block-map' && mapping?.type !== 'flow-collection') return false
  const key = mapping.items.at(-1)?.key
  return key != null && 'source' in key && /^(['"]?)clients\1$/.test(key.source)
}

/** `- value`, or `{…}` behind one comma; none with an anchor, a tag or a slip. */
function isRegular(item: Item, { type }: List, index: number): boolean {
  const marks = item.start.map(({ type }) => type).filter((mark) => !['space', 'newline', 'comment'].includes(mark))
  if (type === 'block-seq') return item.value !== undefined && marks.join() === 'seq-item-ind'
  const isValue = item.value === undefined && item.key?.type === 'flow-collection'
  return (
    isValue && !item.sep?.some(({ type }) => type === 'map-value-ind') && marks.join() === (index === 0 ? '' : 'comma')
  )
}

/** A list of these clients alone. */
function listOf(clients: Item[], around: List): List {
  if (around.type === 'block-seq') return { ...around, items: clients as CST.BlockSequence['items'] }
  // Until the closing bracket, the parser takes each value in brackets for a key.
  const items = clients.map(({ start, key, sep = [] }, index) => {
    const value = key as CST.FlowCollection
    return { start: index === 0 ? [] : start, value: { ...value, end: [...value.end, ...sep] } }
  })
  return { ...around, items, end: [{ ...around.start, type: 'flow-seq-end', source: ']' }] }
}

/** An empty text where the client ends: the positions of later slips count from there. */
function placeOf({ start }: Item, { range: [, , offset] }: ParsedNode): CST.BlockSequence['items'][number] {
  return { start, value: { type: 'scalar', offset, indent: 0, source: '' } }
}
