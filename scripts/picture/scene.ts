import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { markdown } from '../../src/base/markdown.ts'
import { createTransport } from '../../src/io/http/transport.ts'
import { createClock } from '../../src/io/runner/clock.ts'
import type { Runner } from '../../src/io/runner/runner.ts'
import { program } from '../../src/run/program.ts'

const repository = 'acme/app'
const day = 86_400_000

const delivering = (name: string, environment: string) =>
  `  - name: ${name}\n    scopes: [user_default, apps]\n    deliver: [{ environment: ${environment} }]\n`
const head = 'version: 1\ndefaults:\n  rotation: { after: 90d, grace: 24h }\nclients:\n'
const production = delivering('deployer-production', 'production')
const others = delivering('deployer-staging', 'staging') + delivering('dashboards', 'dashboards')
// The token may write only to environments, and this place is a repository.
const beyondReach =
  '  - name: reporting\n    deliver: [{ repository: acme/app, client-secret-name: QLIK_REPORTING_SECRET }]\n'

/**
 * The job summary of a run with one event of each kind: one client is rotated, one has a secret of somebody else, one has a
 * destination to which the token may not write. The real program runs against the sandbox with a frozen clock; random texts are
 * replaced by fixed ones.
 */
export async function summaryForPicture(): Promise<string> {
  const { sandbox, tenantUrl, githubUrl, close } = await startSandbox({ settings: { clock: 'frozen' } })
  const workspace = mkdtempSync(path.join(tmpdir(), 'picture-'))
  const { tenant, github, clock } = sandbox
  github.createRepository(repository, { id: 123456789, environments: ['production', 'staging', 'dashboards'] })
  const env = {
    ...{ GITHUB_API_URL: githubUrl, GITHUB_REPOSITORY: repository, GITHUB_REPOSITORY_ID: '123456789' },
    ...{ GITHUB_RUN_ID: '1', GITHUB_RUN_ATTEMPT: '1', GITHUB_WORKSPACE: workspace },
    INPUT_TENANT: tenantUrl,
    'INPUT_API-KEY': tenant.issueApiKey({ admin: true }).value,
    'INPUT_GITHUB-TOKEN': github.issueToken({ permissions: { environments: 'write' } }),
    'INPUT_SPEC-FILE': 'clients.yaml',
  }
  const run = async (clients: string) => {
    writeFileSync(path.join(workspace, 'clients.yaml'), head + clients)
    return summaryOfRun(env)
  }
  try {
    await run(production)
    clock.advance(57 * day)
    await run(production + others)
    tenant.addSecret(tenant.findByName('dashboards')[0]!.clientId)
    clock.advance(34 * day)
    const summary = await run(production + others + beyondReach)
    return inFixedWords(summary, sandbox)
  } finally {
    rmSync(workspace, { recursive: true })
    await close()
  }
}

async function summaryOfRun(env: Record<string, string>): Promise<string> {
  let summary = ''
  const nothing = () => {}
  const runner: Runner = {
    mask: nothing,
    reporter: { step: nothing, debug: nothing, notice: nothing, warning: nothing },
    output: async () => {},
    outputSecret: async () => {},
    summary: async (markdown) => {
      summary = markdown
    },
    fail: nothing,
    annotate: nothing,
  }
  const stop = { requested: false, onStop: () => nothing }
  const around = { connect: createTransport, clock: createClock(), wallClock: Date.now, stop, runner }
  await program({ env, ...around, process: async () => 'picture' })
  return summary
}

/** Replaces the random ids, hints and address by fixed texts. */
function inFixedWords(summary: string, { tenant, settings }: Sandbox): string {
  const host = new URL(settings.tenantUrl).host
  const words = new Map([[markdown(host), 'acme.eu.qlikcloud.com']])
  const code = (random: string, word: string) => words.set(`<code>${random}</code>`, `<code>${word}</code>`)
  for (const { clientName, clientId, secrets } of tenant.clients.values()) {
    code(clientId, madeUp(clientName, 32))
    for (const [index, { hint }] of secrets.entries()) code(hint, madeUp(`${clientName} ${index}`, 5))
  }
  code(tenant.owner.id, madeUp('owner', 24))
  const fixed = [...words].reduce((text, [random, word]) => text.replaceAll(random, word), summary)
  return fixed.replace(/\b[\dA-F]{4}(&#58;[\dA-F]{6}){2}(?=<\/code>)/, '1A2B&#58;3C4D5E&#58;6F7A8B')
}

function madeUp(what: string, length: number): string {
  return createHash('sha256').update(what).digest('hex').slice(0, length)
}
