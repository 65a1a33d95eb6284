/** What went wrong with one request. */
export type Trouble =
  /** Nothing was sent. */
  | { kind: 'refused' }
  /** It will fail the same way again: no such host, a certificate that is not trusted. */
  | { kind: 'hopeless' }
  /** No answer, or half of one: it may have taken effect. */
  | { kind: 'lost' }
  /** 5xx: it may have taken effect. `after`: seconds that the service asks for. */
  | { kind: 'server'; after?: number | undefined }
  /** 429, or GitHub's 403 for the same: not carried out. */
  | { kind: 'limited'; after?: number | undefined; minute: boolean }

/** What was tried so far; `elapsed` since the first attempt began, and of that `asked` waited because the service named the time. */
export type Tried = { attempts: number; elapsed: number; asked: number; repeatable: boolean }

/** `wait`: milliseconds to wait, or that it would have been. */
export type Verdict = { retry: boolean; wait: number; named: boolean; limited: boolean }

/** Milliseconds for which trouble is waited out where the service names no time, and the longest time it may name. */
export const patience = 30_000
export const longestWait = 15 * 60_000

/**
 * Whether to try once more, and after how many milliseconds. Only what is safe to repeat is repeated: what was never sent or
 * never carried out, or a request that the caller calls repeatable.
 */
export function verdict(trouble: Trouble, tried: Tried): Verdict {
  const limited = trouble.kind === 'limited'
  const named = 'after' in trouble && trouble.after !== undefined
  const wait = named
    ? Math.max(trouble.after! * 1000, backoff(tried.attempts))
    : limited && trouble.minute
      ? 60_000 * tried.attempts
      : backoff(tried.attempts)
  const isLost = trouble.kind === 'lost' || trouble.kind === 'server'
  if (trouble.kind === 'hopeless' || (isLost && !tried.repeatable))
    return { retry: false, wait, named, limited: named && wait > longestWait }
  const asked = named || (limited && trouble.minute)
  const inTime = asked ? tried.asked + wait <= longestWait : tried.elapsed - tried.asked + wait <= patience
  return { retry: inTime, wait, named: asked, limited: !inTime && (limited || named) }
}

function backoff(attempts: number): number {
  return Math.min(250 * 2 ** (attempts - 1), 8000)
}
