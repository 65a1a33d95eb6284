import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markdown } from '../../src/base/markdown.ts'
import { maskForms } from '../../src/base/mask-forms.ts'
import { plain } from '../../src/base/text.ts'
import { RunnerMasker, readable } from '../support/masker.ts'

const bytes = (text: string) => Buffer.from(text, 'utf8')
const secretLike = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 20, maxLength: 64 }),
  fc.string({ minLength: 20, maxLength: 200 }),
  fc.string({ unit: 'binary', minLength: 20, maxLength: 100 }),
)

/** Which characters of a text no mask covers. */
function bare(text: string, masks: string[]): boolean[] {
  const result = text.split('').map(() => true)
  for (const mask of masks)
    for (let at = text.indexOf(mask); at >= 0; at = text.indexOf(mask, at + 1)) result.fill(false, at, at + mask.length)
  return result
}

function longestRun(flags: boolean[]): number {
  let [longest, run] = [0, 0]
  for (const flag of flags) {
    run = flag ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

describe('the masks of a secret', () => {
  it('begin with the secret, and have no repetitions', () => {
    const forms = maskForms('s3cr3t-value+/of=some length')
    expect(forms[0]).toBe('s3cr3t-value+/of=some length')
    expect(new Set(forms).size).toBe(forms.length)
  })

  it('hold its usual encodings', () => {
    const value = 'pa$$ w"o/r+d\\~é!'
    expect(maskForms(value)).toEqual(
      expect.arrayContaining([
        bytes(value).toString('base64'),
        bytes(value).toString('hex'),
        bytes(value).toString('hex').toUpperCase(),
        encodeURIComponent(value),
        new URLSearchParams({ v: value }).toString().slice(2),
        JSON.stringify(value).slice(1, -1),
      ]),
    )
  })

  it('hold each line of a value of several lines', () => {
    expect(maskForms('first-line\r\nsecond-line\n\n')).toEqual(expect.arrayContaining(['first-line', 'second-line']))
  })

  it('hold nothing that would shred a log: no empty text, no white space, no part of a few characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (value) => {
        for (const form of maskForms(value)) if (form !== value) expect(form.trim().length).toBeGreaterThanOrEqual(6)
        expect(maskForms(value)).not.toContain('')
      }),
    )
  })

  it('never fail, whatever the value', () => {
    expect(maskForms('\ud800 half a character')).toContain('\ud800 half a character')
    expect(maskForms('x'.repeat(48 * 1024)).length).toBeGreaterThan(1)
  })

  it.each(['base64', 'base64url'] as const)(
    'leave less than twelve characters of it in a row in %s, whatever stands before and after',
    (encoding) => {
      fc.assert(
        fc.property(fc.string({ maxLength: 9 }), secretLike, fc.string({ maxLength: 9 }), (before, secret, after) => {
          const well = secret.toWellFormed()
          const text = bytes(before + well + after).toString(encoding)
          const from = Math.floor((bytes(before).length * 4) / 3)
          const to = Math.ceil(((bytes(before).length + bytes(well).length) * 4) / 3)
          expect(longestRun(bare(text, maskForms(well)).slice(from, to))).toBeLessThan(12)
        }),
        { numRuns: 500 },
      )
    },
  )

  it('cover hex and URL encodings in whole', () => {
    fc.assert(
      fc.property(secretLike, (secret) => {
        const well = secret.toWellFormed()
        for (const text of [bytes(well).toString('hex'), encodeURIComponent(well)])
          expect(longestRun(bare(text, maskForms(well)))).toBe(0)
      }),
    )
  })
})

/** The ways in which a value stands in what programs print. */
const encoders: Record<string, (value: string) => string> = {
  'as it is': (value) => value,
  'an address': encodeURIComponent,
  'an address, in lower case': (value) => encodeURIComponent(value).replace(/%../g, (digits) => digits.toLowerCase()),
  'an address, to the letter of its RFC': (value) =>
    encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  'a form': (value) => new URLSearchParams({ v: value }).toString().slice(2),
  JSON: (value) => JSON.stringify(value).slice(1, -1),
  'JSON with escaped slashes': (value) => JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
  'JSON in ASCII': (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  base64: (value) => bytes(value).toString('base64'),
  base64url: (value) => bytes(value).toString('base64url'),
  'base64 in lines of 76': (value) => bytes(value).toString('base64').replace(/.{76}/g, '$&\n'),
  hex: (value) => bytes(value).toString('hex'),
  HEX: (value) => bytes(value).toString('hex').toUpperCase(),
  'the job summary': (value) => markdown(value, Infinity),
}

/** What is left to be read where the runner, with our masks, prints a value so; each line of it is a line of the log. */
function left(value: string, text: string): string | undefined {
  const masker = new RunnerMasker()
  for (const form of maskForms(value)) masker.add(form)
  const shown = text.split('\n').map((line) => masker.mask(line))
  return readable(shown.join('\n'), value.trim()) ?? readable(shown.join(''), value.trim())
}

const odd = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'%+/="\\&\'<>!()*?~_-. é¿漢🚀', '&+'),
      fc.string({ unit: 'grapheme-ascii', maxLength: 9 }),
    ),
    {
      minLength: 4,
      maxLength: 40,
    },
  )
  // A secret of white space would be none.
  .map((parts) => parts.join('').replaceAll(/ {3,}/g, ' ').trim())
  .filter((value) => value.length >= 12)

describe('the runner, given these masks', () => {
  for (const [name, encode] of Object.entries(encoders))
    it(`shows nothing of a secret in ${name}`, () => {
      fc.assert(
        fc.property(fc.oneof(secretLike, odd), (value) => {
          const well = value
            .toWellFormed()
            .replace(/[\r\n]/g, '')
            .trim()
          expect(left(well, `it is (${encode(well)}) here`)).toBeUndefined()
        }),
        { numRuns: 300 },
      )
    })

  it('shows nothing of it inside of another text in base64 or hex, where its own encodings show it', () => {
    const inside: fc.Arbitrary<BufferEncoding> = fc.constantFrom('base64', 'base64url', 'hex')
    const bare = new RunnerMasker()
    let shownWithout = 0
    fc.assert(
      fc.property(
        fc.string({ maxLength: 9 }),
        secretLike,
        fc.string({ maxLength: 9 }),
        inside,
        (before, value, after, how) => {
          const secret = value
            .toWellFormed()
            .replace(/[\r\n]/g, '')
            .padEnd(20, 'x')
          const text = bytes(before + secret + after).toString(how)
          expect(left(secret, text)).toBeUndefined()
          bare.add(secret)
          if (readable(bare.mask(text), secret) !== undefined) shownWithout++
        },
      ),
      { numRuns: 300 },
    )
    expect(shownWithout).toBeGreaterThan(50)
  })

  it.each(['-0)%%!!!!!!$', '_0)%!!!!!!!$', '1)2.3)abcdefghijk*'])(
    'shows nothing of %s, which could begin a list',
    (value) => {
      for (const text of [value, markdown(value, Infinity), markdown(`a ${value}`, Infinity)])
        expect(left(value, `it is ${text}`)).toBeUndefined()
    },
  )

  it('shows nothing of client id and secret as Basic has them', () => {
    fc.assert(
      fc.property(secretLike, (secret) => {
        const well = secret.toWellFormed().replace(/[\r\n]/g, '')
        for (const how of ['base64', 'base64url'] as const)
          expect(left(well, `Basic ${bytes(`3f9c2a77:${well}`).toString(how)}`)).toBeUndefined()
      }),
    )
  })

  const keys = [
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ].map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const ways: Record<string, (pem: string) => string> = {
    'in lines': (pem) => pem,
    'with other line breaks': (pem) => pem.replaceAll('\n', '\r\n'),
    'with its lines joined': (pem) => pem.replaceAll('\n', ''),
    'with spaces for line breaks': (pem) => pem.replaceAll('\n', ' '),
    'in JSON': (pem) => JSON.stringify({ key: pem }),
    'in JSON, with other line breaks': (pem) => JSON.stringify({ key: pem.replaceAll('\n', '\r\n') }),
    'in JSON, in base64': (pem) => Buffer.from(JSON.stringify({ a: 1, key: pem })).toString('base64'),
    'in base64': (pem) => Buffer.from(pem).toString('base64'),
    'in base64, with other line breaks': (pem) => Buffer.from(pem.replaceAll('\n', '\r\n')).toString('base64url'),
    'in base64, in lines': (pem) => Buffer.from(pem).toString('base64').replace(/.{76}/g, '$&\n'),
    'in hex': (pem) => Buffer.from(pem).toString('hex'),
    'in an address': encodeURIComponent,
    'in a form': (pem) => new URLSearchParams({ pem }).toString(),
    'in an environment file': (pem) => pem.replaceAll('\n', '\\n'),
    'in a summary': (pem) => markdown(pem, 10_000),
  }
  for (const [name, write] of Object.entries(ways))
    it(`shows nothing of a private key ${name}`, () => {
      for (const pem of keys) {
        const material = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
        for (const given of [pem, pem.trim(), pem.replaceAll('\n', '\r\n')]) {
          const masker = new RunnerMasker()
          for (const form of maskForms(given)) masker.add(form)
          const shown = write(pem)
            .split(/\r?\n/)
            .map((line) => masker.mask(line))
            .join('\n')
          for (const line of material) expect(readable(shown, line)).toBeUndefined()
          expect(readable(shown, material.join(''))).toBeUndefined()
        }
      }
    })

  it('is not asked for too much: each form is a line of its log', () => {
    expect(maskForms('0123456789abcdef'.repeat(4)).length).toBeLessThanOrEqual(8)
    expect(maskForms(`ghs_${'aB3'.repeat(12)}`).length).toBeLessThanOrEqual(8)
    expect(maskForms(`${'eyJh'.repeat(20)}.${'eyJz'.repeat(100)}.${'aB3_'.repeat(60)}`).length).toBeLessThanOrEqual(25)
  })

  it('still shows the frame of a key, which is no secret', () => {
    for (const form of maskForms(keys[0]!)) expect('-----BEGIN PRIVATE KEY-----').not.toContain(form)
  })
})

it('a word that is shown as it is needs no other form of what we show', () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z\d]{0,9}([._-][A-Za-z\d]{1,9}){0,5}$/)
  fc.assert(
    fc.property(word, (text) => {
      const forms = new Set(maskForms(`${text}.${'x'.repeat(6)}`))
      for (const shown of [plain(`${text}.xxxxxx`), markdown(`${text}.xxxxxx`)]) expect(forms).toContain(shown)
    }),
  )
})
