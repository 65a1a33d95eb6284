import { looksLikeCredential } from '../base/credential-shape.ts'
import { day } from '../base/duration.ts'
import { plain } from '../base/text.ts'
import { recalledDestination } from '../ledger/ledger-entries.ts'
import type { ObservedClient } from '../model/client.ts'
import { isKeyHint, methodOf } from '../model/credential.ts'
import { type Destination, hasVariables, usualNames } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { clientSchema, impersonationGrant } from '../spec/client-spec.ts'
import { usualName } from '../spec/destination-schema.ts'
import type { DraftValue } from '../spec/spec-draft.ts'
import type { AuditStandard } from './audit-facts.ts'
import { isManagedBy } from './managed-clients.ts'

/**
 * A client in the form of a spec file, with every value that a default could set. `unsaid`: keys that can't express the client's
 * values.
 */
export type ExportEntry = { client: ObservedClient; says: Record<string, DraftValue>; unsaid: string[] }

/**
 * The spec of a client with which a run leaves it unchanged. Values that the tenant lacks are left out, and so are values that no
 * spec can express.
 */
export function exportEntryOf(client: ObservedClient, now: number, here: AuditStandard['here']): ExportEntry {
  const ledger = managedBy(client, here)
  const deliver = ledger === undefined ? [] : deliveries(ledger, client, here)
  const all: Record<string, DraftValue | undefined> = {
    name: client.name,
    'client-id': client.id,
    description: client.description.user.trim() === '' ? undefined : client.description.user,
    'grant-types': client.grantTypes.map((grant) => (grant === impersonationGrant ? 'user-impersonation' : grant)),
    scopes: client.scopes,
    'auth-method': methodToWrite(client),
    'redirect-uris': filled(client.redirectUris),
    'allowed-origins': filled(client.allowedOrigins),
    'client-uri': client.clientUri,
    'logo-uri': client.logoUri,
    consent: client.consent,
    rotation: deliver.length > 0 ? graceToWrite(ledger!, client, now) : undefined,
    deliver,
  }
  const there = Object.entries(all).filter((pair): pair is [string, DraftValue] => pair[1] !== undefined)
  const unsaid = there.filter(([key, value]) => !required.includes(key) && !canSay(key, value)).map(([key]) => key)
  // A ledger has the spaces of a client, but not its roles there.
  const more = Object.keys(ledger?.spaces ?? {}).length > 0 ? ['spaces'] : []
  const says = Object.fromEntries(there.filter(([key]) => !unsaid.includes(key)))
  return { client, says, unsaid: [...unsaid, ...more] }
}

/** A file's client needs these keys: values that they can't express become mistakes when the file is checked. */
const required = ['name', 'client-id', 'consent', 'deliver']

function canSay(key: string, value: DraftValue): boolean {
  const texts = Array.isArray(value) ? value : [value]
  const isSpoiled = texts.some((text) => typeof text === 'string' && cannotHold(key, text))
  return !isSpoiled && clientSchema.shape[key as keyof typeof clientSchema.shape].safeParse(value).success
}

/** Expressions are not evaluated in a file, and no file may contain a text that looks like a credential. */
function cannotHold(key: string, text: string): boolean {
  return looksLikeCredential(text) || (key !== 'description' && text.includes('${{'))
}

function filled(items: string[]): string[] | undefined {
  return items.length === 0 ? undefined : items
}

function managedBy({ description: { ledger } }: ObservedClient, here: AuditStandard['here']): Ledger | undefined {
  return ledger !== undefined && isManagedBy(ledger, here) ? ledger : undefined
}

/** The method of the current credential, if this action issued it; otherwise secrets, unless the client allows only keys. */
function methodToWrite({ authMethods, description: { ledger } }: ObservedClient): string {
  const isKey =
    authMethods.includes(methodOf.key) &&
    (ledger?.current === undefined ? !authMethods.includes(methodOf.secret) : isKeyHint(ledger.current.hint))
  return isKey ? methodOf.key : methodOf.secret
}

/** A ledger does not record the grace period. If a secret has lived longer than the default, the file must set a longer one. */
function graceToWrite(
  { retiring }: Ledger,
  { secrets }: ObservedClient,
  now: number,
): Record<string, DraftValue> | undefined {
  const live = Object.entries(retiring).filter(([hint]) => secrets.some((secret) => secret.hint === hint))
  const longest = Math.max(0, ...live.map(([, since]) => now - since))
  return longest < day ? undefined : { grace: `${Math.floor(longest / day) + 1}d` }
}

// --- where it is delivered -----------------------------------------------------------------------------------------------

/** The places in the ledger, in the form of `deliver`. */
function deliveries(ledger: Ledger, client: ObservedClient, here: AuditStandard['here']): DraftValue[] {
  const usual = usualName(methodToWrite(client))
  return Object.entries(ledger.destinations).map(([key, delivered]) =>
    delivery(recalledDestination(key, delivered, ledger.owner), usual, here),
  )
}

function delivery(place: Destination, usual: string, here: AuditStandard['here']): DraftValue {
  const { repository, organization, environment, store, idAs, idName, secretName } = place
  const usualAs = hasVariables(store) ? 'variable' : 'secret'
  const isHere = repository !== undefined && isRunning(repository, here)
  const all: Record<string, string | undefined> = {
    repository: repository === undefined || isHere ? undefined : `${repository.owner}/${repository.name}`,
    organization,
    environment,
    store: store === 'actions' ? undefined : store,
    'client-id-name': idAs === 'none' || idName === usualNames.id ? undefined : idName,
    'client-id-as': idAs === usualAs ? undefined : idAs,
    'client-secret-name': secretName === usual ? undefined : secretName,
  }
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function isRunning({ id, owner, name }: NonNullable<Destination['repository']>, here: AuditStandard['here']): boolean {
  return here.id === undefined ? `${owner}/${name}`.toLowerCase() === here.fullName.toLowerCase() : id === here.id
}

/**
 * The repositories and organizations, other than the running one, to which these entries deliver, in the form of
 * `allow-destinations`.
 */
export function otherOwnersOf(entries: ExportEntry[]): string[] {
  const places = entries.flatMap(({ says }) => says.deliver as Record<string, string>[])
  const names = places.flatMap(({ repository, organization }) => repository ?? organization ?? [])
  return [...new Set(names.map((name) => plain(name)))].sort()
}
