import { auditLines, auditSummary, findingsData, findingsError } from '../audit/audit-report.ts'
import { exportLine, exportSummary } from '../audit/export-report.ts'
import { type ExportedTenant, exportTenant } from '../audit/export-tenant.ts'
import { judgeTenant } from '../audit/judge-tenant.ts'
import { type ActionError, bugError, hiddenError, toActionError } from '../base/errors.ts'
import { writeExport } from '../io/inputs/export-file.ts'
import type { Inputs } from '../io/inputs/inputs.ts'
import { specText } from '../io/inputs/spec-to-text.ts'
import type { WholeTenantInputs } from '../io/inputs/whole-tenant-inputs.ts'
import { createWholeTenantReader } from '../io/qlik/whole-tenant-reader.ts'
import type { ListedClient } from '../model/tenant.ts'
import type { WholeTenantReader } from '../ports.ts'
import { failureSummary, outputsWithoutClients } from '../report/failure-report.ts'
import { askConsent } from './ask-consent.ts'
import { gatherAuditFacts } from './gather-audit-facts.ts'
import type { ProcessSurroundings } from './program.ts'
import { withTenant } from './with-tenant.ts'

/** Reads all clients of a tenant for an audit or an export. Writes nothing there or on GitHub. Throws the error that stopped it. */
export async function auditOrExport(
  inputs: Inputs,
  asked: WholeTenantInputs,
  tools: ProcessSurroundings,
): Promise<void> {
  if (asked.ignored.length > 0)
    tools.runner.reporter.notice(
      `mode: ${asked.mode} looks at the whole tenant and ignores these inputs: ${asked.ignored.join(', ')}.`,
    )
  await withTenant(inputs, tools, async ({ session }) => {
    const reader = createWholeTenantReader(session, tools.stop)
    if (asked.mode === 'audit') await audit(reader, inputs, asked, tools)
    else await exportAll(reader, inputs, asked, tools)
  })
}

async function audit(
  reader: WholeTenantReader,
  { tenant, repository, policy }: Inputs,
  { maxAge, files, failOnFindings }: WholeTenantInputs & { mode: 'audit' },
  { clock, runner }: ProcessSurroundings,
): Promise<void> {
  const { adminClientId } = policy
  const evidence = await gatherAuditFacts(reader, { clock, reporter: runner.reporter, adminClientId })
  const here = { fullName: `${repository.owner}/${repository.name}`, id: repository.id }
  const findings = judgeTenant(evidence, { maxAge, here, files })
  const told = { host: new URL(tenant.origin).host, clients: evidence.clients.length, findings }
  const error = failOnFindings ? findingsError(told) : undefined
  const summary = withFailure(auditSummary(told), error)
  for (const line of auditLines(told)) runner.reporter.step(line)
  if (error !== undefined) runner.fail(error)
  await runner.output({
    ...outputsWithoutClients(summary),
    result: 'audited',
    findings: findingsData(findings),
    'error-code': error?.code ?? '',
  })
  await runner.summary(summary)
}

async function exportAll(
  reader: WholeTenantReader,
  { tenant, repository, policy }: Inputs,
  { file, schema }: WholeTenantInputs & { mode: 'export' },
  { runner }: ProcessSurroundings,
): Promise<void> {
  const { value: shown, at: now } = await reader.clients()
  const listed = await withConsent(shown, reader)
  reportOddEntries(listed, runner)
  if (areAllHidden(listed)) throw hiddenError('its clients')
  const here = runningRepository(repository, listed)
  const { text, exported } = fittingFile((leave) =>
    exportTenant(listed, { origin: tenant.origin, schema, here, now, adminClientId: policy.adminClientId }, leave),
  )
  const error = file && (await failureOf(writeExport(file, text)))
  const isWritten = file !== undefined && error === undefined
  const told = { host: new URL(tenant.origin).host, file: isWritten ? file.file : undefined, exported, text }
  const summary = withFailure(exportSummary(told), error)
  if (error === undefined) runner.reporter.step(exportLine(told))
  else runner.fail(error)
  // The output has the text also if the file failed.
  const [result, code] = error === undefined ? ['exported', ''] : ['', error.code]
  await runner.output({
    ...outputsWithoutClients(summary),
    result,
    changed: String(isWritten),
    spec: text,
    'error-code': code,
  })
  await runner.summary(summary)
}

function withFailure(summary: string, error: ActionError | undefined): string {
  return error === undefined ? summary : `${failureSummary(error)}\n${summary}`
}

/** The web clients with their consent, if the tenant shows it at all. */
async function withConsent(listed: ListedClient[], reader: WholeTenantReader): Promise<ListedClient[]> {
  const isOurForm = ({ client, odd }: ListedClient) => !odd && client.appType === 'web' && client.shownToAdmin
  const clients = listed.filter(isOurForm).map(({ client }) => client)
  const told = await askConsent(clients, reader.consent)
  return listed.map((entry) => ({ ...entry, client: told(entry.client) }))
}

/** Entries that other programs registered may lack these parts for every caller: only clients of the documented form tell. */
function areAllHidden(listed: ListedClient[]): boolean {
  const ours = listed.filter(({ client, odd }) => !odd && client.appType === 'web')
  return ours.length > 0 && ours.every(({ client }) => !client.shownToAdmin)
}

/** Counts the entries without the documented form, as other modes do. */
function reportOddEntries(listed: ListedClient[], { reporter }: ProcessSurroundings['runner']): void {
  const count = listed.filter(({ odd }) => odd).length
  if (count > 0) reporter.debug(`entries of the tenant’s list of clients without the documented form: ${count}`)
}

async function failureOf(work: Promise<void>): Promise<ActionError | undefined> {
  return work.then(
    () => undefined,
    (thrown: unknown) => toActionError(thrown),
  )
}

/** The id of the repository: from the runner, or from a ledger of this repository. */
function runningRepository({ owner, name, id }: Inputs['repository'], listed: ListedClient[]) {
  const owners = listed.flatMap(({ client }) => client.description.ledger?.owner ?? [])
  const noted = owners.find((it) => it.name.toLowerCase() === `${owner}/${name}`.toLowerCase())
  return { owner, name, id: id ?? noted?.repository ?? '' }
}

/** A little less than the most bytes that a run reads of a spec file. */
const largest = 1_000_000

/** The file. If it would be longer than a run reads, it leaves out optional fields: a run keeps their values. */
function fittingFile(make: (leave: readonly string[]) => ExportedTenant): { text: string; exported: ExportedTenant } {
  const ways = [
    [],
    ['description'],
    ['description', 'scopes', 'redirect-uris', 'allowed-origins', 'client-uri', 'logo-uri'],
  ]
  for (const leave of ways) {
    const exported = make(leave)
    const text = specText(exported.draft)
    if (Buffer.byteLength(text) <= largest || leave === ways.at(-1)) return { text, exported }
  }
  throw bugError('an export without a way to write it')
}
