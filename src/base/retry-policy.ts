/** The failure of one request. */
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

/**
 * The attempts so far. `elapsed`: milliseconds since the first attempt began; `asked`: the part of them that was waited at the
 * service's request.
 */
export type AttemptsSoFar = { attempts: number; elapsed: number; asked: number; repeatable: boolean }

/** `wait`: milliseconds to wait, or, if there is no other attempt, the wait that was too long. */
export type RetryDecision = { retry: boolean; wait: number; named: boolean; limited: boolean }

/** Milliseconds between two lines about a wait, or about the progress of a run. */
export const tellEvery = 10_000

/** Milliseconds of retries if the service names no time, and the longest time that it may name. */
export const retryPatience = 30_000
export const longestWait = 15 * 60_000

/**
 * Whether to try once more, and after how many milliseconds. Only safe requests are repeated: requests that were never sent or
 * never carried out, or that the caller marks as repeatable.
 */
export function retryDecision(trouble: Trouble, tried: AttemptsSoFar): RetryDecision {
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
  const inTime = asked ? tried.asked + wait <= longestWait : tried.elapsed - tried.asked + wait <= retryPatience
  return { retry: inTime, wait, named: asked, limited: !inTime && (limited || named) }
}

function backoff(attempts: number): number {
  return Math.min(250 * 2 ** (attempts - 1), 8000)
}
