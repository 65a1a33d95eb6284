import { spawn } from 'node:child_process'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Stage, startStage } from './support/step.ts'
import { folderWith } from './support/workspace.ts'

// The built program where a runner is short of something: open files, a log that can be written, a proxy that answers.

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.close())

const program = path.join(import.meta.dirname, '../dist/index.js')
type Ended = { exitCode: number | null; out: string; seconds: number }

/** Runs the program by a shell command, in which `"$@"` is the program. */
function shell(command: string, env: Record<string, string> = {}, signalAfter?: number): Promise<Ended> {
  const inputs = Object.entries(stage.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const all = { PATH: process.env.PATH, ...Object.fromEntries(inputs), ...stage.env, ...env }
  const began = performance.now()
  const child = spawn('bash', ['--norc', '-c', command, 'bash', process.execPath, program], { env: all })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (out += text))
  const timer = signalAfter === undefined ? undefined : setTimeout(() => child.kill('SIGTERM'), signalAfter)
  return new Promise((resolve) => {
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ exitCode, out, seconds: (performance.now() - began) / 1000 })
    })
  })
}

describe('with few open files', () => {
  it.each([24, 28, 34, 40])(
    'twelve clients end in a failure with a code, and the next run goes on: %i',
    async (files) => {
      const client = (n: number) =>
        `  - { name: c${n}, scopes: [user_default], deliver: [{ client-id-name: ID_${n}, client-secret-name: S_${n} }] }\n`
      const clients = Array.from({ length: 12 }, (_, n) => client(n))
      const workspace = folderWith({ 'clients.yml': `version: 1\nclients:\n${clients.join('')}` })
      const env = { GITHUB_WORKSPACE: workspace, INPUT_NAME: '', INPUT_SCOPES: '', 'INPUT_SPEC-FILE': 'clients.yml' }
      const { exitCode, out } = await shell(`ulimit -n ${files}; exec "$@"`, env)
      if (exitCode !== 0) expect(out).toMatch(/::error::(INPUT_INVALID|TENANT_UNREACHABLE|GITHUB_UNREACHABLE): /)
      expect(out).not.toMatch(/BUG|\n {4}at /)
      expect((await shell('exec "$@"', env)).exitCode).toBe(0)
    },
  )
})

describe('with a log that can’t be written', () => {
  it.each([
    ['closed', 'exec "$@" >&-'],
    ['full', 'exec "$@" > /dev/full'],
    ['read by nobody', 'set -o pipefail; "$@" | true'],
  ])('the work goes on to its end: %s', async (_what, command) => {
    const { exitCode, out } = await shell(command)
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: '' })
    expect(stage.sandbox.github.secretNames({ repository: 'acme/app' })).toEqual(['QLIK_CLIENT_SECRET'])
    const failed = await shell(command, { INPUT_ENVIRONMENT: 'nowhere' })
    expect(failed).toMatchObject({ exitCode: 1, out: '' })
  })
})

describe('behind a proxy that accepts and stays silent', () => {
  it('a run that is asked to stop ends within the time that the runner gives', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const proxy = { HTTPS_PROXY: `http://127.0.0.1:${port}`, INPUT_TENANT: 'https://acme.eu.qlikcloud.com' }
    const { exitCode, out, seconds } = await shell('exec "$@"', proxy, 1000)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
    expect(exitCode).toBe(1)
    expect(out).toMatch(/::error::CANCELLED: .*the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) was silent/)
    expect(seconds).toBeLessThan(1 + 7.5)
  })
})
