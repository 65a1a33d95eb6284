import { expect } from 'vitest'
import { expectRefusal } from './contract.ts'
import { simulation } from './each-test.ts'
import type { RunResult } from './simulation.ts'

/** Runs with these inputs, and insists that nobody was asked anything. */
export async function complaint(inputs: Record<string, string>, message: RegExp, hint?: RegExp): Promise<RunResult> {
  const result = await simulation.run(inputs)
  expectRefusal(result, 'INPUT_INVALID', { message, hint: hint ?? /Correct the step’s `with:`/ })
  expect(result.requests).toEqual([])
  return result
}

export async function refused(inputs: Record<string, string>, message: RegExp): Promise<void> {
  await complaint(inputs, message)
}
