import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Stage, startStage } from './support/step.ts'

const dist = path.join(import.meta.dirname, '../dist')
// The folder in which the runner's files of a step lie: outputs and summary.
const runnerFiles = path.join(os.tmpdir(), 'step-*')
const confined = [
  '--permission',
  `--allow-fs-read=${dist}`,
  `--allow-fs-read=${runnerFiles}`,
  `--allow-fs-write=${runnerFiles}`,
  '--disallow-code-generation-from-strings',
]

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.close())

describe('the built program', () => {
  it('needs no file but its own and the runner’s, no process, no thread and no code made of text', async () => {
    const env = { NODE_OPTIONS: quoted(confined) }
    const created = await stage.step({}, env)
    expect(created.raw).not.toMatch(/ERR_ACCESS_DENIED|::error/)
    expect(created.outputs).toMatchObject({ result: 'created', 'error-code': '' })
    expect(created.summary).toBe(created.outputs.summary)
    const rotated = await stage.step({ rotate: 'now', 'grace-period': '0', 'client-id-as': 'secret' }, env)
    expect(rotated.outputs).toMatchObject({ result: 'rotated', 'error-code': '' })
    expect((await stage.step({ mode: 'destroy' }, env)).outputs).toMatchObject({ result: 'deleted', 'error-code': '' })
  })

  it('would be stopped where it needed more', async () => {
    const { exitCode, raw } = await stage.step({}, { NODE_OPTIONS: quoted(confined.slice(0, 2)) })
    expect(exitCode).not.toBe(0)
    expect(raw).toContain('ERR_ACCESS_DENIED')
  })
})

/** As NODE_OPTIONS wants it where a path has spaces or backslashes. */
function quoted(options: string[]): string {
  return options.map((option) => JSON.stringify(option)).join(' ')
}
