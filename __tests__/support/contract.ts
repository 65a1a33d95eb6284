import { expect } from 'vitest'
import type { ErrorCode } from '../../src/base/errors.ts'
import type { RunResult, Simulation } from './simulation.ts'

/** Requests that write. Signing in and giving an access token back write nothing that anybody manages. */
export function writes({ requests }: Pick<RunResult, 'requests'>): string[] {
  return requests
    .filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth/'))
    .map(({ method, path }) => `${method} ${path}`)
}

export function count({ requests }: RunResult, method: string, path: RegExp): number {
  return requests.filter((request) => request.method === method && path.test(request.path)).length
}

type Told = { message?: RegExp; hint?: RegExp }

/** A failure as the contract has it: code, what happened, how to mend it, in log, output and summary. */
export function expectFailure(result: RunResult, code: ErrorCode, { message, hint }: Told = {}): void {
  const { error, outputs, log, summary } = result
  expect(error && `${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: \\S`))
  expect(outputs?.['error-code']).toBe(code)
  expect(log).toContain(`${code}: ${error!.message}`)
  expect(log).toContain(error!.hint)
  expect(error!.hint.length).toBeGreaterThan(15)
  expect(summary).toContain(`**${code}**`)
  expect(outputs?.summary).toBe(summary)
  if (message !== undefined) expect(error!.message).toMatch(message)
  if (hint !== undefined) expect(error!.hint).toMatch(hint)
}

/** The same before anything was written to either service. */
export function expectRefusal(result: RunResult, code: ErrorCode, told: Told = {}): void {
  expectFailure(result, code, told)
  expect(writes(result)).toEqual([])
  expect(result.outputs?.changed).toBe('false')
}

export function expectSuccess(result: RunResult, outputs: Record<string, string> = {}): void {
  expect(result.error && `${result.error.code}: ${result.error.message}`).toBeUndefined()
  expect(result.outputs).toMatchObject({ 'error-code': '', ...outputs })
}

/** The next run mends what the last one left, and the one after it has nothing to do. */
export async function expectHealed(simulation: Simulation, inputs: Record<string, string> = {}): Promise<RunResult> {
  const healing = await simulation.run(inputs)
  expectSuccess(healing)
  const after = await simulation.run(inputs)
  expectSuccess(after, { result: 'unchanged', changed: 'false' })
  expect(writes(after)).toEqual([])
  return healing
}
