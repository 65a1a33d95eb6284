import { describe, expect, it } from 'vitest'
import { markdownCell } from '../../src/base/markdown.ts'

describe('a long word in a cell', () => {
  it('forms no link where it is broken right behind www', () => {
    const shown = markdownCell(`${'x'.repeat(27)}www.evil.example`)
    expect(shown).toContain('<wbr>')
    expect(shown).not.toMatch(/\./)
  })
})
