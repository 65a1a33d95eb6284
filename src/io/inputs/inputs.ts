import { readFileSync } from 'node:fs'
import { specInvalid } from '../../base/diagnostics.ts'
import type { Secret } from '../../base/secret.ts'
import type { Policy, RunIdentity, WrittenClient } from '../../spec/client-spec.ts'
import type { Proxies } from '../http/transport.ts'
import type { Proof, SignIn, Tenant } from '../qlik/session.ts'
import { born, type Mask } from '../runner/mask-secret.ts'
import { clientInputs, items, readClient } from './client-inputs.ts'
import { apiUrl, currentRepository, type Env, proxies, type RunningRepository, refuseTelltale } from './environment.ts'
import { collectProblems, invalid, type Problems } from './problems.ts'
import type { Spec, SpecFile } from './spec-files.ts'
import { readTenant } from './tenant-address.ts'

/** What the step was given, checked: everything the program knows of inputs and environment. */
export type Inputs = {
  tenant: Tenant
  github: { baseUrl: string; token?: Secret | undefined }
  clients: WrittenClient[]
  /** Clients of the spec file that this run leaves alone. */
  others: WrittenClient[]
  /** What was checked, where that is all that is wanted: then nothing else of this is used. */
  checked?: SpecFile[] | undefined
  policy: Policy
  repository: RunningRepository
  run: Omit<RunIdentity, 'process'>
  outputClientSecret: boolean
  proxies: Proxies
}

const modes = ['apply', 'plan', 'destroy', 'validate'] as const

/**
 * Reads inputs, environment and spec files. Masks the secrets among them. Throws one `INPUT_INVALID` or `SPEC_INVALID` that names
 * everything that is wrong.
 */
export async function readInputs(env: Env, mask: Mask): Promise<Inputs> {
  const problems = collectProblems()
  const input = (name: string) => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
  const mode = oneOf('mode', input('mode'), modes, 'apply', problems)
  // Who only checks speaks to nobody: no way to sign in is needed, and what is given is masked and no more.
  const credentials = mode === 'validate' ? collectProblems() : problems
  const secret = (name: string) => secretInput(name, input(name), credentials, mask)
  const allowCustomHost = flag('allow-custom-host', input('allow-custom-host'), false, problems)
  const origin = tenantOrigin(input('tenant'), allowCustomHost, problems)
  const way = await signIn(input, secret, env, { problems: credentials, mask })
  const token = secret('github-token')
  const repository = currentRepository(env, problems)
  const spec = await whatToDo({ input, env, origin, allowCustomHost, mode }, repository, problems)
  if (token === undefined && spec.delivers)
    credentials.add('github-token', `is missing; it writes the secrets. ${tokenHelp}`)
  const outputClientSecret = flag('output-client-secret', input('output-client-secret'), false, problems)
  if (outputClientSecret && spec.clients.length > 1)
    problems.add(
      'output-client-secret',
      'outputs the secret of one client, and there are several; choose one with only',
    )
  const inputs: Inputs = {
    tenant: { origin: spec.tenant, signIn: way },
    github: { baseUrl: apiUrl(env, problems), token },
    clients: spec.clients,
    others: spec.others,
    checked: mode === 'validate' ? spec.files : undefined,
    policy: policy(input, mode === 'validate' ? 'plan' : mode, problems),
    repository,
    run: { id: env.GITHUB_RUN_ID || '0', attempt: Number(env.GITHUB_RUN_ATTEMPT) || 1 },
    outputClientSecret,
    proxies: proxies(env, problems, mask),
  }
  refuseTelltale(env, problems)
  refuseStrangers(env, flag('allow-pull-request-target', input('allow-pull-request-target'), false, problems), problems)
  if (problems.list.length > 0) throw invalid(problems.list, spec.mistakes)
  if (spec.mistakes.length > 0) throw specInvalid(spec.mistakes)
  return inputs
}

type Asked = {
  input: (name: string) => string
  env: Env
  origin: string
  allowCustomHost: boolean
  mode: (typeof modes)[number]
}

/** The clients: of the spec file, or the one that the inputs describe. */
async function whatToDo(asked: Asked, repository: RunningRepository, problems: Problems): Promise<Spec> {
  const { input, env, origin, allowCustomHost, mode } = asked
  const [files, only, allowed] = [input('spec-file'), input('only'), items(input('allow-destinations')) ?? []]
  const wrong = allowed.find((pattern) => !/^[\w.*-]+(\/[\w.*-]+)?$/.test(pattern))
  if (wrong !== undefined)
    problems.add('allow-destinations', 'takes owner/name, owner/* and names of organizations', wrong)
  const deliver = flag('deliver', input('deliver'), true, problems)
  const here = `${repository.owner}/${repository.name}`
  if (files === '') {
    if (origin === '' && input('tenant') === '' && mode !== 'validate')
      problems.add('tenant', 'is missing; give the tenant’s address, such as https://acme.eu.qlikcloud.com')
    if (only !== '') problems.add('only', 'chooses among the clients of a spec-file, and there is none')
    const one = readClient(input, { deliver, here }, problems)
    const clients = one === undefined ? [] : [one]
    return {
      files: [{ file: '', tenant: origin, environment: '', clients }],
      tenant: origin,
      clients,
      others: [],
      delivers: deliver,
      mistakes: [],
    }
  }
  for (const name of clientInputs)
    if (input(name) !== '') problems.add(name, 'stands in the spec file, and can’t be given beside spec-file')
  const oneTenant = mode !== 'validate'
  const workspace = env.GITHUB_WORKSPACE ?? ''
  const { readSpec } = await import('./spec-files.ts')
  return readSpec({ files, only, allowed, workspace, here, tenant: origin, allowCustomHost, oneTenant }, problems)
}

/** On pull_request_target a stranger's branch meets the repository's secrets. */
function refuseStrangers(env: Env, allowed: boolean, problems: Problems): void {
  if (env.GITHUB_EVENT_NAME !== 'pull_request_target' || allowed) return
  problems.add(
    'allow-pull-request-target',
    'this run was started by pull_request_target, where a stranger’s branch meets the repository’s secrets; set it to true if the workflow uses nothing of that branch',
  )
}

const tokenHelp =
  'GITHUB_TOKEN can’t write secrets: give a token of a GitHub App, or a fine-grained personal access token.'

// --- the tenant, and who we are there ------------------------------------------------------------------------------------

function tenantOrigin(text: string, allowCustomHost: boolean, problems: Problems): string {
  const { origin, complaint } = text === '' ? {} : readTenant(text, allowCustomHost)
  if (complaint !== undefined) problems.add('tenant', complaint, text)
  return origin ?? ''
}

async function signIn(
  input: (name: string) => string,
  secret: (name: string) => Secret | undefined,
  env: Env,
  { problems, mask }: { problems: Problems; mask: Mask },
): Promise<SignIn> {
  const key = secret('api-key')
  const clientId = input('admin-client-id')
  const clientSecret = secret('admin-client-secret')
  const proof = (await keyProof(input, problems, mask)) ?? (clientSecret && { kind: 'secret', secret: clientSecret })
  const withKey = input('admin-private-key') !== ''
  const withClient = clientId !== '' || clientSecret !== undefined || withKey
  const byClient = 'admin-client-id with admin-client-secret or admin-private-key'
  if (key === undefined && !withClient) {
    problems.add('api-key', `no way to sign in: give api-key, or ${byClient}.${forkHint(env)}`)
  } else if (key !== undefined && withClient) {
    problems.add('api-key', `two ways to sign in: give either api-key, or ${byClient}`)
  } else if (clientSecret !== undefined && withKey) {
    problems.add('admin-private-key', 'two ways to sign in: give either admin-client-secret or admin-private-key')
  } else if (withClient && clientId === '') {
    problems.add('admin-client-id', `is missing beside ${withKey ? 'admin-private-key' : 'admin-client-secret'}`)
  } else if (withClient && clientSecret === undefined && !withKey) {
    const or = 'give it, or admin-private-key'
    problems.add('admin-client-secret', `is missing beside admin-client-id: ${or}.${forkHint(env)}`)
  }
  if (clientId !== '' && !/^[\w-]+$/.test(clientId)) problems.add('admin-client-id', 'is not a client id', clientId)
  return key === undefined && proof !== undefined ? { kind: 'client', clientId, proof } : { kind: 'api-key', key: key! }
}

/** A key is not one word, as other secrets are: it has a reader of its own. */
async function keyProof(input: (name: string) => string, problems: Problems, mask: Mask): Promise<Proof | undefined> {
  const text = input('admin-private-key')
  const keyId = input('admin-key-id')
  if (text === '' && keyId !== '') problems.add('admin-key-id', 'is of no use without admin-private-key')
  if (/\p{Cc}/u.test(keyId) || keyId.length > 256) problems.add('admin-key-id', 'is not a key id', keyId)
  if (text === '') return undefined
  const { readSigningKey } = await import('../qlik/signing-key.ts')
  const key = await readSigningKey(text, keyId, mask)
  if ('complaint' in key) problems.add('admin-private-key', key.complaint, text)
  return 'complaint' in key ? undefined : { kind: 'key', key }
}

/** Forks get no secrets: the usual reason for an empty key on a pull request. */
function forkHint(env: Env): string {
  const isPullRequest = env.GITHUB_EVENT_NAME === 'pull_request' || env.GITHUB_EVENT_NAME === 'pull_request_target'
  if (!isPullRequest || !isFork(env))
    return ' An empty secret looks the same as none: is it defined for this repository or environment?'
  return ' This run is of a pull request from a fork, and GitHub gives forks no secrets.'
}

function isFork(env: Env): boolean {
  try {
    const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH ?? '', 'utf8')) as {
      pull_request?: { head?: { repo?: { full_name?: string } | null } }
    }
    const head = event.pull_request?.head
    return head !== undefined && head.repo?.full_name?.toLowerCase() !== env.GITHUB_REPOSITORY?.toLowerCase()
  } catch {
    return false
  }
}

function secretInput(name: string, value: string, problems: Problems, mask: Mask): Secret | undefined {
  if (value === '') return undefined
  if (/[^\x21-\x7e]/.test(value))
    problems.add(name, 'must be one word of printable characters; a space or line break was pasted with it', value)
  return born(value, mask)
}

// --- the run -----------------------------------------------------------------------------------------------------------

function policy(input: (name: string) => string, mode: Policy['mode'], problems: Problems): Policy {
  return {
    mode,
    failOnDrift: flag('fail-on-drift', input('fail-on-drift'), false, problems),
    rotate: oneOf('rotate', input('rotate'), ['auto', 'now'] as const, 'auto', problems),
    verify: flag('verify', input('verify'), true, problems),
    retireHints: items(input('retire-hints')) ?? [],
    dropDestinations: flag('drop-destinations', input('drop-destinations'), false, problems),
    adminClientId: input('admin-client-id') || undefined,
  }
}

function flag(name: string, value: string, fallback: boolean, problems: Problems): boolean {
  if (value !== '' && value !== 'true' && value !== 'false') problems.add(name, 'accepted are true, false', value)
  return value === 'true' || (value !== 'false' && fallback)
}

function oneOf<const T extends string>(
  name: string,
  value: string,
  options: readonly T[],
  fallback: T,
  problems: Problems,
): T {
  const found = options.find((option) => option === value)
  if (value !== '' && found === undefined) problems.add(name, `accepted are ${options.join(', ')}`, value)
  return found ?? fallback
}
