import * as z from 'zod'
import { deliverySchema, toDestination, usualName } from './delivery.ts'
import type { Destination, Repository } from './destination.ts'
import { parseDuration } from './duration.ts'
import { ledgerMarker, longestDescription } from './ledger.ts'

export const impersonationGrant = 'urn:qlik:oauth:user-impersonation'

/** Fields of a client that a spec may name and the tenant keeps. What is undefined keeps what the tenant has. */
export type Fields = {
  name: string
  description?: string | undefined
  scopes?: string[] | undefined
  grantTypes?: string[] | undefined
  authMethods?: string[] | undefined
  redirectUris?: string[] | undefined
  allowedOrigins?: string[] | undefined
  clientUri?: string | undefined
  logoUri?: string | undefined
}

/** Fields that a client may well be without. */
type Extras = Pick<Fields, 'redirectUris' | 'allowedOrigins' | 'clientUri' | 'logoUri'>

/** The same with a value for each that every client has. */
export type CompleteFields = { [K in Exclude<keyof Fields, keyof Extras>]-?: NonNullable<Fields[K]> } & Extras

/** What the user wrote about one client, validated. */
export type ClientSpec = {
  /** Names the client in the ledger, and on the tenant. */
  name: string
  /** Absent: what this action made of it is deleted. */
  state: State
  clientId?: string | undefined
  fields: Fields
  consent: Consent
  /** None: the client is reconciled, and no secret of it is kept. */
  destinations: Destination[]
  /** Values that other clients of the same spec file have on GitHub: none of them is deleted. */
  spared?: ReadonlySet<string> | undefined
  /** Clients that other specs of the same file mean by their ids: none of them is this one, whatever its name. */
  pinnedByOthers?: ReadonlySet<string> | undefined
  /** Seconds. */
  rotation: { after?: number | undefined; grace: number }
}

export type Consent = 'trusted' | 'required'
export type State = 'present' | 'absent'

/** What holds for the whole run. */
export type Policy = {
  mode: 'apply' | 'plan' | 'destroy'
  failOnDrift: boolean
  rotate: 'auto' | 'now'
  verify: boolean
  retireHints: string[]
  dropDestinations: boolean
  /** The client that the action signs in with, where it does. */
  adminClientId?: string | undefined
}

/** Who acts: the repository that owns what is made here, and this run. */
export type Actor = {
  repository: Repository
  run: RunIdentity
}

/** `process` tells apart two processes of the same attempt. */
export type RunIdentity = { id: string; attempt: number; process: string }

export function runKey({ id, attempt, process }: RunIdentity): string {
  return `${id}.${attempt}.${process}`
}

// --- what the user may write -----------------------------------------------------------------------------------------

const control = /\p{Cc}/u
const list = (what: string, longest: number, most?: number) => {
  const items = z.array(z.string().min(1).max(longest, `each of the ${what} has at most ${longest} characters`))
  const few = most === undefined ? items : items.max(most, `has at most ${most} ${what}`)
  return few.transform((all) => [...new Set(all)])
}

const duration = (accept: string) => {
  const message = `is not a duration; accepted are ${accept}`
  // YAML reads a bare 0 as a number.
  return z.union([z.string(), z.literal(0)], { error: message }).transform((text, context) => {
    const seconds = parseDuration(String(text))
    if (seconds === undefined) context.addIssue({ code: 'custom', message })
    return seconds ?? 0
  })
}

const address = z.string().max(2048, 'has at most 2048 characters')

const grants = {
  client_credentials: 'client_credentials',
  'user-impersonation': impersonationGrant,
  [impersonationGrant]: impersonationGrant,
} as const

/** One client as users write it, with the inputs' own names. */
export const clientSchema = z.strictObject({
  name: z
    .string({ error: 'is missing' })
    .min(1, 'is missing')
    .max(512, 'has at most 512 characters')
    .refine((name) => !control.test(name), { message: 'holds control characters' }),
  'client-id': z
    .string()
    .regex(/^[\w-]{1,128}$/, 'is not a client id (as the tenant shows it, 32 characters)')
    .optional(),
  description: z
    .string()
    .max(longestDescription, `has at most ${longestDescription} characters`)
    .refine((text) => !text.includes(ledgerMarker), {
      message: `holds "${ledgerMarker}", which marks the action's own line`,
    })
    .optional(),
  'grant-types': z
    .array(z.enum(Object.keys(grants) as [keyof typeof grants, ...(keyof typeof grants)[]]))
    .transform((items) => [...new Set(items.map((item) => grants[item]))])
    .optional(),
  scopes: list('scopes', 256).optional(),
  'auth-method': z.enum(['client_secret', 'private_key_jwt']).optional(),
  'redirect-uris': list('addresses', 256, 5).optional(),
  'allowed-origins': list('origins', 256, 5).optional(),
  'client-uri': address.optional(),
  'logo-uri': address.optional(),
  consent: z.enum(['trusted', 'required']).default('trusted'),
  rotation: z
    .strictObject({
      after: duration('90d, 24h, 30m')
        .refine((seconds) => seconds > 0, { message: 'must be longer than 0; leave it out for never' })
        .optional(),
      grace: duration('90d, 24h, 30m, 0').default(86_400),
    })
    .prefault({}),
  state: z.enum(['present', 'absent']).default('present'),
  // A spec file must say where, or that there is none; it is told so where it is read.
  deliver: z.array(deliverySchema).max(20, 'has at most 20 destinations').default([]),
})

export type WrittenClient = z.output<typeof clientSchema>

/**
 * The spec of a client that passed the schema; destinations lie in `here` where they name no repository. Where all is to be
 * destroyed every client is to be absent.
 */
export function toClientSpec(
  written: WrittenClient,
  here: Repository,
  repositoryId: (fullName: string) => string,
  mode: Policy['mode'],
): ClientSpec {
  const secretName = usualName(written['auth-method'])
  return {
    name: written.name,
    state: mode === 'destroy' ? 'absent' : written.state,
    clientId: written['client-id'],
    fields: {
      name: written.name,
      description: written.description,
      scopes: written.scopes,
      grantTypes: written['grant-types'],
      authMethods: written['auth-method'] === undefined ? undefined : [written['auth-method']],
      redirectUris: written['redirect-uris'],
      allowedOrigins: written['allowed-origins'],
      clientUri: written['client-uri'],
      logoUri: written['logo-uri'],
    },
    consent: written.consent,
    destinations: written.deliver.map((delivery) => toDestination(delivery, secretName, here, repositoryId)),
    rotation: written.rotation,
  }
}
