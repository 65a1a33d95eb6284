import { readFileSync } from 'node:fs'
import path from 'node:path'
import { check, fails, succeeds } from './check.ts'
import { repository, type Stage } from './stage.ts'

const monthly = { name: 'schedule' }

export async function audit(stage: Stage): Promise<void> {
  const { tenant } = stage.eu.sandbox
  const admin = stage.keepAdmin('qlik-admin')
  const old = tenant.addClient({ clientName: 'old <b>one</b> @octocat', allowedScopes: ['admin.apps'], secrets: 5 })
  stage.front.open('somebody’s issue', '<!-- qlik audit -->', { type: 'User', login: 'somebody' })
  const first = succeeds(await stage.run(monthly))
  const { issues } = stage.front
  check(first.writes.length === 0, 'nothing is written on the tenant', first)
  check(issues.length === 2 && issues[1]!.user.type === 'Bot', 'there is one issue of it', first)
  const { body } = issues[1]!
  check(body.startsWith('<!-- qlik audit -->') && body.includes(old.clientId), 'the issue has the audit', first)
  check(!/<b>|@octocat/.test(body), 'names in it form no Markdown', first)
  tenant.deleteClient(old.clientId)
  const second = succeeds(await stage.run(monthly))
  check(issues.length === 2 && !issues[1]!.body.includes('slots-full'), 'the issue is kept up to date', second)
  check(issues[0]!.body === '<!-- qlik audit -->', 'somebody else’s issue is left alone', second)
  tenant.deleteSecret(admin.clientId, admin.hint)
  const blind = fails(await stage.run(monthly))
  check(/TENANT_UNAUTHORIZED/.test(issues[1]!.body), 'a run that can’t look says so in the issue', blind)
}

export async function exported(stage: Stage): Promise<void> {
  const { tenant } = stage.eu.sandbox
  stage.keepAdmin('qlik-admin')
  for (const name of ['ci', 'portal', 'old: importer # 2'])
    tenant.addClient({ clientName: name, allowedScopes: ['user_default'] })
  const run = succeeds(await stage.run({ name: 'workflow_dispatch' }))
  check(run.writes.length === 0, 'nothing is written on the tenant', run)
  const text = readFileSync(path.join(run.artifacts, 'clients'), 'utf8')
  check(
    /^# yaml-language-server: /.test(text) && text.includes('"old: importer # 2"'),
    `it is a spec file\n${text}`,
    run,
  )
  // The file, reviewed and committed: a plan with it finds nothing to change.
  stage.write('clients.yaml', text)
  stage.write('.github/workflows/plan.yml', planOf)
  const plan = succeeds(await stage.run({ name: 'push' }))
  check(plan.writes.length === 0 && /drift=false/.test(plan.log), 'nothing differs', plan)
  check(stage.github.secretNames({ repository }).length === 0, 'and nothing is delivered', plan)
}

const planOf = `on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    environment: qlik-admin
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - id: qlik
        uses: OWNER/qlik-oauth-client@v1
        with:
          mode: plan
          spec-file: clients.yaml
          fail-on-drift: true
          admin-client-id: \${{ vars.QLIK_ADMIN_CLIENT_ID }}
          admin-client-secret: \${{ secrets.QLIK_ADMIN_CLIENT_SECRET }}
      - run: echo "drift=\${{ steps.qlik.outputs.drift }}"
`
