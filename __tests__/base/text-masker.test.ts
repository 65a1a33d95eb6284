import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextMasker } from '../../src/base/text-masker.ts'

function masked(text: string, ...forms: string[]): string {
  const masker = new TextMasker()
  for (const form of forms) masker.add(form)
  return masker.mask(text)
}

describe('texts to be hidden', () => {
  it.each([
    ['nothing here', ['secret'], 'nothing here'],
    ['a secret, and the secret again', ['secret'], 'a ***, and the *** again'],
    ['secret', ['secret', 'secret-1'], '***'],
    ['secret-1', ['secret', 'secret-1'], '***'],
    ['abcdefgh', ['abcd', 'cdefgh'], '***'],
    ['abcdefgh', ['cdefgh', 'abcd'], '***'],
    ['an x', ['x', ''], 'an x'],
    ['end', ['end of it', 'nd'], 'e***'],
  ])('%j without %j', (text, forms, shown) => {
    expect(masked(text, ...forms)).toBe(shown)
  })

  it('are gone with each of their characters, wherever they overlap, and nothing else is', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 5 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 30 })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), text, (forms, text) => {
        // Each character of the text by itself: hidden where some form lies over it.
        const hidden = Array.from(text, (_char, index) =>
          forms.some((form) =>
            Array.from(form, (_, back) => index - back).some((at) => at >= 0 && text.startsWith(form, at)),
          ),
        )
        const shown = masked(text, ...forms)
        expect(shown.replaceAll('***', '')).toBe(
          Array.from(text, (char, index) => (hidden[index] ? '' : char)).join(''),
        )
        expect(shown.includes('***')).toBe(hidden.includes(true))
      }),
    )
  })
})
