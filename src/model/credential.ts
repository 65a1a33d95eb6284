/** What a client signs in with: a secret that the tenant made, or a key pair of which the tenant knows the public half. */
export type CredentialKind = 'secret' | 'key'

/** The method that a client must allow for each. */
export const methodOf = { secret: 'client_secret', key: 'private_key_jwt' } as const

/** The hint of a key: its `kid` where that is a thumbprint (RFC 7638), as ours are, else marked, so that no secret has the same. */
export function keyHint(kid: string): string {
  return isThumbprint(kid) ? kid : `key:${kid}`
}

/** Is this the hint of a key? Those of secrets have five characters. */
export function isKeyHint(hint: string): boolean {
  return isThumbprint(hint) || hint.startsWith('key:')
}

function isThumbprint(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

/** What stands for the hint of a key in a plan, which makes none. */
export const unmadeKey = '-'.repeat(43)

/** Qlik's limit of live secrets per client (API reference of oauth-clients: the sixth is answered with 409). */
export const secretSlots = 5
