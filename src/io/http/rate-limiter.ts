import {
  type Budget,
  type Load,
  learn,
  limitsOf,
  type ServiceName,
  spend,
  startBudget,
  waitFor,
  weightOf,
} from '../../base/rate-budget.ts'
import type { Surroundings } from '../../ports.ts'

/** What is kept free for work that has begun, by limit. */
export type Kept = Map<Budget, number>

/** Why something waits, and for how many milliseconds. `told`: the service named the time. */
export type Wait = { milliseconds: number; limit: string; told: boolean }

export type Pace = {
  /** Writes in the order of asking, from the first try to the last: GitHub takes one after the other. */
  inTurn<T>(write: () => Promise<T>): Promise<T>
  /** One attempt, beside no more than so many others. */
  underWay<T>(attempt: () => Promise<T>): Promise<T>
  /** Waits until a request may be sent, and counts it. `accept` is asked before each wait, and may throw. */
  admit(kind: keyof Load, kept: Kept | undefined, accept: (wait: Wait) => void): Promise<void>
  /** Waits until the limits can serve all of this, and keeps it free. Who came first is served first. */
  reserve(load: Load, accept: (wait: Wait) => void): Promise<Kept>
  release(kept: Kept): void
  /** The service refused for its rate: nothing of that kind is sent for so many milliseconds, and the rate stays below what it was. */
  refused(kind: keyof Load, milliseconds: number): void
  /** The service says how many requests are left until when. */
  left(requests: number, milliseconds: number): void
}

type State = {
  clock: Surroundings['clock']
  stop: Surroundings['stop']
  budgets: Budget[]
  /** Elapsed milliseconds until which nothing of a kind is sent. */
  silentUntil: Load
  /** What the service itself counts. */
  allowance: { left: number; until: number }
  /** The end of the line of those who want to reserve. */
  line: Promise<unknown>
  /** Wakes those who wait for others to leave. */
  wake: Set<() => void>
}

/** Keeps to the limits of one service, all in one place: what is sent, what is kept free, what the service said. */
export function createPace(service: ServiceName, { clock, stop }: Pick<Surroundings, 'clock' | 'stop'>): Pace {
  const state: State = {
    clock,
    stop,
    budgets: limitsOf[service].map(startBudget),
    silentUntil: { reads: 0, writes: 0 },
    allowance: { left: Number.POSITIVE_INFINITY, until: 0 },
    line: Promise.resolve(),
    wake: new Set(),
  }
  return {
    // GitHub asks for one write after the other (docs.github.com, "Best practices for using the REST API").
    inTurn: createGate(service === 'github' ? 1 : mostAtOnce),
    underWay: createGate(mostAtOnce),
    admit: async (kind, kept, accept) => {
      const load = { reads: 0, writes: 0, [kind]: 1 }
      // What is kept for others may be taken where it is needed, for who has begun must end; the limits themselves hold.
      const take = () => send(state, load, kept)
      await room(state, load, { keptOf: () => 0, accept, take })
    },
    reserve: (load, accept) => {
      const take = () => keep(state, load)
      const mine = state.line.then(() => room(state, load, { keptOf: ({ kept }) => kept, accept, take }))
      state.line = mine.catch(() => {})
      return mine
    },
    release: (kept) => {
      for (const [budget, weight] of kept) budget.kept -= weight
      kept.clear()
      for (const wake of state.wake) wake()
    },
    refused: (kind, milliseconds) => {
      const load = { reads: 0, writes: 0, [kind]: 1 }
      // A tier of the tenant is refused by itself (qlik.dev/apis/rate-limiting), GitHub refuses everything.
      for (const silent of service === 'tenant' ? [kind] : (['reads', 'writes'] as const))
        state.silentUntil[silent] = Math.max(state.silentUntil[silent], clock.elapsed() + milliseconds)
      for (const budget of state.budgets) learn(budget, weightOf(load, budget.limit), clock.elapsed())
    },
    left: (requests, milliseconds) => {
      state.allowance = { left: requests, until: clock.elapsed() + milliseconds }
    },
  }
}

/** Requests under way at a time; GitHub's limit is a hundred, shared by all that use the token. */
const mostAtOnce = 24

/** Lets through so many at a time, in the order in which they came. */
function createGate(most: number): <T>(go: () => Promise<T>) => Promise<T> {
  let inside = 0
  const waiting: (() => void)[] = []
  return async (go) => {
    if (inside === most) await new Promise<void>((resolve) => waiting.push(resolve))
    else inside++
    try {
      return await go()
    } finally {
      // Whoever is next takes the place over.
      const next = waiting.shift()
      if (next === undefined) inside--
      else next()
    }
  }
}

type Turn<T> = { keptOf: (budget: Budget) => number; accept: (wait: Wait) => void; take: () => T }

/** Waits until there is room, and takes it in the same turn: of many who see it at once only those who fit get in. */
async function room<T>(state: State, load: Load, { keptOf, accept, take }: Turn<T>): Promise<T> {
  for (let wait = longest(state, load, keptOf); wait.milliseconds > 0; wait = longest(state, load, keptOf)) {
    if (state.stop.requested) break
    accept(wait)
    await rest(wait.milliseconds, state)
  }
  return take()
}

function longest(state: State, load: Load, keptOf: (budget: Budget) => number): Wait {
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

function send(state: State, load: Load, kept: Kept | undefined): void {
  for (const budget of state.budgets) count(budget, weightOf(load, budget.limit), kept, state.clock.elapsed())
  state.allowance.left--
}

function count(budget: Budget, weight: number, kept: Kept | undefined, now: number): void {
  spend(budget, weight, now)
  const own = Math.min(kept?.get(budget) ?? 0, weight)
  if (own === 0) return
  kept!.set(budget, kept!.get(budget)! - own)
  budget.kept -= own
}

function keep({ budgets }: State, load: Load): Kept {
  const kept: Kept = new Map()
  for (const budget of budgets) {
    const weight = Math.min(weightOf(load, budget.limit), budget.most)
    kept.set(budget, weight)
    budget.kept += weight
  }
  return kept
}

/** Ends early where somebody leaves, or the run is asked to stop. */
async function rest(milliseconds: number, { clock, stop, wake }: State): Promise<void> {
  const control = new AbortController()
  const end = () => control.abort()
  wake.add(end)
  const forget = stop.onStop(end)
  // Where only the end of other work helps, it is looked at again all the same; and who waits says so from time to time.
  await clock.sleep(Math.min(milliseconds, 10_000), control.signal)
  forget()
  wake.delete(end)
}
