import { expect } from 'vitest'
import { expectRefusal } from './contract.ts'
import { simulation } from './each-test.ts'
import type { RunResult } from './simulation.ts'
import { workspaceOf } from './workspace.ts'

/** A file with clients that deliver to places of their own in the running repository. */
export function specOf(...clients: string[]): string {
  return `version: 1\nclients:\n${clients.map((client) => client.replace(/^/gm, '    ').replace(/^ {4}/, '  - ')).join('\n')}\n`
}

export function clientNamed(name: string, more = ''): string {
  const own = name.toUpperCase()
  return `name: ${name}\nscopes: [user_default]\n${more}deliver:\n  - client-id-name: ${own}_ID\n    client-secret-name: ${own}_SECRET`
}

/** A run with this text as its only spec file. */
export function runFile(text: string | Buffer, inputs: Record<string, string> = {}): Promise<RunResult> {
  workspaceOf(simulation, { 'clients.yaml': text })
  return simulation.run(inputs)
}

/** The one mistake of a file, with its place (`line:column`); nobody was asked anything. */
export async function expectMistake(
  text: string | Buffer,
  place: string,
  message: RegExp,
  inputs: Record<string, string> = {},
): Promise<RunResult> {
  const result = await runFile(text, inputs)
  expectRefusal(result, 'SPEC_INVALID')
  expect(result.requests).toEqual([])
  const told = result.annotations.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
  expect(told).toEqual([expect.stringMatching(message)])
  expect(told[0]).toContain(`clients.yaml:${place}: `)
  return result
}

/** The output `clients`. */
export function clientsIn(outputs: Record<string, string> | undefined): Record<string, unknown>[] {
  return JSON.parse(outputs?.clients ?? '[]')
}
