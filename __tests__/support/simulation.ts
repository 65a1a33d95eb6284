import type { Service } from '../../sandbox/record.ts'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import type { ActionError } from '../../src/domain/errors.ts'
import { maskForms } from '../../src/domain/masks.ts'
import { type Transport, TransportError, type WireResponse } from '../../src/io/transport.ts'
import { program } from '../../src/program.ts'

/** What happens to one request of a run. */
export type Trouble =
  | 'killed before'
  | 'killed after'
  | 'answer lost'
  | '500 after'
  | '429'
  | 'SIGTERM'
  /** GitHub refuses every write from here on. */
  | 'GitHub 403'

export type RunResult = {
  /** Undefined where the run was killed. */
  outputs: Record<string, string> | undefined
  error: ActionError | undefined
  log: string[]
  summary: string
  masks: Set<string>
  requests: { service: Service; method: string; path: string }[]
}

type Parked = { kind: 'request' | 'sleep'; wake: number; go: () => void }

const hour = 3_600_000

/**
 * The whole program against the sandbox, in one process and on the sandbox's frozen clock: requests are the only points at
 * which anything else can happen, and the test decides what does. Nothing of the program is replaced but its transport,
 * clock and runner.
 */
export class Simulation {
  readonly sandbox: Sandbox
  readonly inputs: Record<string, string>
  readonly env: Record<string, string>
  /** Called after every request that took effect, whoever made it. */
  afterRequest: (() => void) | undefined
  #runs = 0

  private constructor(settings: Partial<Settings>) {
    this.sandbox = new Sandbox({ clock: 'frozen', ...settings })
    const { github, tenant } = this.sandbox
    github.createRepository('acme/app', { id: 123456789 })
    github.createEnvironment('acme/app', 'staging')
    const token = github.issueToken({
      kind: 'app',
      permissions: { secrets: 'write', environments: 'write', actions_variables: 'write', metadata: 'read' },
    })
    this.inputs = {
      tenant: this.sandbox.settings.tenantUrl,
      'api-key': tenant.issueApiKey({ admin: true }).value,
      'github-token': token,
      name: 'deployer',
      scopes: 'user_default',
    }
    this.env = {
      GITHUB_API_URL: this.sandbox.settings.githubUrl,
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_REPOSITORY_ID: '123456789',
    }
  }

  static async start(settings: Partial<Settings> = {}): Promise<Simulation> {
    await ready()
    await import('libsodium-wrappers').then(({ default: sodium }) => sodium.ready)
    return new Simulation(settings)
  }

  advance(hours: number): void {
    this.sandbox.clock.advance(hours * hour)
  }

  /** A run from its start to its end, with trouble at its n-th request (0-based), if any. */
  async run(inputs: Record<string, string> = {}, trouble?: { at: number; kind: Trouble }): Promise<RunResult> {
    const running = this.begin(inputs, trouble)
    while (await running.step()) {}
    return running.result
  }

  /** A run that goes on only by `step()`: each lets one request, or the end of one sleep, happen. */
  begin(inputs: Record<string, string> = {}, trouble?: { at: number; kind: Trouble }): Running {
    const run = { GITHUB_RUN_ID: String(1000 + this.#runs++), GITHUB_RUN_ATTEMPT: '1' }
    const given = Object.fromEntries(
      Object.entries({ ...this.inputs, ...inputs }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    )
    return new Running(this, { ...this.env, ...run, ...given }, trouble)
  }
}

/** One run under way. */
export class Running {
  readonly result: RunResult = {
    outputs: undefined,
    error: undefined,
    log: [],
    summary: '',
    masks: new Set(),
    requests: [],
  }
  readonly #simulation: Simulation
  readonly #trouble: { at: number; kind: Trouble } | undefined
  readonly #listeners = new Set<() => void>()
  #parked: Parked[] = []
  #stopped = false
  #over = false
  #refusing = false
  #count = 0

  constructor(simulation: Simulation, env: Record<string, string>, trouble: { at: number; kind: Trouble } | undefined) {
    this.#simulation = simulation
    this.#trouble = trouble
    const { sandbox } = simulation
    const { result } = this
    void program({
      env,
      process: env.GITHUB_RUN_ID ?? '',
      transport: (wire) => this.#send(wire),
      clock: {
        elapsed: () => sandbox.clock.now(),
        sleep: (milliseconds, signal) => this.#park('sleep', sandbox.clock.now() + milliseconds, signal),
      },
      stop: this.#stop(),
      runner: {
        mask: (text) => void result.masks.add(text),
        reporter: {
          step: (line) => result.log.push(line),
          notice: (line) => result.log.push(line),
          warning: (line) => result.log.push(line),
        },
        output: (values) => {
          result.outputs = { ...result.outputs, ...values }
        },
        outputSecret: (name, secret) => {
          result.outputs = { ...result.outputs, [name]: secret === undefined ? '' : `asked for: ${secret}` }
        },
        summary: async (markdown) => {
          result.summary = markdown
        },
        fail: (error) => {
          result.error ??= error
          result.log.push(`${error.code}: ${error.message}`, error.hint)
        },
      },
    }).then(() => {
      this.#over = true
    })
  }

  get over(): boolean {
    return this.#over
  }

  /** Lets one thing happen; false where the run is over, or dead. */
  async step(): Promise<boolean> {
    await settled()
    if (this.#over) return false
    const next = this.#parked.find(({ kind }) => kind === 'request') ?? this.#parked.sort((a, b) => a.wake - b.wake)[0]
    if (next === undefined) throw new Error('the run waits for nothing that can happen')
    this.#parked = this.#parked.filter((other) => other !== next)
    const { clock } = this.#simulation.sandbox
    if (next.kind === 'sleep') clock.advance(Math.max(0, next.wake - clock.now()))
    next.go()
    await settled()
    return !this.#over
  }

  kill(): void {
    this.#over = true
    this.#parked = []
  }

  signal(): void {
    this.#stopped = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  #stop() {
    const isRequested = () => this.#stopped
    return {
      get requested() {
        return isRequested()
      },
      onStop: (listener: () => void) => {
        if (this.#stopped) listener()
        else this.#listeners.add(listener)
        return () => void this.#listeners.delete(listener)
      },
    }
  }

  #park(kind: Parked['kind'], wake: number, signal?: AbortSignal): Promise<void> {
    return new Promise((go) => {
      const parked = { kind, wake, go }
      if (signal?.aborted) return go()
      this.#parked.push(parked)
      signal?.addEventListener('abort', () => {
        this.#parked = this.#parked.filter((other) => other !== parked)
        go()
      })
    })
  }

  async #send(wire: Parameters<Transport>[0]): Promise<WireResponse> {
    await this.#park('request', 0)
    const { sandbox } = this.#simulation
    const index = this.#count++
    const kind = this.#trouble?.at === index ? this.#trouble.kind : undefined
    const service: Service = wire.url.startsWith(sandbox.settings.tenantUrl) ? 'tenant' : 'github'
    const url = new URL(wire.url)
    const path = `${url.pathname}${url.search}`
    this.result.requests.push({ service, method: wire.method, path })
    if (kind === 'killed before') return this.#die()
    if (kind === 'SIGTERM') this.signal()
    if (kind === 'GitHub 403') this.#refusing = true
    // What a request costs.
    sandbox.clock.advance(40)
    if (kind === '429') return answered(429, sandbox, { 'retry-after': '2' })
    if (this.#refusing && service === 'github' && wire.method !== 'GET') return answered(403, sandbox)
    const outcome = sandbox.handle(service, { method: wire.method, path, headers: wire.headers, body: wire.body ?? '' })
    this.#simulation.afterRequest?.()
    if (kind === 'killed after') return this.#die()
    if (kind === 'answer lost' || outcome.kind === 'dropped' || outcome.kind === 'cut')
      throw new TransportError('lost', 'the connection broke')
    if (outcome.kind === 'hung') throw new TransportError('silent', 'no answer in time')
    if (kind === '500 after') return answered(500, sandbox)
    return { status: outcome.status, headers: outcome.headers, body: outcome.body }
  }

  #die(): Promise<never> {
    this.kill()
    return new Promise(() => {})
  }
}

function answered(status: number, sandbox: Sandbox, headers: Record<string, string> = {}): WireResponse {
  return {
    status,
    headers: { date: sandbox.clock.httpDate(), 'content-type': 'application/json', ...headers },
    body: '{"message":"made up"}',
  }
}

/** All microtasks are done when the next turn of the loop begins. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Places where a secret shows in what a run said, in any usual form. */
export function leaks(result: RunResult, secrets: string[]): string[] {
  const { client_secret: _asked, ...outputs } = result.outputs ?? {}
  const text = [...result.log, result.summary, JSON.stringify(outputs)].join('\n')
  return secrets.filter((secret) => maskForms(secret).some((form) => text.includes(form)))
}
