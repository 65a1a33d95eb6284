import { maskForms } from '../../src/base/mask-forms.ts'

// Real secrets are long; what is shorter is a test's own word.
const shortest = 16

const known = new Map<string, string[]>()

/** Each of the usual forms of a secret, worked out once. */
function formsOf(secret: string): string[] {
  const forms = known.get(secret) ?? maskForms(secret)
  known.set(secret, forms)
  return forms
}

/** Secrets that a service's answer holds. */
export function secretsIn(body: string): string[] {
  return [...body.matchAll(/"(?:clientSecret|access_token)":"([^"]+)"/g)].map(([, secret]) => secret!)
}

/** The secrets that a text shows, in any usual form. */
export function saysSecret(text: string, secrets: Iterable<string>): string[] {
  return [...secrets].filter(
    (secret) => secret.length >= shortest && formsOf(secret).some((form) => text.includes(form)),
  )
}

export function requireSilence(text: string, secrets: Iterable<string>): void {
  const told = saysSecret(text, secrets)
  if (told.length > 0) throw new Error(`a secret was said: ${told.join(', ')}`)
}

/** Whoever has got a secret has masked it in every form. */
export function requireMasked(masks: ReadonlySet<string>, secrets: Iterable<string>): void {
  const bare = [...secrets].filter(
    (secret) => secret.length >= shortest && formsOf(secret).some((form) => !masks.has(form)),
  )
  if (bare.length > 0) throw new Error(`not masked in every form: ${bare.join(', ')}`)
}
