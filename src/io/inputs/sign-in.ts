import type { Secret } from '../../base/secret.ts'
import { isPrintable } from '../../base/text.ts'
import type { ClientProof, SignIn } from '../qlik/session.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import type { RunContext } from '../runner/run-context.ts'
import type { Input } from './input-table.ts'
import type { Problems } from './problems.ts'

/** The way to sign in to the tenant. No way, two ways, or half of one become problems. */
export async function readSignIn(input: Input, context: RunContext, problems: Problems, mask: Mask): Promise<SignIn> {
  const key = secretInput('api-key', input, problems, mask)
  const clientId = input('admin-client-id')
  const clientSecret = secretInput('admin-client-secret', input, problems, mask)
  const proof = (await keyProof(input, problems, mask)) ?? (clientSecret && { kind: 'secret', secret: clientSecret })
  complainAboutWays(input, context, problems)
  if (clientId !== '' && !/^[\w-]+$/.test(clientId)) problems.add('admin-client-id', 'is not a client id', clientId)
  return key === undefined && proof !== undefined ? { kind: 'client', clientId, proof } : { kind: 'api-key', key: key! }
}

function complainAboutWays(input: Input, context: RunContext, problems: Problems): void {
  const isGiven = (name: Parameters<Input>[0]) => input(name) !== '' || problems.refused.has(name)
  const byClient = 'admin-client-id with admin-client-secret or admin-private-key'
  const [withId, withSecret, withKey] = [
    isGiven('admin-client-id'),
    isGiven('admin-client-secret'),
    isGiven('admin-private-key'),
  ]
  const withClient = withId || withSecret || withKey
  if (!isGiven('api-key') && !withClient) {
    problems.add('api-key', `no way to sign in: give api-key, or ${byClient}.${forkHint(context)}`)
  } else if (isGiven('api-key') && withClient) {
    problems.add('api-key', `two ways to sign in: give either api-key, or ${byClient}`)
  } else if (withSecret && withKey) {
    problems.add('admin-private-key', 'two ways to sign in: give either admin-client-secret or admin-private-key')
  } else if (withClient && !withId) {
    problems.add('admin-client-id', `is missing beside ${withKey ? 'admin-private-key' : 'admin-client-secret'}`)
  } else if (withClient && !withSecret && !withKey) {
    const or = 'give it, or admin-private-key'
    problems.add('admin-client-secret', `is missing beside admin-client-id: ${or}.${forkHint(context)}`)
  }
  if (isGiven('admin-key-id') && !withKey) problems.add('admin-key-id', 'has no effect without admin-private-key')
}

/** A private key has several lines, unlike other secrets, so it has its own reader. */
async function keyProof(input: Input, problems: Problems, mask: Mask): Promise<ClientProof | undefined> {
  const text = input('admin-private-key')
  const keyId = input('admin-key-id')
  if (!isPrintable(keyId)) problems.add('admin-key-id', 'is not a key id', keyId)
  if (text === '') return undefined
  const pasted = pasteComplaint(text, mask)
  if (pasted !== undefined) problems.add('admin-private-key', pasted, text)
  if (pasted !== undefined) return undefined
  const { readSigningKey } = await import('../qlik/signing-key.ts')
  const key = await readSigningKey(text, keyId, mask)
  if ('complaint' in key) problems.add('admin-private-key', key.complaint, text)
  return 'complaint' in key ? undefined : { kind: 'key', key }
}

/** Forks get no secrets: this is the usual reason for an empty key on a pull request. */
function forkHint({ isFromFork }: RunContext): string {
  return isFromFork
    ? ' This run belongs to a pull request from a fork, and GitHub gives forks no secrets.'
    : ' An empty secret looks the same as none: is it defined for this repository or environment?'
}

/**
 * The secret in an input, masked; undefined if the input is empty. A value that can't be a credential becomes a problem, which
 * does not quote it.
 */
export function secretInput(
  name: 'api-key' | 'admin-client-secret' | 'github-token',
  input: Input,
  problems: Problems,
  mask: Mask,
): Secret | undefined {
  const value = input(name)
  if (value === '') return undefined
  const pasted = pasteComplaint(value, mask)
  if (pasted !== undefined) problems.add(name, pasted, value)
  else if (/[^\x21-\x7e]/.test(value)) problems.add(name, oneWord, value)
  return maskedSecret(value, mask)
}

const oneWord =
  'must be one word of printable ASCII characters; a space, a line break or another character was pasted within it'

/** Names that people copy along with a value, from a file of variables or from a header. */
const pastedName =
  /^(?:(?:export|set)\s+|\$env:)?(?:[A-Z][A-Z0-9_-]{2,63}|(?:[a-z-]+[-_])?(?:key|secret|token|password)|[Aa]uthorization)\s*[=:]\s*(?=[^\s=])/

/**
 * A complaint about text that was pasted along with a credential; undefined if there is none. All parts of the value are masked.
 */
function pasteComplaint(value: string, mask: Mask): string | undefined {
  const name = pastedName.exec(value)?.[0] ?? /^Bearer\s+/i.exec(value)?.[0] ?? ''
  const rest = value.slice(name.length)
  const bare = rest.replace(/^["'`“”„‘’]+|["'`“”„‘’]+$/gu, '')
  if (name === '' && bare === value) return undefined
  for (const part of [value, rest, bare]) maskedSecret(part, mask)
  return name === ''
    ? 'has quotes around it, which are not part of a credential: paste the value without them'
    : 'begins with a name, as in NAME=value: paste the value alone'
}
