import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readContext } from '../../src/io/runner/run-context.ts'
import { folderWith } from '../support/workspace.ts'

const env = {
  GITHUB_REPOSITORY: 'acme/app',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_RUN_ID: '17',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_API_URL: 'https://github.acme.example/api/v3',
}

describe('the context of a run', () => {
  it('is what the given environment says, and the process keeps its own', () => {
    const own = process.env
    expect(readContext(env)).toEqual({
      owner: 'acme',
      repository: 'app',
      eventName: 'push',
      runId: '17',
      attempt: 2,
      apiUrl: 'https://github.acme.example/api/v3',
      isFromFork: false,
    })
    expect(process.env).toBe(own)
  })

  it('has defaults for a runner that says nothing', () => {
    const nothing = { owner: '', repository: '', eventName: '', runId: '0', attempt: 1, isFromFork: false }
    expect(readContext({})).toEqual({ ...nothing, apiUrl: 'https://api.github.com' })
    expect(readContext({ GITHUB_REPOSITORY: 'app', GITHUB_RUN_ID: 'x' })).toMatchObject({
      owner: 'app',
      repository: '',
      runId: '0',
    })
  })

  it.each(['pull_request', 'pull_request_target', 'pull_request_review'])(
    'knows a fork by the event of a %s',
    (name) => {
      const event = (head: unknown) => {
        const folder = folderWith({ 'event.json': JSON.stringify({ pull_request: { head } }) })
        return { ...env, GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path.join(folder, 'event.json') }
      }
      expect(readContext(event({ repo: { full_name: 'stranger/app' } })).isFromFork).toBe(true)
      expect(readContext(event({ repo: null })).isFromFork).toBe(true)
      expect(readContext(event({ repo: { full_name: 'Acme/App' } })).isFromFork).toBe(false)
      expect(readContext(event(undefined)).isFromFork).toBe(false)
    },
  )
})
