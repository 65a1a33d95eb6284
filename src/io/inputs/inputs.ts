import { parseDuration } from '../../base/duration.ts'
import { specInvalid } from '../../base/mistake-positions.ts'
import type { Secret } from '../../base/secret.ts'
import type { Policy, RunIdentity, WrittenClient } from '../../spec/client-spec.ts'
import type { Proxies } from '../http/proxies.ts'
import type { Tenant } from '../qlik/session.ts'
import type { Mask } from '../runner/mask-secret.ts'
import { type RunContext, readContext } from '../runner/run-context.ts'
import { clientInputs, listItems, readClientInputs } from './client-inputs.ts'
import {
  currentRepository,
  type Env,
  type RunningRepository,
  readApiUrl,
  refuseNodeDebug,
  requireWebAssembly,
  schemaAddress,
} from './environment.ts'
import { type Input, type InputName, type OpenedInputs, openInputs } from './input-table.ts'
import { collectProblems, inputInvalid, type Problems } from './problems.ts'
import { readProxies } from './proxy-variables.ts'
import { readSignIn, secretInput } from './sign-in.ts'
import type { SpecFile, SpecInput } from './spec-files.ts'
import { readTenant } from './tenant-address.ts'
import type { WholeTenantInputs } from './whole-tenant-inputs.ts'

/** The checked inputs and environment of the step: the program reads neither of them elsewhere. */
export type Inputs = {
  tenant: Tenant
  github: { baseUrl: string; token?: Secret | undefined }
  clients: WrittenClient[]
  /** Clients of the spec file that this run does not touch. */
  others: WrittenClient[]
  /** Whether the clients are all clients of a spec file, or a choice by `only`; undefined if inputs describe one client. */
  file: 'all' | 'chosen' | undefined
  /** The checked files, for a run that only validates: then no other field is used. */
  checked?: SpecFile[] | undefined
  /** The inputs of a run that looks at the whole tenant: then there are no clients. */
  wholeTenant?: WholeTenantInputs | undefined
  policy: Policy
  repository: RunningRepository
  run: Omit<RunIdentity, 'process'>
  outputClientSecret: boolean
  proxies: Proxies
}

const modes = ['apply', 'plan', 'destroy', 'plan-destroy', 'validate', 'audit', 'export'] as const

/**
 * Reads inputs, environment and spec files. Masks the secrets among them. Throws one `INPUT_INVALID` or `SPEC_INVALID` that names
 * all mistakes.
 */
export async function readInputs(env: Env, mask: Mask): Promise<Inputs> {
  const problems = collectProblems()
  const opened = openInputs(env, problems, mask)
  const { input } = opened
  const context = readContext(env)
  const mode = oneOf('mode', input('mode'), modes, 'apply', problems)
  // `mode: validate` sends no request: it needs no credentials, and only masks the given ones.
  const credentials = mode === 'validate' ? collectProblems() : problems
  const allowCustomHost = flag('allow-custom-host', input('allow-custom-host'), false, problems)
  const origin = tenantOrigin(input('tenant'), allowCustomHost, problems)
  const signIn = await readSignIn(input, context, credentials, mask)
  const token = secretInput('github-token', input, credentials, mask)
  const repository = currentRepository(context, env, problems)
  const spec = await readClients({ opened, env, origin, allowCustomHost, mode }, repository, problems)
  if (token === undefined && spec.delivers)
    credentials.add('github-token', `is missing; it writes the secrets. ${tokenHelp}`)
  const outputClientSecret = flag('output-client-secret', input('output-client-secret'), false, problems)
  if (outputClientSecret && spec.clients.length > 1)
    problems.add(
      'output-client-secret',
      'outputs the secret of one client, and there are several; choose one with only',
    )
  const inputs: Inputs = {
    tenant: { origin: spec.tenant, signIn },
    github: { baseUrl: readApiUrl(context, problems), token },
    ...clientsOf(spec, input),
    checked: mode === 'validate' ? spec.files : undefined,
    wholeTenant: isWhole(mode) ? await wholeTenant(mode, input, env, spec, problems) : undefined,
    policy: policy(input, mode === 'validate' || isWhole(mode) ? 'plan' : mode, problems),
    repository,
    run: { id: context.runId, attempt: context.attempt },
    outputClientSecret,
    proxies: readProxies(env, problems, mask),
  }
  checkWholeTenantInputs(input, mode, problems)
  refuseNodeDebug(env, problems)
  const usesProxy = inputs.proxies.https !== undefined && mode !== 'validate'
  requireWebAssembly((spec.delivers && mode === 'apply') || usesProxy, problems)
  refuseStrangers(context, input('allow-pull-request-target'), problems)
  if (problems.list.length > 0) throw inputInvalid(problems.list, spec.mistakes)
  if (spec.mistakes.length > 0) throw specInvalid(spec.mistakes)
  return inputs
}

function clientsOf({ clients, others }: SpecInput, input: Input): Pick<Inputs, 'clients' | 'others' | 'file'> {
  return { clients, others, file: input('spec-file') === '' ? undefined : input('only') === '' ? 'all' : 'chosen' }
}

/** Does the mode look at all clients of the tenant, whoever manages them? */
function isWhole(mode: (typeof modes)[number]): mode is WholeTenantInputs['mode'] {
  return mode === 'audit' || mode === 'export'
}

/** A mistake in an input is a mistake in every mode, also in modes that do not use the input. */
function checkWholeTenantInputs(input: Input, mode: (typeof modes)[number], problems: Problems): void {
  if (mode !== 'audit') {
    const age = input('max-age')
    if (age !== '' && parseDuration(age) === undefined)
      problems.add('max-age', 'accepted are durations such as 365d, 24h', age)
    flag('fail-on-findings', input('fail-on-findings'), false, problems)
  }
  if (mode !== 'export') flag('export-overwrite', input('export-overwrite'), false, problems)
}

async function wholeTenant(
  mode: WholeTenantInputs['mode'],
  input: Input,
  env: Env,
  spec: SpecInput,
  problems: Problems,
): Promise<WholeTenantInputs> {
  const { readWholeTenantInputs } = await import('./whole-tenant-inputs.ts')
  const truth = (name: InputName) => flag(name, input(name), false, problems)
  const files = input('spec-file') === '' ? undefined : spec
  const around = { workspace: env.GITHUB_WORKSPACE ?? '', schema: schemaAddress(env) }
  return readWholeTenantInputs({ mode, input, flag: truth, ...around, spec: files }, problems)
}

type Asked = {
  opened: OpenedInputs
  env: Env
  origin: string
  allowCustomHost: boolean
  mode: (typeof modes)[number]
}

/** The clients: of the spec file, or the one that the inputs describe. */
async function readClients(asked: Asked, repository: RunningRepository, problems: Problems): Promise<SpecInput> {
  const { opened, env, origin, allowCustomHost, mode } = asked
  const { input, isCredential } = opened
  const [files, only, allowed] = [input('spec-file'), input('only'), listItems(input('allow-destinations')) ?? []]
  for (const [index, pattern] of allowed.entries())
    if (!/^[\w.*-]+(\/[\w.*-]+)?$/.test(pattern))
      problems.add(
        'allow-destinations',
        `item ${index + 1} is not owner/name, owner/* or the name of an organization`,
        pattern,
      )
  const here = `${repository.owner}/${repository.name}`
  if (files === '' && !problems.refused.has('spec-file')) {
    if (origin === '' && input('tenant') === '' && mode !== 'validate')
      problems.add('tenant', 'is missing; give the tenant’s address, such as https://acme.eu.qlikcloud.com')
    if (only !== '') problems.add('only', 'chooses clients of a spec-file, and no spec-file is given')
    const deliver = flag('deliver', input('deliver'), true, problems)
    const one = isWhole(mode) ? undefined : readClientInputs(input, { deliver, here }, problems)
    const clients = one === undefined ? [] : [one]
    return {
      files: [{ file: '', tenant: origin, environment: '', clients }],
      tenant: origin,
      clients,
      others: [],
      delivers: deliver && !isWhole(mode),
      mistakes: [],
    }
  }
  for (const name of isWhole(mode) ? [] : clientInputs)
    if (input(name) !== '') problems.add(name, 'belongs in the spec file, and can’t be given beside spec-file')
  if (mode === 'destroy' && only === '') problems.add('only', whichOnes)
  const oneTenant = mode !== 'validate'
  const workspace = env.GITHUB_WORKSPACE ?? ''
  const { readSpec } = await import('./spec-files.ts')
  const given = { files, only, allowed, workspace, here, tenant: origin, allowCustomHost, oneTenant, isCredential }
  const spec = await readSpec(given, problems)
  return isWhole(mode) ? { ...spec, delivers: false } : spec
}

const whichOnes =
  'is missing; mode: destroy deletes the clients of a spec file only by their names. mode: plan-destroy shows what it would delete'

/** On pull_request_target a stranger's branch meets the repository's secrets. */
function refuseStrangers({ eventName }: RunContext, allowing: string, problems: Problems): void {
  const isAllowed = flag('allow-pull-request-target', allowing, false, problems)
  if (eventName !== 'pull_request_target' || isAllowed) return
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

// --- the run -----------------------------------------------------------------------------------------------------------

function policy(input: Input, mode: Policy['mode'], problems: Problems): Policy {
  return {
    mode,
    failOnDrift: flag('fail-on-drift', input('fail-on-drift'), false, problems),
    rotate: oneOf('rotate', input('rotate'), ['auto', 'now'] as const, 'auto', problems),
    verify: flag('verify', input('verify'), true, problems),
    retireHints: listItems(input('retire-hints')) ?? [],
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
