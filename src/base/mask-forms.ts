import { markdown } from './markdown.ts'
import { plain } from './text.ts'

/**
 * Every text that must be registered as a mask for one secret value, the value itself first, without repetitions.
 *
 * The runner derives eleven encodings of its own (actions/runner, ValueEncoders.cs), but not hex, base64url, base64 with
 * something behind the value or wrapped into lines, nor the escapes of other languages and of our own summary. Most of these
 * are the same text for a value of letters and digits: a secret of the tenant has eight.
 */
export function maskForms(value: string): string[] {
  const lines = value.split(/\r\n|\r|\n/)
  // The BEGIN and END lines of a PEM are not secret.
  const telling = lines.filter((line) => !/^-----[A-Z ]+-----$/.test(line.trim()))
  const forms = [value, ...telling, ...telling.flatMap(asShown)]
  // Surrounding space and the kind of line breaks may change in transit. Half a character has no encoding.
  const wholes = [value, value.trim(), lines.join('\n').trim()].map((text) => text.toWellFormed())
  if (lines.length > 1) wholes.push(lines.join('\r\n').toWellFormed().trim())
  else forms.push(...(value.match(/[\w.-]+/g) ?? []).filter((run) => run.length >= unescapedRun))
  // Tools wrap base64 into lines of 76 characters (GNU base64, MIME).
  forms.push(...(inBase64(bytesOf(wholes[2]!))[2]!.match(/.{1,76}/g) ?? []))
  for (const whole of new Set(wholes)) {
    const json = inJson(whole)
    forms.push(...inUrls(whole), ...json, ...inHex(bytesOf(whole)))
    // Keys travel as base64 of a JSON file that holds them.
    for (const text of new Set([whole, json[0]!])) forms.push(...inBase64(bytesOf(text)))
  }
  return [...new Set(forms.filter((form) => form.trim().length >= shortestMask || form === value))].filter(Boolean)
}

// A mask of a few characters would make every log unreadable, and a form so short reveals nothing by itself.
const shortestMask = 6

// Every escaping leaves these parts unchanged: masking them also covers escapes that this list lacks.
const unescapedRun = 12

// Begins with a letter, unlike a list; single marks between letters and digits are not Markdown, except a dot after www.
const shownAsIs = /^[A-Za-z][A-Za-z\d]*(?:[._-][A-Za-z\d]+)*$/

/**
 * The form in our own log and summary. The escape of a mark at the edge depends on the character beside it, so the edge is left
 * out.
 */
function asShown(line: string): string[] {
  // Most credentials need no escapes: recognizing them saves time before the first request.
  if (shownAsIs.test(line) && !/www/i.test(line)) return []
  const inner = line
    .replace(/^(?:[\s\p{Cc}\p{Cf}\p{Cs}_.:)-]|\d{1,9}(?=[.)]))+/u, '')
    .replace(/[\s\p{Cc}\p{Cf}\p{Cs}_.:)-]+$/u, '')
  return [plain(inner, Infinity), markdown(inner, Infinity)]
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** The forms of browsers, HTML forms, .NET and Python, with escapes in upper and lower case. */
function inUrls(value: string): string[] {
  const component = encodeURIComponent(value)
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const form = new URLSearchParams({ v: value }).toString().slice(2)
  const upper = [component, strict, form, encodeURI(value), strict.replaceAll('%2F', '/')]
  return upper.flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase())])
}

/** Some writers escape slashes, some all characters beyond ASCII. */
function inJson(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const ascii = json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [json, ascii, json.replaceAll('/', '\\/')]
}

/**
 * The three base64 cores of the value, which stay the same whatever surrounds it: the whole groups of three bytes that start at
 * byte 0, 1 or 2.
 */
function inBase64(bytes: Uint8Array): string[] {
  const cores = [0, 1, 2].map((start) =>
    base64(bytes.subarray(start, start + 3 * Math.floor((bytes.length - start) / 3))),
  )
  return [base64(bytes), ...cores].flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function inHex(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString('hex')
  return [hex, hex.toUpperCase()]
}
