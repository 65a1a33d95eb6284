/** The time inside a sandbox. `live` follows the machine plus an offset; `frozen` moves only by `advance`. */
export class SandboxClock {
  readonly mode: 'live' | 'frozen'
  #offset: number
  #ticks = 0

  constructor(mode: 'live' | 'frozen' = 'live', startAt?: number) {
    this.mode = mode
    const start = startAt ?? (mode === 'frozen' ? Date.UTC(2026, 10, 2, 6, 0, 0) : Date.now())
    this.#offset = mode === 'frozen' ? start : start - Date.now()
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.mode === 'frozen' ? this.#offset : Date.now() + this.#offset
  }

  advance(ms: number): void {
    this.#offset += ms
  }

  /** RFC 3339 with nine fractional digits, strictly increasing inside one millisecond so that order can be told; so many seconds ahead. */
  nanoStamp(ahead = 0): string {
    this.#ticks = (this.#ticks + 137) % 1_000_000
    return `${new Date(this.now() + ahead * 1000).toISOString().slice(0, -1)}${String(this.#ticks).padStart(6, '0')}Z`
  }

  /** For the `Date` header: whole seconds; so many seconds ahead. */
  httpDate(ahead = 0): string {
    return new Date(this.now() + ahead * 1000).toUTCString()
  }
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** "25h", "90s", "7d" in milliseconds; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  const unit = units[match?.[2] ?? '']
  return match && unit !== undefined ? Number(match[1]) * unit : undefined
}
