import { describe, expect, test } from 'vitest'
import type { FaultPlan } from '../../sandbox/faults.ts'
import { runStep } from '../../sandbox/runner.ts'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'
import { folderWith } from '../support/workspace.ts'

// The built action with many clients under way: a service falls silent for good, and a second later the run is asked to stop.

const names = Array.from({ length: 14 }, (_, index) => `client-${index}`)
/** Milliseconds between SIGINT and SIGKILL, less some for the runner itself. */
const patienceOfTheRunner = 7000

async function stage() {
  const started = await startSandbox()
  const { github, tenant } = started.sandbox
  github.createRepository('acme/app', { id: 123456789 })
  for (const name of names) github.createEnvironment('acme/app', name)
  const clients = names.map((name) => ({ name, scopes: ['user_default'], deliver: [{ environment: name }] }))
  const permissions = { environments: 'write', metadata: 'read' } as const
  const step = {
    with: {
      tenant: started.tenantUrl,
      'api-key': tenant.issueApiKey({ admin: true }).value,
      'github-token': github.issueToken({ kind: 'app', permissions }),
      'spec-file': 'clients.json',
    },
    env: {
      GITHUB_API_URL: started.githubUrl,
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_REPOSITORY_ID: '123456789',
      GITHUB_WORKSPACE: folderWith({ 'clients.json': JSON.stringify({ version: 1, clients }) }),
    },
  }
  let runs = 0
  const run = (onStart?: Parameters<typeof runStep>[0]['onStart']) =>
    runStep({ ...step, env: { ...step.env, GITHUB_RUN_ID: String(++runs), GITHUB_RUN_ATTEMPT: '1' }, onStart })
  return { started, run }
}

/** How many of the places hold a pair that signs in, and how many secrets there are beside these. */
function state({ sandbox: { github, tenant } }: StartedSandbox): { work: number; more: number } {
  const work = names.filter((environment) => {
    const place = { repository: 'acme/app', environment }
    const id = github.variableValue({ ...place, name: 'QLIK_CLIENT_ID' }) ?? ''
    return tenant.canAuthenticate(id, github.secretValue({ ...place, name: 'QLIK_CLIENT_SECRET' }) ?? '')
  }).length
  return { work, more: tenant.liveClients().flatMap(({ secrets }) => secrets).length - work }
}

const silences: Pick<FaultPlan, 'service' | 'method' | 'path' | 'nth'>[] = [
  { service: 'github' },
  { service: 'github', method: 'POST', nth: 3 },
  { service: 'github', method: 'PUT', nth: 3 },
  { service: 'github', path: /public-key/, nth: 5 },
  { service: 'tenant', nth: 9 },
]

describe.concurrent('the built action with many clients under way', () => {
  for (const silence of silences) {
    const what = [silence.service, silence.method, silence.path].filter(Boolean).join(' ')
    test(`ends in time where ${what} is silent, and the next run heals`, { timeout: 120_000 }, async () => {
      const { started, run } = await stage()
      const { faults, clock } = started.sandbox
      let stop = () => {}
      let stoppedAt = Number.POSITIVE_INFINITY
      const stopSoon = () => {
        setTimeout(() => {
          stoppedAt = performance.now()
          stop()
        }, 1000)
      }
      faults.add({ ...silence, when: 'before', fault: { kind: 'hook', run: stopSoon } })
      faults.add({ ...silence, times: Number.POSITIVE_INFINITY, when: 'before', fault: { kind: 'hang' } })
      const stopped = await run((child) => {
        stop = () => void child.kill('SIGTERM')
      })
      expect(performance.now() - stoppedAt, stopped.log).toBeLessThan(patienceOfTheRunner)
      expect(stopped.outputs['error-code'], stopped.log).toBe('CANCELLED')
      faults.clear()
      clock.advance(11 * 60_000)
      const next = await run()
      expect(next.outputs['error-code'], next.log).toBe('')
      clock.advance(25 * 3_600_000)
      await run()
      expect(state(started)).toEqual({ work: names.length, more: 0 })
      await started.close()
    })
  }
})
