import * as z from 'zod/mini'
import { parseTimestamp } from '../../base/duration.ts'
import { readDescription } from '../../ledger/description.ts'
import type { Consent, ObservedClient, ObservedSecret, PassedOver } from '../../model/client.ts'
import { keyHint } from '../../model/credential.ts'

// The parts of the tenant's answers that we read. A part is optional if some form of the answer leaves it out: the documentation
// and real samples disagree (qlik.dev/apis/rest/oauth-clients, qlik.dev/authenticate/oauth/oauth-clients-api).

const text = z.nullish(z.string())
const texts = z.nullish(z.array(z.string()))
// Hints have five characters (qlik.dev/apis/rest/oauth-clients). They are keys of the ledger and parts of addresses, where these
// names would get lost. A hint that is much longer could be the secret.
const hint = z.nullish(z.string().check(z.refine((name) => isHint(name))))
function isHint(name: string): boolean {
  return name.length <= 40 && !['__proto__', '.', '..'].includes(name)
}
export const hintSchema = z.object({ hint, createdAt: text, createdBy: text })
export const connectionSchema = z.object({ consentMethod: text })
// Ids are used in addresses and logs.
const clientId = z.string().check(z.regex(/^[\w-]{1,128}$/))

export const clientAnswerSchema = z.object({
  clientId,
  clientName: text,
  appType: text,
  description: text,
  allowedScopes: texts,
  allowedGrantTypes: texts,
  allowedAuthMethods: texts,
  redirectUris: texts,
  allowedOrigins: texts,
  clientUri: text,
  logoUri: text,
  // Unchanged: the keys of other people are written back exactly as they were read.
  publicKeys: z.nullish(z.array(z.unknown())),
  jwksUri: text,
  connectionConfig: z.nullish(connectionSchema),
  clientSecrets: z.nullish(z.array(hintSchema)),
  /** Older form of an answer: one hint instead of a list. */
  clientSecretHint: hint,
  ownerId: text,
  createdAt: text,
  deletedAt: text,
  disableTag: text,
})

/** The fields that every entry of a list has for every caller. An entry without them is not a client that we manage. */
export const listedSchema = z.extend(clientAnswerSchema, { clientName: z.string(), appType: z.string() })

export type WireClient = z.infer<typeof clientAnswerSchema>

/** A client in a list: as it came, the parts that we read, and our own form of it. */
export type ListedAnswer = { raw: unknown; client: WireClient; observed: ObservedClient }

export const createdSchema = z.extend(clientAnswerSchema, { clientSecret: text })
export const issuedSchema = z.object({
  clientSecret: z.string().check(z.minLength(1)),
  hint,
  createdAt: text,
  createdBy: text,
})
export const userSchema = z.object({ id: text, clientId: text })
export const metadataSchema = z.object({ issuer: z.string() })

/** Our own form of a client: `""`, null and absent are the same, times are epoch seconds. */
export function toObservedClient(wire: WireClient): ObservedClient {
  return {
    id: wire.clientId,
    name: wire.clientName ?? '',
    appType: wire.appType ?? 'unknown',
    description: readDescription(wire.description ?? ''),
    scopes: wire.allowedScopes ?? [],
    grantTypes: wire.allowedGrantTypes ?? [],
    authMethods: methodsOf(wire),
    redirectUris: wire.redirectUris ?? [],
    allowedOrigins: wire.allowedOrigins ?? [],
    clientUri: wire.clientUri || undefined,
    logoUri: wire.logoUri || undefined,
    consent: toConsent(wire.connectionConfig?.consentMethod),
    secrets: [...toSecrets(wire), ...kidsOf(wire.publicKeys ?? []).map((kid) => ({ hint: keyHint(kid) }))],
    owner: wire.ownerId || undefined,
    createdAt: parseTimestamp(wire.createdAt ?? undefined),
    disabled: wire.disableTag || undefined,
    shownToAdmin: wire.connectionConfig != null || wire.clientSecrets != null || Boolean(wire.clientSecretHint),
  }
}

/** Undefined for a missing or unknown method. */
export function toConsent(method: string | null | undefined): Consent | undefined {
  return method === 'trusted' || method === 'required' ? method : undefined
}

/**
 * An entry of a list that lacks the documented form. If even its id has another form, we do not manage that client, whatever its
 * description says.
 */
export function toPassedOver(raw: unknown, lacks: string): PassedOver {
  const { clientId: id, description } = (raw ?? {}) as Record<string, unknown>
  const isOurForm = id === undefined || clientId.safeParse(id).success
  return {
    id: isOurForm ? (id as string | undefined) : undefined,
    description: readDescription(isOurForm && typeof description === 'string' ? description : ''),
    lacks,
  }
}

/** If the tenant names no method, client secrets are allowed, as in its console by default. */
export function methodsOf({ allowedAuthMethods }: Pick<WireClient, 'allowedAuthMethods'>): string[] {
  return allowedAuthMethods?.length ? allowedAuthMethods : ['client_secret']
}

/** The ids (`kid`) of JSON Web Keys that have one. */
export function kidsOf(keys: unknown[]): string[] {
  return keys.flatMap((key) => {
    const kid = (key as { kid?: unknown } | null)?.kid
    return typeof kid === 'string' && kid !== '' ? [kid] : []
  })
}

export function toSecrets(wire: Pick<WireClient, 'clientSecrets' | 'clientSecretHint'>): ObservedSecret[] {
  const listed =
    wire.clientSecrets ??
    (wire.clientSecretHint ? [{ hint: wire.clientSecretHint, createdAt: null, createdBy: null }] : [])
  return listed.flatMap(({ hint, createdAt, createdBy }) =>
    hint ? [{ hint, createdAt: parseTimestamp(createdAt ?? undefined), createdBy: createdBy || undefined }] : [],
  )
}
