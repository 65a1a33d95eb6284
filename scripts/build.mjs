// dist/ from src/: TypeScript's own compiler, then ncc. `--out DIR` builds elsewhere, for the comparison with what is committed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parse } from 'acorn'
import { minify } from 'terser'

const root = path.dirname(import.meta.dirname)
const out = process.argv[2] === '--out' ? path.resolve(process.argv[3]) : path.join(root, 'dist')
const require = createRequire(import.meta.url)

rmSync(path.join(root, 'build'), { recursive: true, force: true })
rmSync(out, { recursive: true, force: true })
execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})

const ncc = require('@vercel/ncc')
const { code, assets, stats } = await ncc(path.join(root, 'build/main.js'), {
  // ncc would minify index.js but not the chunks beside it: `small` minifies each of them.
  minify: false,
  license: 'licenses.txt',
  quiet: true,
  cache: false,
  esm: true,
})
mkdirSync(out, { recursive: true })
const files = {
  'index.js': code,
  ...Object.fromEntries(Object.entries(assets).map(([name, { source }]) => [name, String(source)])),
}
for (const [name, text] of Object.entries(files))
  if (name.endsWith('.js')) writeFileSync(path.join(out, name), await small(text))
writeFileSync(path.join(out, 'licenses.txt'), licenses())
writeFileSync(path.join(out, 'package.json'), '{"type":"module"}\n')
writeFileSync(path.join(root, 'build/bundle.json'), JSON.stringify(held(), undefined, 2))
console.log(
  `${path.relative(root, out)}: index.js ${(statSync(path.join(out, 'index.js')).size / 1024).toFixed(0)} kB, ${Object.keys(assets).join(', ')}`,
)

/**
 * The same code in fewer bytes. Functions and classes keep their names, because a `BUG` uses them to name its place. Modules get
 * the parentheses back that minifying strips: V8 compiles a function in parentheses at once, and parses any other twice.
 */
async function small(source) {
  const { code } = await minify(source, {
    module: true,
    keep_fnames: true,
    keep_classnames: true,
    format: { comments: false },
  })
  const modules = new Set()
  for (const statement of parse(code, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    const declared = statement.declaration ?? statement
    for (const { init } of declared.declarations ?? []) {
      for (const { value } of init?.type === 'ObjectExpression' ? init.properties : [])
        if (/Function/.test(value?.type)) modules.add(value)
    }
  }
  let text = code
  for (const { start, end } of [...modules].sort((a, b) => b.start - a.start))
    text = `${text.slice(0, start)}(${text.slice(start, end)})${text.slice(end)}`
  return `${text}\n`
}

/** The content of each file by package, for the table of `npm run bench`. */
function held() {
  const { chunks, chunkGraph } = stats.compilation
  return [...chunks].map((chunk) => {
    const [file] = chunk.files
    const parts = {}
    const own = []
    for (const module of [...chunkGraph.getChunkModules(chunk)].flatMap((it) => it.modules ?? [it])) {
      const [, dependency = 'our own'] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module.resource ?? '') ?? []
      if (dependency === 'our own' && module.resource) own.push(path.basename(module.resource))
      parts[dependency] = (parts[dependency] ?? 0) + module.size()
    }
    return { file, bytes: statSync(path.join(out, file)).size, parts, own }
  })
}

/** The licences of all packages that can be in the bundle: our run-time dependencies, and theirs. */
function licenses() {
  const found = new Map()
  const visit = (name, from) => {
    const folder = resolved(name, from)
    const { version, license, dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    const key = `${name} ${version}`
    if (found.has(key)) return
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim()
    found.set(key, `${key} (${license})\n\n${text}\n`)
    for (const dependency of Object.keys(dependencies)) visit(dependency, folder)
  }
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) visit(name, root)
  return [...found.keys()]
    .sort()
    .map((name) => found.get(name))
    .join(`\n${'-'.repeat(80)}\n\n`)
}

/** The folder of a package, as Node finds it: in the nearest node_modules that has it. */
function resolved(name, from) {
  const folder = path.join(from, 'node_modules', name)
  if (existsSync(folder)) return folder
  if (path.relative(root, from) === '') throw new Error(`${name} is not installed`)
  return resolved(name, path.dirname(from))
}
