import type { Ledger } from './ledger-shape.ts'

export type Consent = 'trusted' | 'required'

/** Fields of a client that a spec may name and the tenant keeps. An undefined field keeps the tenant's value. */
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

/** Fields that are optional for a client. */
type Extras = Pick<Fields, 'redirectUris' | 'allowedOrigins' | 'clientUri' | 'logoUri'>

/** The same with a value for each field that every client has. */
export type CompleteFields = { [K in Exclude<keyof Fields, keyof Extras>]-?: NonNullable<Fields[K]> } & Extras

/** Qlik's limit for a client's description (API reference of oauth-clients). */
export const longestDescription = 4096

/** The text before the ledger's JSON, at the start of its line in the client's description. */
export const ledgerMarker = 'qlik-oauth-client ledger:'

/** A client's description, taken apart: the people's text, and our line at its end. */
export type Description = { user: string; ledger?: Ledger; line?: string; note?: 'mangled' | 'newer' }

/** A live secret as the tenant lists it. `createdAt` in epoch seconds of the tenant. */
export type ObservedSecret = { hint: string; createdAt?: number | undefined; createdBy?: string | undefined }

/** A client as the tenant reports it, normalised: `""` counts as absent. */
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
  /** Undefined if the tenant does not tell it. */
  consent?: Consent | undefined
  secrets: ObservedSecret[]
  owner?: string | undefined
  createdAt?: number | undefined
  /** Why the tenant has disabled it; undefined if it is enabled. */
  disabled?: string | undefined
  /** The tenant shows administrators more than others: false if it showed us the short form. */
  shownToAdmin: boolean
}

/**
 * An entry of the tenant's list that lacks the documented form, such as a client that registered itself. `id`: undefined if it lacks the
 * documented form. `lacks`: the parts that are missing or have another form.
 */
export type PassedOver = { id: string | undefined; description: Description; lacks: string }

/** A field of the client that differs, with values as people read them. */
export type FieldChange = { field: keyof Fields; before: string | string[] | undefined; after: string | string[] }

/** The fields in which the client differs from the spec. Lists are compared as sets. */
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
    // Another method of the client may be in use elsewhere: it is kept.
    const value = field === 'authMethods' ? [...new Set([...observed.authMethods, ...after])] : after
    return [{ field, before: now[field], after: value }]
  })
}

function same(field: keyof Fields, before: string | string[] | undefined, after: string | string[]): boolean {
  const form = addresses.has(field) ? addressForm : textForm
  if (!Array.isArray(after)) return form((before ?? '').toString()) === form(after)
  const [has, wanted] = [before ?? [], after].map((items) => new Set([...items].map(form))) as [
    Set<string>,
    Set<string>,
  ]
  return [...wanted].every((item) => has.has(item)) && (field === 'authMethods' || has.size === wanted.size)
}

/** A tenant may end lines in another way, and drop spaces at the end. */
function textForm(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').trimEnd()
}

const addresses = new Set<keyof Fields>(['redirectUris', 'allowedOrigins', 'clientUri', 'logoUri'])

/** An address as a browser would write it; the tenant may store it in this form. */
function addressForm(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text
}

/** The client after these changes. */
export function withChanges(observed: ObservedClient, changes: FieldChange[]): ObservedClient {
  const result = { ...observed }
  for (const { field, after } of changes) {
    if (field === 'description') result.description = { ...observed.description, user: after as string }
    else Object.assign(result, { [field]: after })
  }
  return result
}

/** The value of a variable, if it is a client id. Any other value is not shown. */
export function clientIdText(value: string): string {
  return /^[\da-f]{32}$|^[\da-f-]{36}$/i.test(value) ? value : 'something else'
}
