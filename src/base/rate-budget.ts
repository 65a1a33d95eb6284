export type ServiceName = 'tenant' | 'github'

/** Numbers of requests by kind: the need of some work, or a single request. */
export type Load = { reads: number; writes: number }

/**
 * A limit of a service: `most` within any span of `within` milliseconds, with a weight for reads and writes. `least`: below this
 * number a refusal does not lower the limit, because others must have used up the rest.
 */
export type Limit = { unit: string; within: number; most: number; least: number; weight: Load }

const minute = 60_000
const hour = 60 * minute

/**
 * The documented limits. Tenant: two tiers, by user and by tenant; the tenant's own can be as low as 50 writes a minute, which only a 429
 * shows (qlik.dev/apis/rate-limiting). GitHub: the secondary limits, which no header has (docs.github.com/rest/using-the-rest-api/rate-
 * limits-for-the-rest-api).
 */
export const limitsOf: Record<ServiceName, Limit[]> = {
  tenant: [
    { unit: 'reads a minute', within: minute, most: 1000, least: 500, weight: { reads: 1, writes: 0 } },
    { unit: 'writes a minute', within: minute, most: 100, least: 50, weight: { reads: 0, writes: 1 } },
  ],
  github: [
    { unit: 'points a minute', within: minute, most: 900, least: 300, weight: { reads: 1, writes: 5 } },
    { unit: 'writes a minute', within: minute, most: 80, least: 30, weight: { reads: 0, writes: 1 } },
    { unit: 'writes an hour', within: hour, most: 500, least: 250, weight: { reads: 0, writes: 1 } },
  ],
}

// Reserved below every limit, because delays vary: requests sent in more than a minute may arrive in less.
const margin = 0.97
const slack = 1000

/**
 * The state of one limit: recent requests, oldest first, and the room reserved for work that has begun. `refused`: the lower
 * limit after a refusal at `at`, and the milliseconds without a refusal until it recovers.
 */
export type Budget = {
  limit: Limit
  most: number
  sent: { at: number; weight: number }[]
  used: number
  kept: number
  refused?: { most: number; at: number; within: number } | undefined
}

export function startBudget(limit: Limit): Budget {
  return { limit, most: mostOf(limit), sent: [], used: 0, kept: 0 }
}

function mostOf(limit: Limit): number {
  return Math.floor(limit.most * margin)
}

export function weightOf({ reads, writes }: Load, { weight }: Limit): number {
  return reads * weight.reads + writes * weight.writes
}

/**
 * Milliseconds until so much more fits beside the room `kept` for others; 0 if it fits now; Infinity if only the end of other
 * work makes room. More than the whole budget counts as the whole.
 */
export function waitFor(budget: Budget, weight: number, kept: number, now: number): number {
  recover(budget, now)
  forget(budget, now)
  let lacking = budget.used + kept + Math.min(weight, budget.most) - budget.most
  if (weight === 0 || lacking <= 0) return 0
  for (const { at, weight: freed } of budget.sent) {
    lacking -= freed
    if (lacking <= 0) return at + budget.limit.within + slack - now
  }
  return Number.POSITIVE_INFINITY
}

export function spend(budget: Budget, weight: number, now: number): void {
  if (weight === 0) return
  budget.sent.push({ at: now, weight })
  budget.used += weight
}

// One refusal describes one moment, because others share the limit: its effect fades. If another refusal comes before that, its
// effect lasts longer.
const refusalFadesAfter = 10 * minute
const refusalFadesAtMost = hour

/**
 * Records that the service refused the latest requests because of their rate. For a while the limit is the number that was used
 * before.
 */
export function learnFromRefusal(budget: Budget, weight: number, now: number): void {
  if (weight === 0) return
  recover(budget, now)
  forget(budget, now)
  const refused = budget.sent.findLastIndex((sent) => sent.weight === weight)
  if (refused >= 0) {
    budget.sent.splice(refused, 1)
    budget.used -= weight
  }
  const allowed = Math.max(budget.used, budget.limit.least)
  const most = Math.min(budget.most, Math.floor(allowed * margin))
  const { refused: last } = budget
  // Requests that were sent together are refused together.
  const isSame = last !== undefined && now - last.at <= minute
  const within =
    last === undefined ? refusalFadesAfter : isSame ? last.within : Math.min(last.within * 2, refusalFadesAtMost)
  Object.assign(budget, { most, refused: { most, at: now, within } })
}

/** Recovers gradually: an immediate return to the full rate would be refused again. */
function recover(budget: Budget, now: number): void {
  const { refused, limit } = budget
  if (refused === undefined) return
  const quiet = (now - refused.at) / refused.within
  budget.most = refused.most + Math.floor((mostOf(limit) - refused.most) * Math.min(1, quiet))
  if (quiet >= 1) budget.refused = undefined
}

function forget(budget: Budget, now: number): void {
  const { sent, limit } = budget
  const old = sent.findIndex(({ at }) => at + limit.within + slack > now)
  const gone = sent.splice(0, old < 0 ? sent.length : old)
  for (const { weight } of gone) budget.used -= weight
}
