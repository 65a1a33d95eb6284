/** Seconds. */
export const day = 86_400

/** Units of time in seconds, the largest first. In a spec each is written as its first letter. */
export const units = [
  [day, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const

/** Seconds of a duration such as `90d`, `24h`, `30m` or `0`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const [, count, letter] = /^(\d{1,6})([dhm])$/.exec(text) ?? []
  const unit = units.find(([, name]) => name[0] === letter)
  return unit === undefined ? undefined : Number(count) * unit[0]
}

/**
 * Seconds for people: `3 days`, `5 hours`, `12 minutes`, `40 seconds`. Rounded down to the largest unit; a time just short of the
 * next whole number counts as that number.
 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  for (const [size, name] of units) {
    if (whole >= size) return plural(Math.floor(whole / size + 0.01), name)
  }
  return plural(whole, 'second')
}

/** `0.3 s`, `12 s` */
export function secondsText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 1000 ? 1 : 0)} s`
}

// Four answers of ten seconds: a client that is looked up in a list of several pages.
const longestReading = 40_000

/**
 * The time at which a reading counts as arrived, in milliseconds of a clock. Usually that is now. If the reading took so long that the
 * host must have slept during it, its content is older than now.
 */
export function readingArrivedAt(askedAt: number, now: number): number {
  return Math.min(now, askedAt + longestReading)
}

/** `1 secret`, `2 secrets`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Epoch seconds as ISO 8601 in whole seconds. */
export function isoTime(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

/** The largest valid time, in epoch seconds. Smaller times are safe to calculate with, to format, and to keep in the ledger. */
export const latestTime = 99_999_999_999

/** Epoch seconds of a timestamp with any number of fractional digits (Qlik sends nine); undefined for any other text. */
export function parseTimestamp(text: string | undefined): number | undefined {
  const milliseconds = text === undefined ? Number.NaN : Date.parse(text.replace(/(\.\d{3})\d+/, '$1'))
  return milliseconds >= 0 && milliseconds / 1000 <= latestTime ? milliseconds / 1000 : undefined
}
