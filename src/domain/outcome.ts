import type { ObservedSecret } from './client.ts'
import { type Destination, destinationLabel } from './destination.ts'
import { iso } from './duration.ts'
import type { ActionError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import { stepData } from './render.ts'
import { secretIssuedAt } from './rotation.ts'
import type { Secret } from './secret.ts'
import type { Policy } from './spec.ts'
import type { ClientPlan, Step } from './steps.ts'

export type Result = 'created' | 'updated' | 'rotated' | 'unchanged' | 'deleted' | 'planned'

/** What came of one client. */
export type Outcome = {
  name: string
  mode: Policy['mode']
  plan?: ClientPlan | undefined
  clientId?: string | undefined
  /** Undefined where a failure came before anything was carried out. */
  result: Result | undefined
  changed: boolean
  drift: boolean
  /** Carried out, or in plan mode intended. */
  steps: Step[]
  current?: { hint: string; issuedAt: number } | undefined
  /** The secret that this run issued, delivered and committed. */
  secret?: Secret | undefined
  nextRotationAt?: number | undefined
  botUserId?: string | undefined
  foreign: ObservedSecret[]
  /** Previous secrets within their grace: retired by the first run after `until`, epoch seconds. */
  retiring: { hint: string; until: number }[]
  destinations: Destination[]
  notes: string[]
  /** The tenant's time when the client was read. */
  now: number
  error?: ActionError | undefined
}

/** The strongest result that these steps amount to. */
export function resultOf(steps: Step[], mode: Policy['mode']): Result {
  if (steps.length === 0) return 'unchanged'
  if (mode === 'plan') return 'planned'
  const kinds = new Set(steps.map(({ kind }) => kind))
  if (kinds.has('delete') || kinds.has('remove-values')) return 'deleted'
  if (kinds.has('create')) return 'created'
  return kinds.has('commit') ? 'rotated' : 'updated'
}

/** The current secret as the tenant and the ledger have it before anything is done. */
export function currentSecret({ client }: ClientPlan): Outcome['current'] {
  const ledger = client?.description.ledger
  const issuedAt = secretIssuedAt(ledger, client?.secrets ?? [])
  return ledger?.current === undefined || issuedAt === undefined ? undefined : { hint: ledger.current.hint, issuedAt }
}

/** Secrets of this ledger that are live and wait for the end of their grace. */
export function retiringSecrets(
  ledger: Ledger | undefined,
  live: Iterable<string>,
  grace: number,
): Outcome['retiring'] {
  const alive = new Set(live)
  const waiting = Object.entries(ledger?.retiring ?? {}).filter(([hint]) => alive.has(hint))
  return waiting.map(([hint, since]) => ({ hint, until: since + grace }))
}

/** The step's outputs, all of them text, none of them secret. */
export function outputsOf(outcomes: Outcome[], summary: string): Record<string, string> {
  const one = outcomes.length === 1 ? outcomes[0] : undefined
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error
  const results = outcomes.map(({ result }) => result)
  return {
    'client-id': one?.clientId ?? '',
    'client-name': one?.name ?? '',
    'bot-user-id': one?.botUserId ?? '',
    result: strongest(results) ?? '',
    changed: String(outcomes.some(({ changed }) => changed)),
    drift: String(outcomes.some(({ drift }) => drift)),
    plan: JSON.stringify(
      outcomes.flatMap(({ name, steps }) => steps.map((step) => ({ client: name, ...stepData(step) }))),
    ),
    ...secretData(one),
    clients: JSON.stringify(outcomes.map(clientData)),
    summary,
    'error-code': error?.code ?? '',
  }
}

const strength: Result[] = ['deleted', 'created', 'rotated', 'updated', 'planned', 'unchanged']

function strongest(results: (Result | undefined)[]): Result | undefined {
  return strength.find((result) => results.includes(result))
}

function clientData(outcome: Outcome): Record<string, unknown> {
  return {
    'client-id': outcome.clientId ?? '',
    'client-name': outcome.name,
    'bot-user-id': outcome.botUserId ?? '',
    result: outcome.result ?? '',
    changed: outcome.changed,
    drift: outcome.drift,
    ...secretData(outcome),
    destinations: outcome.destinations.map(destinationLabel),
    'error-code': outcome.error?.code ?? '',
  }
}

/** Public facts of the current secret. A client that is deleted has none. */
function secretData(outcome: Outcome | undefined): Record<string, string> {
  const { current, nextRotationAt } = outcome?.result === 'deleted' ? {} : (outcome ?? {})
  return {
    'secret-hint': current?.hint ?? '',
    'secret-issued-at': time(current?.issuedAt),
    'next-rotation-at': time(nextRotationAt),
  }
}

function time(seconds: number | undefined): string {
  return seconds === undefined ? '' : iso(seconds)
}
