import { expect } from 'vitest'
import type { Client } from '../../sandbox/tenant/types.ts'
import { expectSuccess, writes } from './contract.ts'
import type { RunResult, Simulation } from './simulation.ts'
import { folderWith } from './workspace.ts'

export type Found = { 'client-id': string; 'client-name': string; kind: string; severity: string; detail: string }

/** Inputs of a run that looks at the whole tenant: no client, and no token of GitHub. */
export function looking(mode: 'audit' | 'export', inputs: Record<string, string> = {}): Record<string, string> {
  return { mode, name: '', scopes: '', 'github-token': '', ...inputs }
}

/** An audit that went well and wrote nothing. */
export async function audited(simulation: Simulation, inputs: Record<string, string> = {}): Promise<RunResult> {
  const result = await simulation.run(looking('audit', inputs))
  expectSuccess(result, { result: 'audited', changed: 'false' })
  if (writes(result).length > 0) throw new Error(`an audit wrote: ${writes(result).join(', ')}`)
  return result
}

export function findings({ outputs }: RunResult): Found[] {
  return JSON.parse(outputs!.findings!)
}

/** Kinds of findings of one client, or with `''` of the tenant. */
export function kindsOf(result: RunResult, clientId: string): string[] {
  return findings(result).flatMap((found) => (found['client-id'] === clientId ? [found.kind] : []))
}

export function detailOf(result: RunResult, kind: string): string {
  return findings(result).find((found) => found.kind === kind)?.detail ?? ''
}

/** The client signs in, as it does at work. */
export function signsIn({ sandbox }: Simulation, { clientId, secrets }: Client): void {
  const params = { grant_type: 'client_credentials', client_id: clientId, client_secret: secrets[0]!.value }
  const body = new URLSearchParams(params).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = sandbox.handle('tenant', { method: 'POST', path: '/oauth/token', headers, body })
  if (answer.kind !== 'response' || answer.status !== 200) throw new Error('the client can’t sign in')
}

/** A client that nothing can be said against, but that it was made by hand. */
export function quietClient(simulation: Simulation, name = 'quiet'): Client {
  const client = simulation.sandbox.tenant.addClient({ clientName: name, allowedScopes: ['user_default'] })
  signsIn(simulation, client)
  return client
}

/** Exports, then plans with the file as it is: what came of both. */
export async function exportedAndPlanned(simulation: Simulation): Promise<{ spec: string; plan: RunResult }> {
  const exported = await simulation.run(looking('export'))
  expectSuccess(exported, { result: 'exported', changed: 'false' })
  const spec = exported.outputs!.spec!
  simulation.env.GITHUB_WORKSPACE = folderWith({ 'exported.yaml': spec })
  const [, elsewhere = ''] = /allow-destinations: (.*)/.exec(spec) ?? []
  const access = ['tenant', 'api-key', 'github-token']
  const others = Object.keys(simulation.inputs).filter((name) => !access.includes(name))
  const inputs = { mode: 'plan', 'spec-file': 'exported.yaml', 'allow-destinations': elsewhere }
  const none = Object.fromEntries(others.map((name) => [name, '']))
  return { spec, plan: await simulation.run({ ...none, ...inputs }) }
}

/** Nothing differs, and nothing is left to do but to note who keeps each client. */
export function expectSame({ spec, plan }: { spec: string; plan: RunResult }): void {
  if (!/^ {2}- name:/m.test(spec)) return
  const steps = JSON.parse(plan.outputs?.plan || '[]') as { kind: string; text: string }[]
  const told = plan.error && `${plan.error.code}: ${plan.error.message}\n${spec}`
  expect(told).toBeUndefined()
  expect(steps.filter(({ kind }) => kind !== 'own')).toEqual([])
  expect(plan.outputs?.drift).toBe('false')
}
