import { repository, type Stage } from './stage.ts'

/** Clients of one file: a secret in an environment, one in the organization for some of its repositories, and a key. */
const good = `version: 1
defaults:
  scopes: [user_default]
  rotation: { after: 90d, grace: 24h }
clients:
  - name: importer
    scopes: [user_default, apps]
    deliver:
      - environment: production
  - name: dashboards
    deliver:
      - organization: acme
        visibility: selected
        selected-repositories: [app, web]
        client-secret-name: QLIK_DASHBOARDS_SECRET
        client-id-name: QLIK_DASHBOARDS_ID
  - name: signer
    auth-method: private_key_jwt
    deliver:
      - client-id-name: QLIK_SIGNER_ID
`
const mistaken = good
  .replace('    scopes: [user_default, apps]', '    scope: [user_default, apps]')
  .replace('visibility: selected\n', 'visibility: some\n')
  .replace('    deliver:\n      - client-id-name: QLIK_SIGNER_ID\n', '')

const given = { 'spec-file': 'clients.yaml', 'allow-destinations': 'acme' }
const nobody = { tenant: '', 'admin-client-id': '', 'admin-client-secret': '', 'github-token': '' }

export async function mistakesInAFile(stage: Stage): Promise<void> {
  stage.act(
    'Three clients in one file, and mistakes in it',
    'All of them are reported at once, each on its line, and no request is made.',
  )
  stage.writeFile('clients.yaml', mistaken)
  const { outputs, requests, raw } = await stage.run(given)
  const lines = [...raw.matchAll(/^::error file=clients\.yaml,line=(\d+),/gm)].map(([, line]) => Number(line))
  stage.check('the run fails with SPEC_INVALID', outputs['error-code'] === 'SPEC_INVALID')
  stage.check(`annotations on lines ${lines.join(', ')}, and they are the right ones`, String(lines) === '7,13,17')
  stage.check('no request was made', requests === 0)
}

export async function validate(stage: Stage): Promise<void> {
  stage.act('mode: validate', 'The file is corrected. A check needs no credentials: it may run on every pull request.')
  stage.writeFile('clients.yaml', good)
  const { outputs, requests } = await stage.run({ ...given, ...nobody, mode: 'validate' })
  stage.check('the result is "valid"', outputs.result === 'valid' && outputs['error-code'] === '')
  stage.check('no request was made', requests === 0)
}

export async function manyClients(stage: Stage): Promise<void> {
  stage.act(
    'The same file, applied',
    'A secret in environment production, one in the organization for two of its repositories, and a key.',
  )
  const { outputs } = await stage.run(given)
  const { github } = stage.sandbox
  const shared = { organization: 'acme', name: 'QLIK_DASHBOARDS_SECRET' }
  stage.showGitHub({ organization: 'acme' })
  stage.check('three clients were created', outputs.result === 'created' && JSON.parse(outputs.clients!).length === 3)
  stage.check(
    'environment production has a secret that works',
    await stage.storedSecretWorks({ environment: 'production' }),
  )
  const dashboards = github.variableValue({ organization: 'acme', name: 'QLIK_DASHBOARDS_ID' }) ?? ''
  stage.check('so has the organization', await stage.works(github.secretValue(shared) ?? '', dashboards))
  const seers = String(github.seenBy('secrets', shared))
  stage.check('two repositories see it, and no other', seers === 'acme/app,acme/web')
  const key = github.secretValue({ repository, name: 'QLIK_PRIVATE_KEY' }) ?? ''
  const signer = github.variableValue({ repository, name: 'QLIK_SIGNER_ID' }) ?? ''
  stage.check('an assertion signed with the private key gets an access token', await stage.keyWorks(key, signer))
  stage.check(
    'the tenant never had the private key',
    stage.sandbox.tenant.findByName('signer')[0]?.secrets.length === 0,
  )
  const again = await stage.run(given)
  stage.check('the next run writes nothing', again.writes === 0 && again.outputs.result === 'unchanged')
}
