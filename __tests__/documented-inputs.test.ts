import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../src/base/errors.ts'
import { readInputs } from '../src/io/inputs/inputs.ts'
import { outputsOf } from '../src/report/outputs.ts'

const root = path.join(import.meta.dirname, '..')
const action = readFileSync(path.join(root, 'action.yml'), 'utf8')
const readme = existsSync(path.join(root, 'README.md')) ? readFileSync(path.join(root, 'README.md'), 'utf8') : undefined

/** Names in a section of action.yml, in their order. */
function names(section: string): string[] {
  const [, body = ''] = new RegExp(`^${section}:\\n((?:(?: .*)?\\n)*)`, 'm').exec(action) ?? []
  return [...body.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name!)
}

/** Every environment variable that reading the inputs asks for. */
async function asked(given: Record<string, string> = {}): Promise<string[]> {
  const seen = new Set<string>()
  const env = new Proxy<Record<string, string>>(
    {},
    {
      get: (_all, name) => {
        seen.add(String(name))
        return given[String(name)]
      },
    },
  )
  await expect(readInputs(env, () => {})).rejects.toThrow()
  return [...seen]
}

describe('action.yml', () => {
  it('has the inputs that the program reads, no more and no less', async () => {
    const read = (await asked()).filter((name) => name.startsWith('INPUT_'))
    expect(read.map((name) => name.slice('INPUT_'.length).toLowerCase()).sort()).toEqual(names('inputs').sort())
  })

  it('is all that steers the program: of the environment it reads only what every runner and every proxy sets', async () => {
    const read = [...(await asked()), ...(await asked({ 'INPUT_SPEC-FILE': 'clients.yaml' }))]
    const others = [...new Set(read)].filter((name) => !name.startsWith('INPUT_'))
    expect(others.sort()).toEqual(
      [
        ...['GITHUB_API_URL', 'GITHUB_EVENT_NAME', 'GITHUB_REPOSITORY', 'GITHUB_REPOSITORY_ID', 'GITHUB_WORKSPACE'],
        ...['GITHUB_RUN_ATTEMPT', 'GITHUB_RUN_ID'],
        // Refused where it makes Node itself show what services answer.
        'NODE_DEBUG',
        ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
      ].sort(),
    )
  })

  it('lets nothing be said twice: what stands in a spec file is no input beside it', async () => {
    const sections = ['The client', 'Where its secret is delivered', 'How long a secret lives']
    const inOne = sections.flatMap((section) => {
      const [, body = ''] = new RegExp(`^ {2}# --- ${section}\\n([\\s\\S]*?)^ {2}# ---`, 'm').exec(action) ?? []
      return [...body.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name!)
    })
    expect(inOne.length).toBeGreaterThan(13)
    const env = Object.fromEntries(inOne.map((name) => [`INPUT_${name.toUpperCase()}`, 'x']))
    const reading = readInputs({ ...env, 'INPUT_SPEC-FILE': 'x' }, () => {})
    const { message } = await reading.then(
      () => new Error('accepted'),
      (thrown: Error) => thrown,
    )
    for (const name of inOne) expect(message).toContain(`- ${name}: belongs in the spec file`)
  })

  it('has the outputs that the program sets', () => {
    const set = [...Object.keys(outputsOf([], '')), 'client-secret']
    expect(names('outputs').sort()).toEqual(set.sort())
  })

  it('has no defaults: what is left out must be distinguishable', () => {
    expect(action).not.toMatch(/^\s+default:/m)
  })

  it('requires nothing: a spec file may say each of these things', () => {
    const required = [...action.matchAll(/^ {2}([\w-]+):\n(?: {4}.*\n)*? {4}required: true$/gm)].map(([, name]) => name)
    expect(required).toEqual([])
  })

  it('runs on Node 24, and what it runs is there', () => {
    expect(action).toMatch(/^runs:\n {2}using: node24\n {2}main: (dist\/index\.js)\n/m)
    expect(existsSync(path.join(root, 'dist/index.js'))).toBe(true)
  })

  it('describes every input and output', () => {
    const described = [...action.matchAll(/^ {2}([\w-]+):\n(?: {4}.*\n)*? {4}description: "[^"]{10,}/gm)]
    expect(described.length).toBe(names('inputs').length + names('outputs').length)
  })
})

describe('docs/inputs.md', () => {
  const page = readFileSync(path.join(root, 'docs/inputs.md'), 'utf8')

  it('has a heading for every input and output of action.yml, in their order', () => {
    const headings = (what: string) =>
      [...page.matchAll(new RegExp(`^### \`([\\w-]+)\`${what}$`, 'gm'))].map(([, name]) => name)
    expect(headings('')).toEqual(names('inputs'))
    expect(headings(' \\(output\\)')).toEqual(names('outputs'))
  })
})

describe.skipIf(readme === undefined)('README.md', () => {
  it('has of some inputs what is required or their default, each with a link to all of it', () => {
    const rows = [...readme!.matchAll(/^\| \[`([\w-]+)`\]\(docs\/inputs\.md#([\w-]+)\) +\| /gm)]
    expect(rows.length).toBeGreaterThan(8)
    for (const [, name, anchor] of rows) {
      expect(names('inputs')).toContain(name)
      expect(anchor).toBe(name)
    }
  })

  it('names no input, output or error that there is none of', () => {
    const codes = [...readme!.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code!)
    const prefixes = new Set(errorCodes.map((code) => code.split('_')[0]))
    const known = new Set<string>([...errorCodes, 'CLIENTS_TOKEN', 'GITHUB_TOKEN', 'GITHUB_API_URL'])
    const unknown = codes.filter((code) => prefixes.has(code.split('_')[0]!) && !known.has(code))
    expect([...new Set(unknown)]).toEqual([])
  })
})
