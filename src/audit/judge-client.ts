import { day, formatDuration, isoTime } from '../base/duration.ts'
import { plain } from '../base/text.ts'
import type { ObservedClient, ObservedSecret } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { impersonationGrant } from '../spec/client-spec.ts'
import type { AuditFacts, AuditStandard } from './audit-facts.ts'
import { type Finding, findingOf } from './findings.ts'
import { isManagedBy } from './managed-clients.ts'

/** The findings about one client by itself, unsorted. */
export function judgeClient(client: ObservedClient, evidence: AuditFacts, measure: AuditStandard): Finding[] {
  const admin = adminScopes(client)
  const found = (kind: Finding['kind'], isSo: boolean, detail: () => string) =>
    isSo ? [findingOf(client, kind, detail())] : []
  const { grantTypes, consent, disabled } = client
  const impersonates = grantTypes.includes(impersonationGrant)
  const secrets = client.secrets.filter(({ hint }) => !isKeyHint(hint))
  return [
    ...found('broad-scope', admin.length > 0, () => `has ${listText(admin)}`),
    ...oldSecrets(client, evidence.now, measure.maxAge),
    ...unmanagedFindings(client, measure),
    ...found('unused', evidence.unused.has(client.id), () => unusedText(client, evidence.now)),
    ...found(
      'slots-full',
      secrets.length >= secretSlots,
      () => `all ${secretSlots} secrets that Qlik allows are taken`,
    ),
    ...found(
      'impersonation-beside-admin',
      impersonates && admin.length > 0,
      () => `may impersonate users, and has ${listText(admin)}`,
    ),
    ...found(
      'not-trusted',
      grantTypes.includes('client_credentials') && consent === 'required',
      () => 'is for machines, but its consent is `required`',
    ),
    ...unknownMakers(client, secrets, evidence),
    ...found('disabled', disabled !== undefined, () => `is disabled: ${plain(disabled ?? '', 100)}`),
  ]
}

function adminScopes({ scopes }: ObservedClient): string[] {
  return scopes.filter((scope) => scope === 'admin_classic' || scope.startsWith('admin.'))
}

const mostListed = 5

function listText(items: string[]): string {
  const left = items.length - mostListed
  const shown = items.slice(0, mostListed).map((item) => plain(item, 60))
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

// --- secrets and keys --------------------------------------------------------------------------------------------------

function oldSecrets(client: ObservedClient, now: number, maxAge: number): Finding[] {
  return client.secrets.flatMap((secret) => {
    const born = secretExistedBy(secret, client.description.ledger)
    if (born === undefined || now - born.at <= maxAge) return []
    const what = isKeyHint(secret.hint) ? 'key' : 'secret'
    const age = `${born.exact ? '' : 'at least '}${formatDuration(now - born.at)}`
    return [findingOf(client, 'old-secret', `${what} ${plain(secret.hint, 50)} is ${age} old`)]
  })
}

/**
 * A time at which a secret existed: from the tenant's own record, which keys lack, or else from the ledger. The ledger records
 * when a secret was issued or noticed, or when its retirement began: the secret is at least that old.
 */
function secretExistedBy(
  { hint, createdAt }: ObservedSecret,
  ledger: Ledger | undefined,
): { at: number; exact: boolean } | undefined {
  if (createdAt !== undefined) return { at: createdAt, exact: true }
  const { current, retiring, suspects, announced } = ledger ?? {}
  if (current?.hint === hint) return { at: current.since, exact: true }
  const since = retiring?.[hint] ?? suspects?.[hint] ?? (announced?.issuing === hint ? announced.at : undefined)
  return since === undefined ? undefined : { at: since, exact: false }
}

function unknownMakers(client: ObservedClient, secrets: ObservedSecret[], { users }: AuditFacts): Finding[] {
  const isSlim = !client.shownToAdmin
  const unsaid = isSlim ? [] : secrets.filter(({ createdBy }) => createdBy === undefined)
  const orphans = secrets.filter(({ createdBy }) => createdBy !== undefined && users?.gone.has(createdBy))
  const hints = (found: ObservedSecret[]) => listText(found.map(({ hint }) => hint))
  const texts = [
    ...(unsaid.length > 0 ? [`the tenant does not say who made ${hints(unsaid)}`] : []),
    ...(orphans.length > 0 ? [`the user who made ${hints(orphans)} is gone`] : []),
  ]
  return texts.length === 0 ? [] : [findingOf(client, 'unknown-maker', texts.join('; '))]
}

// --- who looks after it ------------------------------------------------------------------------------------------------

function unmanagedFindings(client: ObservedClient, { here }: AuditStandard): Finding[] {
  const { ledger, note } = client.description
  if (note === 'newer') return [findingOf(client, 'managed-elsewhere', 'is managed by a later version of this action')]
  if (ledger === undefined) return [findingOf(client, 'unmanaged', unmanagedText(client))]
  if (isManagedBy(ledger, here)) return []
  const { name, client: called } = ledger.owner
  return [findingOf(client, 'managed-elsewhere', `is managed by ${plain(name, 140)} as ${plain(called, 80)}`)]
}

function unmanagedText({ description, appType, createdAt }: ObservedClient): string {
  const since = createdAt === undefined ? '' : `, made ${isoTime(createdAt).slice(0, 10)}`
  if (description.note === 'mangled') return `its ledger line was edited, and can no longer be read${since}`
  // This action can't manage other types.
  return `no ledger line${appType === 'web' ? '' : `, type ${plain(appType, 40)}`}${since}`
}

function unusedText({ createdAt }: ObservedClient, now: number): string {
  const age = createdAt === undefined ? Number.POSITIVE_INFINITY : now - createdAt
  const young = age < eventsKept ? ` (it is only ${formatDuration(age)} old)` : ''
  return `got no access token in the ${eventsKept / day} days for which the tenant keeps events${young}`
}

/** Seconds for which a tenant keeps events (qlik.dev, audits). */
export const eventsKept = 90 * day
