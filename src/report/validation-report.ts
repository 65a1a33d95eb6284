import { plural } from '../base/duration.ts'
import { markdown, markdownCell } from '../base/markdown.ts'
import { plain } from '../base/text.ts'
import type { WrittenClient } from '../spec/client-spec.ts'
import { usualName } from '../spec/destination-schema.ts'
import { scopeWarnings } from '../spec/known-scopes.ts'
import { roleWarnings } from '../spec/role-warnings.ts'
import { outputsWithoutClients } from './failure-report.ts'
import { asManyAsFit, joinBlocks, tableOf } from './markdown-parts.ts'

/** A valid spec file; `file` is empty for the one client that the inputs describe. */
type ValidFile = { file: string; tenant: string; environment: string; clients: WrittenClient[] }

export function checkedLine(files: ValidFile[]): string {
  const clients = files.flatMap((file) => file.clients)
  const named = files.filter(({ file }) => file !== '')
  const where = named.length === 0 ? '' : ` in ${plural(named.length, 'file')}`
  return `✓ ${plural(clients.length, 'client')}${where}: valid; no request was made`
}

/** Warnings about likely slips in a valid spec; with several clients, each names its client. */
export function checkedWarnings(files: ValidFile[]): string[] {
  const clients = files.flatMap((file) => file.clients).filter(({ state }) => state === 'present')
  return clients.flatMap(({ name, scopes = [], 'grant-types': grants = [], spaces = [] }) =>
    [...scopeWarnings(scopes, grants), ...roleWarnings(spaces)].map((text) =>
      clients.length > 1 ? `${plain(name, 80)} · ${text}` : text,
    ),
  )
}

/** The outputs of a run that only checked. */
export function checkedOutputs(files: ValidFile[], summary: string): Record<string, string> {
  const clients = files.flatMap(({ file, clients }) => clients.map((client) => ({ file, client })))
  const [one] = clients.length === 1 ? clients : []
  const include = files.flatMap(({ file, tenant, environment }) =>
    file === '' ? [] : [{ 'spec-file': file, tenant, environment }],
  )
  return {
    ...outputsWithoutClients(summary),
    'client-id': one?.client['client-id'] ?? '',
    'client-name': one?.client.name ?? '',
    result: 'valid',
    clients: JSON.stringify(clients.map(({ file, client }) => clientData(file, client))),
    matrix: JSON.stringify({ include }),
  }
}

function clientData(file: string, client: WrittenClient): Record<string, unknown> {
  return {
    'client-id': client['client-id'] ?? '',
    'client-name': client.name,
    result: 'valid',
    changed: false,
    drift: false,
    'spec-file': file,
    'error-code': '',
  }
}

/** The job summary: the warnings, and the clients of each file. */
export function checkedSummary(files: ValidFile[], warnings: string[]): string {
  const lines = asManyAsFit(
    warnings,
    (text) => `- ⚠️ ${markdown(text, 500)}`,
    { bytes: 100_000 },
    (left) => `- … and ${left} more, in the log`,
  )
  const tables = asManyAsFit(files, checkedTable, { bytes: 700_000 }, (left) => `… and ${plural(left, 'file')} more`)
  return joinBlocks(['### Qlik OAuth clients: valid', lines.join('\n'), ...tables])
}

function checkedTable({ file, tenant, environment, clients }: ValidFile): string {
  const about = [tenant && `tenant ${tenant}`, environment && `environment ${environment}`].filter(Boolean).join(', ')
  const title = [file || 'inputs', about && `(${about})`].filter(Boolean).join(' ')
  const cells = (client: WrittenClient) =>
    [client.name, client.state, (client.scopes ?? []).join(' '), deliverText(client)].map((it) => markdownCell(it, 200))
  const table = tableOf(['client', 'state', 'scopes', 'destinations'], clients, cells, { bytes: 200_000 })
  return `**${markdown(title)}**\n\n${table}`
}

function deliverText({ deliver, 'auth-method': method }: WrittenClient): string {
  const places = deliver.map((delivery) => {
    const { organization } = delivery as { organization?: string }
    const where =
      organization === undefined ? (delivery.repository ?? 'this repository') : `organization ${organization}`
    const environment = delivery.environment === undefined ? '' : `, environment ${delivery.environment}`
    const store = delivery.store === 'actions' ? '' : `, store ${delivery.store}`
    return `${where}${environment}${store}: ${delivery['client-secret-name'] ?? usualName(method)}`
  })
  return places.join('; ') || 'none'
}
