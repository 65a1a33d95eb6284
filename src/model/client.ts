import type { Ledger } from './ledger-shape.ts'

export type Consent = 'trusted' | 'required'

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

/** Qlik's limit for a client's description (API reference of oauth-clients). */
export const longestDescription = 4096

/** What stands before the ledger's JSON, at the start of its line in the client's description. */
export const ledgerMarker = 'qlik-oauth-client ledger:'

/** A client's description, taken apart: what people wrote, and our line at its end. */
export type Description = { user: string; ledger?: Ledger; line?: string; note?: 'mangled' | 'newer' }

/** A live secret as the tenant lists it. `createdAt` in epoch seconds of the tenant. */
export type ObservedSecret = { hint: string; createdAt?: number | undefined; createdBy?: string | undefined }

/** A client as the tenant reports it, normalised: `""` and absent are the same. */
export type ObservedClient = {
  id: string
  name: string
  appType: string
  description: Description
  scopes: string[]
  grantTypes: string[]
  authMethods: string[]
  redirectUris: string[]
  allowedOrigins: string[]
  clientUri?: string | undefined
  logoUri?: string | undefined
  /** Undefined where the tenant did not say. */
  consent?: Consent | undefined
  secrets: ObservedSecret[]
  owner?: string | undefined
  createdAt?: number | undefined
  /** Why the tenant lets nobody use it; undefined where it does. */
  disabled?: string | undefined
  /** The tenant shows administrators more than others: false where it showed us the slim form. */
  shownToAdmin: boolean
}

/**
 * An entry of the tenant's list that lacks the documented form, such as a client that registered itself. `id`: where it has one of
 * that form, or none. `lacks`: the parts that are missing or of another form.
 */
export type PassedOver = { id: string | undefined; description: Description; lacks: string }

/** A field of the client that differs: values as people read them. */
export type FieldChange = { field: keyof Fields; before: string | string[] | undefined; after: string | string[] }

/** The fields in which the client differs from what the spec names. Lists are compared as sets. */
export function fieldChanges(fields: Fields, observed: ObservedClient): FieldChange[] {
  const now: Record<keyof Fields, string | string[] | undefined> = {
    name: observed.name,
    description: observed.description.user,
    scopes: observed.scopes,
    grantTypes: observed.grantTypes,
    authMethods: observed.authMethods,
    redirectUris: observed.redirectUris,
    allowedOrigins: observed.allowedOrigins,
    clientUri: observed.clientUri,
    logoUri: observed.logoUri,
  }
  return (Object.keys(now) as (keyof Fields)[]).flatMap((field) => {
    const after = fields[field]
    if (after === undefined || same(field, now[field], after)) return []
    // A method that the client has besides may be in use elsewhere: it is left.
    const value = field === 'authMethods' ? [...new Set([...observed.authMethods, ...after])] : after
    return [{ field, before: now[field], after: value }]
  })
}

function same(field: keyof Fields, before: string | string[] | undefined, after: string | string[]): boolean {
  const form = addresses.has(field) ? addressForm : (text: string) => text.trimEnd()
  if (!Array.isArray(after)) return form((before ?? '').toString()) === form(after)
  const [has, wanted] = [before ?? [], after].map((items) => new Set([...items].map(form))) as [
    Set<string>,
    Set<string>,
  ]
  return [...wanted].every((item) => has.has(item)) && (field === 'authMethods' || has.size === wanted.size)
}

const addresses = new Set<keyof Fields>(['redirectUris', 'allowedOrigins', 'clientUri', 'logoUri'])

/** An address as a browser would write it; the tenant may keep it so. */
function addressForm(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text
}

/** The client as it is after these changes: what a plan goes on from. */
export function changed(observed: ObservedClient, changes: FieldChange[]): ObservedClient {
  const result = { ...observed }
  for (const { field, after } of changes) {
    if (field === 'description') result.description = { ...observed.description, user: after as string }
    else Object.assign(result, { [field]: after })
  }
  return result
}

/** What a variable holds, where it is a client id: whatever else somebody keeps there is nobody's business. */
export function clientIdText(value: string): string {
  return /^[\da-f]{32}$|^[\da-f-]{36}$/i.test(value) ? value : 'something else'
}
