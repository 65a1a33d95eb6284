import { startSandbox } from './server.ts'

const repository = 'acme/app'
const repositoryId = 123456789

const { sandbox, tenantUrl, githubUrl, close } = await startSandbox({
  tenantPort: Number(process.env.SANDBOX_TENANT_PORT ?? 0),
  githubPort: Number(process.env.SANDBOX_GITHUB_PORT ?? 0),
  githubBasePath: process.env.SANDBOX_GITHUB_BASE_PATH ?? '',
})
sandbox.github.createRepository(repository, { id: repositoryId, environments: ['staging'] })
const apiKey = sandbox.tenant.issueApiKey({ admin: true }).value
const admin = sandbox.tenant.createAdminClient('Automation')
const githubToken = sandbox.github.issueToken({
  kind: 'app',
  repositories: [repository],
  permissions: { secrets: 'write', environments: 'write', actions_variables: 'write', actions: 'read' },
})

const runner = [
  `GITHUB_API_URL=${githubUrl}`,
  'GITHUB_SERVER_URL=https://github.com',
  `GITHUB_REPOSITORY=${repository}`,
  `GITHUB_REPOSITORY_ID=${repositoryId}`,
  'GITHUB_RUN_ID=1',
  'GITHUB_RUN_ATTEMPT=1',
  'GITHUB_EVENT_NAME=workflow_dispatch',
]
const inputs = [
  `INPUT_TENANT=${tenantUrl}`,
  `INPUT_GITHUB-TOKEN=${githubToken}`,
  'INPUT_NAME=ci',
  'INPUT_SCOPES=user_default',
  'INPUT_ENVIRONMENT=staging',
  'INPUT_ROTATE-AFTER=1d',
]
const byClient = [`INPUT_ADMIN-CLIENT-ID=${admin.clientId}`, `INPUT_ADMIN-CLIENT-SECRET=${admin.secret}`]
const command = (variables: string[]) =>
  `env ${variables.map((v) => `'${v}'`).join(' \\\n    ')} \\\n    node scripts/node24.mjs dist/index.js | grep -v '^::add-mask::'`

console.log(`A Qlik Cloud tenant and GitHub, made up and on this machine only

  tenant  ${tenantUrl}
  GitHub  ${githubUrl}   (${repository}, id ${repositoryId}, environment staging)

Run the action against them, from the folder of this project, with an API key of a tenant administrator. (On GitHub the\nrunner carries out the add-mask lines and hides them; here grep does. Key and token of the sandbox do not expire.)

  ${command([...inputs, `INPUT_API-KEY=${apiKey}`, ...runner])}

or with an OAuth client that may manage others (id and secret):

  ${command([...inputs, ...byClient, ...runner])}

Look inside (names, hints and times; no secrets):

  curl -s ${tenantUrl}/_sandbox/state

Move its clock, to see a rotation fall due:

  curl -s -X POST -d '{"advance":"25h"}' ${tenantUrl}/_sandbox/clock

Ctrl-C ends it, and everything in it is gone.`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
