import fc from 'fast-check'
import type { WireResponse } from '../../src/io/http/transport.ts'

export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    ...[
      '',
      '0',
      '-1',
      '1e999',
      'null',
      '__proto__',
      'constructor',
      '../..',
      '%',
      '%2e%2e',
      '\ud800',
      '\u0000',
      '::error::',
    ],
    ...['https://evil.example', '//', '?', '#', '2026-13-45T99:99:99Z', '+275760-09-13T00:00:00.001Z', '9'.repeat(400)],
    'x'.repeat(100_000),
  ),
)
const hostileValue = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  fc.constantFrom(0, -1, 1.5, 1e308, -1e308, 2 ** 53, 8.64e15, 1e21, true, false, null, [], {}, [null], [[]], [{}]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.jsonValue().map((value) => ({ data: [value], secrets: [value], variables: [value], total_count: 1 })),
)

/** One change of a text in JSON: some value in it, or its name, is another one, gone, or there many times. */
export type Edit = {
  at: number
  how: 'kin' | 'value' | 'gone' | 'many' | 'name'
  value: unknown
  name: string
  kin: { number: number; text: string }
}
export const edits: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(60),
  how: fc.constantFrom('kin', 'kin', 'value', 'gone', 'many', 'name'),
  value: hostileValue,
  /** Of the same type as what was there. */
  kin: fc.record({
    number: fc.constantFrom(0, -1, 0.5, 31, 101, 1e4, 1e7, 2 ** 32, 2 ** 53, 1e21, 1e308, -1e308),
    text: hostileText,
  }),
  name: fc.oneof(hostileText, fc.constantFrom('__proto__', 'data', 'errors', 'clientSecret')),
})

export function edited(json: string, edit: Edit): string {
  try {
    const root: unknown = { whole: JSON.parse(json) }
    const places: { holder: Record<string, unknown>; name: string }[] = []
    const visit = (value: unknown) => {
      if (value === null || typeof value !== 'object') return
      const holder = value as Record<string, unknown>
      for (const name of Object.keys(holder)) {
        places.push({ holder, name })
        visit(holder[name])
      }
    }
    visit(root)
    const { holder, name } = places[edit.at % places.length]!
    const value = holder[name]
    if (edit.how === 'gone' || edit.how === 'name') delete holder[name]
    if (edit.how === 'value') holder[name] = edit.value
    if (edit.how === 'kin') holder[name] = typeof value === 'number' ? edit.kin.number : edit.kin.text
    if (edit.how === 'many') holder[name] = Array.from({ length: 150 }, () => value)
    if (edit.how === 'name') Object.defineProperty(holder, edit.name, { value, enumerable: true, configurable: true })
    return JSON.stringify((root as { whole?: unknown }).whole) ?? ''
  } catch {
    return JSON.stringify(edit.value) ?? ''
  }
}

export type Change = (answer: WireResponse) => WireResponse
const statuses = fc.constantFrom(
  0,
  100,
  199,
  200,
  201,
  202,
  204,
  206,
  226,
  300,
  301,
  302,
  304,
  307,
  308,
  400,
  401,
  402,
  403,
  404,
  405,
  406,
  408,
  409,
  410,
  413,
  418,
  422,
  423,
  429,
  451,
  499,
  500,
  501,
  502,
  503,
  504,
  520,
  599,
  999,
)
const headerNames = fc.constantFrom(
  'date',
  'date',
  'retry-after',
  'location',
  'content-type',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-github-request-id',
  'x-accepted-github-permissions',
  'link',
  '__proto__',
)
const headerTexts = fc.oneof(
  hostileText.map((text) => text.replace(/[\r\n\0]/g, ' ')),
  fc.constantFrom(
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Sat, 13 Sep 275760 00:00:00 GMT',
    '1',
    '-5',
    '0',
    '1e3',
    '86400',
    '/',
    '/x',
    'http://[',
    '99999999999999',
  ),
)
const bodies = fc.oneof(
  hostileText,
  hostileValue.map((value) => JSON.stringify(value)),
  fc.nat(3000).map((depth) => '['.repeat(depth * 10) + ']'.repeat(depth * 10)),
)
const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: edits.map(
      (edit): Change =>
        (answer) => ({ ...answer, body: edited(answer.body, edit) }),
    ),
  },
  {
    weight: 2,
    arbitrary: statuses.map(
      (status): Change =>
        (answer) => ({ ...answer, status }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(headerNames, headerTexts).map(
      ([name, text]): Change =>
        (answer) => ({ ...answer, headers: { ...answer.headers, [name]: text } }),
    ),
  },
  {
    weight: 1,
    arbitrary: headerNames.map(
      (name): Change =>
        (answer) => ({
          ...answer,
          headers: Object.fromEntries(Object.entries(answer.headers).filter(([other]) => other !== name)),
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: bodies.map(
      (body): Change =>
        (answer) => ({ ...answer, body }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(100).map(
      (part): Change =>
        (answer) => ({ ...answer, body: answer.body.slice(0, (answer.body.length * part) / 100) }),
    ),
  },
)
/** At the n-th request, and for how many from there on. */
export const attacks = fc.array(
  fc.record({
    at: fc.nat(25),
    lasts: fc.constantFrom(1, 1, 2, 100_000),
    changes: fc.array(changes, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
)

export const ways = fc.constantFrom<Record<string, string>>(
  {},
  { rotate: 'now' },
  { rotate: 'now', 'grace-period': '0' },
  { mode: 'plan', 'rotate-after': '90d' },
  { 'rotate-after': '1d', 'grace-period': '3650d', 'output-client-secret': 'true' },
  { mode: 'destroy' },
  { deliver: 'false' },
  { environment: 'staging', 'client-id-as': 'secret' },
  { 'client-id-as': 'none', repository: 'acme/other' },
  { description: 'other words', consent: 'required' },
  { 'retire-hints': 'abcde', 'drop-destinations': 'true' },
)
