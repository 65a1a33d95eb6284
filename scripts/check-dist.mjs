// Checks that dist/ equals a fresh build of src/, file by file and byte by byte.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const fresh = mkdtempSync(path.join(os.tmpdir(), 'dist-'))
try {
  execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs'), '--out', fresh], { stdio: 'ignore' })
  const files = new Set([...readdirSync(fresh), ...readdirSync(path.join(root, 'dist'))])
  const read = (folder, name) => {
    try {
      return readFileSync(path.join(folder, name), 'utf8')
    } catch {
      return undefined
    }
  }
  const different = [...files].filter((name) => read(fresh, name) !== read(path.join(root, 'dist'), name))
  if (different.length > 0) {
    console.error(
      `dist/ differs from a fresh build of src/: ${different.join(', ')}. Run "npm run build" and commit dist/.`,
    )
    process.exitCode = 1
  } else console.log(`dist/ equals a fresh build of src/ (${files.size} files)`)
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
