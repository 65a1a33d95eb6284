// The bill of materials of dist/, on standard output: the run-time dependencies of package.json, and theirs. npm's own, but
// filtered here: with `--omit dev` it leaves out also those run-time packages that some tool needs too.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))

const options = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only']
const all = JSON.parse(execFileSync('npm', ['sbom', ...options], { cwd: root, maxBuffer: 2 ** 26 }))
const kept = bundled()
const isKept = (reference) => kept.has(reference)
const components = all.components.filter((component) => isKept(component['bom-ref']))
if (components.length !== kept.size)
  throw new Error(`npm lists ${components.length} of the ${kept.size} packages that can be in dist/`)
const top = { ref: all.metadata.component['bom-ref'], dependsOn: Object.keys(packages[''].dependencies).map(located) }
const inner = all.dependencies.filter(({ ref }) => isKept(ref))
console.log(JSON.stringify({ ...all, components, dependencies: [top, ...inner] }, null, 2))

/** `name@version` of every package that can be in the bundle. */
function bundled() {
  const found = new Set()
  const visit = (folder) => {
    for (const name of Object.keys(packages[folder].dependencies ?? {})) {
      const where = resolved(folder, name)
      const reference = `${name}@${packages[where].version}`
      if (found.has(reference)) continue
      found.add(reference)
      visit(where)
    }
  }
  visit('')
  return found
}

function located(name) {
  return `${name}@${packages[resolved('', name)].version}`
}

/** Where Node would find a package: in the nearest node_modules that has it. */
function resolved(folder, name) {
  const here = path.posix.join(folder, 'node_modules', name)
  if (packages[here] !== undefined) return here
  if (folder === '') throw new Error(`${name} is not in package-lock.json`)
  return resolved(folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1)), name)
}
