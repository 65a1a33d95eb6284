import { execFileSync } from 'node:child_process'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const manifest = JSON.parse(read('package.json')) as Manifest
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const dist = globSync('dist/*.js', { cwd: root }).map(read)
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter((name) => !name.endsWith('.d.ts'))
  .map((name) => ({ name, text: withoutComments(read(name)) }))

type Manifest = {
  private: boolean
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}
type Locked = { version: string; integrity?: string; resolved?: string; hasInstallScript?: boolean; link?: boolean }

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
}

describe('installing', () => {
  it('runs nothing: neither we nor any package of ours has an install script', () => {
    const hooks = /^(pre|post)?(install|prepare|pack|publish|prepublish|prepublishOnly|prepack)$/
    expect(Object.keys(manifest.scripts).filter((name) => hooks.test(name))).toEqual([])
    const running = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(running).toEqual([])
  })

  it('brings exactly what is locked: versions without ranges, each package with its checksum', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const versions = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    const loose = Object.entries(packages).filter(
      ([name, { integrity }]) => name !== '' && !integrity?.includes('sha512-'),
    )
    expect(loose).toEqual([])
    expect(Object.keys(packages).length).toBeGreaterThan(50)
  })
})

describe('dist', () => {
  it('holds the licence of every package that can be in it, and so does the bill of materials', () => {
    const bill = JSON.parse(
      execFileSync(process.execPath, ['scripts/sbom.mjs'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as { components: { name: string; version: string; hashes: unknown[] }[] }
    const listed = bill.components.map(({ name, version }) => `${name} ${version}`)
    const licensed = [...read('dist/licenses.txt').matchAll(/^(\S+ \d+\.\d+\.\d+\S*) \(.+\)$/gm)].map(
      ([, line]) => line,
    )
    expect(listed.length).toBeGreaterThan(10)
    expect(licensed.sort()).toEqual(listed.sort())
    expect(bill.components.filter(({ hashes }) => hashes.length === 0)).toEqual([])
  })

  it('has the text of each licence', () => {
    for (const part of read('dist/licenses.txt').split(`\n${'-'.repeat(80)}\n\n`))
      expect(part.length).toBeGreaterThan(500)
  })

  it('is all that a release needs', () => {
    const files = readdirSync(path.join(root, 'dist'))
    expect(files.filter((name) => !/^((\d+\.)?index\.js|licenses\.txt|package\.json)$/.test(name))).toEqual([])
  })

  it('starts no process and loads no code: neither other programs, nor other threads’ code, nor what it did not bring', () => {
    const modules = dist.flatMap((text) =>
      [...text.matchAll(/import\.meta\.url\)\("([^"]+)"\)/g)].map(([, name]) => name!),
    )
    expect(modules.length).toBeGreaterThan(10)
    const able = /^(node:)?(child_process|cluster|vm|module|inspector|repl|wasi|v8|sea)(\/|$)/
    // For one setting of memory, see below.
    expect(modules.filter((name) => able.test(name))).toEqual(['node:v8'])
  })

  it('makes no code of text', () => {
    const made = dist.flatMap(
      (text) => text.match(/\beval\(|\bnew Function\b|=\s*Function\b(?!\.)|[^.\w]Function\(/g) ?? [],
    )
    expect(made).toEqual([])
  })
})

describe('the sources', () => {
  it('name no host but the tenant’s domains, GitHub’s API and this machine', () => {
    const hosts = sources.flatMap(({ text }) =>
      [...text.matchAll(/\b[a-z]+:\/\/([a-z0-9<[][^\s'"`/,;)]*)/gi)].map(([, host]) => host!),
    )
    const known = ['acme.eu.qlikcloud.com', '<tenant>.<region>.qlikcloud.com', 'api.github.com']
    // In a comment of an exported file, for editors; and as an example in a message. The program sends nothing there.
    const inTexts = ['raw.githubusercontent.com', 'app.example']
    expect(hosts).toContain('api.github.com')
    expect(hosts.filter((host) => ![...known, ...inTexts].includes(host))).toEqual([])
  })

  it('reach the network in one place only', () => {
    const reaching =
      /(from |import\()'(node:(net|tls|http|https|http2|dgram|dns)[^']*|[./]*(node_modules\/)?undici[^']*)'|\bfetch\(/
    expect(sources.filter(({ text }) => reaching.test(text)).map(({ name }) => name.replaceAll('\\', '/'))).toEqual([
      'src/io/http/proxy-tunnel.ts',
      'src/io/http/transport.ts',
    ])
  })

  it('change two settings of the engine, and no other', () => {
    const changing = sources.filter(({ text }) => /node:v8|setFlagsFromString/.test(text))
    expect(changing.map(({ name }) => name.replaceAll('\\', '/'))).toEqual(['src/io/inputs/limit-heap-growth.ts'])
    expect(changing[0]!.text.match(/setFlagsFromString\(.*\)/g)).toEqual([
      "setFlagsFromString('--semi-space-growth-factor=1')",
      "setFlagsFromString('--heap-growing-percent=20')",
    ])
  })

  it('start no process, make no code of text, and write no file but that of an export', () => {
    const forbidden =
      /child_process|worker_threads|node:vm|\beval\(|\bFunction\(|writeFile|appendFile|createWriteStream|\bmkdir|\brmSync|\bunlink/
    const able = sources.filter(({ text }) => forbidden.test(text)).map(({ name }) => name.replaceAll('\\', '/'))
    expect(able).toEqual(['src/io/inputs/export-file.ts'])
  })
})
