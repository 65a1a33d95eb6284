// Runs the README's first workflow, as it stands there, on a workflow engine that is not ours (nektos/act, without containers)
// against the sandbox, and looks at what came of it. `node scripts/node24.mjs scripts/act.ts PATH_OF_ACT`
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type StartedSandbox, startSandbox } from '../sandbox/server.ts'

const root = path.dirname(import.meta.dirname)
const act = path.resolve(process.argv[2] ?? 'act')
const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }

const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const workflow = firstWorkflow(readme)
const box = await startSandbox()
const folder = mkdtempSync(path.join(os.tmpdir(), 'workflow-'))
// The engine copies the action's folder: what a release has, without the tools to build it.
const release = mkdtempSync(path.join(os.tmpdir(), 'action-'))
for (const part of ['action.yml', 'dist']) cpSync(path.join(root, part), path.join(release, part), { recursive: true })
try {
  const first = await runWorkflow(box, folder, workflow)
  check(first.exitCode === 0, `the workflow succeeds\n${first.log}`)
  check(/result.*created|created/.test(first.log), 'a later step sees the output `result`')
  const [client] = [...box.sandbox.tenant.clients.values()].filter(({ appType }) => appType === 'web')
  const value = box.sandbox.github.secretValue(place) ?? ''
  check(
    client !== undefined && box.sandbox.tenant.canAuthenticate(client.clientId, value),
    'the stored secret gets an access token',
  )
  check(
    box.sandbox.github.variableValue({ ...place, name: 'QLIK_CLIENT_ID' }) === client?.clientId,
    'the variable holds the client id',
  )
  check(!first.log.includes(value), 'the log does not show the secret')
  const before = box.sandbox.requests.length
  const second = await runWorkflow(box, folder, workflow)
  const writes = box.sandbox.requests.slice(before).filter(({ method }) => method !== 'GET')
  check(second.exitCode === 0 && writes.length === 0, `a second run writes nothing\n${second.log}`)
} finally {
  await box.close()
  for (const temporary of [folder, release]) rmSync(temporary, { recursive: true, force: true })
}

/** The first YAML block of the README. */
function firstWorkflow(markdown: string): string {
  const [, block] = /```ya?ml\n([\s\S]*?)```/.exec(markdown) ?? []
  if (block === undefined || !block.includes('jobs:')) throw new Error('the README begins with no workflow')
  return block
}

function check(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`not so: ${sentence}`)
  console.log(`✓ ${sentence.split('\n')[0]}`)
}

async function runWorkflow(
  { sandbox, tenantUrl, githubUrl }: StartedSandbox,
  repository: string,
  text: string,
): Promise<{ exitCode: number | null; log: string }> {
  prepareRepository(repository, text.replace(/https:\/\/[\w.-]+\.qlikcloud\.com/, tenantUrl))
  if (sandbox.github.findRepository('acme/app') === undefined)
    sandbox.github.createRepository('acme/app', { id: 123456789 })
  const token = sandbox.github.issueToken({
    permissions: { secrets: 'write', actions_variables: 'write', metadata: 'read' },
  })
  const key = sandbox.tenant.issueApiKey({ admin: true }).value
  writeFileSync(
    path.join(repository, 'secrets'),
    secretsOf(text)
      .map((name) => `${name}=${/TOKEN/.test(name) ? token : key}\n`)
      .join(''),
  )
  const uses = /uses: (acme\/[\w-]+@\w+)/.exec(text)?.[1]
  const args = [
    ...[
      'workflow_dispatch',
      '-W',
      '.github/workflows',
      '-P',
      'ubuntu-latest=-self-hosted',
      '--secret-file',
      'secrets',
      '--no-cache-server',
    ],
    ...['--local-repository', `${uses}=${release}`, '--env', `GITHUB_API_URL=${githubUrl}`],
  ]
  return execute(act, args, repository)
}

function secretsOf(text: string): string[] {
  return [...new Set([...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name!))]
}

function prepareRepository(folder: string, workflow: string): void {
  mkdirSync(path.join(folder, '.github/workflows'), { recursive: true })
  writeFileSync(path.join(folder, '.github/workflows/first.yml'), workflow)
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=ci', '-c', 'user.email=ci@localhost', ...args], {
      stdio: 'ignore',
    })
  git('init', '-b', 'main')
  git('add', '.github')
  git('commit', '--allow-empty', '-m', 'workflow')
  try {
    git('remote', 'add', 'origin', 'https://github.com/acme/app.git')
  } catch {
    // It is there from the run before.
  }
}

function execute(command: string, args: string[], cwd: string): Promise<{ exitCode: number | null; log: string }> {
  // The engine looks for the action's Node on the path, and for its own settings in a folder that must not be the user's.
  const env = {
    ...process.env,
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
    XDG_CONFIG_HOME: cwd,
    XDG_CACHE_HOME: path.join(cwd, 'cache'),
  }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk))
    child.stderr.on('data', (chunk: Buffer) => (log += chunk))
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, log }))
  })
}
