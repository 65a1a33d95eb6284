import { afterAll, describe, expect, test } from 'vitest'
import { runStep, type StepResult } from '../../sandbox/runner.ts'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'

// The built action as a process of its own, stopped at each of its requests.

const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
const minute = 60_000
/** Milliseconds between SIGINT and SIGKILL, less some for the runner itself. */
const patienceOfTheRunner = 7000
const killed = ['killed before', 'killed after'] as const
const signals = ['SIGTERM', 'SIGINT'] as const
type Stop = (typeof killed)[number] | (typeof signals)[number]

let stops = 0
afterAll(() => console.log(`${stops} stops of processes tried`))

/** A tenant and GitHub of its own for a test, and the step that is run there. */
class Stage {
  readonly started: StartedSandbox
  readonly #inputs: Record<string, string>
  #runs = 0

  private constructor(started: StartedSandbox) {
    this.started = started
    const { github, tenant } = started.sandbox
    github.createRepository('acme/app', { id: 123456789 })
    const permissions = { secrets: 'write', actions_variables: 'write', metadata: 'read' } as const
    this.#inputs = {
      tenant: started.tenantUrl,
      'api-key': tenant.issueApiKey({ admin: true }).value,
      'github-token': github.issueToken({ kind: 'app', permissions }),
      scopes: 'user_default',
    }
  }

  static async set(): Promise<Stage> {
    return new Stage(await startSandbox())
  }

  get sandbox() {
    return this.started.sandbox
  }

  /** One run, stopped at its n-th request, if any. `waited`: milliseconds from the signal to the end. */
  async run(inputs: Record<string, string>, stop?: { at: number; how: Stop }) {
    const { faults } = this.sandbox
    let kill: (signal: NodeJS.Signals) => void = () => {}
    let struckAt: number | undefined
    if (stop !== undefined) {
      const when = stop.how === 'killed after' ? ('after' as const) : ('before' as const)
      const plan = { nth: stop.at + 1, when }
      const run = () => {
        struckAt = performance.now()
        kill(stop.how === 'SIGTERM' || stop.how === 'SIGINT' ? stop.how : 'SIGKILL')
      }
      faults.add({ ...plan, fault: { kind: 'hook', run } })
      if (stop.how === 'killed before' || stop.how === 'killed after') faults.add({ ...plan, fault: { kind: 'drop' } })
    }
    const result = await runStep({
      with: { ...this.#inputs, ...inputs },
      env: {
        GITHUB_API_URL: this.started.githubUrl,
        GITHUB_REPOSITORY: 'acme/app',
        GITHUB_REPOSITORY_ID: '123456789',
        GITHUB_RUN_ID: String(++this.#runs),
        GITHUB_RUN_ATTEMPT: '1',
      },
      onStart: (child) => {
        kill = (signal) => void child.kill(signal)
      },
    })
    faults.clear()
    return { ...result, struck: struckAt !== undefined, waited: performance.now() - (struckAt ?? 0) }
  }

  /** Whether the value in GitHub gets a token for the client that the variable beside it names. */
  get works(): boolean {
    const { github, tenant } = this.sandbox
    const id = github.variableValue({ ...place, name: 'QLIK_CLIENT_ID' }) ?? ''
    return tenant.canAuthenticate(id, github.secretValue(place) ?? '')
  }
}

const story = ({ log }: StepResult) => log

function expectStopped(how: Stop, result: Awaited<ReturnType<Stage['run']>>): void {
  stops++
  const isKilled = how === 'killed before' || how === 'killed after'
  expect(result.signal, story(result)).toBe(isKilled ? 'SIGKILL' : null)
  if (isKilled) return
  expect(result.waited).toBeLessThan(patienceOfTheRunner)
  const code = result.outputs['error-code']
  // What was committed already, or had nothing left to do, may just end.
  expect(['CANCELLED', ''], story(result)).toContain(code)
  expect(result.exitCode, story(result)).toBe(code === '' ? 0 : 1)
}

describe.concurrent('the built action', () => {
  for (const how of [...killed, ...signals])
    test(`P1 and P7: rotating, ${how} at any request, and the next run heals`, { timeout: 600_000 }, async () => {
      const stage = await Stage.set()
      const name = { name: 'deployer' }
      expect((await stage.run(name)).exitCode).toBe(0)
      for (let at = 0; ; at++) {
        stage.sandbox.clock.advance(25 * 60 * minute)
        const result = await stage.run({ ...name, rotate: 'now' }, { at, how })
        if (!result.struck) break
        expectStopped(how, result)
        expect(stage.works, story(result)).toBe(true)
        stage.sandbox.clock.advance(11 * minute)
        const next = await stage.run(name)
        expect(next.exitCode, story(next)).toBe(0)
        expect(stage.works, story(next)).toBe(true)
      }
      stage.sandbox.clock.advance(25 * 60 * minute)
      await stage.run(name)
      const [client] = stage.sandbox.tenant.findByName('deployer')
      expect(client?.secrets.map(({ value }) => value)).toEqual([stage.sandbox.github.secretValue(place)])
      await stage.started.close()
    })

  for (const how of [...killed, ...signals])
    test(`P1 and P7: creating, ${how} at any request, and the next run heals`, { timeout: 600_000 }, async () => {
      for (let at = 0; ; at++) {
        const stage = await Stage.set()
        const name = { name: 'deployer' }
        const result = await stage.run(name, { at, how })
        if (result.struck) expectStopped(how, result)
        stage.sandbox.clock.advance(11 * minute)
        const next = await stage.run(name)
        expect(next.exitCode, story(next)).toBe(0)
        expect(stage.works, story(next)).toBe(true)
        expect(stage.sandbox.tenant.findByName('deployer').length).toBe(1)
        await stage.started.close()
        if (!result.struck) break
      }
    })
})
