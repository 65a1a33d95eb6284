import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { looking } from '../support/auditing.ts'
import { expectFailure, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import type { RunResult } from '../support/simulation.ts'
import { folderWith } from '../support/workspace.ts'

// The input `export-file`: in the workspace, links followed, never over an existing file unasked.

let workspace: string
eachTest()
beforeEach(() => {
  simulation.sandbox.tenant.addClient({ clientName: 'one', allowedScopes: ['apps'] })
  workspace = folderWith({ 'there.yaml': 'mine' })
  simulation.env.GITHUB_WORKSPACE = workspace
})

const exportTo = (file: string, inputs: Record<string, string> = {}): Promise<RunResult> =>
  simulation.run(looking('export', { 'export-file': file, ...inputs }))
const read = (name: string) => readFileSync(path.join(workspace, name), 'utf8')

describe('the file of an export', () => {
  it.each(['clients.yaml', 'deep/down/clients.yaml', './a/../b.yaml'])('is written: %s', async (name) => {
    const result = await exportTo(name)
    expectSuccess(result, { result: 'exported' })
    expect(read(path.normalize(name))).toBe(result.outputs!.spec)
    expect(result.log.at(-1)).toMatch(/1 client exported to /)
  })

  it('may be named by its whole path', async () => {
    expectSuccess(await exportTo(path.join(workspace, 'clients.yaml')))
    expect(existsSync(path.join(workspace, 'clients.yaml'))).toBe(true)
  })

  it('takes the place of no file that is there, unless told', async () => {
    const refused = await exportTo('there.yaml')
    expectFailure(refused, 'INPUT_INVALID', { message: /export-file: there\.yaml exists already.*export-overwrite/ })
    expect(refused.requests).toEqual([])
    expect(read('there.yaml')).toBe('mine')
    // The file is replaced as a whole: whoever reads the old one meanwhile reads all of it.
    const old = openSync(path.join(workspace, 'there.yaml'), 'r')
    chmodSync(path.join(workspace, 'there.yaml'), 0o600)
    const names = readdirSync(workspace)
    const result = await exportTo('there.yaml', { 'export-overwrite': 'true' })
    expectSuccess(result)
    expect(read('there.yaml')).toBe(result.outputs!.spec)
    expect(readFileSync(old, 'utf8')).toBe('mine')
    closeSync(old)
    expect(statSync(path.join(workspace, 'there.yaml')).mode & 0o777).toBe(0o600)
    expect(readdirSync(workspace)).toEqual(names)
  })

  it.each([
    ['../out.yaml', /is outside of the workspace/],
    ['/etc/out.yaml', /is outside of the workspace/],
    ['.', /is outside of the workspace/],
    ['folder', /is not a file/],
    ['there.yaml/below.yaml', /leads outside of the workspace, or to no file/],
    ['.git/hooks/post-checkout', /is in the folder \.git/],
    ['out/there.yaml', /leads outside of the workspace, or to no file/],
    ['dangling.yaml', /leads outside of the workspace, or to no file/],
    ['hooks/post-checkout', /is in the folder \.git/],
  ])('lies in the workspace, links followed: not %s', async (name, message) => {
    for (const folder of ['folder', '.git/hooks']) mkdirSync(path.join(workspace, folder), { recursive: true })
    symlinkSync(folderWith({}), path.join(workspace, 'out'))
    symlinkSync('nowhere', path.join(workspace, 'dangling.yaml'))
    symlinkSync('.git/hooks', path.join(workspace, 'hooks'))
    const result = await exportTo(name, { 'export-overwrite': 'true' })
    expectFailure(result, 'INPUT_INVALID', { message })
    expect(result.requests).toEqual([])
  })

  it('is written through a link within the workspace, where told', async () => {
    symlinkSync('there.yaml', path.join(workspace, 'link.yaml'))
    expectFailure(await exportTo('link.yaml'), 'INPUT_INVALID', { message: /exists already/ })
    const result = await exportTo('link.yaml', { 'export-overwrite': 'true' })
    expect(read('there.yaml')).toBe(result.outputs!.spec)
  })

  it('that somebody made meanwhile stays, and the output has the text', async () => {
    simulation.afterRequest = () => writeFileSync(path.join(workspace, 'late.yaml'), 'theirs')
    const result = await exportTo('late.yaml')
    expect(result.error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(/exists already/) })
    expect(read('late.yaml')).toBe('theirs')
    expect(result.outputs).toMatchObject({ result: '', 'error-code': 'INPUT_INVALID' })
    expect(result.outputs!.spec).toContain('- name: one')
  })

  it('is read by no other mode', async () => {
    expectSuccess(await simulation.run({ mode: 'plan', 'export-file': '../out.yaml' }))
  })
})
