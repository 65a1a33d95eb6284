import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { programFor, type WrittenClient } from '../../__tests__/promises/many-clients.ts'
import { Simulation } from '../../__tests__/support/simulation.ts'
import { startSandbox } from '../../sandbox/server.ts'
import type { Settings } from '../../sandbox/settings.ts'

/** `rate`: writes to the tenant in a minute, over the time from the first to the last; undefined if there are too few writes. */
export type Fleet = {
  clients: number
  created: { requests: number; seconds: number; rate: number | undefined; refused: number }
  unchanged: { tenant: number; github: number; seconds: number }
  /** Mebibytes of a real process with nothing to do. */
  memory: number
}

/** The documented limits that apply. */
const limits: Partial<Settings> = {
  tier1PerMinute: 1000,
  tier2PerMinute: 100,
  secondaryPointsPerMinute: 900,
  writesPerMinute: 80,
}

/** So many clients, each for an environment of its own: created, then nothing to do, on the sandbox's clock. */
export async function fleet(clients: number): Promise<Fleet> {
  const simulation = await Simulation.start(limits)
  const { clock, github, requests } = simulation.sandbox
  const names = Array.from({ length: clients }, (_, index) => `client-${index}`)
  for (const name of names) github.createEnvironment('acme/app', name)
  const written = names.map((name) => ({ name, scopes: ['user_default'], deliver: [{ environment: name }] }))
  simulation.program = programFor(written)
  let began = clock.now()
  const first = await simulation.run()
  if (first.error !== undefined) throw first.error
  const created = {
    requests: first.requests.length,
    seconds: (clock.now() - began) / 1000,
    rate: rateOf(
      requests.filter(({ service, method }) => service === 'tenant' && method !== 'GET').map(({ at }) => at),
    ),
    refused: requests.filter(({ status }) => status === 429 || status === 403).length,
  }
  simulation.advance(1)
  began = clock.now()
  const again = await simulation.run()
  const count = (name: string) => again.requests.filter(({ service }) => service === name).length
  const unchanged = { tenant: count('tenant'), github: count('github'), seconds: (clock.now() - began) / 1000 }
  return { clients, created, unchanged, memory: await peakOf(simulation, written) }
}

function rateOf(times: number[]): number | undefined {
  const minutes = (times.at(-1)! - times[0]!) / 60_000
  return minutes < 1 ? undefined : times.length / minutes
}

/** The same in a separate process, which reports its largest use of memory at its end. */
async function peakOf({ sandbox, inputs, env }: Simulation, clients: WrittenClient[]): Promise<number> {
  const { tenantUrl, githubUrl, close } = await startSandbox({ sandbox })
  const peak = await peakOfProcess({ ...inputs, tenant: tenantUrl }, { ...env, GITHUB_API_URL: githubUrl }, clients)
  await close()
  return peak
}

/** Mebibytes of a real process that creates so many clients, in real time: the limits make it wait two and a half seconds for each. */
export async function memoryOfCreating(size: number): Promise<number> {
  const { tenantUrl, githubUrl, sandbox, close } = await startSandbox()
  Object.assign(sandbox.settings, limits)
  const { github, tenant } = sandbox
  github.createRepository('acme/app', { id: 123456789 })
  const names = Array.from({ length: size }, (_, index) => `client-${index}`)
  for (const name of names) github.createEnvironment('acme/app', name)
  const permissions = { secrets: 'write', environments: 'write', actions_variables: 'write', metadata: 'read' } as const
  const inputs = {
    tenant: tenantUrl,
    'api-key': tenant.issueApiKey({ admin: true }).value,
    'github-token': github.issueToken({ kind: 'app', permissions }),
  }
  const env = { GITHUB_API_URL: githubUrl, GITHUB_REPOSITORY: 'acme/app', GITHUB_REPOSITORY_ID: '123456789' }
  const clients = names.map((name) => ({ name, scopes: ['user_default'], deliver: [{ environment: name }] }))
  const peak = await peakOfProcess(inputs, env, clients)
  await close()
  return peak
}

async function peakOfProcess(
  inputs: Record<string, string>,
  env: Record<string, string>,
  clients: WrittenClient[],
): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'))
  // JSON is YAML.
  writeFileSync(path.join(folder, 'clients.yaml'), JSON.stringify({ version: 1, clients }))
  const given = { ...inputs, name: '', scopes: '', 'spec-file': 'clients.yaml' }
  const asInputs = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const tell = 'data:text/javascript,process.on("exit",()=>console.error(process.resourceUsage().maxRSS))'
  const entry = path.join(import.meta.dirname, '../../dist/index.js')
  const child = spawn(process.execPath, ['--import', tell, entry], {
    env: { ...env, ...Object.fromEntries(asInputs), GITHUB_WORKSPACE: folder, PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [said, told] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (said += chunk))
  child.stderr.on('data', (chunk: Buffer) => (told += chunk))
  const code = await new Promise((resolve) => child.on('close', resolve))
  rmSync(folder, { recursive: true })
  if (code !== 0) throw new Error(`the process ended with ${code}: ${said.slice(-500)}`)
  return Number(told.trim()) / 1024
}
