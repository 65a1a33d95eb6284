import { readFileSync } from 'node:fs'
import type * as z from 'zod'
import type { Secret } from '../domain/secret.ts'
import { clientSchema, type Policy, type RunIdentity } from '../domain/spec.ts'
import { plain } from '../domain/text.ts'
import { born, type Mask } from './born.ts'
import { collectProblems, invalid, type Problems } from './problems.ts'
import type { SignIn, Tenant } from './qlik-session.ts'
import { isLoopback, type Proxies } from './transport.ts'

/** What the step was given, checked: everything the program knows of inputs and environment. */
export type Inputs = {
  tenant: Tenant
  github: { baseUrl: string; token?: Secret | undefined }
  clients: z.output<typeof clientSchema>[]
  policy: Policy
  /** `id` is undefined where the runner does not say it. */
  repository: { owner: string; name: string; id?: string | undefined }
  run: Omit<RunIdentity, 'process'>
  outputClientSecret: boolean
  proxies: Proxies
}

type Env = Record<string, string | undefined>

const modes = ['apply', 'plan', 'destroy'] as const

/** Reads inputs and environment. Masks the secrets among them. Throws one `INPUT_INVALID` that names everything that is wrong. */
export function readInputs(env: Env, mask: Mask): Inputs {
  const problems = collectProblems()
  const input = (name: string) => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
  const secret = (name: string) => secretInput(name, input(name), problems, mask)
  const deliver = flag('deliver', input('deliver'), true, problems)
  const token = secret('github-token')
  const mode = oneOf('mode', input('mode'), modes, 'apply', problems)
  if (token === undefined && deliver) problems.add('github-token', `is missing; it writes the secrets. ${tokenHelp}`)
  const inputs: Inputs = {
    tenant: {
      origin: tenantOrigin(
        input('tenant'),
        flag('allow-custom-host', input('allow-custom-host'), false, problems),
        problems,
      ),
      signIn: signIn(input, secret, env, problems),
    },
    github: { baseUrl: apiUrl(env, problems), token },
    clients: [client(input, deliver, problems)],
    policy: policy(input, mode, problems),
    repository: currentRepository(env, problems),
    run: { id: env.GITHUB_RUN_ID || '0', attempt: Number(env.GITHUB_RUN_ATTEMPT) || 1 },
    outputClientSecret: flag('output-client-secret', input('output-client-secret'), false, problems),
    proxies: proxies(env, problems, mask),
  }
  refuseStrangers(env, flag('allow-pull-request-target', input('allow-pull-request-target'), false, problems), problems)
  if (problems.list.length > 0) throw invalid(problems.list)
  return inputs
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
  if (text === '')
    problems.add('tenant', 'is missing; give the tenant’s address, such as https://acme.eu.qlikcloud.com')
  if (text === '') return ''
  const url = URL.canParse(text) && /^https?:\/\//i.test(text) ? new URL(text) : undefined
  const address =
    url ??
    (URL.canParse(`https://${text}`) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? new URL(`https://${text}`) : undefined)
  const complaint =
    address === undefined
      ? 'is no address; accepted is https://<tenant>.<region>.qlikcloud.com, or just the host'
      : unfit(address, allowCustomHost)
  if (complaint !== undefined) problems.add('tenant', complaint, text)
  return address?.origin ?? ''
}

function unfit(url: URL, allowCustomHost: boolean): string | undefined {
  const local = isLoopback(url.hostname)
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return 'must be the bare address of the tenant, without a path'
  if (url.protocol === 'http:' && !local) return 'must be https: a key would cross the network in clear'
  if (local || allowCustomHost) return undefined
  const isQlik = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.qlikcloud(gov)?\.com$/.test(url.hostname) && url.port === ''
  return isQlik
    ? undefined
    : 'is not a host of Qlik Cloud (*.qlikcloud.com, *.qlikcloudgov.com); set allow-custom-host: true if it is yours'
}

function signIn(
  input: (name: string) => string,
  secret: (name: string) => Secret | undefined,
  env: Env,
  problems: Problems,
): SignIn {
  const key = secret('api-key')
  const clientId = input('admin-client-id')
  const clientSecret = secret('admin-client-secret')
  const withClient = clientId !== '' || clientSecret !== undefined
  if (key === undefined && !withClient) {
    problems.add(
      'api-key',
      `no way to sign in: give api-key, or admin-client-id with admin-client-secret.${forkHint(env)}`,
    )
  } else if (key !== undefined && withClient) {
    problems.add('api-key', 'two ways to sign in: give either api-key, or admin-client-id with admin-client-secret')
  } else if (withClient && clientId === '') {
    problems.add('admin-client-id', 'is missing beside admin-client-secret')
  } else if (withClient && clientSecret === undefined) {
    problems.add('admin-client-secret', `is missing beside admin-client-id.${forkHint(env)}`)
  }
  if (clientId !== '' && !/^[\w-]+$/.test(clientId)) problems.add('admin-client-id', 'is not a client id', clientId)
  return key === undefined && clientSecret !== undefined
    ? { kind: 'client', clientId, secret: clientSecret }
    : { kind: 'api-key', key: key! }
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

// --- the client ------------------------------------------------------------------------------------------------------

function client(input: (name: string) => string, deliver: boolean, problems: Problems): z.output<typeof clientSchema> {
  const given = (name: string) => (input(name) === '' ? undefined : input(name))
  for (const name of ['scopes', 'grant-types', 'selected-repositories']) {
    if (given(name) !== undefined && items(given(name))?.length === 0)
      problems.add(name, 'holds no name, only separators', input(name))
  }
  const place = ['repository', 'environment', 'organization', 'store', 'visibility'] as const
  const names = ['client-id-name', 'client-id-as', 'client-secret-name'] as const
  const delivery = {
    ...Object.fromEntries([...place, ...names].map((name) => [name, given(name)])),
    'selected-repositories': items(given('selected-repositories')),
  }
  const written = {
    name: given('name'),
    'client-id': given('client-id'),
    description: given('description'),
    'grant-types': items(given('grant-types')),
    scopes: items(given('scopes')),
    'auth-method': given('auth-method'),
    consent: given('consent'),
    rotation: { after: given('rotate-after'), grace: given('grace-period') },
    deliver: deliver ? [delivery] : [],
  }
  const result = clientSchema.safeParse(written)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const name = inputName(issue.path)
    const value = input(name)
    problems.add(name, complaint(issue), value === '' ? undefined : value)
  }
  return undefined as never
}

function complaint(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value' ? `accepted are ${issue.values.map(String).join(', ')}` : plain(issue.message)
}

/** `rotation.after` of a spec is `rotate-after` of the step, and so on. */
function inputName(path: PropertyKey[]): string {
  const names: Record<string, string> = { 'rotation.after': 'rotate-after', 'rotation.grace': 'grace-period' }
  const key = path
    .filter((part) => typeof part === 'string')
    .join('.')
    .replace(/^deliver\./, '')
  return names[key] ?? (key || 'name')
}

function items(text: string | undefined): string[] | undefined {
  return text?.split(/[\s,]+/).filter(Boolean)
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

function apiUrl(env: Env, problems: Problems): string {
  const text = env.GITHUB_API_URL || 'https://api.github.com'
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!safe) problems.add('GITHUB_API_URL', 'must be an https address')
  return text.replace(/\/+$/, '')
}

/** Proxies from the environment, in either case of the names; without a scheme they are http. A password in one is masked. */
function proxies(env: Env, problems: Problems, mask: Mask): Proxies {
  const proxy = (name: string) => {
    const text = env[name.toLowerCase()] || env[name]
    if (!text) return undefined
    const address = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) problems.add(name, 'is not the address of a proxy', text)
    if (url?.password) for (const part of [url.password, decodeURIComponent(url.password)]) born(part, mask)
    return url && address
  }
  return { http: proxy('HTTP_PROXY'), https: proxy('HTTPS_PROXY'), none: env.no_proxy || env.NO_PROXY }
}

function currentRepository(env: Env, problems: Problems): Inputs['repository'] {
  const [owner = '', name = ''] = (env.GITHUB_REPOSITORY ?? '').split('/')
  if (owner === '' || name === '') problems.add('GITHUB_REPOSITORY', 'is missing or not owner/name; the runner sets it')
  return { owner, name, id: env.GITHUB_REPOSITORY_ID || undefined }
}
