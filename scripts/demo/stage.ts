import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { styleText } from 'node:util'
import { runStep, type StepResult } from '../../sandbox/runner.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { readSigningKey, signAssertion } from '../../src/io/qlik/signing-key.ts'

export const repository = 'acme/app'
export const hour = 3_600_000
export const day = 24 * hour

/** The place of credentials on GitHub. */
export type Place = { environment?: string } | { organization: string }

/** The result of one run of the action. */
export type Run = StepResult & { requests: number; writes: number }

/** Plain if the output is not a terminal, or if NO_COLOR is set. */
const style = (format: Parameters<typeof styleText>[0], text: string) => styleText(format, text)
const say = (text: string, indent = 2) => console.log(text.replace(/^(?=.)/gm, ' '.repeat(indent)))

/** A tenant and GitHub on this machine, the built action that runs against them, and the terminal that shows it. */
export class Stage {
  readonly sandbox: Sandbox
  readonly close: () => Promise<void>
  failures = 0
  acts = 0
  readonly #given: Record<string, string>
  readonly #env: Record<string, string>
  readonly #tenantUrl: string
  readonly #workspace = mkdtempSync(path.join(tmpdir(), 'demo-'))

  static async open(): Promise<Stage> {
    return new Stage(await startSandbox())
  }

  private constructor({ sandbox, tenantUrl, githubUrl, close }: Awaited<ReturnType<typeof startSandbox>>) {
    const { id } = sandbox.github.createRepository(repository, { environments: ['staging', 'production'] })
    sandbox.github.createRepository('acme/web')
    sandbox.github.createOrganization('acme')
    const admin = sandbox.tenant.createAdminClient('automation')
    const token = sandbox.github.issueToken({
      repositories: [repository, 'acme/web'],
      permissions: {
        ...{ secrets: 'write', actions_variables: 'write', environments: 'write', metadata: 'read' },
        ...{ organization_secrets: 'write', organization_actions_variables: 'write' },
      },
    })
    this.sandbox = sandbox
    this.close = async () => {
      rmSync(this.#workspace, { recursive: true })
      await close()
    }
    this.#tenantUrl = tenantUrl
    this.#given = {
      tenant: tenantUrl,
      'admin-client-id': admin.clientId,
      'admin-client-secret': admin.secret,
      'github-token': token,
    }
    this.#env = {
      GITHUB_API_URL: githubUrl,
      GITHUB_REPOSITORY: repository,
      GITHUB_REPOSITORY_ID: String(id),
      GITHUB_WORKSPACE: this.#workspace,
    }
  }

  /** Opens an act; a minute has passed since the last one. */
  act(title: string, story: string): void {
    this.sandbox.clock.advance(60_000)
    this.acts += 1
    console.log(`\n${style(['bold', 'cyan'], `${this.acts}. ${title}`)}`)
    say(style('italic', story))
  }

  /** A file of the workspace, as a checkout would put it there. */
  writeFile(name: string, text: string): void {
    writeFileSync(path.join(this.#workspace, name), text)
  }

  /** Shows the text of a file. */
  showFile(text: string): void {
    say(style('bold', 'The file'))
    say(text.trimEnd(), 4)
  }

  /** Runs the action with these inputs, and shows its log and job summary as the runner would. */
  async run(inputs: Record<string, string>): Promise<Run> {
    const began = this.sandbox.requests.length
    const run = { GITHUB_RUN_ID: String(1000 + began), GITHUB_RUN_ATTEMPT: '1', GITHUB_EVENT_NAME: 'schedule' }
    const step = await runStep({ with: { ...this.#given, ...inputs }, env: { ...this.#env, ...run } })
    const seen = this.sandbox.requests.slice(began)
    const writes = seen.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth/')).length
    this.#log(step, inputs)
    this.#summary(step.summary)
    const told = [step.log, step.summary, JSON.stringify(step.outputs)].join('\n')
    const secrets = this.#secrets()
    this.check(
      'no secret is in log, summary or outputs',
      secrets.every((secret) => !told.includes(secret)),
    )
    return { ...step, requests: seen.length, writes }
  }

  /** Checks a promise and prints the result; a broken promise fails the demo. */
  check(promise: string, kept: boolean): void {
    if (!kept) this.failures += 1
    say(kept ? `${style('green', '✔')} ${promise}` : style('red', `✘ NOT SO: ${promise}`))
  }

  /** Shows the content of GitHub: names, stamps, and the values of variables. Nobody can read the values of secrets. */
  showGitHub(place: Place = {}): void {
    const { github } = this.sandbox
    const at = 'organization' in place ? place : { repository, ...place }
    const secrets = github
      .secretNames(at)
      .map((name) => `secret   ${name}, written ${github.secretUpdatedAt({ ...at, name })}`)
    const variables = github
      .variableNames(at)
      .map((name) => `variable ${name} = ${github.variableValue({ ...at, name })}`)
    say(
      style(
        'bold',
        `GitHub, ${Object.entries(at)
          .map(([kind, name]) => `${kind} ${name}`)
          .join(', ')}`,
      ),
    )
    say([...secrets, ...variables].join('\n') || 'nothing', 4)
  }

  /** Does the secret that a workflow would read there get an access token for the client id beside it? */
  async storedSecretWorks(place: { environment?: string } = {}): Promise<boolean> {
    const id = this.sandbox.github.variableValue({ repository, ...place, name: 'QLIK_CLIENT_ID' })
    return this.works(this.storedSecret(place), id)
  }

  storedSecret(place: { environment?: string } = {}): string {
    return this.sandbox.github.secretValue({ repository, ...place, name: 'QLIK_CLIENT_SECRET' }) ?? ''
  }

  /** Does the secret get an access token for this client, or for the one that the repository names? */
  async works(secret: string, clientId?: string): Promise<boolean> {
    const usual = () => this.sandbox.github.variableValue({ repository, name: 'QLIK_CLIENT_ID' }) ?? ''
    return this.#getsToken({ client_id: clientId ?? usual(), client_secret: secret })
  }

  /** Does an assertion signed with this private key get an access token? */
  async keyWorks(pem: string, clientId: string): Promise<boolean> {
    const key = await readSigningKey(pem, '', () => {})
    if ('complaint' in key) return false
    const about = { clientId, endpoint: `${this.#tenantUrl}/oauth/token`, now: this.sandbox.clock.now() / 1000 }
    return this.#getsToken({
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await signAssertion(key, 'ES384', about),
    })
  }

  /** The tenant's answer to a workflow that signs in with the repository's credentials, and reads this. */
  async statusFor(path: string): Promise<number> {
    const id = this.sandbox.github.variableValue({ repository, name: 'QLIK_CLIENT_ID' }) ?? ''
    const accessToken = await this.#token({ client_id: id, client_secret: this.storedSecret() })
    const headers = { authorization: `Bearer ${accessToken}` }
    return (await fetch(`${this.#tenantUrl}${path}`, { headers })).status
  }

  async #getsToken(proof: Record<string, string>): Promise<boolean> {
    return (await this.#token(proof)) !== undefined
  }

  async #token(proof: Record<string, string>): Promise<string | undefined> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...proof })
    const response = await fetch(`${this.#tenantUrl}/oauth/token`, { method: 'POST', body })
    const { access_token } = (await response.json()) as { access_token?: string }
    return response.status === 200 ? access_token : undefined
  }

  #log({ log, exitCode, milliseconds }: StepResult, inputs: Record<string, string>): void {
    const given = Object.entries(inputs).map(([name, value]) => (value === '' ? `no ${name}` : `${name}: ${value}`))
    say(style('bold', 'Log') + style('gray', `  (${given.join(', ')})`))
    say(log.trimEnd().split('\n').map(coloured).join('\n'), 4)
    say(style('gray', `exit code ${exitCode}, ${(milliseconds / 1000).toFixed(1)} s`), 4)
  }

  #summary(markdown: string): void {
    say(style('bold', 'Job summary'))
    say(readable(markdown), 4)
  }

  /** Every secret that either service knows, keys by their lines: none of them may be seen. */
  #secrets(): string[] {
    const { tenant, github } = this.sandbox
    const ofClients = [...tenant.clients.values()].flatMap((client) => client.secrets.map(({ value }) => value))
    const repositories = [...github.repositoriesById.values()]
    const scopes = [
      ...[...repositories, ...github.organizations.values()].flatMap(({ stores }) => [...stores.values()]),
      ...repositories.flatMap(({ environments }) => [...environments.values()].map(({ scope }) => scope)),
    ]
    const stored = scopes.flatMap(({ secrets }) => [...secrets].filter(([name]) => !name.endsWith('_ID')))
    const lines = stored.flatMap(([, { value }]) => value.split('\n').filter((line) => !line.startsWith('-----')))
    return [...ofClients, ...tenant.tokens.keys(), ...github.tokens.keys(), ...lines].filter(Boolean)
  }
}

function coloured(line: string): string {
  if (line.startsWith('ERROR')) return style('red', line)
  if (line.startsWith('WARNING')) return style('yellow', line)
  if (line.startsWith('NOTICE')) return style('blue', line)
  return line.replace(/^[✓○]/, (mark) => style('green', mark))
}

/**
 * The summary's Markdown for a terminal: folded parts stay folded, and the table of one client is shown with one field on each
 * line.
 */
function readable(markdown: string): string {
  return markdown
    .replace(/<details><summary>(.*?)<\/summary>.*?<\/details>/gs, '▸ $1')
    .replace(/<br>/g, ' ')
    .replace(/<\/?code>|<!-- -->/g, '')
    .replace(/^(\| {2}\| client \|.*)\n\|[-|]+\n(\|.*)\n(?!\|)/m, (_, head: string, row: string) =>
      upright(cells(head), cells(row)),
    )
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/\n{2,}/g, '\n')
    .trim()
}

function upright(head: string[], row: string[]): string {
  return `${head.flatMap((name, index) => (name && row[index] ? [`${name.padEnd(13)} ${row[index]}`] : [])).join('\n')}\n`
}

function cells(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}
