import type { Stage } from './stage.ts'

/** What an audit and an export say of all that the acts before have left on the tenant. */
export async function wholeTenant(stage: Stage): Promise<void> {
  stage.act('The whole tenant', 'mode: audit reports what needs attention, and needs no token of GitHub.')
  const { tenant } = stage.sandbox
  tenant.addClient({ clientName: 'old: importer # 2', allowedScopes: ['user_default', 'admin.apps'], secrets: 5 })
  tenant.addClient({ clientName: 'embed', appType: 'spa', allowedGrantTypes: [], secrets: 0 })
  const audit = await stage.run({ mode: 'audit', 'github-token': '' })
  const kinds = (JSON.parse(audit.outputs.findings ?? '[]') as { kind: string }[]).map(({ kind }) => kind)
  stage.check('nothing is written', audit.writes === 0)
  stage.check('admin scopes and full slots are found', kinds.includes('broad-scope') && kinds.includes('slots-full'))

  stage.act('A file of the clients that exist', 'mode: export writes it. A plan with it changes no field of a client.')
  const { outputs, writes } = await stage.run({ mode: 'export', 'github-token': '' })
  stage.showFile(outputs.spec ?? '')
  stage.writeFile('exported.yaml', outputs.spec ?? '')
  const plan = await stage.run({ mode: 'plan', 'spec-file': 'exported.yaml', 'allow-destinations': 'acme' })
  stage.check('neither of the two runs writes anything', writes + plan.writes === 0)
  stage.check('the plan finds no drift', plan.outputs.drift === 'false')
}
