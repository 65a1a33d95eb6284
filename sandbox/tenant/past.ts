import type { SandboxClock } from '../clock.ts'
import type { Client } from './types.ts'

/** The clients before each of the latest writes. */
export class Past {
  readonly #clock: SandboxClock
  readonly #kept: { until: number; clients: Map<string, Client> }[] = []

  constructor(clock: SandboxClock) {
    this.#clock = clock
  }

  /** To be called before a write. */
  keep(clients: ReadonlyMap<string, Client>): void {
    this.#kept.push({ until: this.#clock.now(), clients: structuredClone(new Map(clients)) })
  }

  /** The state so many seconds ago; undefined if nothing was written since. */
  at(secondsAgo: number): ReadonlyMap<string, Client> | undefined {
    const then = this.#clock.now() - secondsAgo * 1000
    while (this.#kept[0] !== undefined && this.#kept[0].until <= then) this.#kept.shift()
    return this.#kept[0]?.clients
  }
}
