import type { ActionError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { secretIssuedAt } from '../ledger/rotation-decision.ts'
import type { ObservedSecret } from '../model/client.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientPlan, Step } from '../plan/steps.ts'
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

/** What came of a run. `warnings`: what concerns no client alone. */
export type RunOutcome = { outcomes: Outcome[]; warnings: string[] }

/** What came of one client. */
export type Outcome = {
  name: string
  mode: Mode
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
  /** Told before anything was done. */
  warnings: string[]
  notes: string[]
  /** The tenant's time when the client was read. */
  now: number
  error?: ActionError | undefined
}

/** What came of the plan so far: read by the outcome even where the run failed half-way. */
export type Progress = {
  changed: boolean
  /** This run made the client, also where only a later look showed it. */
  created: boolean
  done: Step[]
  clientId?: string | undefined
  botUserId?: string | undefined
  /** The secret that this run issued and delivered, and its public facts. */
  secret?: Secret | undefined
  current?: { hint: string; issuedAt: number } | undefined
  /** As it was committed. */
  ledger?: Ledger | undefined
  retired: string[]
  /** Ids of the spaces that this run granted. */
  granted: Set<string>
  warnings: string[]
  notes: string[]
}

export function startProgress(): Progress {
  return { changed: false, created: false, done: [], retired: [], granted: new Set(), warnings: [], notes: [] }
}

/** The strongest result that these steps amount to. */
export function resultOf(steps: Step[], mode: Mode, created = false): Result {
  if (created) return 'created'
  if (steps.length === 0) return 'unchanged'
  if (isPlan(mode)) return 'planned'
  const kinds = new Set(steps.map(({ kind }) => kind))
  if (kinds.has('delete') || kinds.has('remove-values')) return 'deleted'
  if (kinds.has('create')) return 'created'
  return kinds.has('commit') ? 'rotated' : 'updated'
}

/** What is known of a client when a run has dealt with it: the plan that the run began with, and the last. */
export type Dealt = {
  spec: ClientSpec
  mode: Mode
  first: ClientPlan | undefined
  plan: ClientPlan | undefined
  now: number
  progress: Progress
  error?: ActionError | undefined
}

/** What came of one client: from what was planned, and what was carried out of it. */
export function outcomeOf({ spec, mode, first, plan, now, progress, error }: Dealt): Outcome {
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
        : resultOf(steps, mode, progress.created),
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

/** The current secret as the tenant and the ledger have it before anything is done. */
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
