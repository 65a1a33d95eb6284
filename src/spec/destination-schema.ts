import * as z from 'zod/mini'
import { isPrintable } from '../base/text.ts'
import {
  type Destination,
  hasVariables,
  organizationPattern,
  type Repository,
  repositoryPattern,
  secretNamePattern,
  stores,
  usualNames,
  visibilities,
} from '../model/destination.ts'

/** A placeholder for the client's name in the names of secrets and variables in a spec file. */
export const clientNameWord = '{name}'

const secretName = z
  .pipe(
    z.string(),
    z.transform((name) => name.split(clientNameWord).map(upperCase).join(clientNameWord)),
  )
  .check(
    z.refine(
      (name) => secretNamePattern.test(name.replaceAll(clientNameWord, 'X')),
      'is not a name that GitHub accepts: letters, digits and _ only, not starting with a digit or GITHUB_',
    ),
  )

function upperCase(text: string): string {
  return text.toUpperCase()
}

/** The default name of a client's credential. */
export function usualName(method: string | undefined): string {
  return method === 'private_key_jwt' ? usualNames.private_key_jwt : usualNames.client_secret
}

/** The given name of the credential, or its default names. */
function secretNames(written: { 'client-secret-name'?: string | undefined }): string[] {
  return written['client-secret-name'] === undefined
    ? [usualNames.client_secret, usualNames.private_key_jwt]
    : [written['client-secret-name']]
}

const deliveryFields = z.strictObject({
  repository: z.optional(z.string().check(z.regex(repositoryPattern, 'must be owner/name'))),
  organization: z.optional(z.string().check(z.regex(organizationPattern, 'is not a name of an organization'))),
  environment: z.optional(
    z.string().check(
      z.minLength(1),
      z.maxLength(255, 'has at most 255 characters'),
      z.refine(isPrintable, 'contains control characters'),
      // These segments of an address would change its path.
      z.refine((name) => name !== '.' && name !== '..', 'is not a name of an environment'),
    ),
  ),
  store: z._default(z.enum(stores), 'actions'),
  visibility: z.optional(z.enum(visibilities)),
  'selected-repositories': z.optional(
    z
      .array(z.string().check(z.regex(/^([\w.-]+\/)?(?!\.{1,2}$)[\w.-]+$/, 'must be owner/name, or just the name')))
      .check(z.maxLength(100, 'has at most 100 repositories')),
  ),
  'client-id-name': z._default(secretName, usualNames.id),
  'client-id-as': z.optional(z.enum(['variable', 'secret', 'none'])),
  'client-secret-name': z.optional(secretName),
})

/** The keys of a delivery, to suggest one for a misspelt key. */
export const deliveryKeys = Object.keys(deliveryFields.shape)

/** One destination of a client, as users write it. */
export const deliverySchema = z
  .pipe(
    deliveryFields.check(
      z.superRefine((it, { addIssue }) => {
        for (const [key, message] of misplaced(it)) addIssue({ code: 'custom', path: [key], message })
      }),
    ),
    z.transform((it) => ({
      ...it,
      'client-id-as': it['client-id-as'] ?? (hasVariables(it.store) ? 'variable' : 'secret'),
    })),
  )
  .check(
    z.refine((it) => it['client-id-as'] !== 'secret' || !secretNames(it).includes(it['client-id-name']), {
      path: ['client-id-name'],
      message: 'is also the name of the client secret: two secrets need two names',
    }),
  )

type WrittenDelivery = z.output<typeof deliverySchema>

/**
 * The delivery with the client's name for each `{name}`: in upper case, with `_` for every character that GitHub does not allow there,
 * a digit at the start included.
 */
export function withClientName(delivery: WrittenDelivery, client: string): WrittenDelivery {
  const word = nameAsWord(client)
  const named = (name: string) =>
    name.includes(clientNameWord) ? name.replaceAll(clientNameWord, word).replace(/^\d/, '_') : name
  const secret = delivery['client-secret-name']
  return {
    ...delivery,
    'client-id-name': named(delivery['client-id-name']),
    ...(secret === undefined ? {} : { 'client-secret-name': named(secret) }),
  }
}

/** The client's name in the form that replaces `{name}`. */
export function nameAsWord(client: string): string {
  return client.toUpperCase().replace(/[^A-Z0-9_]/gu, '_')
}

/**
 * The keys of a delivery whose names GitHub refuses once the client's name is in them: a client can have the name `github sync`.
 */
export function refusedNames(delivery: WrittenDelivery): ('client-id-name' | 'client-secret-name')[] {
  const keys = ['client-id-name', 'client-secret-name'] as const
  return keys.filter((key) => !secretNamePattern.test(delivery[key] ?? usualNames.id))
}

type WrittenPlace = {
  [K in 'repository' | 'organization' | 'environment' | 'visibility' | 'client-id-as']?: string | undefined
} & { store: (typeof stores)[number]; 'selected-repositories'?: string[] | undefined }

/** The keys that contradict others, each with the reason. */
function misplaced(it: WrittenPlace): [keyof WrittenPlace, string][] {
  const { repository, organization, environment, store, visibility } = it
  const selected = it['selected-repositories']
  const inOrganization = organization !== undefined
  const stranger = (selected ?? []).findIndex(
    (name) => name.includes('/') && ownerOf(name) !== organization?.toLowerCase(),
  )
  const rules: [boolean, keyof WrittenPlace, string][] = [
    [inOrganization && repository !== undefined, 'organization', 'and repository are two places: give one of them'],
    [inOrganization && environment !== undefined, 'environment', 'belongs to a repository, not to an organization'],
    [
      environment !== undefined && store !== 'actions',
      'environment',
      `has secrets of the store actions only, not of ${store}`,
    ],
    [!inOrganization && visibility !== undefined, 'visibility', 'applies to secrets of an organization only'],
    [
      selected !== undefined && visibility !== 'selected',
      'selected-repositories',
      'applies to visibility: selected only',
    ],
    [
      inOrganization && stranger >= 0,
      'selected-repositories',
      `must be repositories of that organization: item ${stranger + 1} is in another one`,
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

/**
 * The destination of a delivery that passed the schema. `secretName`: the name if the delivery has none; `here`: the repository
 * if it names no other place.
 */
export function toDestination(
  delivery: WrittenDelivery,
  secretName: string,
  here: Repository,
  repositoryId: (fullName: string) => string,
): Destination {
  const common = {
    store: delivery.store,
    secretName: delivery['client-secret-name'] ?? secretName,
    ...(delivery['client-secret-name'] === undefined ? { isUsual: true as const } : {}),
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

/** Full names of the repositories that may see an organization's secret. */
export function selectedRepositories(delivery: WrittenDelivery): string[] {
  const names = delivery['selected-repositories'] ?? []
  return names.map((name) => (name.includes('/') ? name : `${delivery.organization}/${name}`))
}
