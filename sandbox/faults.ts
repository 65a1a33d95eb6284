import type { RequestRecord, Service } from './record.ts'

export type Fault =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  | { kind: 'drop' }
  | { kind: 'hang' }
  | { kind: 'html'; status?: number }
  | { kind: 'cut' }
  | { kind: 'hook'; run: () => void }

export type FaultPlan = {
  service?: Service
  method?: string
  /** A string is the path without its query; an expression is tried on the path with it. */
  path?: RegExp | string
  /** 1-based, counted over the matching requests from now. */
  nth?: number
  times?: number
  /** Whether it strikes before or after the request takes effect. */
  when: 'before' | 'after'
  fault: Fault
}

type Entry = FaultPlan & { seen: number; fired: number }

export type FaultHandle = { readonly fired: number; remove(): void }

export class Faults {
  /** Called before each request, for a test that looks or edits between any two of them. */
  onRequest: ((record: RequestRecord) => void) | undefined
  #entries: Entry[] = []

  add(plan: FaultPlan): FaultHandle {
    const entry: Entry = { ...plan, seen: 0, fired: 0 }
    this.#entries.push(entry)
    return {
      get fired() {
        return entry.fired
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry)
      },
    }
  }

  clear(): void {
    this.#entries = []
  }

  /** The faults that strike this request, in the order they were added. */
  strike(record: RequestRecord): FaultPlan[] {
    const struck: FaultPlan[] = []
    for (const entry of this.#entries) {
      if (!matches(entry, record)) continue
      entry.seen += 1
      const first = entry.nth ?? 1
      if (entry.seen < first || entry.seen >= first + (entry.times ?? 1)) continue
      entry.fired += 1
      struck.push(entry)
    }
    return struck
  }
}

function matches(plan: FaultPlan, record: RequestRecord): boolean {
  if (plan.service !== undefined && plan.service !== record.service) return false
  if (plan.method !== undefined && plan.method.toUpperCase() !== record.method) return false
  if (plan.path === undefined) return true
  if (typeof plan.path === 'string') return record.path.split('?')[0] === plan.path
  return new RegExp(plan.path.source, plan.path.flags.replace(/[gy]/g, '')).test(record.path)
}
