import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../src/base/errors.ts'

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...globSync('docs/*.md', { cwd: root }),
].map((name) => name.replaceAll('\\', '/'))

/** A heading's address on GitHub. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

function headings(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!)
}

describe.each(pages)('%s', (page) => {
  it('refers to what is there', () => {
    for (const [, link = ''] of read(page).matchAll(/\]\((?!https:)([^)\s]+)\)/g)) {
      const [, form] = /^\.\.\/\.\.\/\.\.\/issues\/new\?template=(.+)$/.exec(link) ?? []
      if (form !== undefined) {
        expect(existsSync(path.join(root, '.github/ISSUE_TEMPLATE', form)), link).toBe(true)
        continue
      }
      const [, workflow] = /^\.\.\/\.\.\/actions\/workflows\/([\w.-]+)(\/badge\.svg)?$/.exec(link) ?? []
      if (workflow !== undefined) {
        expect(existsSync(path.join(root, '.github/workflows', workflow)), link).toBe(true)
        continue
      }
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file)
      expect(existsSync(path.join(root, target)), link).toBe(true)
      if (anchor !== undefined) expect(headings(read(target)).map(slug), link).toContain(anchor)
    }
  })

  it('has no two headings of one address', () => {
    const slugs = headings(read(page)).map(slug)
    expect(slugs).toEqual([...new Set(slugs)])
  })
})

describe('docs/troubleshooting.md', () => {
  const [, byCode = ''] = read('docs/troubleshooting.md').split('\n## By code\n')
  const entries = byCode.split(/^### /m).slice(1)

  it('has an entry for every error code, in their order, and for no other', () => {
    expect(entries.map((entry) => /^`([A-Z_]+)`\n/.exec(entry)?.[1])).toEqual([...errorCodes])
  })

  it.each(entries.map((entry) => [entry.split('\n', 1)[0]!, entry]))(
    'says of %s the cause, what is left behind, and how to mend it',
    (_code, entry) => {
      const parts = entry.split(/^- \*\*(Cause|Left behind|Mend)\.\*\* /m)
      expect(parts.filter((_, index) => index % 2 === 1)).toEqual(['Cause', 'Left behind', 'Mend'])
      for (const text of [parts[2], parts[4], parts[6]]) expect(text!.trim().length).toBeGreaterThan(7)
    },
  )
})
