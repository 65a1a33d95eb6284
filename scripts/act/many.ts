import { readFileSync } from 'node:fs'
import path from 'node:path'
import { check, fails, succeeds } from './check.ts'
import { client } from './one-client.ts'
import { type Event, type Run, repository, root, type Stage } from './stage.ts'

const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const push: Event = { name: 'push' }

function pullRequest(from = repository): Event {
  const head = { ref: 'topic', sha: 'a'.repeat(40), repo: { full_name: from } }
  return { name: 'pull_request', payload: { number: 7, pull_request: { number: 7, head, base: { ref: 'main' } } } }
}

/** clients.yaml of the examples, with what it delivers to. */
function clientsFile(stage: Stage): void {
  stage.write('clients.yaml', read('examples/clients.yaml'))
  for (const name of ['staging', 'production']) stage.environment(name)
  stage.github.createRepository('acme/reports')
}

export async function plan(stage: Stage): Promise<void> {
  clientsFile(stage)
  stage.keepAdmin('qlik-admin')
  stage.keepAdmin('qlik-plan', { access: 'read' })
  stage.front.add('a comment of somebody')
  const first = succeeds(await stage.run(pullRequest()))
  const { comments } = stage.front
  check(first.writes.length === 0, 'a pull request writes nothing but the comment', first)
  check(comments.length === 2 && /deployer-production/.test(comments[1]!.body), 'the comment has the plan', first)
  succeeds(await stage.run(push))
  check(client(stage.eu, 'deployer-production') !== undefined, 'what reaches the default branch is applied')
  const second = succeeds(await stage.run(pullRequest()))
  check(comments.length === 2 && /unchanged/.test(comments[1]!.body), 'the comment is kept up to date', second)
  const fork = succeeds(await stage.run(pullRequest('stranger/app')))
  check(fork.writes.length === 0 && comments.length === 2, 'a fork gets neither secrets nor comment', fork)
}

export async function drift(stage: Stage): Promise<void> {
  clientsFile(stage)
  stage.keepAdmin('qlik-admin', { access: 'read' })
  const found = fails(await stage.run({ name: 'schedule' }))
  check(/The tenant or GitHub differs from clients\.yaml/.test(found.log), 'drift fails, and says so', found)
  refused(stage, 'qlik-admin')
  const blind = fails(await stage.run({ name: 'schedule' }))
  check(/Could not look: TENANT_UNAUTHORIZED/.test(blind.log), 'a run that can’t look fails, and says why', blind)
  check(blind.writes.length === 0, 'nothing is written', blind)
}

function twoTenants(stage: Stage): void {
  stage.environment('production')
  for (const name of ['eu', 'us'] as const) {
    stage.write(`tenants/${name}.yaml`, read(`examples/tenants/${name}.yaml`))
    // The keys of one tenant are of no use on the other, nor those for planning for another environment.
    stage.keepAdmin(`qlik-${name}`, { box: stage[name] })
    stage.keepAdmin(`qlik-${name}-plan`, { box: stage[name], access: 'read' })
  }
}

export async function manyTenants(stage: Stage): Promise<void> {
  twoTenants(stage)
  stage.write('.github/workflows/clients.yml', read('.github/workflows/clients.yml'))
  const { comments } = stage.front
  const fork = succeeds(await stage.run(pullRequest('stranger/app')))
  check(fork.writes.length === 0 && comments.length === 0, 'a fork is checked, and no more', fork)
  check(/2 clients in 2 files: valid/.test(fork.log), 'a fork is checked', fork)
  const first = succeeds(await stage.run(pullRequest()))
  check(first.writes.length === 0, 'plans write nothing', first)
  bothPlanned(stage, first)
  // Somebody else's comment with our marker, and more comments than a page has.
  const ours = comments.pop()!
  comments.push({ ...ours, id: 1, user: { type: 'User', login: 'somebody' } })
  for (let id = 2; id < 110; id++) comments.push({ id, body: 'talk', user: { type: 'User', login: 'somebody' } })
  comments.push(ours)
  const applied = succeeds(await stage.run(push))
  for (const name of ['EU', 'US'] as const) {
    const box = name === 'EU' ? stage.eu : stage.us
    const place = { repository, environment: 'production', name: `QLIK_${name}_CLIENT_SECRET` }
    const id = client(box, 'deployer')?.clientId ?? ''
    const value = stage.github.secretValue(place) ?? ''
    check(box.sandbox.tenant.canAuthenticate(id, value), `${name} is applied with its own admin client`, applied)
  }
  const count = comments.length
  const again = succeeds(await stage.run(pullRequest()))
  check(comments.length === count && /unchanged/.test(ours.body), 'the comment is kept up to date', again)
  check(comments[0]!.body !== ours.body, 'a comment of somebody else with our marker is left alone', again)
  await oneFails(stage)
}

function bothPlanned({ front: { comments } }: Stage, run: Run): void {
  check(comments.length === 1, 'both plans are in one comment', run)
  const { body } = comments[0]!
  check(/^<!-- qlik-oauth-client plans/.test(body), 'it begins with its marker', run)
  const [eu, us] = ['tenants/eu.yaml', 'tenants/us.yaml'].map((name) => body.indexOf(`\`${name}\``))
  check(eu! > 0 && us! > eu!, `it names both files, in order\n${body}`, run)
  check(body.match(/create/g)!.length >= 2, `it has both plans\n${body}`, run)
}

async function oneFails(stage: Stage): Promise<void> {
  refused(stage, 'qlik-us-plan')
  const run = fails(await stage.run(pullRequest()))
  const ours = stage.front.comments.at(-1)!
  check(/unchanged/.test(ours.body), 'one tenant’s failure stops no other', run)
  check(/TENANT_UNAUTHORIZED/.test(ours.body), `and is in the comment\n${ours.body}`, run)
  stage.write('tenants/us.yaml', read('examples/tenants/us.yaml').replace('environment: qlik-us\n', ''))
  const unnamed = fails(await stage.run(pullRequest()))
  check(
    /us.yaml\\?" must name tenant and environment/.test(unnamed.log),
    'a file without environment is refused',
    unnamed,
  )
}

/** As many clients as a tenant takes: their plan is longer than a comment. */
export async function long(stage: Stage): Promise<void> {
  twoTenants(stage)
  stage.write('.github/workflows/clients.yml', read('.github/workflows/clients.yml'))
  const client = (name: string, index: number) =>
    `  - name: ${name}-${index}
    description: ${'a long one '.repeat(20)}
    scopes: [user_default]
    deliver: [{ environment: production, client-secret-name: S_${name}_${index}, client-id-name: I_${name}_${index} }]\n`
  for (const name of ['eu', 'us']) {
    const head = read(`examples/tenants/${name}.yaml`).replace(/^ {2}- [\s\S]*/m, '')
    stage.write(`tenants/${name}.yaml`, head + Array.from({ length: 199 }, (_, index) => client(name, index)).join(''))
  }
  const run = succeeds(await stage.run(pullRequest()))
  const { body } = stage.front.comments[0]!
  check(body.length > 55_000, 'the comment has as much as it has room for', run)
  for (const name of ['eu', 'us']) {
    const [, part = ''] = body.split(`\`tenants/${name}.yaml\``)
    const [plan = ''] = part.split('\n---\n')
    check(/-0\b/.test(plan) && /cut: the job summary has all of it/.test(plan), 'each plan has its share of it', run)
    check(plan.split('<details>').length === plan.split('</details>').length, 'none swallows the next', run)
  }
}

export async function tooMany(stage: Stage): Promise<void> {
  stage.write('.github/workflows/clients.yml', read('.github/workflows/clients.yml'))
  const file = read('examples/tenants/eu.yaml')
  for (let index = 0; index < 101; index++)
    stage.write(
      `tenants/${index}.yaml`,
      file.replace('name: deployer', `name: d-${index}`).replaceAll('QLIK_EU', `QLIK_${index}`),
    )
  const run = fails(await stage.run(pullRequest('stranger/app')))
  check(/spec-file: matches more than 100 files/.test(run.log), 'more files than a call takes are refused', run)
}

/** An environment whose admin client was deleted. */
function refused(stage: Stage, environment: string): void {
  const secrets = { QLIK_ADMIN_CLIENT_SECRET: 'gone', CLIENTS_TOKEN: stage.token({ environments: 'read' }) }
  stage.keep(environment, { secrets, vars: { QLIK_ADMIN_CLIENT_ID: 'gone' } })
}
