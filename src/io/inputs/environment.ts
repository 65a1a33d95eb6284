import { repositoryPattern } from '../../model/destination.ts'
import { isLoopback, type NamedProxy, type Proxies } from '../http/proxies.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import type { RunContext } from '../runner/run-context.ts'
import type { Problems } from './problems.ts'

/** The environment variables of the step: its inputs, and the runner's own. */
export type Env = Record<string, string | undefined>

/** The address of GitHub's API, without a slash at its end. */
export function apiUrl({ apiUrl: text }: RunContext, problems: Problems): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!safe) problems.add('GITHUB_API_URL', 'must be an https address')
  if (url?.username || url?.password || url?.search || url?.hash || /[?#]/.test(text))
    problems.add('GITHUB_API_URL', 'must be a bare address, without user, query or fragment')
  return text.replace(/\/+$/, '')
}

/**
 * Proxies from the environment, with names in upper or lower case. The default scheme is http. Their passwords are masked, even
 * if the address can't be used.
 */
export function readProxies(env: Env, problems: Problems, mask: Mask): Proxies {
  // Plain http is used only on this machine, without a proxy. A mistake in its variable is reported all the same.
  proxyOf('HTTP_PROXY', env, problems, mask)
  return { https: proxyOf('HTTPS_PROXY', env, problems, mask), none: env.no_proxy || env.NO_PROXY }
}

const longestProxy = 4096

function proxyOf(name: string, env: Env, problems: Problems, mask: Mask): NamedProxy | undefined {
  const variable = env[name.toLowerCase()] ? name.toLowerCase() : name
  const text = env[variable]?.trim()
  if (!text) return undefined
  if (text.length > longestProxy) {
    problems.add(variable, `has at most ${longestProxy} characters`, text)
    return undefined
  }
  for (const password of passwordsIn(text)) maskedSecret(password, mask)
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isBare = url !== undefined && url.pathname.length <= 1 && url.search === '' && url.hash === ''
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isBare) {
    problems.add(variable, 'is not the address of a proxy: http:// or https://, a host and a port, and no path', text)
    return undefined
  }
  try {
    decodeURIComponent(url.password + url.username)
    return { address: url.href, variable }
  } catch {
    problems.add(
      variable,
      'has a user name or password with a % that does not begin an escape: write %25 instead',
      text,
    )
    return undefined
  }
}

/** The text at the place of the password, escaped and unescaped, even if the address has other mistakes. */
function passwordsIn(text: string): string[] {
  const [, password = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/)?[^:]*:(.*)@/is.exec(text) ?? []
  const parsed = URL.canParse(text) ? new URL(text).password : ''
  return [...new Set([password, parsed].flatMap((it) => [it, unescaped(it)]))].filter((it) => it !== '')
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The repository whose workflow runs. `id` is undefined if the runner does not set it. */
export type RunningRepository = { owner: string; name: string; id?: string | undefined }

export function currentRepository(
  { owner, repository: name }: RunContext,
  env: Env,
  problems: Problems,
): RunningRepository {
  if (owner === '' || name === '') problems.add('GITHUB_REPOSITORY', 'is missing or not owner/name; the runner sets it')
  return { owner, name, id: env.GITHUB_REPOSITORY_ID || undefined }
}

/** Node would print the first bytes of every answer as numbers, which no mask hides: a secret may be among them. */
export function refuseNodeDebug({ NODE_DEBUG = '' }: Env, problems: Problems): void {
  // As Node reads it: names separated by commas; a star matches any text.
  const means = (name: string) => name.replace(/[|\\{}()[\]^$+?.]/g, '\\$&').replace(/\*+/g, '.*')
  const names = NODE_DEBUG.split(',')
  // No real name is so long, and matching it would take long.
  if (names.some((name) => name.length > 100 || new RegExp(`^${means(name)}$`, 'i').test('stream')))
    problems.add('NODE_DEBUG', 'shows bytes of every answer, secrets among them: leave out stream')
}

/** Encryption for GitHub, and requests through a proxy, need WebAssembly, which Node lacks with --jitless. */
export function requireWebAssembly(isNeeded: boolean, problems: Problems): void {
  if (isNeeded && !('WebAssembly' in globalThis))
    problems.add(
      'NODE_OPTIONS',
      'switches WebAssembly off (--jitless), which this run needs to encrypt secrets or to use a proxy: remove that option',
    )
}

/**
 * The address of the JSON Schema of the running version of the action. Undefined for a copy in the repository itself, because the
 * runner names no version then.
 */
export function schemaAddress({ GITHUB_ACTION_REPOSITORY: repository = '', GITHUB_ACTION_REF: ref = '' }: Env): string {
  const isNamed = repositoryPattern.test(repository) && /^[\w./-]{1,200}$/.test(ref)
  const place = isNamed ? `${repository}/${ref}` : 'OWNER/qlik-oauth-client/v1'
  return `https://raw.githubusercontent.com/${place}/qlik-oauth-client.schema.json`
}
