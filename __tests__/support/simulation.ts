import { environmentStore, organizationStores, repositoryStores } from '../../sandbox/github/stores.ts'
import type { Service } from '../../sandbox/record.ts'
import { ready, Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import type { ActionError, Mistake } from '../../src/base/errors.ts'
import type { Secret } from '../../src/base/secret.ts'
import { TransportError } from '../../src/io/http/network-failures.ts'
import type { Transport, WireRequest, WireResponse } from '../../src/io/http/transport.ts'
import { type ProcessSurroundings, program } from '../../src/run/program.ts'
import { requireMasked, requireSilence, saysSecret, secretsIn } from './no-secret-in-text.ts'
import { People } from './people.ts'
import { sleepsFor, type TroubleAt, Troubles } from './troubles.ts'

export type RunResult = {
  /** Undefined where the run was killed. */
  outputs: Record<string, string> | undefined
  error: ActionError | undefined
  log: string[]
  /** What a process would have printed, line by line: masks, commands, log. And how many commands that were. */
  raw: string
  commands: number
  summary: string
  /** Mistakes that stand on their lines. */
  annotations: readonly Mistake[]
  masks: Set<string>
  /** What the output `client-secret` was given, if it was asked for. */
  asked: Secret | undefined
  requests: { service: Service; method: string; path: string }[]
}

type Parked = { kind: 'request' | 'sleep'; what: string; wake: number; go: () => void }

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
  /** What is run. */
  program: (world: ProcessSurroundings) => Promise<void> = program
  /** Milliseconds that one request takes. */
  requestTime = 40
  /** Milliseconds that the tenant takes for each answer, half of them before it does what it was asked; requests wait side by side. */
  tenantTime = 0
  /** Milliseconds that the runner's own clock is ahead of the services'. */
  skew = 0
  /** Called after every request that took effect, whoever made it. */
  afterRequest: (() => void) | undefined
  /** A service that is not what it ought to be: makes another answer of the true one, which took effect. */
  hostile: ((answer: WireResponse, request: WireRequest) => WireResponse) | undefined
  readonly people: People
  /** Every secret and access token that there ever was. */
  readonly everySecret = new Set<string>()
  /** Whether the next run is another attempt of the last one. */
  rerun = false
  #runs = 0
  #attempts = 1

  private constructor(settings: Partial<Settings>) {
    this.sandbox = new Sandbox({ clock: 'frozen', ...settings })
    this.people = new People(this.sandbox)
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
    // What a run loads by the way is there already: loading it would take real time.
    await import('libsodium-wrappers').then(({ default: sodium }) => sodium.ready)
    await import('../../src/run/after-first-request.ts')
    return new Simulation(settings)
  }

  advance(hours: number): void {
    this.sandbox.clock.advance(hours * hour)
  }

  /** An organization, with a token that may write whatever its stores and those of its repositories keep. */
  addOrganization(login: string): void {
    const { github } = this.sandbox
    github.createOrganization(login)
    const rules = [...Object.values(repositoryStores), environmentStore, ...Object.values(organizationStores)]
    const names = rules.flatMap(({ secrets, variables }) =>
      variables === undefined ? [secrets] : [secrets, variables],
    )
    const permissions = Object.fromEntries(names.map((name) => [name, 'write' as const]))
    this.inputs['github-token'] = github.issueToken({ kind: 'app', permissions: { ...permissions, metadata: 'read' } })
  }

  /** A run from its start to its end, with trouble at some of its requests, if any. */
  async run(inputs: Record<string, string> = {}, ...troubles: TroubleAt[]): Promise<RunResult> {
    const running = this.begin(inputs, ...troubles)
    while (await running.step()) {}
    return running.result
  }

  /** A run that goes on only by `step()`: each lets one request, or the end of one sleep, happen. */
  begin(inputs: Record<string, string> = {}, ...troubles: TroubleAt[]): Running {
    if (!this.rerun) this.#runs++
    this.#attempts = this.rerun ? this.#attempts + 1 : 1
    const run = { GITHUB_RUN_ID: String(999 + this.#runs), GITHUB_RUN_ATTEMPT: String(this.#attempts) }
    const given = Object.fromEntries(
      Object.entries({ ...this.inputs, ...inputs }).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    )
    return new Running(this, { ...this.env, ...run, ...given }, troubles)
  }

  /** To be called when a request took effect. */
  noticeRequest(): void {
    this.people.after()
    const { clients, tokens } = this.sandbox.tenant
    for (const { secrets } of clients.values()) for (const { value } of secrets) this.everySecret.add(value)
    for (const value of tokens.keys()) this.everySecret.add(value)
    const { github } = this.sandbox
    for (const name of ['QLIK_CLIENT_SECRET', 'QLIK_PRIVATE_KEY']) {
      const value = github.secretValue({ repository: 'acme/app', name })
      if (value?.startsWith('-----BEGIN')) this.everySecret.add(value)
    }
    this.afterRequest?.()
  }
}

/** One run under way. */
export class Running {
  readonly result: RunResult = {
    outputs: undefined,
    error: undefined,
    log: [],
    raw: '',
    commands: 0,
    summary: '',
    annotations: [],
    masks: new Set(),
    asked: undefined,
    requests: [],
  }
  readonly #simulation: Simulation
  readonly #troubles: Troubles
  readonly #listeners = new Set<() => void>()
  #parked: Parked[] = []
  #stopped = false
  #over = false
  #finished = false
  /** Milliseconds that the host has slept. */
  #slept = 0
  #asleep = false
  #count = 0
  /** Every secret that this run was given or was answered with. */
  readonly #secrets = new Set<string>()

  constructor(simulation: Simulation, env: Record<string, string>, troubles: TroubleAt[]) {
    this.#simulation = simulation
    const { sandbox } = simulation
    this.#troubles = new Troubles(troubles, sandbox)
    const { result } = this
    // What is longer than any credential is refused, and shown nowhere.
    for (const name of ['API-KEY', 'ADMIN-CLIENT-SECRET', 'ADMIN-PRIVATE-KEY', 'GITHUB-TOKEN'])
      if ((env[`INPUT_${name}`] ?? '').length <= 16_384) this.#secrets.add((env[`INPUT_${name}`] ?? '').trim())
    void simulation
      .program({
        env,
        process: async () => env.GITHUB_RUN_ID ?? '',
        connect: () => ({ transport: (wire) => this.#send(wire), close: async () => {} }),
        clock: {
          elapsed: () => sandbox.clock.now() - this.#slept,
          sleep: (milliseconds, signal) => this.#park('sleep', '', sandbox.clock.now() + milliseconds, signal),
        },
        wallClock: () => sandbox.clock.now() + simulation.skew,
        stop: this.#stop(),
        runner: {
          mask: (text) => {
            result.masks.add(text)
            this.#print('::add-mask::', text)
          },
          reporter: {
            step: (line) => {
              result.log.push(line)
              result.raw += `${line}\n`
            },
            debug: (line) => this.#print('::debug::', line),
            notice: (line) => this.#say('::notice::', line),
            warning: (line) => this.#say('::warning::', line),
          },
          output: async (values) => {
            result.outputs = { ...result.outputs, ...values }
          },
          outputSecret: async (name, secret) => {
            result.asked = secret
            result.outputs = { ...result.outputs, [name]: secret === undefined ? '' : `asked for: ${secret}` }
          },
          summary: async (markdown) => {
            result.summary = markdown
          },
          fail: (error) => {
            result.error ??= error
            result.log.push(`${error.code}: ${error.message}`, error.hint)
            this.#print('::error::', `${error.code}: ${error.message}\n${error.hint}\n(${error.trace ?? ''})`)
          },
          annotate: (mistakes) => {
            result.annotations = mistakes
          },
        },
      })
      .then(() => {
        this.#over = true
        this.#finished = true
      })
  }

  get over(): boolean {
    return this.#over
  }

  /** Does its host sleep? */
  get asleep(): boolean {
    return this.#asleep
  }

  /** When it goes on: 0 where a request is under way, else when the first of its sleeps ends. */
  get wake(): number {
    return Math.min(...this.#parked.map((parked) => parked.wake))
  }

  /** The requests under way, in the order in which they were made. */
  async waiting(): Promise<string[]> {
    await this.#comeToRest()
    return this.#parked.filter(({ kind }) => kind === 'request').map(({ what }) => what)
  }

  /**
   * Lets one thing happen; false where the run is over, or dead. `choice` says which of several requests under way is carried
   * out first: the first one, unless said.
   */
  async step(choice = 0): Promise<boolean> {
    await this.#comeToRest()
    if (this.#over) return !this.#look()
    const requests = this.#parked.filter(({ kind }) => kind === 'request')
    const next = requests[choice % requests.length] ?? this.#parked.sort((a, b) => a.wake - b.wake)[0]
    if (next === undefined) throw new Error('the run waits for nothing that can happen')
    this.#parked = this.#parked.filter((other) => other !== next)
    const { clock } = this.#simulation.sandbox
    if (next.kind === 'sleep') clock.advance(Math.max(0, next.wake - clock.now()))
    next.go()
    await settled()
    return !(this.#over && this.#look())
  }

  /** Nothing goes on by itself any more. Files are read, modules loaded and keys made in real time. */
  async #comeToRest(): Promise<void> {
    await settled()
    const patience = performance.now() + 20_000
    while (this.#parked.length === 0 && !this.#over && performance.now() < patience) await settled()
  }

  /** At the end of every run of every test. */
  #look(): true {
    requireSilence(spoken(this.result), this.#secrets)
    if (this.#finished) requireMasked(this.result.masks, this.#secrets)
    return true
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

  #say(command: string, line: string): void {
    this.result.log.push(line)
    this.#print(command, line)
  }

  #print(command: string, data: string): void {
    const escaped = data.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
    this.result.raw += `${command}${escaped}\n`
    this.result.commands++
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

  #park(kind: Parked['kind'], what: string, wake: number, signal?: AbortSignal): Promise<void> {
    return new Promise((go) => {
      const parked = { kind, what, wake, go }
      if (signal?.aborted) return go()
      this.#parked.push(parked)
      signal?.addEventListener('abort', () => {
        this.#parked = this.#parked.filter((other) => other !== parked)
        go()
      })
    })
  }

  async #send(wire: Parameters<Transport>[0]): Promise<WireResponse> {
    const asked = `${wire.method} ${new URL(wire.url).pathname}`
    const { sandbox, tenantTime } = this.#simulation
    const service: Service = wire.url.startsWith(sandbox.settings.tenantUrl) ? 'tenant' : 'github'
    const onTheWay = service === 'tenant' ? tenantTime / 2 : 0
    if (onTheWay > 0) await this.#park('sleep', '', sandbox.clock.now() + onTheWay)
    else await this.#park('request', asked, 0)
    const kind = this.#troubles.strike(this.#count++, asked, service)
    const url = new URL(wire.url)
    const path = `${url.pathname}${url.search}`
    this.result.requests.push({ service, method: wire.method, path })
    if (kind === 'killed before') return this.#die()
    if (kind === 'SIGTERM') this.signal()
    sandbox.clock.advance(this.#simulation.requestTime)
    const instead = this.#troubles.insteadOf(kind, service, wire.method)
    if (instead !== undefined) return instead
    this.#simulation.people.before()
    const outcome = sandbox.handle(service, { method: wire.method, path, headers: wire.headers, body: wire.body ?? '' })
    this.#simulation.noticeRequest()
    if (onTheWay > 0) await this.#park('sleep', '', sandbox.clock.now() + onTheWay)
    if (kind === 'killed after') return this.#die()
    if (kind === 'asleep') await this.#sleep()
    if (kind === 'answer lost' || outcome.kind === 'dropped' || outcome.kind === 'cut')
      throw new TransportError('lost', 'the connection broke')
    if (outcome.kind === 'hung') throw new TransportError('silent', 'no answer in time')
    const other = this.#troubles.insteadOfAnswer(kind)
    if (other !== undefined) return other
    const answer = { status: outcome.status, headers: outcome.headers, body: outcome.body }
    if (this.#simulation.hostile !== undefined) return this.#simulation.hostile(answer, wire)
    for (const secret of secretsIn(outcome.body)) this.#secrets.add(secret)
    return answer
  }

  async #sleep(): Promise<void> {
    const { clock } = this.#simulation.sandbox
    const since = clock.now()
    this.#asleep = true
    await this.#park('sleep', '', since + sleepsFor)
    this.#asleep = false
    this.#slept += clock.now() - since
  }

  #die(): Promise<never> {
    this.kill()
    return new Promise(() => {})
  }
}

/** All microtasks are done when the next turn of the loop begins. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** All that a run said, to whomever. */
function spoken({ log, summary, outputs, error }: RunResult): string {
  return [...log, summary, JSON.stringify(outputs), error?.message, error?.hint, error?.trace].join('\n')
}

/** Secrets that show in what a run said, in any usual form. */
export function leaks(result: RunResult, secrets: string[]): string[] {
  return saysSecret(spoken(result), secrets)
}
