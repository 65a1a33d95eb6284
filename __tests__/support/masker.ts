/**
 * What GitHub's runner leaves to be seen of what a step printed and wrote. Written after the runner's documentation and
 * behaviour (actions/runner: SecretMasker, ValueEncoders, ActionCommandManager), and not after our own masks.
 */
export class RunnerMasker {
  readonly #texts = new Set<string>()

  /** As the command add-mask does: the whole, and each line of it, each in eleven encodings besides. */
  add(data: string): void {
    if (data.trim() === '') return
    for (const text of [data, ...data.split(/[\r\n]/).map((line) => line.trim())]) {
      if (text === '') continue
      this.#texts.add(text)
      for (const encoded of runnerEncodings(text)) if (encoded !== '') this.#texts.add(encoded)
    }
  }

  get size(): number {
    return this.#texts.size
  }

  /** Hits that overlap or touch become one `***`. */
  mask(text: string): string {
    const hits: [number, number][] = []
    for (const hidden of this.#texts)
      for (let at = text.indexOf(hidden); at >= 0; at = text.indexOf(hidden, at + 1))
        hits.push([at, at + hidden.length])
    hits.sort(([a], [b]) => a - b)
    let [shown, end] = ['', 0]
    let open = false
    for (const [from, to] of hits) {
      if (!open || from > end) shown += `${text.slice(end, from)}***`
      open = true
      end = Math.max(end, to)
    }
    return shown + text.slice(end)
  }
}

/** The eleven: three of base64, and one each for `"`, `'`, JSON, URLs, XML, quotes around, and PowerShell's two cuts at `&`. */
function runnerEncodings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8')
  const shifted = (by: number) => (bytes.length > by ? bytes.subarray(by) : bytes).toString('base64')
  return [
    bytes.toString('base64'),
    shifted(1),
    shifted(2),
    value.replaceAll('"', '\\"'),
    value.replaceAll("'", "''"),
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`),
    value.replace(/[&<>"']/g, (char) => xml[char] ?? char),
    value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : '',
    ...aroundAmpersand(value).map((part) => (part.length >= 6 ? part : '')),
  ]
}

const xml: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

function aroundAmpersand(value: string): string[] {
  const plus = value.indexOf('&+')
  const cut = plus >= 0 ? plus + 2 : value.lastIndexOf('&') + 1
  return cut === 0 ? [] : [value.slice(0, cut), value.slice(plus >= 0 ? cut + 1 : cut)]
}

export type Command = { name: string; properties: string; data: string }

/** What a step leaves: its lines in order, commands among them, and the files that it wrote. */
export type Printed = { raw: string; summary?: string; outputs?: Record<string, string> }

/** What people see: the log without its commands' syntax, and with debugging on the outputs too; the summary line by line. */
export function shownByRunner({ raw, summary = '', outputs = {} }: Printed): { shown: string; commands: Command[] } {
  const masker = new RunnerMasker()
  const commands: Command[] = []
  const shown: string[] = []
  for (const line of raw.split(/\r\n|\r|\n/)) {
    const command = commandIn(line)
    if (command !== undefined) commands.push(command)
    if (command?.name === 'add-mask') masker.add(command.data)
    // The message of an annotation is masked, its properties are not.
    else if (command !== undefined) shown.push(`${command.name} ${command.properties} ${masker.mask(command.data)}`)
    else shown.push(masker.mask(line))
  }
  // Both are uploaded when the step is over.
  shown.push(...summary.split(/\r\n|\r|\n/).map((line) => masker.mask(line)))
  for (const [name, value] of Object.entries(outputs)) shown.push(`Set output ${masker.mask(`${name} = ${value}`)}`)
  return { shown: shown.join('\n'), commands }
}

/** A line is a command where it begins with `::name …::`, or where `##[name …]` stands anywhere in it. */
export function commandIn(line: string): Command | undefined {
  const found =
    /^\s*::(?<name>[^\s:]+)(?<properties>(?:\s(?:(?!::).)*)?)::(?<data>.*)$/s.exec(line) ??
    /##\[(?<name>[^\]\s]+)(?<properties>(?:\s[^\]]*)?)\](?<data>.*)$/s.exec(line)
  if (!found?.groups) return undefined
  const { name = '', properties = '', data = '' } = found.groups
  const unescaped = data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
  return { name: name.toLowerCase(), properties: properties.trim(), data: unescaped }
}

/** Of a secret that somebody can read in a text, in a usual encoding and at any place of it: the first twelve characters found. */
export function readable(text: string, secret: string, run = 12): string | undefined {
  const parts = Array.from({ length: Math.max(0, secret.length - run + 1) }, (_, at) => secret.slice(at, at + run))
  const texts = decodings(text)
  const bytes = decodedBytes(text)
  if (/^[\0-\x7f]*$/.test(secret))
    return firstOf(new Set(parts), run, [...texts, ...bytes.map((it) => it.toString('latin1'))])
  return parts.find((part) => {
    const inBytes = Buffer.from(part, 'utf8')
    return texts.some((it) => it.includes(part)) || bytes.some((it) => it.includes(inBytes))
  })
}

function firstOf(parts: ReadonlySet<string>, run: number, texts: string[]): string | undefined {
  for (const text of texts)
    for (let at = 0; at + run <= text.length; at++) {
      const part = text.slice(at, at + run)
      if (parts.has(part)) return part
    }
  return undefined
}

/** The text as it is, and with the escapes of addresses, forms, JSON and HTML resolved where there are any. */
function decodings(text: string): string[] {
  const json = text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\([nrtbf"\\/])/g, (_, char: string) => ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' })[char] ?? char)
  const html = text
    .replace(/&#(\d{1,7});(<!-- -->)?/g, (_, code) => String.fromCodePoint(Math.min(Number(code), 0x10ffff)))
    .replace(
      /&(amp|lt|gt|quot|apos);/g,
      (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name as 'lt'],
    )
  return [...new Set([text, percentDecoded(text), percentDecoded(text.replaceAll('+', ' ')), json, html])]
}

function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}

/** Whatever in it may be base64, of either alphabet and read from any character on, or hex. */
function decodedBytes(text: string): Buffer[] {
  const base64 = (text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? []).flatMap((it) =>
    [0, 1, 2, 3].map((from) => Buffer.from(it.slice(from), 'base64')),
  )
  const hex = (text.match(/[0-9A-Fa-f]{24,}/g) ?? []).flatMap((it) =>
    [0, 1].map((from) => Buffer.from(it.slice(from), 'hex')),
  )
  return [...base64, ...hex]
}
