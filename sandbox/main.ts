// `npm run sandbox`: a tenant and a GitHub on this machine, and the commands that run the built action against them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startSandbox } from './server.ts'

const repository = 'acme/app'
const repositoryId = 123456789
/** The environments of the examples. */
const environments = ['staging', 'production', 'qlik-admin', 'qlik-preview']

const { sandbox, tenantUrl, githubUrl, close } = await startSandbox({
  tenantPort: Number(process.env.SANDBOX_TENANT_PORT ?? 0),
  githubPort: Number(process.env.SANDBOX_GITHUB_PORT ?? 0),
  githubBasePath: process.env.SANDBOX_GITHUB_BASE_PATH ?? '',
})
sandbox.github.createRepository(repository, { id: repositoryId, environments })
sandbox.github.createRepository('acme/reports')
sandbox.github.createOrganization('acme')
const apiKey = sandbox.tenant.issueApiKey({ admin: true }).value
const admin = sandbox.tenant.createAdminClient('automation')
const githubToken = sandbox.github.issueToken({
  kind: 'app',
  permissions: {
    ...{ metadata: 'read', actions: 'read', secrets: 'write', environments: 'write', actions_variables: 'write' },
    ...{ organization_secrets: 'write', organization_actions_variables: 'write' },
  },
})

/** A workspace with the spec file of examples/, for this tenant, and the files that the runner gives to a step. */
const workspace = mkdtempSync(path.join(tmpdir(), 'qlik-sandbox-'))
const example = readFileSync(path.join(import.meta.dirname, '../examples/clients.yaml'), 'utf8')
writeFileSync(path.join(workspace, 'clients.yaml'), example.replace('https://acme.eu.qlikcloud.com', tenantUrl))
const file = (name: string) => {
  writeFileSync(path.join(workspace, name), '')
  return path.join(workspace, name)
}
const [summary, output] = [file('summary.md'), file('output.txt')]

const runner = [
  `GITHUB_API_URL=${githubUrl}`,
  `GITHUB_REPOSITORY=${repository}`,
  `GITHUB_REPOSITORY_ID=${repositoryId}`,
  'GITHUB_RUN_ID=1',
  'GITHUB_RUN_ATTEMPT=1',
  'GITHUB_EVENT_NAME=workflow_dispatch',
  `GITHUB_WORKSPACE=${workspace}`,
  `GITHUB_STEP_SUMMARY=${summary}`,
  `GITHUB_OUTPUT=${output}`,
  `INPUT_GITHUB-TOKEN=${githubToken}`,
]
const oneClient = [
  `INPUT_TENANT=${tenantUrl}`,
  `INPUT_API-KEY=${apiKey}`,
  'INPUT_NAME=deployer',
  'INPUT_SCOPES=user_default apps',
  'INPUT_ROTATE-AFTER=80d',
]
const allClients = [
  `INPUT_ADMIN-CLIENT-ID=${admin.clientId}`,
  `INPUT_ADMIN-CLIENT-SECRET=${admin.secret}`,
  'INPUT_SPEC-FILE=clients.yaml',
  'INPUT_ALLOW-DESTINATIONS=acme/reports',
]
const wholeTenant = [`INPUT_TENANT=${tenantUrl}`, `INPUT_API-KEY=${apiKey}`, 'INPUT_MODE=audit']
const command = (variables: string[]) =>
  `env ${variables.map((variable) => `'${variable}'`).join(' \\\n    ')} \\\n    node scripts/node24.mjs dist/index.js | grep -v '^::add-mask::'`

console.log(`A Qlik Cloud tenant and GitHub, on this machine only:

  tenant  ${tenantUrl}
  GitHub  ${githubUrl}
          ${repository} (environments ${environments.join(', ')}), acme/reports, organization acme

Run one of these in another terminal, in the folder of this project. (GitHub's runner hides the add-mask lines; here grep does. API key,
admin client and token exist in this sandbox alone.)

One client, with an API key:

  ${command([...oneClient, ...runner])}

The clients of examples/clients.yaml, with an admin client. Add 'INPUT_MODE=plan' to see what it would do:

  ${command([...allClients, ...runner])}

The whole tenant, looked at: with 'INPUT_MODE=export' its spec file is in ${output}:

  ${command([...wholeTenant, ...runner])}

The job summary is in

  ${summary}

What the tenant and GitHub hold, without secrets:

  curl -s ${tenantUrl}/_sandbox/state

Move the clock until a rotation is due:

  curl -s -X POST -d '{"advance":"1920h"}' ${tenantUrl}/_sandbox/clock

Ctrl-C ends the sandbox and deletes everything in it.`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    rmSync(workspace, { recursive: true, force: true })
    void close()
  })
