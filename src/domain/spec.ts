import * as z from 'zod'
import {
  type Destination,
  hasVariables,
  organizationPattern,
  type Repository,
  repositoryPattern,
  secretNamePattern,
  stores,
} from './destination.ts'
import { parseDuration } from './duration.ts'
import { ledgerMarker, longestDescription } from './ledger.ts'
import { visibilities } from './visibility.ts'

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

const secretName = z
  .string()
  .transform((name) => name.toUpperCase())
  .refine((name) => secretNamePattern.test(name), {
    message: 'is not a name that GitHub accepts: letters, digits and _ only, not starting with a digit or GITHUB_',
  })

const usualNames = { client_secret: 'QLIK_CLIENT_SECRET', private_key_jwt: 'QLIK_PRIVATE_KEY' }

/** What a client's credential is called where nothing else is said. */
export function usualName(method: string | undefined): string {
  return method === 'private_key_jwt' ? usualNames.private_key_jwt : usualNames.client_secret
}

/** The name that is given to the credential, or those that it has by default. */
function secretNames(written: { 'client-secret-name'?: string | undefined }): string[] {
  return written['client-secret-name'] === undefined ? Object.values(usualNames) : [written['client-secret-name']]
}

const deliveryFields = z.strictObject({
  repository: z.string().regex(repositoryPattern, 'must be owner/name').optional(),
  organization: z.string().regex(organizationPattern, 'is no name of an organization').optional(),
  environment: z
    .string()
    .min(1)
    .max(255)
    .refine((name) => !control.test(name), { message: 'holds control characters' })
    // Such a segment of an address leads elsewhere.
    .refine((name) => name !== '.' && name !== '..', { message: 'is no name of an environment' })
    .optional(),
  store: z.enum(stores).default('actions'),
  visibility: z.enum(visibilities).optional(),
  'selected-repositories': z
    .array(z.string().regex(/^([\w.-]+\/)?(?!\.{1,2}$)[\w.-]+$/, 'must be owner/name, or just the name'))
    .max(100, 'has at most 100 repositories')
    .optional(),
  'client-id-name': secretName.default('QLIK_CLIENT_ID'),
  'client-id-as': z.enum(['variable', 'secret', 'none']).optional(),
  'client-secret-name': secretName.optional(),
})

/** What may stand in a delivery, for people who misspelt it. */
export const deliveryKeys = Object.keys(deliveryFields.shape)

export const deliverySchema = deliveryFields
  .superRefine((it, { addIssue }) => {
    for (const [key, message] of misplaced(it)) addIssue({ code: 'custom', path: [key], message })
  })
  .transform((it) => ({
    ...it,
    'client-id-as': it['client-id-as'] ?? (hasVariables(it.store) ? 'variable' : 'secret'),
  }))
  .refine((it) => it['client-id-as'] !== 'secret' || !secretNames(it).includes(it['client-id-name']), {
    path: ['client-id-name'],
    message: 'is also the name of the client secret: two secrets need two names',
  })

type WrittenPlace = {
  [K in 'repository' | 'organization' | 'environment' | 'visibility' | 'client-id-as']?: string | undefined
} & { store: (typeof stores)[number]; 'selected-repositories'?: string[] | undefined }

/** What does not go together, by its key. */
function misplaced(it: WrittenPlace): [keyof WrittenPlace, string][] {
  const { repository, organization, environment, store, visibility } = it
  const selected = it['selected-repositories']
  const strangers = (selected ?? []).filter(
    (name) => name.includes('/') && ownerOf(name) !== organization?.toLowerCase(),
  )
  const rules: [boolean, keyof WrittenPlace, string][] = [
    [
      organization !== undefined && repository !== undefined,
      'organization',
      'and repository are two places: give one of them',
    ],
    [
      organization !== undefined && environment !== undefined,
      'environment',
      'belongs to a repository, not to an organization',
    ],
    [
      environment !== undefined && store !== 'actions',
      'environment',
      `has secrets of the store actions only, not of ${store}`,
    ],
    [organization === undefined && visibility !== undefined, 'visibility', 'is for the secrets of an organization'],
    [selected !== undefined && visibility !== 'selected', 'selected-repositories', 'is for visibility: selected'],
    [
      organization !== undefined && strangers.length > 0,
      'selected-repositories',
      'must be repositories of that organization',
    ],
    [
      it['client-id-as'] === 'variable' && !hasVariables(store),
      'client-id-as',
      `can’t be variable: the store ${store} has none; accepted are secret, none`,
    ],
  ]
  return rules.flatMap(([isWrong, key, message]) => (isWrong ? [[key, message]] : []))
}

function ownerOf(fullName: string): string {
  return fullName.slice(0, fullName.indexOf('/')).toLowerCase()
}

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

type WrittenDelivery = WrittenClient['deliver'][number]

export function toDestination(
  delivery: WrittenDelivery,
  secretName: string,
  here: Repository,
  repositoryId: (fullName: string) => string,
): Destination {
  const common = {
    store: delivery.store,
    secretName: delivery['client-secret-name'] ?? secretName,
    idName: delivery['client-id-name'],
    idAs: delivery['client-id-as'],
  }
  const { organization, visibility } = delivery
  if (organization !== undefined) {
    const names = delivery['selected-repositories'] === undefined ? undefined : selectedRepositories(delivery)
    const repositories = names && [...new Set(names.map(repositoryId))].sort()
    return { ...common, organization, access: visibility && { visibility, repositories } }
  }
  const fullName = delivery.repository ?? `${here.owner}/${here.name}`
  const [owner = '', name = ''] = fullName.split('/')
  return { ...common, repository: { owner, name, id: repositoryId(fullName) }, environment: delivery.environment }
}

/** Full names of the repositories that are to see an organization's secret. */
export function selectedRepositories(delivery: WrittenDelivery): string[] {
  const names = delivery['selected-repositories'] ?? []
  return names.map((name) => (name.includes('/') ? name : `${delivery.organization}/${name}`))
}
