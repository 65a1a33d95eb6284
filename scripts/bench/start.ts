import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { createServer } from 'node:tls'
import { certificates } from '../../__tests__/support/certificates.ts'
import { type Stage, startStage } from '../../__tests__/support/step.ts'

export type Spread = { median: number; least: number; most: number }
/** Times of processes as multiples of bare Node's in the same round. */
type Started = { first: Spread; whole: Spread }
export type StartUp = {
  /** Milliseconds of `node -e 0`. */
  bare: Spread
  /** One request by `node:http` without any program around it: the fastest possible run. */
  floor: Started
  action: Started
  floorOverTls: Started
  actionOverTls: Started
  inputError: Spread
  rounds: number
}

const entry = path.join(import.meta.dirname, '../../dist/index.js')

const oneRequest = (url: string) => {
  const module = new URL(url).protocol === 'https:' ? 'node:https' : 'node:http'
  return `require('${module}').get('${url}', (answer) => answer.resume())`
}

type Run = { args: string[]; env: Record<string, string> }

/**
 * Start-up of the built action against the sandbox on loopback, with nothing to do: from the start of the process until its first
 * request arrives, and until its end. Each round runs all kinds of processes in turn, and compares each with bare Node.
 */
export async function startUp(rounds: number): Promise<StartUp> {
  const stage = await startStage()
  await stage.step()
  let asked: number | undefined
  stage.sandbox.faults.onRequest = () => {
    asked ??= performance.now()
  }
  const secure = await overTls(stage)
  const plainEnv = { ...stage.env, ...inputsOf(stage, {}) }
  const runs: Record<string, Run> = {
    floor: { args: ['-e', oneRequest(stage.tenantUrl)], env: {} },
    action: { args: [entry], env: plainEnv },
    floorOverTls: { args: ['-e', oneRequest(secure.tenantUrl)], env: secure.env },
    actionOverTls: { args: [entry], env: { ...stage.env, ...secure.env, ...inputsOf(stage, secure.inputs) } },
    inputError: { args: [entry], env: stage.env },
  }
  const timed = async ({ args, env }: Run) => {
    asked = undefined
    const began = performance.now()
    await ended(args, { PATH: process.env.PATH ?? '', ...env })
    const whole = performance.now() - began
    return { whole, first: (asked ?? performance.now()) - began }
  }
  const { bare, ratios } = await compared(runs, rounds, timed)
  await stage.close()
  secure.close()
  const started = (name: string): Started => {
    const { first, whole } = ratios.get(name)!
    return { first: spread(first), whole: spread(whole) }
  }
  return {
    bare: spread(bare),
    floor: started('floor'),
    action: started('action'),
    floorOverTls: started('floorOverTls'),
    actionOverTls: started('actionOverTls'),
    inputError: started('inputError').whole,
    rounds,
  }
}

function inputsOf(stage: Stage, more: Record<string, string>): Record<string, string> {
  const inputs = Object.entries({ ...stage.inputs, ...more })
  return Object.fromEntries(inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
}

/** The times of each kind of process as multiples of bare Node's in the same round. */
async function compared(
  runs: Record<string, Run>,
  rounds: number,
  timed: (run: Run) => Promise<{ whole: number; first: number }>,
) {
  const bare: number[] = []
  const ratios = new Map(Object.keys(runs).map((name) => [name, { first: [] as number[], whole: [] as number[] }]))
  for (let round = 0; round < rounds; round++) {
    const { whole: base } = await timed({ args: ['-e', '0'], env: {} })
    bare.push(base)
    for (const [name, run] of Object.entries(runs)) {
      const { first, whole } = await timed(run)
      ratios.get(name)!.first.push(first / base)
      ratios.get(name)!.whole.push(whole / base)
    }
  }
  return { bare, ratios }
}

/**
 * Both services behind TLS on loopback: the bytes are passed on to the sandbox as they are, and at once, as by any server of HTTP.
 * With delays an answer in two pieces would take 40 ms more, because the second piece would wait for the first one's receipt.
 */
async function overTls({ tenantUrl, githubUrl }: Stage) {
  const { key, cert, authority } = certificates(['localhost'])
  const servers = await Promise.all(
    [tenantUrl, githubUrl].map(async (url) => {
      const port = Number(new URL(url).port)
      const server = createServer({ key, cert, noDelay: true }, (socket) => {
        const inner = connect({ port, host: '127.0.0.1', noDelay: true })
        socket.pipe(inner).pipe(socket)
        socket.on('error', () => inner.destroy())
        inner.on('error', () => socket.destroy())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return { server, port: (server.address() as { port: number }).port }
    }),
  )
  const [tenant, github] = servers.map(({ port }) => `https://localhost:${port}`) as [string, string]
  return {
    tenantUrl: tenant,
    inputs: { tenant },
    env: {
      NODE_EXTRA_CA_CERTS: authority,
      GITHUB_API_URL: `${github}${new URL(githubUrl).pathname}`.replace(/\/$/, ''),
    },
    close: () => {
      for (const { server } of servers) server.close()
      rmSync(path.dirname(authority), { recursive: true })
    },
  }
}

function ended(args: string[], env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', resolve)
  })
}

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, least: sorted[0]!, most: sorted.at(-1)! }
}
