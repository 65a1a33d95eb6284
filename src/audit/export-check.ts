import { looksLikeCredential } from '../base/credential-shape.ts'
import { toActionError } from '../base/errors.ts'
import type { Located } from '../base/mistake-positions.ts'
import { plain } from '../base/text.ts'
import { tooLongDescriptions } from '../ledger/ledger-size.ts'
import type { ObservedClient } from '../model/client.ts'
import { destinationKey, type ObservedDestination, type Repository } from '../model/destination.ts'
import type { Observed, Step } from '../plan/client-plan.ts'
import { planClient } from '../plan/plan-client.ts'
import { stepText } from '../report/step-text.ts'
import { type CheckedFile, checkFile } from '../spec/check-spec-file.ts'
import { type Actor, type ClientSpec, type Policy, toClientSpecs, type WrittenClient } from '../spec/client-spec.ts'
import { checkAcrossClients } from '../spec/cross-client-checks.ts'
import type { DraftValue } from '../spec/spec-draft.ts'
import type { ExportEntry } from './export-entry.ts'

/**
 * The context of an export: the running repository, the tenant's time in epoch seconds, and all clients that have the documented
 * form.
 */
export type ExportContext = {
  here: Repository
  now: number
  clients: ObservedClient[]
  adminClientId?: string | undefined
}

/** An entry for the file, or the reason why there is none. */
export type CheckedEntry = { entry: ExportEntry; reason?: string | undefined }

/**
 * Rejects entries that would make the file invalid, or that a run would change. It uses the same checks as for spec files, and
 * the same plan as a run. Pure. The state on GitHub is assumed to match the ledgers.
 */
export function checkEntries(entries: ExportEntry[], about: ExportContext): CheckedEntry[] {
  const reasons = new Map<ExportEntry, string>()
  // The ledgers of two clients may name the same place. The client that wrote there last serves it, so it is checked first.
  let left = entries.toSorted((a, b) => lastWrite(b) - lastWrite(a))
  for (let found = true; found; ) {
    const wrong = mistakesOf(left, about)
    found = wrong.size > 0
    for (const [entry, message] of wrong) reasons.set(entry, message)
    left = left.filter((entry) => !wrong.has(entry))
  }
  const specs = specsOf(left, about)
  for (const [index, entry] of left.entries()) {
    const reason = changeBy(specs[index]!, entry, about, specs)
    if (reason !== undefined) reasons.set(entry, reason)
  }
  return entries.map((entry) => ({ entry, reason: reasons.get(entry) }))
}

function lastWrite({ client }: ExportEntry): number {
  const places = Object.values(client.description.ledger?.destinations ?? {})
  return Math.max(0, ...places.map(({ stamp }) => stamp))
}

// --- as a file -----------------------------------------------------------------------------------------------------------

const name = 'export'

/** The mistakes in the file of these entries, by entry: each entry has its own line. */
function mistakesOf(entries: ExportEntry[], { here }: ExportContext): Map<ExportEntry, string> {
  const file = fileOf(entries)
  const fullName = `${here.owner}/${here.name}`
  const rules = { here: fullName, allowed: ['*', '*/*'], tenantOf: () => '' }
  const mistakes = [...file.mistakes, ...checkAcrossClients([file], rules), ...tooLongDescriptions([file], fullName)]
  const first = new Map<ExportEntry, string>()
  for (const { line, message } of mistakes) {
    const entry = entries[line - 1]
    // The path in the message names a position that the final file will not have.
    if (entry !== undefined && !first.has(entry)) first.set(entry, message.replace(/^clients\[\d+\]\.?/, ''))
  }
  return first
}

function fileOf(entries: ExportEntry[], defaults?: Record<string, DraftValue>): CheckedFile {
  const clients = { at: { line: 1, column: 1 }, ...listed(entries.map(({ says }) => says)) }
  const parts = [
    ['version', located(1, 1)],
    ...(defaults === undefined ? [] : [['defaults', located(defaults, 1)] as const]),
    ['clients', clients],
  ] as [string, Located][]
  const at = { line: 1, column: 1 }
  const root: Located = {
    value: Object.fromEntries(parts.map(([key, node]) => [key, node.value])),
    at,
    parts: new Map(parts.map(([key, node]) => [key, { key: at, node }])),
  }
  return checkFile(name, root, [], looksLikeCredential)
}

function listed(items: DraftValue[]): Pick<Located, 'value' | 'parts'> {
  const nodes = items.map((item, index) => located(item, index + 1))
  return { value: items, parts: new Map(nodes.map((node, index) => [index, { key: node.at, node }])) }
}

function located(value: DraftValue, line: number): Located {
  const at = { line, column: 1 }
  if (typeof value !== 'object') return { value, at }
  const pairs: [string | number, DraftValue][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return { value, at, parts: new Map(pairs.map(([key, part]) => [key, { key: at, node: located(part, line) }])) }
}

/** These entries completed with defaults; undefined if the file would be invalid. */
export function completedWith(
  entries: ExportEntry[],
  defaults: Record<string, DraftValue>,
): WrittenClient[] | undefined {
  const { clients, mistakes } = fileOf(entries, defaults)
  return mistakes.length > 0 || clients.length !== entries.length ? undefined : clients
}

// --- as a plan -----------------------------------------------------------------------------------------------------------

function specsOf(entries: ExportEntry[], { here }: ExportContext): ClientSpec[] {
  const written = fileOf(entries).clients
  const ids = new Map<string, string>()
  for (const { client } of entries)
    for (const { id, fullName } of namedPlaces(client)) ids.set(fullName.toLowerCase(), id)
  const idOf = (fullName: string) => ids.get(fullName.toLowerCase()) ?? here.id
  const repositories = { here, idOf, refusalOf: () => undefined }
  return toClientSpecs({ clients: written, others: [], file: 'all' }, repositories, 'plan').clients
}

/** Repositories by the names in the ledger, with their ids. */
function namedPlaces({ description: { ledger } }: ObservedClient): { id: string; fullName: string }[] {
  return Object.entries(ledger?.destinations ?? {}).flatMap(([key, delivered]) =>
    delivered.in === undefined ? [] : [{ id: decodeURIComponent(key.split('/')[0]!), fullName: delivered.in }],
  )
}

const run = { id: '0', attempt: 1, process: '' }
const policyOfPlans: Policy = {
  mode: 'plan',
  failOnDrift: false,
  rotate: 'auto',
  verify: true,
  retireHints: [],
  dropDestinations: false,
}

/**
 * The change that a run would make to a client of this spec, beside the note that this repository manages it; undefined if there is none.
 */
function changeBy(spec: ClientSpec, { client }: ExportEntry, about: ExportContext, fleet: ClientSpec[]) {
  const { here, now, clients, adminClientId } = about
  const observed: Observed = { clients, destinations: placesByLedgers(spec, clients), unread: new Map(), now }
  const actor: Actor = { repository: here, run }
  const policy = { ...policyOfPlans, adminClientId }
  try {
    const { steps, drift } = planClient(spec, observed, { actor, policy, seen: undefined, fleet })
    const other = steps.find(({ kind }) => kind !== 'own')
    if (other !== undefined)
      return withoutHints(client, `a run would ${plain(stepText(other), 200)}`, changeText(other))
    return drift ? 'a run would change it' : undefined
  } catch (thrown) {
    const error = toActionError(thrown)
    if (error.code === 'BUG') throw error
    return withoutHints(client, plain(error.message), `fail with ${error.code}`)
  }
}

function changeText({ kind }: Step): string {
  return kind === 'retire' ? 'retire a secret' : 'change it'
}

/** A committed file must not contain hints. */
function withoutHints({ secrets }: ObservedClient, text: string, without: string): string {
  return secrets.some(({ hint }) => text.includes(hint)) ? `a run would ${without}` : text
}

/** The state of each place by the ledgers: the client that wrote last serves it. */
function placesByLedgers({ destinations }: ClientSpec, clients: ObservedClient[]): Observed['destinations'] {
  return new Map(
    destinations.map((destination) => {
      const key = destinationKey(destination)
      const writes = clients.flatMap(({ id, description }) => {
        const delivered = description.ledger?.destinations[key]
        return delivered === undefined ? [] : [{ ...delivered, id }]
      })
      const [last] = writes.toSorted((a, b) => b.stamp - a.stamp)
      const seen: ObservedDestination = { secretStamp: last?.stamp, idStamp: last?.idStamp, idValue: last?.id }
      return [key, seen]
    }),
  )
}
