import { parseDuration } from '../../base/duration.ts'
import { specInvalid } from '../../base/mistake-positions.ts'
import type { Secret } from '../../base/secret.ts'
import type { RunningRepository } from '../../model/destination.ts'
import type { Policy, RunIdentity, WrittenClient } from '../../spec/client-spec.ts'
import type { Proxies } from '../http/proxies.ts'
import type { Tenant } from '../qlik/session.ts'
import type { Mask } from '../runner/mask-secret.ts'
import { type RunContext, readContext } from '../runner/run-context.ts'
import { clientInputs, listItems, readClientInputs } from './client-inputs.ts'
import {
  currentRepository,
  type Env,
  readApiUrl,
  refuseNodeDebug,
  requireWebAssembly,
  schemaAddress,
} from './environment.ts'
import { type Input, type InputName, type OpenedInputs, openInputs } from './input-table.ts'
import { collectProblems, inputInvalid, type Problems } from './problems.ts'
import { readProxies } from './proxy-variables.ts'
import type { SpecFile, SpecInput } from './read-spec-files.ts'
import { readSignIn, secretInput } from './sign-in.ts'
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

/** Reads an input, or adds its mistake to the problems. */
type Reader = { input: Input; problems: Problems }

/**
 * Reads inputs, environment and spec files. Masks the secrets among them. Throws one `INPUT_INVALID` or `SPEC_INVALID` that names
 * all mistakes.
 */
export async function readInputs(env: Env, mask: Mask): Promise<Inputs> {
  const problems = collectProblems()
  const opened = openInputs(env, problems, mask)
  const { input } = opened
  const reader = { input, problems }
  const context = readContext(env)
  const mode = oneOf(reader, 'mode', modes, 'apply')
  // `mode: validate` sends no request: it needs no credentials, and only masks the given ones.
  const credentials = mode === 'validate' ? collectProblems() : problems
  const allowCustomHost = flag(reader, 'allow-custom-host', false)
  const origin = tenantOrigin(input('tenant'), allowCustomHost, problems)
  const signIn = await readSignIn(input, context, credentials, mask)
  const token = secretInput('github-token', input, credentials, mask)
  const repository = currentRepository(context, env, problems)
  const spec = await readClients({ opened, env, origin, allowCustomHost, mode }, repository, problems)
  if (token === undefined && spec.delivers)
    credentials.add('github-token', `is missing; it writes the secrets. ${tokenHelp}`)
  const inputs: Inputs = {
    tenant: { origin: spec.tenant, signIn },
    outputClientSecret: readOutputClientSecret(reader, spec),
    github: { baseUrl: readApiUrl(context, problems), token },
    ...clientsOf(spec, input),
    checked: mode === 'validate' ? spec.files : undefined,
    wholeTenant: isWhole(mode) ? await wholeTenant(reader, mode, env, spec) : undefined,
    policy: policy(reader, mode === 'validate' || isWhole(mode) ? 'plan' : mode),
    repository,
    run: { id: context.runId, attempt: context.attempt },
    proxies: readProxies(env, problems, mask),
  }
  checkWholeTenantInputs(reader, mode)
  checkSurroundings(inputs, { env, context, reader, mode, delivers: spec.delivers })
  if (problems.list.length > 0) throw inputInvalid(problems.list, spec.mistakes)
  if (spec.mistakes.length > 0) throw specInvalid(spec.mistakes)
  return inputs
}

function readOutputClientSecret(reader: Reader, { clients }: SpecInput): boolean {
  const name = 'output-client-secret'
  const isAsked = flag(reader, name, false)
  if (isAsked && clients.length > 1)
    reader.problems.add(name, 'outputs the secret of one client, and there are several; choose one with only')
  return isAsked
}

type RunSurroundings = {
  env: Env
  context: RunContext
  reader: Reader
  mode: (typeof modes)[number]
  delivers: boolean
}

function checkSurroundings({ proxies }: Inputs, { env, context, reader, mode, delivers }: RunSurroundings): void {
  refuseNodeDebug(env, reader.problems)
  const usesProxy = proxies.https !== undefined && mode !== 'validate'
  requireWebAssembly((delivers && mode === 'apply') || usesProxy, reader.problems)
  refuseStrangers(context, reader)
}

function clientsOf({ clients, others }: SpecInput, input: Input): Pick<Inputs, 'clients' | 'others' | 'file'> {
  return { clients, others, file: input('spec-file') === '' ? undefined : input('only') === '' ? 'all' : 'chosen' }
}

/** Does the mode look at all clients of the tenant, whoever manages them? */
function isWhole(mode: (typeof modes)[number]): mode is WholeTenantInputs['mode'] {
  return mode === 'audit' || mode === 'export'
}

/** A mistake in an input is a mistake in every mode, also in modes that do not use the input. */
function checkWholeTenantInputs(reader: Reader, mode: (typeof modes)[number]): void {
  if (mode !== 'audit') {
    const age = reader.input('max-age')
    if (age !== '' && parseDuration(age) === undefined)
      reader.problems.add('max-age', 'accepted are durations such as 365d, 24h', age)
    flag(reader, 'fail-on-findings', false)
  }
  if (mode !== 'export') flag(reader, 'export-overwrite', false)
}

async function wholeTenant(
  reader: Reader,
  mode: WholeTenantInputs['mode'],
  env: Env,
  spec: SpecInput,
): Promise<WholeTenantInputs> {
  const { readWholeTenantInputs } = await import('./whole-tenant-inputs.ts')
  const { input, problems } = reader
  const truth = (name: InputName) => flag(reader, name, false)
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
  if (files === '' && !problems.refused.has('spec-file')) return readOneClient(asked, here, problems)
  for (const name of isWhole(mode) ? [] : clientInputs)
    if (input(name) !== '') problems.add(name, 'belongs in the spec file, and can’t be given beside spec-file')
  if (mode === 'destroy' && only === '') problems.add('only', whichOnes)
  const oneTenant = mode !== 'validate'
  const workspace = env.GITHUB_WORKSPACE ?? ''
  const { readSpec } = await import('./read-spec-files.ts')
  const given = { files, only, allowed, workspace, here, tenant: origin, allowCustomHost, oneTenant, isCredential }
  const spec = await readSpec(given, problems)
  return isWhole(mode) ? { ...spec, delivers: false } : spec
}

function readOneClient({ opened: { input }, origin, mode }: Asked, here: string, problems: Problems): SpecInput {
  if (origin === '' && input('tenant') === '' && mode !== 'validate')
    problems.add('tenant', 'is missing; give the tenant’s address, such as https://acme.eu.qlikcloud.com')
  if (input('only') !== '') problems.add('only', 'chooses clients of a spec-file, and no spec-file is given')
  const deliver = flag({ input, problems }, 'deliver', true)
  const one = isWhole(mode) ? undefined : readClientInputs(input, { deliver, here }, problems)
  const clients = one === undefined ? [] : [one]
  const files = [{ file: '', tenant: origin, environment: '', clients }]
  return { files, tenant: origin, clients, others: [], delivers: deliver && !isWhole(mode), mistakes: [] }
}

const whichOnes =
  'is missing; mode: destroy deletes the clients of a spec file only by their names. mode: plan-destroy shows what it would delete'

/** On pull_request_target a stranger's branch meets the repository's secrets. */
function refuseStrangers({ eventName }: RunContext, reader: Reader): void {
  const isAllowed = flag(reader, 'allow-pull-request-target', false)
  if (eventName !== 'pull_request_target' || isAllowed) return
  reader.problems.add(
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

function policy(reader: Reader, mode: Policy['mode']): Policy {
  const { input } = reader
  return {
    mode,
    failOnDrift: flag(reader, 'fail-on-drift', false),
    rotate: oneOf(reader, 'rotate', ['auto', 'now'] as const, 'auto'),
    verify: flag(reader, 'verify', true),
    retireHints: listItems(input('retire-hints')) ?? [],
    dropDestinations: flag(reader, 'drop-destinations', false),
    adminClientId: input('admin-client-id') || undefined,
  }
}

function flag({ input, problems }: Reader, name: InputName, fallback: boolean): boolean {
  const value = input(name)
  if (value !== '' && value !== 'true' && value !== 'false') problems.add(name, 'accepted are true, false', value)
  return value === 'true' || (value !== 'false' && fallback)
}

function oneOf<const T extends string>(
  { input, problems }: Reader,
  name: InputName,
  options: readonly T[],
  fallback: T,
): T {
  const value = input(name)
  const found = options.find((option) => option === value)
  if (value !== '' && found === undefined) problems.add(name, `accepted are ${options.join(', ')}`, value)
  return found ?? fallback
}
