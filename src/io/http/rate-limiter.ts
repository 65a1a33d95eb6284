import {
  type Budget,
  type Load,
  learnFromRefusal,
  limitsOf,
  type ServiceName,
  spend,
  startBudget,
  waitFor,
  weightOf,
} from '../../base/rate-budget.ts'
import type { Surroundings } from '../../ports.ts'

/** Room that is reserved for work that has begun, by limit. */
export type ReservedRoom = Map<Budget, number>

/** Why a request waits, and for how many milliseconds. `told`: the service named the time. */
export type Wait = { milliseconds: number; limit: string; told: boolean }

export type RateLimiter = {
  /**
   * Sends writes one after the other, in the order of the calls, each from its first attempt to its last: GitHub asks for this.
   */
  inTurn<T>(write: () => Promise<T>): Promise<T>
  /** Runs one attempt, with a limit on the number of attempts at a time. */
  underWay<T>(attempt: () => Promise<T>): Promise<T>
  /** Waits until a request may be sent, and counts it. `accept` is called before each wait, and may throw. */
  admit(kind: keyof Load, kept: ReservedRoom | undefined, accept: (wait: Wait) => void): Promise<void>
  /** Waits until the limits have room for all of this, and reserves it. First come, first served. */
  reserve(load: Load, accept: (wait: Wait) => void): Promise<ReservedRoom>
  release(kept: ReservedRoom): void
  /**
   * The service refused because of its rate limit: no request of this kind is sent for so many milliseconds, and the rate stays
   * below the one that was refused.
   */
  refused(kind: keyof Load, milliseconds: number): void
  /** The service said how many requests are left, and until when. */
  left(requests: number, milliseconds: number): void
}

type LimiterState = {
  clock: Surroundings['clock']
  stop: Surroundings['stop']
  budgets: Budget[]
  /** Elapsed milliseconds until which no request of a kind is sent. */
  silentUntil: Load
  /** The service's own count of requests. */
  allowance: { left: number; until: number }
  /** The last call that waits to reserve; the next one waits for it. */
  line: Promise<unknown>
  /** Wakes the calls that wait for reserved room to become free. */
  wake: Set<() => void>
}

/** Keeps to the limits of one service. It holds the requests sent, the room reserved, and the limits that the service named. */
export function createRateLimiter(
  service: ServiceName,
  { clock, stop }: Pick<Surroundings, 'clock' | 'stop'>,
): RateLimiter {
  const state = startState(service, { clock, stop })
  return {
    // GitHub asks for one write after the other (docs.github.com, "Best practices for using the REST API").
    inTurn: createGate(service === 'github' ? 1 : mostAtOnce),
    underWay: createGate(mostAtOnce),
    admit: async (kind, kept, accept) => {
      const load = loadOf(kind)
      // Room that is reserved for others may be used, because work that has begun must end. The limits themselves still hold.
      const take = () => send(state, load, kept)
      await takeWhenThereIsRoom(state, load, { keptOf: () => 0, accept, take })
    },
    reserve: (load, accept) => {
      const take = () => keep(state, load)
      const mine = state.line.then(() => takeWhenThereIsRoom(state, load, { keptOf: ({ kept }) => kept, accept, take }))
      state.line = mine.catch(() => {})
      return mine
    },
    release: (kept) => {
      for (const [budget, weight] of kept) budget.kept -= weight
      kept.clear()
      for (const wake of state.wake) wake()
    },
    refused: (kind, milliseconds) => {
      // The tenant refuses one tier at a time (qlik.dev/apis/rate-limiting), GitHub refuses all requests.
      for (const silent of service === 'tenant' ? [kind] : (['reads', 'writes'] as const))
        state.silentUntil[silent] = Math.max(state.silentUntil[silent], clock.elapsed() + milliseconds)
      for (const budget of state.budgets)
        learnFromRefusal(budget, weightOf(loadOf(kind), budget.limit), clock.elapsed())
    },
    left: (requests, milliseconds) => {
      state.allowance = { left: requests, until: clock.elapsed() + milliseconds }
    },
  }
}

function startState(service: ServiceName, { clock, stop }: Pick<Surroundings, 'clock' | 'stop'>): LimiterState {
  return {
    clock,
    stop,
    budgets: limitsOf[service].map(startBudget),
    silentUntil: { reads: 0, writes: 0 },
    allowance: { left: Number.POSITIVE_INFINITY, until: 0 },
    line: Promise.resolve(),
    wake: new Set(),
  }
}

/** One request of this kind. */
function loadOf(kind: keyof Load): Load {
  return { reads: 0, writes: 0, [kind]: 1 }
}

/** Requests at a time. GitHub allows a hundred, shared by all users of the token. */
const mostAtOnce = 24

/** Runs at most so many calls at a time, in the order in which they came. */
function createGate(most: number): <T>(go: () => Promise<T>) => Promise<T> {
  let inside = 0
  const waiting: (() => void)[] = []
  return async (go) => {
    if (inside === most) await new Promise<void>((resolve) => waiting.push(resolve))
    else inside++
    try {
      return await go()
    } finally {
      // The next call takes over the place.
      const next = waiting.shift()
      if (next === undefined) inside--
      else next()
    }
  }
}

type Turn<T> = { keptOf: (budget: Budget) => number; accept: (wait: Wait) => void; take: () => T }

/**
 * Waits until there is room, and takes it in the same turn of the event loop: if several calls see the room at once, only those
 * that fit get in.
 */
async function takeWhenThereIsRoom<T>(state: LimiterState, load: Load, { keptOf, accept, take }: Turn<T>): Promise<T> {
  for (let wait = longest(state, load, keptOf); wait.milliseconds > 0; wait = longest(state, load, keptOf)) {
    if (state.stop.requested) break
    accept(wait)
    await rest(wait.milliseconds, state)
  }
  return take()
}

function longest(state: LimiterState, load: Load, keptOf: (budget: Budget) => number): Wait {
  const { budgets, silentUntil, allowance } = state
  const now = state.clock.elapsed()
  const waits = budgets.map((budget) => ({
    milliseconds: waitFor(budget, weightOf(load, budget.limit), keptOf(budget), now),
    limit: `${budget.most} ${budget.limit.unit}`,
    told: false,
  }))
  const silent = Math.max(load.reads > 0 ? silentUntil.reads : 0, load.writes > 0 ? silentUntil.writes : 0)
  const exhausted = allowance.until > now && allowance.left < load.reads + load.writes
  return [
    { milliseconds: silent - now, limit: 'the pause it asked for', told: true },
    { milliseconds: exhausted ? allowance.until - now : 0, limit: 'its count of requests', told: true },
    ...waits,
  ].reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a))
}

function send(state: LimiterState, load: Load, kept: ReservedRoom | undefined): void {
  for (const budget of state.budgets) count(budget, weightOf(load, budget.limit), kept, state.clock.elapsed())
  state.allowance.left--
}

function count(budget: Budget, weight: number, kept: ReservedRoom | undefined, now: number): void {
  spend(budget, weight, now)
  const own = Math.min(kept?.get(budget) ?? 0, weight)
  if (own === 0) return
  kept!.set(budget, kept!.get(budget)! - own)
  budget.kept -= own
}

function keep({ budgets }: LimiterState, load: Load): ReservedRoom {
  const kept: ReservedRoom = new Map()
  for (const budget of budgets) {
    const weight = Math.min(weightOf(load, budget.limit), budget.most)
    kept.set(budget, weight)
    budget.kept += weight
  }
  return kept
}

/** Ends early if other work frees its room, or if the run is asked to stop. */
async function rest(milliseconds: number, { clock, stop, wake }: LimiterState): Promise<void> {
  const control = new AbortController()
  const end = () => control.abort()
  wake.add(end)
  const forget = stop.onStop(end)
  // Even if only the end of other work makes room, the wait ends from time to time, so that the log can show it.
  await clock.sleep(Math.min(milliseconds, 10_000), control.signal)
  forget()
  wake.delete(end)
}
