/** The kind of credential: a secret that the tenant made, or a key pair with a public half that the tenant knows. */
export type CredentialKind = 'secret' | 'key'

/** The method that a client must allow for each. */
export const methodOf = { secret: 'client_secret', key: 'private_key_jwt' } as const

/**
 * The hint of a key: its `kid` if that is a thumbprint (RFC 7638), as ours are; any other `kid` gets a mark, so that no secret has the
 * same hint.
 */
export function keyHint(kid: string): string {
  return isThumbprint(kid) ? kid : `key:${kid}`
}

/** Is this the hint of a key? Hints of secrets have five characters. */
export function isKeyHint(hint: string): boolean {
  return isThumbprint(hint) || hint.startsWith('key:')
}

function isThumbprint(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

/** A placeholder for the hint of a key in a plan, because a plan makes no key. */
export const placeholderKeyHint = '-'.repeat(43)

/** Qlik's limit of live secrets per client (API reference of oauth-clients: the sixth is answered with 409). */
export const secretSlots = 5
