import { runStep, type StepResult } from '../../sandbox/runner.ts'
import { type StartedSandbox, type StartOptions, startSandbox } from '../../sandbox/server.ts'
import { requireSilence } from './no-secret-in-text.ts'

/** The built program as a step of a workflow, against a sandbox on loopback. */
export type Stage = StartedSandbox & {
  inputs: Record<string, string>
  env: Record<string, string>
  /** Every secret and access token that the tenant has ever given out, and those that the step signs in with. */
  secrets: Set<string>
  step(inputs?: Record<string, string>, env?: Record<string, string>): Promise<StepResult>
}

export async function startStage(options: StartOptions = {}): Promise<Stage> {
  const started = await startSandbox(options)
  const { sandbox, tenantUrl, githubUrl } = started
  sandbox.github.createRepository('acme/app', { id: 123456789, environments: ['staging'] })
  const permissions = { secrets: 'write', environments: 'write', actions_variables: 'write' } as const
  const inputs = {
    tenant: tenantUrl,
    'api-key': sandbox.tenant.issueApiKey({ admin: true }).value,
    'github-token': sandbox.github.issueToken({ kind: 'app', permissions }),
    name: 'deployer',
    scopes: 'user_default',
  }
  const env = {
    GITHUB_API_URL: githubUrl,
    GITHUB_REPOSITORY: 'acme/app',
    GITHUB_REPOSITORY_ID: '123456789',
    GITHUB_RUN_ID: '1',
    GITHUB_RUN_ATTEMPT: '1',
  }
  const secrets = new Set([inputs['api-key'], inputs['github-token']])
  const note = () => {
    for (const client of sandbox.tenant.clients.values()) for (const { value } of client.secrets) secrets.add(value)
    for (const value of sandbox.tenant.tokens.keys()) secrets.add(value)
  }
  sandbox.faults.onRequest = note
  const step = async (more: Record<string, string> = {}, moreEnv: Record<string, string> = {}) => {
    const result = await runStep({ with: { ...inputs, ...more }, env: { ...env, ...moreEnv } })
    note()
    requireQuietStep(result, secrets)
    return result
  }
  return { ...started, inputs, env, secrets, step }
}

/** Of every step of every test: masks come first, and no secret is said but by them and the output that was asked for. */
function requireQuietStep({ raw, outputs, summary }: StepResult, secrets: Set<string>): void {
  const lines = raw.split('\n')
  const { 'client-secret': _asked, ...others } = outputs
  const said = [...lines.filter((line) => !line.startsWith('::add-mask::')), summary, JSON.stringify(others)].join('\n')
  requireSilence(said, secrets)
  for (const secret of secrets) {
    const whole = [secret, ...anywhereInBase64(secret), Buffer.from(secret).toString('hex'), encodeURIComponent(secret)]
    const told = whole.find((form) => said.includes(form))
    if (told !== undefined) throw new Error(`the step says ${told}`)
  }
}

/** What base64 makes of a text wherever it stands, without the characters that its neighbours have a part in. */
function anywhereInBase64(secret: string): string[] {
  return ['', 'x', 'xx'].flatMap((before) => {
    const inner = Buffer.from(`${before}${secret}xx`).toString('base64').slice(4, -8)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
