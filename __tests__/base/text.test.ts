import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutMarkdown, markdown, markdownCode } from '../../src/base/markdown.ts'
import { plain } from '../../src/base/text.ts'

const nasty = fc.constantFrom(
  ...[
    '::',
    '##[',
    '#',
    '[',
    ':',
    '\n',
    '\r',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u200b',
    '\u202e',
    '\u001b[31m',
    '\ufeff',
    ' ',
  ],
  ...['error', 'add-mask', 'warning file=x', '%0A', '%25', '\ud83d\ude80', '\ud800', 'é', '\u00a0', '\u3000'],
)
const marks = fc.constantFrom(
  ...[
    '<',
    '>',
    '&',
    '*',
    '_',
    '`',
    '~',
    '|',
    '[',
    ']',
    '(',
    ')',
    '!',
    '\\',
    '#',
    '@',
    '"',
    "'",
    '+',
    '=',
    '{',
    '}',
    '$',
    '^',
  ],
  ...[
    'http://',
    'www.',
    'x@y.z',
    '<!--',
    '-->',
    '&lt;',
    '&#60;',
    '```',
    '---',
    ':tada:',
    '@octocat',
    '#1',
    '://',
    '[x](y)',
  ],
)
const hostile = fc
  .array(fc.oneof(nasty, marks, fc.string({ unit: 'binary', maxLength: 5 }), fc.string({ maxLength: 5 })), {
    maxLength: 20,
  })
  .map((parts) => parts.join(''))

describe('text from elsewhere, as plain text', () => {
  it('is one line that is no command, whatever it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = plain(text)
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        expect(line.trimStart().startsWith('::')).toBe(false)
        expect(line).not.toContain('##[')
      }),
      { numRuns: 3000 },
    )
  })

  it('shows no invisible characters and no change of direction', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/u)
      }),
    )
    expect(plain('a\u202eb\u200bc\ufeffd')).toBe('a b c d')
  })

  it('is a whole number of characters, even where it is cut', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 12 }), (text, longest) => {
        expect(plain(text, longest).length).toBeLessThanOrEqual(longest)
        expect(plain(text, longest).isWellFormed()).toBe(true)
      }),
      { numRuns: 2000 },
    )
    expect(plain('🚀🚀🚀', 4).isWellFormed()).toBe(true)
  })

  it('stays a harmless line when it is made harmless once more', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(plain(plain(text))).toBe(plain(text))
      }),
    )
  })

  it('leaves ordinary text as it is', () => {
    for (const text of ['CI deployer (staging): 2 × daily', 'a::b', 'Größe 数 — “ok”', 'x # y [z]'])
      expect(plain(text)).toBe(text)
  })

  it('says with an ellipsis that it was cut', () => {
    expect(plain('abcdef', 4)).toBe('abc…')
    expect(plain('two words and more', 11)).toBe('two words …')
  })

  it('shows little of a word that does not fit: no mask hides the front part of a secret', () => {
    const secret = '0123456789abcdef'.repeat(4)
    expect(plain(`the key ${secret} is wrong`, 40)).toBe('the key 01234567…')
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 100 }), (text, longest) => {
        const shown = plain(`${text} ${secret}`, longest)
        expect(shown.includes(secret) || !shown.includes(secret.slice(0, 12))).toBe(true)
      }),
    )
    expect(plain('abcd', 4)).toBe('abcd')
  })
})

/** The text as a browser shows it. */
function shown(html: string): string {
  return html.replaceAll('<!-- -->', '').replace(/&#(\d+);/g, (_all, code) => String.fromCodePoint(Number(code)))
}

describe('text from elsewhere, as Markdown', () => {
  it('has no character left that markup is made of', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const bare = markdown(text).replaceAll(/&#\d+;(<!-- -->)?/g, '…')
        expect(bare).not.toMatch(/[<>&*`~|[\]!\\#@"'+={}$^:]/)
        expect(bare).not.toMatch(/www\./i)
      }),
      { numRuns: 3000 },
    )
  })

  it('underlines nothing: an underscore stands inside of a word, or is a reference', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(markdown(text)).not.toMatch(/(^|[^A-Za-z0-9;])_|_($|[^A-Za-z0-9&])/)
      }),
    )
    expect(markdown('snake_case_name')).toBe('snake_case_name')
    expect(markdown('_emphasis_')).toBe('&#95;emphasis&#95;')
  })

  it('shows the same characters as the plain text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(shown(markdown(text))).toBe(plain(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('is no block of its own at the start of a line', () => {
    for (const text of ['- item', '1. item', '1) item', '# head', '> quote', '---', '***', '+ x', '    code', '| a |'])
      expect(markdown(text)).not.toMatch(/^(\s|[-+*#>|]|\d+[.)])/)
  })

  it('mentions nobody and refers to nothing', () => {
    for (const text of ['@octocat', 'acme/app#12', '#12']) expect(markdown(text)).toMatch(/&#(64|35);<!-- -->/)
  })

  it('stands in a monospaced span where it is a value', () => {
    expect(markdownCode('a`b</code>')).toBe('<code>a&#96;b&#60;/code&#62;</code>')
  })
})

describe('Markdown that is longer than it may be', () => {
  const bytes = (text: string) => Buffer.byteLength(text)

  it('is what it is where it fits', () => {
    expect(cutMarkdown('ä\n'.repeat(20), 60)).toBe('ä\n'.repeat(20))
    expect(cutMarkdown('', 0)).toBe('')
  })

  it('is cut between two lines, by its bytes, and says so', () => {
    const cut = cutMarkdown('| ä |\n'.repeat(21), 7 * 20 + 6)
    expect(cut).toBe(`${'| ä |\n'.repeat(20)}\n_… cut: the job summary has all of it._\n`)
    expect(cutMarkdown('\n', 0)).toBe('\n_… cut: the job summary has all of it._\n')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(50), (text, limit) => {
        const cut = cutMarkdown(text, limit)
        const [kept = ''] = cut === text ? [cut] : cut.split('\n_… cut')
        expect(text.startsWith(kept) && bytes(kept) <= limit && (cut === text || /^$|\n$/.test(kept))).toBe(true)
      }),
    )
  })

  it('leaves nothing folded away open', () => {
    const folded = '<details><summary>S</summary>\n\n- a\n- b\n\n</details>\n'
    expect(cutMarkdown(folded + folded, folded.length + 36)).toMatch(/- a\n\n<\/details>\n\n_… cut/)
    expect(cutMarkdown(folded + folded, folded.length)).toMatch(/^<details>[\s\S]*<\/details>\n\n_… cut/)
  })
})
