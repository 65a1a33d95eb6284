import type { ActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { secretIssuedAt } from '../ledger/rotation-decision.ts'
import type { ObservedSecret } from '../model/client.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientPlan, Step } from '../plan/client-plan.ts'
import { type ClientSpec, isPlan, type Mode } from '../spec/client-spec.ts'

export type Result =
  | 'created'
  | 'updated'
  | 'rotated'
  | 'unchanged'
  | 'deleted'
  | 'planned'
  | 'valid'
  | 'audited'
  | 'exported'

/** The result of a run. `warnings`: warnings that belong to no single client. */
export type RunOutcome = { outcomes: Outcome[]; warnings: string[] }

/** The result for one client. */
export type Outcome = {
  name: string
  mode: Mode
  plan?: ClientPlan | undefined
  clientId?: string | undefined
  /** Undefined if the client failed before its first step. */
  result: Result | undefined
  changed: boolean
  drift: boolean
  /** The steps that were carried out; in plan mode the planned steps. */
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
  /** Printed before the first step. */
  warnings: string[]
  notes: string[]
  /** The tenant's time when the client was read. */
  now: number
  error?: ActionError | undefined
}

/** The progress of the plan: the outcome reads it even if the run failed half-way. */
export type Progress = {
  changed: boolean
  /** This run made the client, even if only a later read showed it. */
  created: boolean
  done: Step[]
  clientId?: string | undefined
  botUserId?: string | undefined
  /** The secret that this run issued and delivered, and its public facts. */
  secret?: Secret | undefined
  current?: { hint: string; issuedAt: number } | undefined
  /** The ledger as committed. */
  ledger?: Ledger | undefined
  retired: string[]
  /** Keys of the places where this run wrote a secret that was dead by then, and no live one since. */
  deadSecretPlaces: Set<string>
  /** Ids of the spaces that this run granted. */
  granted: Set<string>
  warnings: string[]
  notes: string[]
}

export function startProgress(): Progress {
  return {
    ...{ changed: false, created: false, done: [], retired: [], deadSecretPlaces: new Set(), granted: new Set() },
    ...{ warnings: [], notes: [] },
  }
}

/** The most important result of these steps. */
export function resultOf(steps: Step[], mode: Mode, { created = false, failed = false } = {}): Result {
  if (created) return 'created'
  if (steps.length === 0) return 'unchanged'
  if (isPlan(mode)) return 'planned'
  const kinds = new Set(steps.map(({ kind }) => kind))
  // A run that failed between its values and the client has not deleted the client.
  if (kinds.has('delete') || (kinds.has('remove-values') && !failed)) return 'deleted'
  if (kinds.has('create')) return 'created'
  return kinds.has('commit') ? 'rotated' : 'updated'
}

/** The facts about a client after a run: the first plan of the run, and the last. */
export type OutcomeInput = {
  spec: ClientSpec
  mode: Mode
  first: ClientPlan | undefined
  plan: ClientPlan | undefined
  now: number
  progress: Progress
  error?: ActionError | undefined
}

/** The outcome of one client, from its plan and the steps that were carried out. */
export function outcomeOf({ spec, mode, first, plan, now, progress, error }: OutcomeInput): Outcome {
  const steps = isPlan(mode) ? (plan?.steps ?? []) : progress.done
  const current = progress.current ?? (plan && currentSecret(plan))
  const isLeft = ({ hint }: { hint: string }) => !progress.retired.includes(hint)
  const live = (plan?.client?.secrets ?? []).filter(isLeft).map(({ hint }) => hint)
  const { after, grace } = spec.rotation
  return {
    name: spec.name,
    mode,
    plan,
    clientId: progress.clientId ?? plan?.client?.id,
    result:
      error !== undefined && !isPlan(mode) && steps.length === 0 && !progress.created
        ? undefined
        : resultOf(steps, mode, { created: progress.created, failed: error !== undefined }),
    changed: progress.changed,
    drift: first?.drift ?? false,
    steps,
    current,
    secret: progress.secret,
    nextRotationAt: current === undefined || after === undefined ? undefined : current.issuedAt + after,
    botUserId: progress.botUserId,
    foreign: plan?.foreign.filter(isLeft) ?? [],
    retiring: retiringSecrets(progress.ledger ?? plan?.client?.description.ledger, live, grace),
    destinations: spec.destinations,
    warnings: [...(first?.warnings ?? []), ...progress.warnings],
    notes: progress.notes,
    now,
    error,
  }
}

/** The current secret in the tenant and the ledger before the first step. */
function currentSecret({ client }: ClientPlan): Outcome['current'] {
  const ledger = client?.description.ledger
  const issuedAt = secretIssuedAt(ledger, client?.secrets ?? [])
  return ledger?.current === undefined || issuedAt === undefined ? undefined : { hint: ledger.current.hint, issuedAt }
}

/** Secrets of this ledger that are live and wait for the end of their grace. */
export function retiringSecrets(ledger: Ledger | undefined, live: string[], grace: number): Outcome['retiring'] {
  const waiting = Object.entries(ledger?.retiring ?? {}).filter(([hint]) => live.includes(hint))
  return waiting.map(([hint, since]) => ({ hint, until: since + grace }))
}
