import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Simulation } from './simulation.ts'

/** A new folder with these files. Returns where it is. */
export function folderWith(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'workspace-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

/** A folder that the run takes for its workspace, with these files. Returns where it is. */
export function workspaceOf(simulation: Simulation, files: Record<string, string | Buffer>): string {
  const folder = folderWith(files)
  simulation.env.GITHUB_WORKSPACE = folder
  for (const input of ['name', 'scopes']) delete simulation.inputs[input]
  simulation.inputs['spec-file'] = Object.keys(files)[0] ?? ''
  return folder
}
