import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')

type Promised = { promise: string; tests: { file: string; title: string }[] }

/** The rows of all tables that say what keeps a promise. */
function promisesOf(document: string): Promised[] {
  const tables = [...document.matchAll(/^\| promise +\| kept by +\|\n\|[ -]+\|[ -]+\|\n((?:\|.*\|\n)+)/gm)]
  return tables.flatMap(([, rows = '']) =>
    [...rows.matchAll(/^\| (.*?) +\| (.*?) +\|$/gm)].map(([, promise = '', keepers = '']) => ({
      promise,
      tests: [...keepers.matchAll(/`(__tests__\/[^`]+)`: `([^`]+)`/g)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    })),
  )
}

/** Whether a file of tests has one, or a group of them, with this title. */
function hasTest(file: string, title: string): boolean {
  if (!/\.test\.ts$/.test(file) || !existsSync(path.join(root, file))) return false
  return [`'${title}',`, `\`${title}\`,`].some((written) => {
    const before = read(file).split(written).slice(0, -1)
    return before.some((text) => /(\b(it|test|describe)(\.\w+)*|\))\(\s*$/.test(text))
  })
}

describe('the threat model', () => {
  const document = read('docs/threat-model.md')
  const promises = promisesOf(document)

  it('has promises, and a test for each', () => {
    expect(promises.length).toBeGreaterThan(30)
    expect(promises.filter(({ tests }) => tests.length === 0)).toEqual([])
    const named = promises.flatMap(({ tests }) => tests)
    expect(named.length).toBe(document.match(/`__tests__\//g)?.length)
  })

  it.each(promises)('names tests that there are: $promise', ({ tests }) => {
    expect(tests.filter(({ file, title }) => !hasTest(file, title))).toEqual([])
  })

  it('would not pass with a test that there is none of', () => {
    const [
      {
        tests: [real],
      } = { tests: [] },
    ] = promises
    expect(hasTest(real!.file, real!.title)).toBe(true)
    expect(hasTest(real!.file, `${real!.title}, not`)).toBe(false)
    expect(hasTest('__tests__/nowhere.test.ts', real!.title)).toBe(false)
    expect(promisesOf('| promise | kept by |\n| ------- | ------- |\n| All is well | trust us |\n')).toEqual([
      { promise: 'All is well', tests: [] },
    ])
  })

  it.each(['docs/threat-model.md', 'SECURITY.md'])('refers to what is there: %s', (name) => {
    const links = [...read(name).matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link]) => link!)
    for (const link of links) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? name : path.posix.join(path.posix.dirname(name), file)
      expect(existsSync(path.join(root, target))).toBe(true)
      const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, text]) => slug(text!))
      if (anchor !== undefined) expect(headings).toContain(anchor)
    }
    expect(links.length).toBeGreaterThan(0)
  })
})

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}

describe('the action', () => {
  it('is one program without anything before, after or inside it', () => {
    const { runs } = parse(read('action.yml')) as { runs: object }
    expect(runs).toEqual({ using: 'node24', main: 'dist/index.js' })
  })
})

describe('the sources', () => {
  it('tell later steps nothing but outputs and a summary', () => {
    const sources = globSync('src/**/*.ts', { cwd: root }).map((name) => ({ name, text: read(name) }))
    const telling = /exportVariable|addPath|saveState|GITHUB_ENV|GITHUB_PATH|GITHUB_STATE|save-state|set-env|add-path/
    expect(sources.length).toBeGreaterThan(40)
    expect(sources.filter(({ text }) => telling.test(text)).map(({ name }) => name)).toEqual([])
  })
})
