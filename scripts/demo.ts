/**
 * Shows the built action at work, against a tenant and a GitHub that run on this machine only. Each act checks what it
 * promises; the exit code tells whether all did.
 */
import { manyClients, mistakesInAFile, validate } from './demo/file.ts'
import { spaces } from './demo/spaces.ts'
import { day, hour, repository, Stage } from './demo/stage.ts'
import { wholeTenant } from './demo/whole-tenant.ts'

const deployer = { name: 'deployer', scopes: 'user_default apps', 'rotate-after': '90d', 'grace-period': '24h' }
const reporting = { name: 'reporting', scopes: 'user_default', environment: 'staging' }

async function planBeforeAnything(stage: Stage): Promise<void> {
  stage.act('A plan, before anything exists', 'It reads, says what it would do, and writes nothing.')
  const { outputs, writes } = await stage.run({ ...deployer, mode: 'plan' })
  stage.check('the result is "planned", with drift', outputs.result === 'planned' && outputs.drift === 'true')
  stage.check('nothing was written', writes === 0 && stage.sandbox.tenant.findByName('deployer').length === 0)
}

async function firstRun(stage: Stage): Promise<void> {
  stage.act('The first run', 'It creates the client, proves its secret, and delivers it.')
  const { outputs } = await stage.run(deployer)
  stage.showGitHub()
  stage.check(
    'the client was created, with trusted consent',
    outputs.result === 'created' && consent(stage) === 'trusted',
  )
  stage.check('the secret on GitHub gets an access token', await stage.storedSecretWorks())
}

async function secondRun(stage: Stage): Promise<void> {
  stage.act('The second run', 'Everything is in order.')
  const { outputs, requests, writes } = await stage.run(deployer)
  stage.check(`${requests} requests, none of them a write`, writes === 0 && outputs.changed === 'false')
}

async function changedByHand(stage: Stage): Promise<void> {
  stage.act(
    'Somebody changes the client by hand',
    'Its scopes and its consent. A plan shows the difference, field by field.',
  )
  const { tenant } = stage.sandbox
  const { clientId } = client(stage)
  const secret = stage.storedSecret()
  tenant.setScopes(clientId, ['user_default', 'admin_classic'])
  tenant.setConsent(clientId, 'required')
  stage.check('the client can’t sign in any more', !(await stage.storedSecretWorks()))
  const plan = await stage.run({ ...deployer, mode: 'plan', 'fail-on-drift': 'true' })
  stage.check('the plan fails with DRIFT_FOUND', plan.exitCode === 1 && plan.outputs['error-code'] === 'DRIFT_FOUND')
  const { outputs } = await stage.run(deployer)
  stage.check('the next run repairs it', outputs.result === 'updated' && (await stage.storedSecretWorks()))
  stage.check('the secret is still the same', stage.storedSecret() === secret)
}

async function rotation(stage: Stage): Promise<string> {
  stage.act('91 days later', 'rotate-after is 90d: the secret is due.')
  const previous = stage.storedSecret()
  stage.sandbox.clock.advance(91 * day)
  const { outputs } = await stage.run(deployer)
  stage.showGitHub()
  stage.check('a fresh secret was delivered', outputs.result === 'rotated' && stage.storedSecret() !== previous)
  stage.check('it gets an access token', await stage.storedSecretWorks())
  stage.check('so does the previous one, for runs that were queued before', await stage.works(previous))
  return previous
}

async function graceIsOver(stage: Stage, previous: string): Promise<void> {
  stage.act('25 hours later', 'The grace period of 24h is over.')
  stage.sandbox.clock.advance(25 * hour)
  await stage.run(deployer)
  stage.check('the previous secret is retired', !(await stage.works(previous)))
  stage.check('the current one works', await stage.storedSecretWorks())
}

async function overwritten(stage: Stage): Promise<void> {
  stage.act('Somebody overwrites the secret on GitHub', 'Nobody can read it back, but its stamp shows the change.')
  stage.sandbox.github.overwriteSecret({ repository, name: 'QLIK_CLIENT_SECRET' }, 'pasted-by-mistake')
  stage.check('workflows can’t sign in any more', !(await stage.storedSecretWorks()))
  stage.sandbox.clock.advance(hour)
  await stage.run(deployer)
  stage.check('it is healed with a fresh secret', await stage.storedSecretWorks())
}

async function adoption(stage: Stage): Promise<void> {
  stage.act(
    'A client that was made by hand',
    'It is adopted: its own settings are kept, and environment staging gets a secret.',
  )
  const { clientId } = stage.sandbox.tenant.addClient({
    clientName: 'reporting',
    description: 'Monthly reports. Ask Maria before changing.',
    allowedScopes: ['user_default'],
    consentMethod: 'required',
  })
  stage.sandbox.clock.advance(40 * day + hour)
  await stage.run(reporting)
  const place = { environment: 'staging' }
  stage.showGitHub(place)
  const { description, secrets } = stage.sandbox.tenant.clients.get(clientId)!
  stage.check('environment staging has a secret that works', await stage.storedSecretWorks(place))
  stage.check(
    'its own secret and description are still there',
    secrets.length === 2 && !!description?.startsWith('Monthly'),
  )
}

async function destruction(stage: Stage): Promise<void> {
  stage.act('The end', 'mode: destroy deletes what the action made.')
  const { outputs } = await stage.run({ ...deployer, mode: 'destroy' })
  stage.showGitHub()
  const { github, tenant } = stage.sandbox
  const left = [...github.secretNames({ repository }), ...github.variableNames({ repository })]
  const nothingLeft = !left.includes('QLIK_CLIENT_SECRET') && !left.includes('QLIK_CLIENT_ID')
  stage.check('the client is gone, and so are its secret and variable', outputs.result === 'deleted' && nothingLeft)
  stage.check('the adopted client stays', tenant.findByName('reporting').length === 1)
}

const client = (stage: Stage) => stage.sandbox.tenant.findByName('deployer')[0]!
const consent = (stage: Stage) => client(stage).consentMethod

const began = performance.now()
const stage = await Stage.open()
console.log('The action at work, against a Qlik Cloud tenant and a GitHub that run on this machine only.')
try {
  await planBeforeAnything(stage)
  await firstRun(stage)
  await secondRun(stage)
  await changedByHand(stage)
  await graceIsOver(stage, await rotation(stage))
  await overwritten(stage)
  await spaces(stage, deployer)
  await adoption(stage)
  await mistakesInAFile(stage)
  await validate(stage)
  await manyClients(stage)
  await wholeTenant(stage)
  await destruction(stage)
} catch (error) {
  stage.check(`the act continues (${error})`, false)
}
await stage.close()
const seconds = ((performance.now() - began) / 1000).toFixed(1)
console.log(
  `\n${stage.acts} acts in ${seconds} s: ${stage.failures === 0 ? 'all as promised' : `${stage.failures} promises broken`}`,
)
process.exitCode = stage.failures === 0 ? 0 : 1
