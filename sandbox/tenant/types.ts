export type ConsentMethod = 'required' | 'trusted'

export type StoredSecret = {
  hint: string
  value: string
  createdAt: string
  createdBy: string
  /** When it starts to be accepted by the token endpoint, ms since the epoch. */
  usableAt: number
}

/** The fields that a caller of the API can write. */
export type ClientFields = {
  appType: string
  clientName: string
  description?: string
  allowedGrantTypes?: string[]
  allowedScopes?: string[]
  allowedAuthMethods?: string[]
  publicKeys?: Jwk[]
  jwksUri?: string
  redirectUris?: string[]
  allowedOrigins?: string[]
  clientUri?: string
  logoUri?: string
}

export type Jwk = { kid: string; kty: string; alg: string; use: string } & Record<string, unknown>

export type Client = ClientFields & {
  clientId: string
  createdAt: string
  createdMs: number
  updatedAt: string
  createdByType: string
  publishedAt?: string
  deletedAt?: string
  /** Set: the client is disabled, and this is why. */
  disableTag?: string
  consentMethod: ConsentMethod
  /** When the consent method was last set, for the delay before a token request honours it. */
  consentAt: number
  secrets: StoredSecret[]
}

export type User = {
  id: string
  name: string
  subject: string
  admin: boolean
  status: 'active' | 'disabled'
  clientId?: string
}

export type ApiKey = { value: string; userId: string; expiresAt: number | undefined }

export type AccessToken = {
  id: string
  value: string
  userId: string
  clientId: string
  scopes: string[]
  expiresAt: number
  /** When it was used last, ms since the epoch. */
  usedAt?: number
  /** The secret it was obtained with, for the switch that makes tokens die with it. */
  secret: string | undefined
}

/** The caller of a request, with its rights. */
export type Actor = { userId: string; admin: boolean; scopes: string[] | undefined; clientId: string | undefined }
