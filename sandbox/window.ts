/** Counts what a caller did inside a fixed window of time. */
export class RateWindow {
  readonly #lengthMs: number
  readonly #counts = new Map<string, { startedAt: number; used: number }>()

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  /** Adds to the caller's count and tells how much is used and when the window ends (ms since the epoch). */
  spend(caller: string, cost: number, now: number): { used: number; resetsAt: number } {
    let count = this.#counts.get(caller)
    if (!count || count.startedAt + this.#lengthMs <= now) {
      count = { startedAt: now, used: 0 }
      this.#counts.set(caller, count)
    }
    count.used += cost
    return { used: count.used, resetsAt: count.startedAt + this.#lengthMs }
  }
}
