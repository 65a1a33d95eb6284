import { looksLikeCredential } from '../../base/credential-shape.ts'
import { longestDescription } from '../../model/client.ts'
import { type Mask, maskedSecret } from '../runner/mask-secret.ts'
import type { Env } from './environment.ts'
import type { Problems } from './problems.ts'

const word = 1024
const list = 16_384
/** Tokens travel in a header, and servers accept 8 KiB of headers. Each character of a token adds about seventy to its masks. */
const token = 8192

/** Every input with its largest number of characters. A longer value is refused before any other check. */
export const inputLengths = {
  tenant: 512,
  'api-key': token,
  'admin-client-id': 256,
  'admin-client-secret': token,
  'admin-private-key': 16_384,
  'admin-key-id': 256,
  'allow-custom-host': word,
  'github-token': token,
  mode: word,
  'fail-on-drift': word,
  rotate: word,
  verify: word,
  'retire-hints': word,
  'drop-destinations': word,
  'allow-pull-request-target': word,
  'max-age': word,
  'fail-on-findings': word,
  'export-file': word,
  'export-overwrite': word,
  name: 512,
  'client-id': word,
  description: longestDescription,
  'grant-types': word,
  scopes: 65_536,
  'auth-method': word,
  consent: word,
  deliver: word,
  repository: word,
  environment: 255,
  organization: word,
  visibility: word,
  'selected-repositories': list,
  store: word,
  'client-id-name': word,
  'client-id-as': word,
  'client-secret-name': word,
  spaces: list,
  'rotate-after': word,
  'grace-period': word,
  'spec-file': list,
  only: 65_536,
  'allow-destinations': list,
  'output-client-secret': word,
} as const

export type InputName = keyof typeof inputLengths

/** Inputs with secret values: only `secretInput` and the reader of private keys read them. */
export const secretInputs = ['api-key', 'admin-client-secret', 'admin-private-key', 'github-token'] as const

/** The trimmed value of an input; empty if the input was left out or refused. */
export type Input = (name: InputName) => string

/** The inputs after the checks that come first. `isCredential`: is a text one of this step's credentials, or does it look like one? */
export type OpenedInputs = { input: Input; isCredential: (text: string) => boolean }

/**
 * The first check of all inputs: their length, and credentials that were pasted into an input that is not secret. Such a value
 * becomes a problem that names the input, is masked, and counts as left out.
 */
export function openInputs(env: Env, problems: Problems, mask: Mask): OpenedInputs {
  const values = new Map<InputName, string>()
  for (const [name, longest] of Object.entries(inputLengths) as [InputName, number][]) {
    const value = (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
    if (value.length <= longest) values.set(name, value)
    else problems.refuse(name, `has at most ${longest} characters`, value)
  }
  const secrets = secretInputs.flatMap((name) => telling(values.get(name) ?? ''))
  const isCredential = (text: string) => {
    const found = looksLikeCredential(text) || secrets.some((secret) => text.includes(secret))
    // If other code prints it by mistake, the log shows the mask. A text that is longer than any credential is never printed.
    if (found && text.length <= token) maskedSecret(text, mask)
    return found
  }
  for (const [name, value] of values) {
    // Folders of runners have random names.
    if (isSecret(name) || !isCredential(value.replaceAll(env.GITHUB_WORKSPACE || '\n', '\n'))) continue
    const message =
      'looks like a credential, which belongs in api-key, admin-client-secret, admin-private-key or github-token'
    problems.refuse(name, message, value)
  }
  return { input: (name) => (problems.refused.has(name) ? '' : (values.get(name) ?? '')), isCredential }
}

function isSecret(name: InputName): boolean {
  return (secretInputs as readonly string[]).includes(name)
}

/** A secret of a few characters can be a part of texts that are not secret. */
function telling(secret: string): string[] {
  return secret.length < 12 ? [] : [secret]
}
