import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { StartedSandbox } from '../../sandbox/server.ts'
import { check, fails, succeeds } from './check.ts'
import { repository, root, type Stage } from './stage.ts'

const day = 86_400_000
const dispatch = { name: 'workflow_dispatch' }
const schedule = { name: 'schedule' }

export function client({ sandbox }: StartedSandbox, name: string) {
  return [...sandbox.tenant.clients.values()].find(({ clientName, deletedAt }) => clientName === name && !deletedAt)
}

/** Whether the secret in that place is one of that client's that gets an access token. */
export function works(stage: Stage, name: string, place: { environment?: string; name: string; repository?: string }) {
  const found = client(stage.eu, name)
  const value = stage.github.secretValue({ repository, ...place })
  return found !== undefined && value !== undefined && stage.eu.sandbox.tenant.canAuthenticate(found.clientId, value)
}

/** The workflow in the README, and first-client.yml. */
export async function firstClient(stage: Stage): Promise<void> {
  const apiKey = stage.eu.sandbox.tenant.issueApiKey({ admin: true }).value
  const token = stage.token({ secrets: 'write', actions_variables: 'write' })
  stage.keep('qlik-admin', { secrets: { QLIK_API_KEY: apiKey, CLIENTS_TOKEN: token } })
  const { log } = succeeds(await stage.run(dispatch))
  check(/The client was created/.test(log), 'a later step sees the output `result`')
  const id = stage.github.variableValue({ repository, name: 'QLIK_CLIENT_ID' })
  check(id !== undefined && id === client(stage.eu, 'deployer')?.clientId, 'the variable holds the client id')
  check(works(stage, 'deployer', { name: 'QLIK_CLIENT_SECRET' }), 'the stored secret gets an access token')
  const again = succeeds(await stage.run(dispatch))
  check(again.writes.length === 0, 'a second run writes nothing', again)
}

/** The admin client, made with an API key. */
export async function bootstrap(stage: Stage): Promise<void> {
  const apiKey = stage.eu.sandbox.tenant.issueApiKey({ admin: true }).value
  stage.environment('qlik-admin')
  stage.keep('qlik-admin', {
    secrets: { QLIK_API_KEY: apiKey, CLIENTS_TOKEN: stage.token({ environments: 'write' }) },
  })
  succeeds(await stage.run(dispatch))
  const place = { environment: 'qlik-admin', name: 'QLIK_ADMIN_CLIENT_SECRET' }
  check(works(stage, 'automation', place), 'the admin client signs in with the credentials in its environment')
  check(client(stage.eu, 'automation')?.allowedScopes?.join() === 'admin_classic', 'it may manage others, and no more')
}

export async function failure(stage: Stage): Promise<void> {
  const token = stage.token({ secrets: 'write', actions_variables: 'write' })
  stage.keep('qlik-admin', { secrets: { QLIK_API_KEY: 'expired', CLIENTS_TOKEN: token } })
  const run = fails(await stage.run(dispatch))
  check(/TENANT_UNAUTHORIZED/.test(run.log), 'the log says why', run)
  check(!/The client was/.test(run.log), 'no step comes after it', run)
}

export async function perEnvironment(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  for (const name of ['staging', 'production']) stage.environment(name)
  succeeds(await stage.run({ name: 'push' }))
  for (const [environment, scopes] of [
    ['staging', 'user_default apps'],
    ['production', 'user_default apps:read'],
  ] as const) {
    check(works(stage, `deployer-${environment}`, { environment, name: 'QLIK_CLIENT_SECRET' }), `${environment} works`)
    check(
      client(stage.eu, `deployer-${environment}`)?.allowedScopes?.toSorted().join() ===
        scopes.split(' ').toSorted().join(),
      `${environment} has its scopes`,
    )
  }
  check(
    JSON.stringify(stage.front.mints.map(({ permissions }) => permissions)) ===
      JSON.stringify([{ environments: 'write' }, { environments: 'write' }]),
    'the permission of the App’s token is enough',
  )
}

export async function rotation(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  stage.environment('production')
  const place = { repository, environment: 'production', name: 'QLIK_CLIENT_SECRET' }
  const live = () => client(stage.eu, 'deployer')!.secrets.length
  succeeds(await stage.run(schedule))
  const first = stage.github.secretValue(place)
  check(succeeds(await stage.run(schedule)).writes.length === 0, 'a week later nothing is due')
  stage.eu.sandbox.clock.advance(81 * day)
  succeeds(await stage.run(schedule))
  check(stage.github.secretValue(place) !== first && live() === 2, 'after 81 days it is rotated, with a grace period')
  const leaked = stage.github.secretValue(place)
  const inputs = { rotate: 'now', 'grace-period': '0' }
  succeeds(await stage.run({ ...dispatch, payload: { inputs } }))
  check(stage.github.secretValue(place) !== leaked && live() === 1, 'the button rotates, and retires the leaked one')
  check(works(stage, 'deployer', place), 'what is left works')
}

export async function rotationMatrix(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  for (const name of ['staging', 'production']) stage.environment(name)
  succeeds(await stage.run(schedule))
  for (const environment of ['staging', 'production'])
    check(works(stage, `deployer-${environment}`, { environment, name: 'QLIK_CLIENT_SECRET' }), `${environment} works`)
  check(
    works(stage, 'automation', { environment: 'qlik-admin', name: 'QLIK_ADMIN_CLIENT_SECRET' }),
    'the admin client has a secret of the action’s',
  )
  check(succeeds(await stage.run(schedule)).writes.length === 0, 'the next run signs in with it, and writes nothing')
}

export async function adminClient(stage: Stage): Promise<void> {
  const admin = stage.keepAdmin('qlik-admin')
  const place = { repository, environment: 'qlik-admin', name: 'QLIK_ADMIN_CLIENT_SECRET' }
  const { tenant, clock } = stage.eu.sandbox
  succeeds(await stage.run(schedule))
  const first = stage.github.secretValue(place)
  check(first !== undefined && first !== admin.secret, 'the pasted secret is replaced where the next run reads it')
  succeeds(await stage.run({ ...dispatch, payload: { inputs: { rotate: 'auto', 'retire-hints': admin.hint } } }))
  check(!tenant.canAuthenticate(admin.clientId, admin.secret), 'the pasted secret is retired by its hint')
  clock.advance(81 * day)
  succeeds(await stage.run(schedule))
  check(stage.github.secretValue(place) !== first, 'it rotates itself when it is due')
  check(works(stage, 'automation', place), 'and its new secret signs in')
}

export async function app(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  stage.environment('production')
  stage.github.createRepository('acme/reports')
  succeeds(await stage.run(dispatch))
  check(
    works(stage, 'deployer', { environment: 'production', name: 'QLIK_CLIENT_SECRET' }),
    'the environment is served',
  )
  check(works(stage, 'reports', { repository: 'acme/reports', name: 'QLIK_CLIENT_SECRET' }), 'the repository is served')
  const id = stage.github.secretValue({ repository: 'acme/reports', name: 'QLIK_CLIENT_ID' })
  check(id === client(stage.eu, 'reports')?.clientId, 'its id is a secret')
  check(
    JSON.stringify(stage.front.mints) ===
      JSON.stringify([
        { owner: '', repositories: '', permissions: { environments: 'write' } },
        { owner: 'acme', repositories: 'reports', permissions: { secrets: 'write' } },
      ]),
    'each token had one permission, and that was enough',
  )
}

export async function keys(stage: Stage): Promise<void> {
  const admin = stage.keepAdmin('qlik-admin')
  stage.environment('production')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const registered = client(stage.eu, 'automation')!
  registered.publicKeys = [
    { ...publicKey.export({ format: 'jwk' }), kid: 'automation-2026', alg: 'ES384', use: 'sig' } as never,
  ]
  registered.allowedAuthMethods = ['private_key_jwt'] as never
  stage.keep('qlik-admin', {
    secrets: {
      QLIK_ADMIN_PRIVATE_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
      CLIENTS_APP_KEY: 'the key of the App',
    },
    vars: { QLIK_ADMIN_CLIENT_ID: admin.clientId, CLIENTS_APP_ID: 'Iv1.app' },
  })
  const run = succeeds(await stage.run(schedule))
  const pem = stage.github.secretValue({ repository, environment: 'production', name: 'QLIK_PRIVATE_KEY' }) ?? ''
  const made = client(stage.eu, 'deployer')!
  check(stage.eu.sandbox.tenant.canAuthenticate(made.clientId, pem), 'the delivered key signs in', run)
  check(made.secrets.length === 0, 'no secret is left', run)
  const kid = made.publicKeys?.[0]?.kid ?? 'none'
  check(run.log.includes(`names the key ${kid}`), 'a later step sees the key’s id', run)
}

export async function spaces(stage: Stage): Promise<void> {
  stage.keepAdmin('qlik-admin')
  stage.environment('production')
  const { tenant } = stage.eu.sandbox
  const finance = tenant.spaces.add('Finance')
  const reports = tenant.spaces.add('Published reports', { type: 'managed' })
  const text = readFileSync(path.join(root, 'examples/spaces.yml'), 'utf8')
  const edited = (from: string, to: string) => stage.write('.github/workflows/spaces.yml', text.replace(from, to))
  edited('Finance: producer', 'Finance: producr')
  const refused = fails(await stage.run(dispatch))
  check(
    /did you mean producer\?/.test(refused.log) && refused.writes.length === 0,
    'a role that does not exist is refused first',
  )
  edited('', '')
  succeeds(await stage.run(dispatch))
  const rolesIn = ({ id }: { id: string }) =>
    tenant.spaces.of(id, tenant.knownBot(client(stage.eu, 'publisher')!.clientId)!.id)?.roles.join(' ')
  check(rolesIn(finance) === 'producer' && rolesIn(reports) === 'publisher consumer', 'the client reaches both spaces')
  check(succeeds(await stage.run(schedule)).writes.length === 0, 'a week later there is nothing to do')
  edited('            Finance: producer\n', '')
  succeeds(await stage.run(dispatch))
  check(rolesIn(finance) === undefined && rolesIn(reports) !== undefined, 'a space that is no longer named is revoked')
}
