import * as z from 'zod/mini'
import { day, parseDuration } from '../base/duration.ts'
import type { ActionError } from '../base/errors.ts'
import { isPrintable } from '../base/text.ts'
import type { Consent, Fields } from '../model/client.ts'
import { ledgerMarker, longestDescription } from '../model/client.ts'
import type { Destination, Repository } from '../model/destination.ts'
import type { Membership } from '../model/space.ts'
import { addressSchema, itemCheck } from './address-schema.ts'
import { deliverySchema, toDestination, usualName } from './destination-schema.ts'
import { spacesSchema } from './space-schema.ts'

export const impersonationGrant = 'urn:qlik:oauth:user-impersonation'

/** The validated spec of one client. */
export type ClientSpec = {
  /** Names the client in the ledger, and on the tenant. */
  name: string
  /** Absent: the parts of the client that this action made are deleted. */
  state: ClientState
  clientId?: string | undefined
  fields: Fields
  consent: Consent
  /** Empty: the client is reconciled, and has no secret from this action. */
  destinations: Destination[]
  /** The input `deliver: false`: this run delivers nothing, but another one may serve the client's places. */
  reconcileOnly?: boolean | undefined
  /** Spaces of which the client's user is a member. Undefined: the action reads and changes no space. */
  spaces?: Membership[] | undefined
  /** Values on GitHub of other clients in the spec files: none of them is deleted. */
  spared?: ReadonlySet<string> | undefined
  /** Why one of its repositories could not be read: the run then leaves the client alone. */
  refusal?: ActionError | undefined
  /** Clients that other specs of the same file pin by id: none of them is this client, whatever its name. */
  pinnedByOthers?: ReadonlySet<string> | undefined
  /** Seconds. */
  rotation: { after?: number | undefined; grace: number }
}

/** Destinations of clients, without the clients that are refused anyway. */
export function destinationsOfAll(specs: ClientSpec[]): Destination[] {
  return specs.flatMap(({ destinations, refusal }) => (refusal === undefined ? destinations : []))
}

type ClientState = 'present' | 'absent'

export type Mode = 'apply' | 'plan' | 'destroy' | 'plan-destroy'

/** Does a run in this mode only read, and show the changes of another mode? */
export function isPlan(mode: Mode): boolean {
  return mode === 'plan' || mode === 'plan-destroy'
}

/** Does this mode make all clients absent? */
export function isForAbsence(mode: Mode): boolean {
  return mode === 'destroy' || mode === 'plan-destroy'
}

/** Settings of the whole run. */
export type Policy = {
  mode: Mode
  failOnDrift: boolean
  rotate: 'auto' | 'now'
  verify: boolean
  retireHints: string[]
  dropDestinations: boolean
  /** The client that the action signs in with, where it does. */
  adminClientId?: string | undefined
}

/** The identity of this run: the repository that will own the clients, and the run itself. */
export type Actor = {
  repository: Repository
  run: RunIdentity
}

/** The repository that manages clients, without the run. */
export type ManagingRepository = Pick<Actor, 'repository'>

/** `process` tells apart two processes of the same attempt. */
export type RunIdentity = { id: string; attempt: number; process: string }

export function runKey({ id, attempt, process }: RunIdentity): string {
  return `${id}.${attempt}.${process}`
}

// --- what the user may write -----------------------------------------------------------------------------------------

const once = <T>(all: T[]): T[] => [...new Set(all)]
const list = (what: string, longest: number, most?: number, kind?: 'address' | 'origin') => {
  const item = z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(longest, `each of the ${what} has at most ${longest} characters`),
      z.refine(isPrintable, `none of the ${what} has control characters`),
    )
  const items = z.array(kind === undefined ? item : item.check(itemCheck(kind, longest)))
  const few = most === undefined ? items : items.check(z.maxLength(most, `has at most ${most} ${what}`))
  return z.optional(z.pipe(few, z.transform(once<string>)))
}

const duration = (accept: string) => {
  const message = `is not a duration; accepted are ${accept}`
  // YAML reads a bare 0 as a number.
  return z.pipe(
    z.union([z.string(), z.literal(0)], { error: message }),
    z.transform((text, context) => {
      const seconds = parseDuration(String(text))
      if (seconds === undefined) context.issues.push({ code: 'custom', input: text, message })
      return seconds ?? 0
    }),
  )
}

const grants = {
  client_credentials: 'client_credentials',
  'user-impersonation': impersonationGrant,
  [impersonationGrant]: impersonationGrant,
} as const

/** How long a secret lives, as users write it. */
export const rotationSchema = z.strictObject({
  after: z.optional(
    duration('90d, 24h, 30m').check(
      z.refine((seconds) => seconds > 0, 'must be longer than 0; leave it out for never'),
    ),
  ),
  grace: z._default(duration('90d, 24h, 30m, 0'), day),
})

/** One client as users write it, with the inputs' own names. */
export const clientSchema = z.strictObject({
  name: z.string('is missing').check(
    z.minLength(1, 'is missing'),
    z.refine((name) => name === '' || name.trim() !== '', 'contains only spaces'),
    z.maxLength(512, 'has at most 512 characters'),
    z.refine(isPrintable, 'contains control characters'),
  ),
  'client-id': z.optional(
    z.string().check(z.regex(/^[\w-]{1,128}$/, 'is not a client id (as the tenant shows it, 32 characters)')),
  ),
  description: z.optional(
    z.string().check(
      z.maxLength(longestDescription, `has at most ${longestDescription} characters`),
      z.refine((text) => text.isWellFormed(), 'contains half a character'),
      z.refine((text) => !text.includes(ledgerMarker), `contains "${ledgerMarker}", which marks the action's own line`),
    ),
  ),
  'grant-types': z.optional(
    z.pipe(
      z.array(z.enum(Object.keys(grants) as [keyof typeof grants, ...(keyof typeof grants)[]])),
      z.transform((items) => once(items.map((item) => grants[item]))),
    ),
  ),
  scopes: list('scopes', 256),
  'auth-method': z.optional(z.enum(['client_secret', 'private_key_jwt'])),
  'redirect-uris': list('addresses', 256, 5, 'address'),
  'allowed-origins': list('origins', 256, 5, 'origin'),
  'client-uri': z.optional(addressSchema),
  'logo-uri': z.optional(addressSchema),
  consent: z._default(z.enum(['trusted', 'required']), 'trusted'),
  spaces: z.optional(spacesSchema),
  rotation: z.prefault(rotationSchema, {}),
  state: z._default(z.enum(['present', 'absent']), 'present'),
  // A spec file must have `deliver`, even if empty; its reader checks that.
  deliver: z._default(z.array(deliverySchema).check(z.maxLength(20, 'has at most 20 destinations')), []),
})

export type WrittenClient = z.output<typeof clientSchema>

/**
 * What a run knows of the repositories that specs name. `here`: the running one; `idOf`: the id behind a full name; `refusalOf`: why a
 * client's repository could not be read, undefined if none of its repositories failed.
 */
export type Repositories = {
  here: Repository
  idOf: (fullName: string) => string
  refusalOf: (client: WrittenClient) => ActionError | undefined
}

/**
 * The specs of clients that passed the schema; a destination without a repository belongs to `here`. `clients`: those that the run handles,
 * and in the modes that destroy every one of them is absent; `beside`: the others of its files. `file`: undefined if
 * inputs describe the client.
 */
export function toClientSpecs(
  { clients, others, file }: { clients: WrittenClient[]; others: WrittenClient[]; file: unknown },
  repositories: Repositories,
  mode: Mode,
): { clients: ClientSpec[]; beside: ClientSpec[] } {
  const pins = new Set([...clients, ...others].flatMap((client) => client['client-id'] ?? []))
  const isAbsent = isForAbsence(mode)
  return {
    clients: clients.map((written) => ({
      ...toClientSpec(written, repositories),
      ...(isAbsent ? { state: 'absent' as const } : {}),
      refusal: repositories.refusalOf(written),
      reconcileOnly: file === undefined && written.deliver.length === 0,
      pinnedByOthers: written['client-id'] === undefined ? pins : undefined,
    })),
    beside: others.map((written) => toClientSpec(written, repositories)),
  }
}

function toClientSpec(written: WrittenClient, { here, idOf }: Repositories): ClientSpec {
  const secretName = usualName(written['auth-method'])
  return {
    name: written.name,
    state: written.state,
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
    spaces: written.spaces,
    destinations: written.deliver.map((delivery) => toDestination(delivery, secretName, here, idOf)),
    rotation: written.rotation,
  }
}
