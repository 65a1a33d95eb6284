import type { Client } from '../../sandbox/tenant/types.ts'
import { expectFailure, expectSuccess } from './contract.ts'
import { simulation } from './each-test.ts'
import { repositoryPlace, theClient } from './promises.ts'
import { workspaceOf } from './workspace.ts'

// Clients of one file that pass the environments `one` and `two` of a repository to each other.

export const drop = { 'drop-destinations': 'true' }

export function createEnvironments(): void {
  for (const name of ['one', 'two']) simulation.sandbox.github.createEnvironment('acme/app', name)
}

/** Writes the file: each client with its environments. `more`: further keys, of all clients or by their names. */
export function write(places: Record<string, string[]>, more: string | Record<string, string> = ''): void {
  const lines = Object.entries(places).map(([name, at]) => {
    const deliver = at.map((environment) => `{ environment: ${environment} }`).join(', ')
    const keys = typeof more === 'string' ? more : (more[name] ?? '')
    return `  - { name: ${name}, scopes: [apps], ${keys}deliver: [${deliver}] }\n`
  })
  workspaceOf(simulation, { 'clients.yaml': `version: 1\nclients:\n${lines.join('')}` })
}

export function named(name: string): Client {
  return theClient(simulation, name)
}

export function valueAt(environment: string): string {
  return simulation.sandbox.github.secretValue({ ...repositoryPlace, environment }) ?? 'nothing'
}

export function isLiveOf(name: string, value: string): boolean {
  return simulation.sandbox.tenant.canAuthenticate(named(name).clientId, value)
}

/** People's secrets take all slots of a client, so it can't be delivered anywhere. Returns the end of that. */
export function jam(name: string): () => void {
  const mine = named(name).secrets.map(({ hint }) => hint)
  while (named(name).secrets.length < 5) simulation.sandbox.tenant.addSecret(named(name).clientId)
  return () => {
    named(name).secrets = named(name).secrets.filter(({ hint }) => mine.includes(hint))
  }
}

/** `a` is at `two`, and gave `one` up to `b`, which can't be delivered. Returns the end of that. */
export async function swapHalfway(more = ''): Promise<() => void> {
  write({ a: ['one'], b: ['two'] }, more)
  expectSuccess(await simulation.run())
  const unjam = jam('b')
  write({ a: ['two'], b: ['one'] }, more)
  simulation.advance(1)
  expectFailure(await simulation.run(drop), 'SECRET_SLOTS_FULL')
  return unjam
}
