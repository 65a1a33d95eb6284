import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Stage, startStage } from './support/step.ts'

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.close())

const jitless = { NODE_OPTIONS: '--jitless' }

describe('the built program on a Node without WebAssembly', () => {
  it('says before the first request that it can’t encrypt', async () => {
    const { raw, outputs } = await stage.step({}, jitless)
    expect(outputs['error-code']).toBe('INPUT_INVALID')
    expect(raw).toMatch(/^::error::INPUT_INVALID: NODE_OPTIONS: switches WebAssembly off \(--jitless\)/m)
    expect(stage.sandbox.tenant.liveClients()).toEqual([])
  })

  it('works where nothing has to be encrypted', async () => {
    expect((await stage.step({ mode: 'plan' }, jitless)).outputs).toMatchObject({ result: 'planned', 'error-code': '' })
    const made = await stage.step({ deliver: 'false' }, jitless)
    expect(made.outputs).toMatchObject({ result: 'created', 'error-code': '' })
    const gone = await stage.step({ mode: 'destroy', deliver: 'false' }, jitless)
    expect(gone.outputs).toMatchObject({ result: 'deleted', 'error-code': '' })
    expect((await stage.step({ mode: 'validate' }, jitless)).outputs).toMatchObject({ result: 'valid' })
  })
})
