import { check, succeeds } from './check.ts'
import { client, works } from './one-client.ts'
import { repository, type Stage } from './stage.ts'

const dispatch = { name: 'workflow_dispatch' }

/** Puts credentials into `production`, as a workflow that rotates would. */
function delivered(stage: Stage): string {
  const { clientId, secret } = stage.eu.sandbox.tenant.createAdminClient('deployer')
  stage.keep('production', { secrets: { QLIK_CLIENT_SECRET: secret }, vars: { QLIK_CLIENT_ID: clientId } })
  return clientId
}

export async function library(stage: Stage): Promise<void> {
  delivered(stage)
  const run = succeeds(await stage.run(dispatch))
  check(/Signed in as deployer, user \w+, status active/.test(run.log), 'the library says who it is', run)
}

export async function commandLine(stage: Stage): Promise<void> {
  const clientId = delivered(stage)
  const run = succeeds(await stage.run(dispatch))
  check(run.log.includes(clientId) && /"status":\s*"active"/.test(run.log), 'the program says who it is', run)
}

/** The step of the README that gets an access token. */
export async function accessToken(stage: Stage): Promise<void> {
  const { clientId, secret } = stage.eu.sandbox.tenant.createAdminClient('deployer')
  stage.keep('', { secrets: { QLIK_CLIENT_SECRET: secret }, vars: { QLIK_CLIENT_ID: clientId } })
  const run = succeeds(await stage.run(dispatch))
  const tokens = stage.eu.sandbox.requests.filter(({ path, status }) => path === '/oauth/token' && status === 200)
  check(tokens.length === 1, 'the tenant gives an access token', run)
}

/** Not an example: the log hides a secret that a later step receives and prints. */
export async function masks(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  stage.environment('production')
  const run = succeeds(await stage.run(dispatch))
  const value = stage.github.secretValue({ repository, environment: 'production', name: 'QLIK_CLIENT_SECRET' }) ?? ''
  check(/the secret is \*\*\*$/m.test(run.log), 'a step that prints the secret prints ***', run)
  check(!run.log.includes(value) && /as base64 it is \*\*\*/.test(run.log), 'and so does one that encodes it', run)
}

export const masksWorkflow = `
on: workflow_dispatch
jobs:
  it:
    runs-on: ubuntu-latest
    environment: qlik-admin
    steps:
      - id: qlik
        uses: OWNER/qlik-oauth-client@v1
        with:
          tenant: https://acme.eu.qlikcloud.com
          admin-client-id: \${{ vars.QLIK_ADMIN_CLIENT_ID }}
          admin-client-secret: \${{ secrets.QLIK_ADMIN_CLIENT_SECRET }}
          github-token: \${{ secrets.CLIENTS_TOKEN }}
          name: deployer
          scopes: user_default
          environment: production
          output-client-secret: true
      - env:
          SECRET: \${{ steps.qlik.outputs.client-secret }}
        run: |
          test -n "$SECRET"
          echo "the secret is $SECRET"
          echo "as base64 it is $(printf %s "$SECRET" | base64 -w 0)"
`

export async function preview(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-preview-admin')
  stage.environment('qlik-preview')
  const event = (action: string, fork = false) => ({
    name: 'pull_request',
    payload: {
      action,
      number: 12,
      pull_request: { number: 12, head: { ref: 'topic', repo: { full_name: fork ? 'else/app' : repository } } },
    },
  })
  check(succeeds(await stage.run(event('opened', true))).writes.length === 0, 'a fork gets nothing')
  succeeds(await stage.run(event('opened')))
  const place = { environment: 'qlik-preview', name: 'QLIK_CLIENT_SECRET_12' }
  check(works(stage, 'preview-12', place), 'the pull request has a client')
  const next = succeeds(await stage.run(event('synchronize')))
  check(next.writes.length === 0, 'a push to it changes nothing', next)
  const id = client(stage.eu, 'preview-12')?.clientId
  check(next.log.includes(`works as client ${id}; its secret has 64 characters`), 'the later job has both', next)
  const closed = succeeds(await stage.run(event('closed')))
  check(client(stage.eu, 'preview-12') === undefined, 'closing deletes the client', closed)
  check(stage.github.secretValue({ repository, ...place }) === undefined, 'and its secret', closed)
  check(!/works as client/.test(closed.log), 'and no later job runs', closed)
}
