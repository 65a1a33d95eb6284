export type ServiceName = 'tenant' | 'github'

/** How many requests of each kind: what some work needs, or what one request is. */
export type Load = { reads: number; writes: number }

/**
 * What a service allows: `most` within any span of `within` milliseconds, where a read and a write weigh so much. `least`: below
 * that a refusal teaches nothing, for others must have used up the rest.
 */
export type Limit = { unit: string; within: number; most: number; least: number; weight: Load }

const minute = 60_000
const hour = 60 * minute

/**
 * The documented limits. Tenant: two tiers, by user and by tenant; the tenant's own can be as low as 50 writes a minute, which
 * only a 429 tells (qlik.dev/apis/rate-limiting). GitHub: the secondary limits, which no header tells
 * (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
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

// Kept free of every limit, for the clocks at both ends of a connection don't tick together: requests sent in more than a
// minute may arrive in less.
const margin = 0.97
const slack = 1000

/** What is left of one limit: requests sent lately, oldest first, and what is kept for work that has begun. */
export type Budget = { limit: Limit; most: number; sent: { at: number; weight: number }[]; used: number; kept: number }

export function startBudget(limit: Limit): Budget {
  return { limit, most: Math.floor(limit.most * margin), sent: [], used: 0, kept: 0 }
}

export function weightOf({ reads, writes }: Load, { weight }: Limit): number {
  return reads * weight.reads + writes * weight.writes
}

/**
 * Milliseconds until so much more fits beside what is `kept` for others; 0 where it does now. Infinity where only the end of other
 * work makes room. More than the whole budget counts as the whole.
 */
export function waitFor(budget: Budget, weight: number, kept: number, now: number): number {
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

/** Notes that the service refused what was sent last, for its rate: it allows no more than what was used before. */
export function learn(budget: Budget, weight: number, now: number): void {
  if (weight === 0) return
  forget(budget, now)
  const refused = budget.sent.findLastIndex((sent) => sent.weight === weight)
  if (refused >= 0) {
    budget.sent.splice(refused, 1)
    budget.used -= weight
  }
  const allowed = Math.max(budget.used, budget.limit.least)
  budget.most = Math.min(budget.most, Math.floor(allowed * margin))
}

function forget(budget: Budget, now: number): void {
  const { sent, limit } = budget
  const old = sent.findIndex(({ at }) => at + limit.within + slack > now)
  const gone = sent.splice(0, old < 0 ? sent.length : old)
  for (const { weight } of gone) budget.used -= weight
}
