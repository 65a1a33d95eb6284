import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'
import { oneAtATime, withEnvironments } from './engine.ts'
import { Front } from './front.ts'
import { standInActions, standInPrograms } from './stand-ins.ts'

export const root = path.resolve(import.meta.dirname, '../..')
export const repository = 'acme/app'
/** Values that workflows read from an environment or, under '', from the repository, apart from the delivered ones. */
type Kept = { secrets: Record<string, string>; vars: Record<string, string> }
/** `artifacts`: the folder with the uploaded artifacts. */
export type Run = { exitCode: number | null; log: string; writes: string[]; artifacts: string }
export type Event = { name: string; payload?: Record<string, unknown> }

/** Two tenants, GitHub, a repository with workflows, and the engine that runs them. */
export class Stage {
  readonly eu: StartedSandbox
  readonly us: StartedSandbox
  readonly front: Front
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'workflows-'))
  readonly #engine: string
  readonly #api: string
  readonly #kept = new Map<string, Kept>()
  readonly #files = new Map<string, string>()

  static async open(engine: string): Promise<Stage> {
    const [eu, us] = [await startSandbox(), await startSandbox()]
    const front = new Front(eu.sandbox.github, eu.githubUrl)
    return new Stage({ eu, us, front, engine, api: await front.listen() })
  }

  private constructor(parts: { eu: StartedSandbox; us: StartedSandbox; front: Front; engine: string; api: string }) {
    this.eu = parts.eu
    this.us = parts.us
    this.front = parts.front
    this.#engine = parts.engine
    this.#api = parts.api
    this.github.createRepository(repository, { id: 123456789 })
    this.keep('', {})
  }

  get github() {
    return this.eu.sandbox.github
  }

  async close(): Promise<void> {
    await Promise.all([this.front.close(), this.eu.close(), this.us.close()])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Puts secrets and variables where a user would, and makes the environment. */
  keep(environment: string, { secrets = {}, vars = {} }: Partial<Kept>): void {
    if (environment !== '') this.environment(environment)
    this.#kept.set(environment, { secrets, vars })
  }

  environment(name: string): void {
    const { environments } = this.github.findRepository(repository)!
    if (!environments.has(name)) this.github.createEnvironment(repository, name)
  }

  /** An admin client of a tenant, and an App, in an environment. */
  keepAdmin(environment: string, { box = this.eu, access = 'write' as 'read' | 'write' } = {}) {
    const admin = box.sandbox.tenant.createAdminClient('automation')
    const token = this.token({ environments: access, secrets: access, actions_variables: access })
    this.keep(environment, {
      secrets: {
        QLIK_ADMIN_CLIENT_SECRET: admin.secret,
        CLIENTS_APP_KEY: 'the key of the App',
        CLIENTS_TOKEN: token,
      },
      vars: { QLIK_ADMIN_CLIENT_ID: admin.clientId, CLIENTS_APP_ID: 'Iv1.app' },
    })
    return admin
  }

  token(permissions: Record<string, 'read' | 'write'>): string {
    return this.github.issueToken({ permissions: { metadata: 'read', ...permissions } })
  }

  /** A file of the repository. `.github/workflows` are workflows; the made-up tenants become the sandbox's. */
  write(name: string, text: string): void {
    const here = text
      .replaceAll(/https:\/\/acme\.us\.qlikcloud\.com/g, this.us.tenantUrl)
      .replaceAll(/https:\/\/[\w.-]+\.qlikcloud\.com/g, this.eu.tenantUrl)
    this.#files.set(name, name.startsWith('.github/workflows/') ? withEnvironments(oneAtATime(here)) : here)
  }

  example(name: string): void {
    this.write(`.github/workflows/${name}`, readFileSync(path.join(root, 'examples', name), 'utf8'))
  }

  async run({ name, payload = {} }: Event): Promise<Run> {
    const folder = mkdtempSync(path.join(this.#folder, 'run-'))
    const clone = path.join(folder, 'app')
    this.#prepare(clone)
    const given = this.#given()
    const event = { repository: { full_name: repository, default_branch: 'main' }, ...payload }
    const file = (what: string, content: unknown) => {
      writeFileSync(path.join(folder, what), JSON.stringify(content))
      return path.join(folder, what)
    }
    const env = { GITHUB_API_URL: this.#api, ARTIFACTS: path.join(folder, 'artifacts') }
    mkdirSync(env.ARTIFACTS)
    const before = [this.eu, this.us].map(({ sandbox }) => sandbox.requests.length)
    const args = [
      ...[name, '-P', 'ubuntu-latest=-self-hosted', '--no-cache-server', '-e', file('event.json', event)],
      ...['--secret-file', file('secrets.yml', given.secrets), '--var-file', file('vars.yml', given.vars)],
      ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      ...this.#actions(path.join(folder, 'actions')).flatMap((known) => ['--local-repository', known]),
    ]
    const { exitCode, log } = await this.#execute(args, clone, folder)
    const seen = [this.eu, this.us].flatMap(({ sandbox }, index) => sandbox.requests.slice(before[index]))
    const writes = seen.filter(({ method, path: at }) => method !== 'GET' && !at.startsWith('/oauth/'))
    for (const value of Object.values(given.secrets).filter((value) => value.length > 20 && log.includes(value)))
      throw new Error(`not so: the log shows no secret, but has ${value.slice(0, 3)}…`)
    const told = writes.map(({ method, path: at }) => `${method} ${at}`)
    return { exitCode, log, writes: told, artifacts: env.ARTIFACTS }
  }

  #prepare(clone: string): void {
    for (const [name, text] of this.#files) {
      mkdirSync(path.dirname(path.join(clone, name)), { recursive: true })
      writeFileSync(path.join(clone, name), text)
    }
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', clone, '-c', 'user.name=ci', '-c', 'user.email=ci@localhost', ...args], {
        stdio: 'ignore',
      })
    git('init', '-b', 'main')
    git('add', '.')
    git('commit', '-m', 'workflow')
    git('remote', 'add', 'origin', `https://github.com/${repository}.git`)
  }

  /** The values of the repository and its environments: given ones, and ones that the action delivered. */
  #given(): Kept {
    const all: Kept = { secrets: { GITHUB_TOKEN: this.front.token }, vars: {} }
    for (const environment of ['', ...this.github.findRepository(repository)!.environments.keys()]) {
      const place = environment === '' ? { repository } : { repository, environment }
      const kept = this.#kept.get(environment)
      const delivered = {
        secrets: this.github.secretNames(place).map((name) => [name, this.github.secretValue({ ...place, name })!]),
        vars: this.github.variableNames(place).map((name) => [name, this.github.variableValue({ ...place, name })!]),
      }
      for (const kind of ['secrets', 'vars'] as const)
        for (const [name, value] of [...Object.entries(kept?.[kind] ?? {}), ...delivered[kind]])
          all[kind][(environment === '' ? name! : `${environment}/${name}`).toUpperCase()] = value!
    }
    return all
  }

  /** Every action that a workflow here names, with the folder of its replacement. */
  #actions(folder: string): string[] {
    const standIns = standInActions(folder)
    const used = [...this.#files.values()].flatMap((text) => [...text.matchAll(/uses: ([\w-]+\/[\w-]+)@(\w+)/g)])
    const pairs = used.flatMap(([, name = '', ref]) => (standIns[name] ? [`${name}@${ref}=${standIns[name]}`] : []))
    return [...new Set(pairs)]
  }

  #execute(args: string[], cwd: string, folder: string): Promise<{ exitCode: number | null; log: string }> {
    // The engine looks for the action's Node on the path, and for its own settings in a folder that must not be the user's.
    const programs = standInPrograms(path.join(folder, 'bin'))
    const env = {
      ...process.env,
      PATH: [programs, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
      XDG_CONFIG_HOME: folder,
      XDG_CACHE_HOME: path.join(folder, 'cache'),
    }
    return new Promise((resolve, reject) => {
      const child = spawn(this.#engine, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
      let log = ''
      child.stdout.on('data', (chunk: Buffer) => (log += chunk))
      child.stderr.on('data', (chunk: Buffer) => (log += chunk))
      const patience = setTimeout(() => {
        log += '\nIt took longer than a minute and was ended'
        child.kill()
      }, 60_000)
      child.on('error', reject)
      child.on('close', (exitCode) => {
        clearTimeout(patience)
        resolve({ exitCode, log })
      })
    })
  }
}
