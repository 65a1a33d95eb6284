import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

let folder: string | undefined

/**
 * Vitest calls this once, before it starts its workers. What tests, and the processes that they start, put into the system's temporary
 * folder is put into one folder instead, which the end of the run removes.
 */
export function setup(): void {
  // No random letters: a path with many of them looks like a credential, and the program refuses that in an input.
  folder = path.join(tmpdir(), `tests-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}
