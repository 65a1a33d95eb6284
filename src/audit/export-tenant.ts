import { looksLikeCredential } from '../base/credential-shape.ts'
import { day, isoTime, plural } from '../base/duration.ts'
import { plain } from '../base/text.ts'
import type { ObservedClient } from '../model/client.ts'
import type { ListedClient } from '../model/tenant.ts'
import type { SpecDraft } from '../spec/spec-draft.ts'
import { type CheckedEntry, checkEntries, type ExportContext } from './export-check.ts'
import { withDefaults } from './export-defaults.ts'
import { type ExportEntry, exportEntryOf, otherOwnersOf } from './export-entry.ts'
import { isManagedBy } from './managed-clients.ts'

/** Numbers of a tenant's clients: in the file, only in its comments, and of other types. */
export type ExportedTenant = { draft: SpecDraft; inFile: number; inComments: number; otherTypes: number }

/** `schema`: the address of the JSON Schema of spec files. */
type About = Pick<ExportContext, 'here' | 'now' | 'adminClientId'> & { origin: string; schema: string }

/**
 * A spec file of the tenant's clients: a plan with it changes no field. `leave`: keys to leave out, if the file would be too
 * long with them.
 */
export function exportTenant(listed: ListedClient[], about: About, leave: readonly string[] = []): ExportedTenant {
  const { here, now } = about
  const owner = { fullName: `${here.owner}/${here.name}`, id: here.id }
  const web = listed.filter(({ client }) => client.appType === 'web').toSorted(byName)
  const isOthers = ({ description: { ledger } }: ObservedClient) => ledger !== undefined && !isManagedBy(ledger, owner)
  const entries = web
    .filter(({ client, odd }) => !odd && !isOthers(client))
    .map(({ client }) => withoutKeys(exportEntryOf(client, now, owner), leave))
  const clients = listed.filter(({ odd }) => !odd).map(({ client }) => client)
  const checked = checkEntries(entries, { ...about, clients })
  const kept = checked.flatMap(({ entry, reason }) => (reason === undefined ? [entry] : []))
  const { defaults, clients: says } = withDefaults(kept)
  const left = leftOut(web, checked, isOthers)
  const others = listed.filter(({ client }) => client.appType !== 'web').map(({ client }) => client)
  return {
    draft: {
      head: headOf(about, kept),
      tenant: about.origin,
      defaults,
      clients: kept.map((entry, index) => ({ about: entryComments(entry, about), entry: says[index]! })),
      foot: [...left, ...otherTypes(others)],
    },
    inFile: kept.length,
    inComments: left.length,
    otherTypes: others.length,
  }
}

function byName(a: ListedClient, b: ListedClient): number {
  return order(a.client.name, b.client.name) || order(a.client.id, b.client.id)
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function withoutKeys(entry: ExportEntry, leave: readonly string[]): ExportEntry {
  const left = leave.filter((key) => key in entry.says)
  if (left.length === 0) return entry
  const says = Object.fromEntries(Object.entries(entry.says).filter(([key]) => !left.includes(key)))
  return { ...entry, says, unsaid: [...entry.unsaid, ...left] }
}

// --- comments ------------------------------------------------------------------------------------------------------------

function headOf({ origin, schema }: About, kept: ExportEntry[]): string[] {
  const strangers = otherOwnersOf(kept)
  return [
    `yaml-language-server: $schema=${schema}`,
    ...(kept.length === 0 ? emptyHead(origin) : filledHead(origin)),
    ...(strangers.length === 0
      ? []
      : [
          `It also delivers to other repositories or organizations. Set the input allow-destinations: ${strangers.join(' ')}`,
        ]),
  ]
}

function filledHead(origin: string): string[] {
  return [
    `The web clients of ${plain(new URL(origin).host)} in their present state: a plan with this file changes no field.`,
    'The first run that applies it notes on each client that this repository manages it.',
  ]
}

function emptyHead(origin: string): string[] {
  return [
    `${plain(new URL(origin).host)} has no web client that this repository could manage.`,
    'A run refuses a file without clients: add the first one below.',
  ]
}

function entryComments({ client, says, unsaid }: ExportEntry, { now }: About): string[] {
  const { owner, createdAt, description, consent } = client
  const keeper = description.ledger === undefined ? 'not managed yet' : 'managed by this repository'
  const facts = [
    keeper,
    createdAt === undefined ? '' : `made ${isoTime(createdAt).slice(0, 10)}, ${ageText(now - createdAt)}`,
    owner === undefined ? '' : `owner ${plain(owner, 64)}`,
    consent === 'required' && client.grantTypes.includes('client_credentials') ? 'gets no access token by itself' : '',
  ]
  return [
    facts.filter(Boolean).join('; '),
    ...(says.rotation === undefined ? [] : ['a previous secret is still valid: this grace keeps it valid']),
    ...(unsaid.length === 0 ? [] : [`not in this file; a run leaves it unchanged: ${unsaid.join(', ')}`]),
  ]
}

/** Approximate, so that next month's file differs little. */
function ageText(seconds: number): string {
  const days = Math.max(0, Math.floor(seconds / day))
  if (days < 60) return `${plural(days, 'day')} ago`
  return days < 730 ? `${Math.floor(days / 30)} months ago` : `${Math.floor(days / 365)} years ago`
}

function leftOut(
  web: ListedClient[],
  checked: CheckedEntry[],
  isOthers: (client: ObservedClient) => boolean,
): string[] {
  const reasons = new Map(checked.map(({ entry, reason }) => [entry.client, reason]))
  return web.flatMap(({ client, odd }) => {
    const owner = client.description.ledger?.owner
    const reason = odd
      ? 'its entry in the tenant’s list has another form than documented'
      : isOthers(client)
        ? `is managed by ${plain(owner?.name ?? '', 140)} as ${plain(owner?.client ?? '', 80)}`
        : reasons.get(client)
    return reason === undefined ? [] : [`not here: ${labelOf(client)}: ${plain(reason)}`]
  })
}

function labelOf({ name, id }: ObservedClient): string {
  // A name that looks like a credential must not be repeated.
  const shown = looksLikeCredential(name) ? 'a client whose name looks like a credential' : plain(name, 80)
  return `${shown || 'a client without a name'} (${plain(id, 80)})`
}

function otherTypes(others: ObservedClient[]): string[] {
  if (others.length === 0) return []
  const types = Map.groupBy(others, ({ appType }) => plain(appType, 40))
  const counts = [...types].map(([type, found]) => `${found.length} ${type}`).sort()
  return [`not here: ${plural(others.length, 'client')} of other types: ${counts.slice(0, 10).join(', ')}`]
}
