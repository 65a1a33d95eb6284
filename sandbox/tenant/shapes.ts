import type { Settings } from '../settings.ts'
import type { Client, StoredSecret, User } from './types.ts'

type Json = Record<string, unknown>

/** The fields that every answer about a client has: `OAuthClientBase` of https://qlik.dev/apis/rest/oauth-clients */
function baseShape(client: Client, tenantId: string): Json {
  return {
    clientId: client.clientId,
    clientName: client.clientName,
    description: client.description,
    appType: client.appType,
    allowedGrantTypes: client.allowedGrantTypes,
    allowedScopes: client.allowedScopes,
    clientUri: client.clientUri,
    logoUri: client.logoUri,
    ownerId: tenantId,
    createdAt: client.createdAt,
    createdByType: client.createdByType,
    updatedAt: client.updatedAt,
    publishedAt: client.publishedAt,
    deletedAt: client.deletedAt,
    disableTag: client.disableTag,
  }
}

function adminFields(client: Client): Json {
  return {
    allowedAuthMethods: client.allowedAuthMethods,
    allowedOrigins: client.allowedOrigins,
    redirectUris: client.redirectUris,
    publicKeys: client.publicKeys,
    jwksUri: client.jwksUri,
  }
}

function secretShape(secret: StoredSecret, settings: Settings): Json {
  if (settings.stampsOfSecrets === 'absent') return { hint: secret.hint }
  return { hint: secret.hint, createdAt: secret.createdAt, createdBy: secret.createdBy }
}

function secretsShape(client: Client, settings: Settings): Json {
  return { clientSecrets: client.secrets.map((secret) => secretShape(secret, settings)) }
}

export function slimShape(client: Client, tenantId: string): Json {
  return baseShape(client, tenantId)
}

export function listShape(client: Client, tenantId: string, settings: Settings): Json {
  return {
    ...baseShape(client, tenantId),
    ...adminFields(client),
    ...secretsShape(client, settings),
    ...(settings.consentShown === 'with client' ? { connectionConfig: connectionConfigShape(client) } : {}),
  }
}

export function readShape(client: Client, tenantId: string, settings: Settings): Json {
  return {
    ...baseShape(client, tenantId),
    ...adminFields(client),
    ...(settings.getShowsSecrets ? secretsShape(client, settings) : {}),
    ...consentShape(client, settings),
  }
}

function consentShape({ consentMethod }: Client, settings: Settings): Json {
  return settings.consentShown === 'with client' ? { connectionConfig: { consentMethod } } : {}
}

/** An older answer has one hint at the top and empty strings where nothing is set, as the guide's sample shows. */
export function createdShape(client: Client, tenantId: string, settings: Settings): Json {
  const secret = client.secrets[0]
  const shape = { ...baseShape(client, tenantId), ...adminFields(client), clientSecret: secret?.value }
  if (!settings.legacyHint) {
    return { ...shape, ...secretsShape(client, settings), ...consentShape(client, settings) }
  }
  return { ...shape, clientUri: client.clientUri ?? '', logoUri: client.logoUri ?? '', clientSecretHint: secret?.hint }
}

export function newSecretShape(client: Client, secret: StoredSecret, settings: Settings): Json {
  return { clientId: client.clientId, clientSecret: secret.value, ...secretShape(secret, settings) }
}

export function connectionConfigShape(client: Client): Json {
  return { consentMethod: client.consentMethod, status: 'approved', deletedByOwner: false }
}

/** Bots get the role of a tenant administrator: https://qlik.dev/authenticate/oauth */
export function userShape(user: User, tenantId: string): Json {
  const role = user.admin ? 'TenantAdmin' : 'AnalyticsUser'
  return {
    id: user.id,
    tenantId,
    clientId: user.clientId,
    status: user.status,
    subject: user.subject,
    name: user.name,
    roles: [role],
    assignedRoles: [{ id: role.toLowerCase(), name: role, type: 'default', level: user.admin ? 'admin' : 'user' }],
    links: { self: { href: `/api/v1/users/${user.id}` } },
  }
}
