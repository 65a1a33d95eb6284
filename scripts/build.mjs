// dist/ from src/: TypeScript's own compiler, then ncc. `--out DIR` builds elsewhere, for the comparison with what is committed.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

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
const { code, assets } = await ncc(path.join(root, 'build/main.js'), {
  minify: true,
  license: 'licenses.txt',
  quiet: true,
  cache: false,
  esm: true,
})
const { mkdirSync } = await import('node:fs')
mkdirSync(out, { recursive: true })
writeFileSync(path.join(out, 'index.js'), code)
for (const [name, { source }] of Object.entries(assets)) writeFileSync(path.join(out, name), source)
writeFileSync(path.join(out, 'package.json'), '{"type":"module"}\n')
console.log(
  `${path.relative(root, out)}: index.js ${(Buffer.byteLength(code) / 1024).toFixed(0)} kB, ${Object.keys(assets).join(', ')}`,
)
