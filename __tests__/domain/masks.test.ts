import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskForms } from '../../src/domain/masks.ts'

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
