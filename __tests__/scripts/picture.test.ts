import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { summaryForPicture } from '../../scripts/picture/scene.ts'
import { pictureOf } from '../../scripts/picture/svg.ts'

const committed = readFileSync(path.join(import.meta.dirname, '../../docs/summary.svg'), 'utf8')

/** The texts of a picture, each piece by itself. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!)
}

describe('docs/summary.svg', () => {
  let summary: string
  beforeAll(async () => {
    summary = await summaryForPicture()
  })

  it('is the picture of today’s job summary: npm run picture draws it', () => {
    expect(pictureOf(summary) === committed).toBe(true)
  })

  it('shows what a summary is for: a failure with its remedy, ages, what comes next, and secrets of others', () => {
    expect(summary).toMatch(/\*\*DESTINATION_FORBIDDEN\*\*: .*\n> \n> The github-token lacks/)
    expect(summary).toContain('34 of 90 days<br><code>███░░░░░░░</code>')
    expect(summary).toMatch(/\| 2027-02-02 06:00 UTC, in 1 day \| deployer-production \| the previous secret/)
    expect(summary).toMatch(/\| dashboards \| <code>\w{5}<\/code> \| 34 days \|/)
    const texts = textsOf(committed).join(' ')
    for (const word of ['DESTINATION_FORBIDDEN', 'deployer-production', 'QLIK_CLIENT_SECRET,', 'retired;', 'rotation'])
      expect(texts).toContain(word)
    expect(committed.match(/class="full"/g)).toHaveLength(6)
  })

  it('needs nothing else: no script, no font, no other file', () => {
    expect(committed).not.toMatch(/<script|href|url\(|@import|foreignObject|on\w+=/)
    expect(committed.length).toBeLessThan(60_000)
  })

  it('keeps inside its own borders', () => {
    const [, width] = /^<svg [^>]*width="(\d+)"/.exec(committed) ?? []
    for (const [, x, length] of committed.matchAll(/<text class="\w+" x="(\d+)" y="\d+" textLength="(\d+)"/g))
      expect(Number(x) + Number(length)).toBeLessThan(Number(width) - 20)
  })
})

describe('a picture', () => {
  it('shows texts as they are, whatever they hold', () => {
    const svg = pictureOf('### a &#60;b&#62; &#38; &#34;c&#34;\n\n| x |\n|---|\n| <code>&#60;&#47;text&#62;</code> |\n')
    expect(textsOf(svg)).toEqual(['a', '&lt;b>', '&amp;', '"c"', 'x', '&lt;/text>'])
  })

  it('breaks lines where there is no room', () => {
    const svg = pictureOf(`${'word '.repeat(200)}`)
    const lines = new Set([...svg.matchAll(/<text[^>]* y="(\d+)"/g)].map(([, y]) => y))
    expect(lines.size).toBeGreaterThan(5)
  })
})
