import { type RunningRepository, repositoryPattern } from '../../model/destination.ts'
import { isLoopback } from '../http/proxies.ts'
import type { RunContext } from '../runner/run-context.ts'
import type { Problems } from './problems.ts'

/** The environment variables of the step: its inputs, and the runner's own. */
export type Env = Record<string, string | undefined>

/** The address of GitHub's API, without a slash at its end. */
export function readApiUrl({ apiUrl: text }: RunContext, problems: Problems): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!safe) problems.add('GITHUB_API_URL', 'must be an https address')
  if (url?.username || url?.password || url?.search || url?.hash || /[?#]/.test(text))
    problems.add('GITHUB_API_URL', 'must be a bare address, without user, query or fragment')
  return text.replace(/\/+$/, '')
}

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
