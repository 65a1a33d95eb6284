import { spawn } from 'node:child_process'
import path from 'node:path'
import { startStage } from '../../__tests__/support/step.ts'

export type Spread = { median: number; least: number; most: number }
export type StartUp = {
  bare: Spread
  first: Spread
  whole: Spread
  firstRatio: Spread
  wholeRatio: Spread
  pairs: number
}

const entry = path.join(import.meta.dirname, '../../dist/index.js')

/**
 * Start-up of the built action against the sandbox on loopback, with nothing to do: from the start of the process until its first
 * request is there, and until its end. Each run stands beside one of bare Node, and is told as a multiple of that.
 */
export async function startUp(pairs: number): Promise<StartUp> {
  const stage = await startStage()
  await stage.step()
  let asked: number | undefined
  stage.sandbox.faults.onRequest = () => {
    asked ??= performance.now()
  }
  const inputs = Object.entries(stage.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const env = { PATH: process.env.PATH ?? '', ...stage.env, ...Object.fromEntries(inputs) }
  const timed = async (...args: string[]) => {
    asked = undefined
    const began = performance.now()
    const code = await ended(args, env)
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`)
    const whole = performance.now() - began
    return { whole, first: (asked ?? performance.now()) - began }
  }
  for (const args of [['-e', '0'], [entry]]) await timed(...args)
  const rows: { bare: number; first: number; whole: number }[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const { whole: bare } = await timed('-e', '0')
    rows.push({ bare, ...(await timed(entry)) })
  }
  await stage.close()
  return {
    bare: spread(rows.map(({ bare }) => bare)),
    first: spread(rows.map(({ first }) => first)),
    whole: spread(rows.map(({ whole }) => whole)),
    firstRatio: spread(rows.map(({ bare, first }) => first / bare)),
    wholeRatio: spread(rows.map(({ bare, whole }) => whole / bare)),
    pairs,
  }
}

function ended(args: string[], env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', resolve)
  })
}

export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, least: sorted[0]!, most: sorted.at(-1)! }
}
