import { secondsText } from '../../base/duration.ts'
import { ActionError, cancelledError } from '../../base/errors.ts'
import type { Load, ServiceName } from '../../base/rate-budget.ts'
import { longestWait, retryDecision, type Trouble, tellEvery } from '../../base/retry-policy.ts'
import { pause } from '../../pause.ts'
import type { Reporter, Surroundings } from '../../ports.ts'
import { deprecationText } from './deprecation.ts'
import { TransportError } from './network-failures.ts'
import { createRateLimiter, type RateLimiter, type ReservedRoom, type Wait } from './rate-limiter.ts'
import { type Answer, type Attempt, answerOrThrow, type Call, failureOf, serviceName } from './responses.ts'
import type { Transport, WireResponse } from './transport.ts'

export type Http = (call: Call) => Promise<Answer>

/** One service. `reserve`: work that must not wait once it has begun starts when the limits have room for all of its requests. */
export type Service = {
  http: Http
  reserve(load: Load, reporter: Reporter, waiting: (wait: Wait) => void): Promise<ReservedService>
}
type ReservedService = { http: Http; release: () => void }

// A service that is silent for so long is unreachable. After a signal the limit is the rest of the runner's seven and a half
// seconds.
const longestSilence = 30_000
const longestSilenceAfterSignal = 2500
const longestSilenceWhenStopped = 1200
/** `told`: elapsed milliseconds of the last line about waiting, and whether the warning about a deprecated API was printed. */
type Line = {
  service: ServiceName
  transport: Transport
  around: Surroundings
  pace: RateLimiter
  told: { at: number; end: (headers: Record<string, string>) => void }
}

/** The only place that decides pace, retries, time limits and the meaning of statuses of a service. */
export function createService(service: ServiceName, transport: Transport, around: Surroundings): Service {
  const pace = createRateLimiter(service, around)
  const told = { at: Number.NEGATIVE_INFINITY, end: deprecationTeller(around.reporter) }
  const through = (reporter: Reporter, kept?: ReservedRoom): Http => {
    const line: Line = { service, transport, around: { ...around, reporter }, pace, told }
    // A run that was asked to stop has no time to wait its turn, and starts no request that waited before.
    return async (call) => {
      if (call.method === 'GET' || around.stop.requested) return sendUntilAnswered(line, call, kept)
      return pace.inTurn(() => {
        if (around.stop.requested) throw cancelledError(call.what)
        return sendUntilAnswered(line, call, kept)
      })
    }
  }
  return {
    http: through(around.reporter),
    reserve: async (load, reporter, waiting) => {
      const kept = await pace.reserve(load, (wait) => {
        if (isTooLong(wait)) throw limited(service, wait)
        if (wait.milliseconds >= 1000) waiting(wait)
      })
      return { http: through(reporter, kept), release: () => pace.release(kept) }
    },
  }
}

/**
 * The history of a request. `began`: elapsed milliseconds at the first attempt; `asked`: milliseconds waited because the service
 * asked for it.
 */
type Tries = { count: number; began: number; asked: number; uncertain: boolean }

type CallUnderWay = { line: Line; call: Call; kept: ReservedRoom | undefined; tries: Tries }

/** Sends a request until it gets an answer, or a failure that another attempt would not change. */
async function sendUntilAnswered(line: Line, call: Call, kept: ReservedRoom | undefined): Promise<Answer> {
  const { around, service } = line
  const work: CallUnderWay = { line, call, kept, tries: { count: 0, began: 0, asked: 0, uncertain: false } }
  for (;;) {
    const outcome = await sendOnce(work)
    if (outcome.trouble === undefined) return answerOrThrow(service, call, outcome.response, work.tries.uncertain)
    const wait = waitAfter(outcome, work)
    around.reporter.step(`… ${call.what}: ${outcome.why}; waiting ${secondsText(wait)}`)
    await pause(wait, around)
    if (around.stop.requested) throw stopped(failureOf(service, call, outcome, work.tries))
  }
}

/** One attempt, as soon as the limits have room for it. */
async function sendOnce({ line, call, kept, tries }: CallUnderWay): Promise<Attempt> {
  const { service, around, pace, transport } = line
  await pace.admit(kindOf(call), kept, (wait) => requireTime(line, call, wait, tries.uncertain))
  const outcome = await pace.underWay(() => {
    const now = around.clock.elapsed()
    if (now > (call.sendBy ?? Number.POSITIVE_INFINITY)) throw tooLate(call, tries.uncertain)
    if (tries.count++ === 0) tries.began = now
    return attempt(service, transport, around, call)
  })
  if (outcome.response !== undefined) heedLimitsLeft(outcome.response, line)
  return outcome
}

/** Milliseconds to wait before the next attempt. Throws the failure if there must be no other attempt. */
function waitAfter(outcome: Attempt & { trouble: Trouble }, { line, call, tries }: CallUnderWay): number {
  const { service, around, pace } = line
  const { trouble } = outcome
  // An earlier attempt without a good answer may have taken effect. A later refusal does not undo it.
  tries.uncertain ||= call.method !== 'GET' && (trouble.kind === 'lost' || trouble.kind === 'server')
  const now = around.clock.elapsed()
  const spent = now - tries.began
  const tried = { attempts: tries.count, elapsed: spent, asked: tries.asked, repeatable: call.repeatable }
  const { retry, wait, named, limited } = retryDecision(trouble, tried)
  if (trouble.kind === 'limited') pace.refused(kindOf(call), wait)
  const failing = (more: { limited?: boolean; spent?: number; retryAfter?: number | undefined }) =>
    failureOf(service, call, outcome, { uncertain: tries.uncertain, ...more })
  if (around.stop.requested) throw stopped(failing({}))
  // A request that must not be repeated here waits as the service asked. The caller looks first, and then sends it again.
  if (!retry) throw failing({ limited, spent, retryAfter: named && !limited ? wait : undefined })
  const isTooLate = now + wait > (call.sendBy ?? Number.POSITIVE_INFINITY)
  if (call.optional !== undefined || isTooLate) throw failing({ retryAfter: wait })
  if (named) tries.asked += wait
  return wait
}

function kindOf({ method }: Call): keyof Load {
  return method === 'GET' ? 'reads' : 'writes'
}

/** Throws if the limits demand a wait that is too long for this request. A long wait is logged, but not by every request. */
function requireTime({ service, around, told }: Line, call: Call, wait: Wait, uncertain: boolean): void {
  const now = around.clock.elapsed()
  if (isTooLong(wait) || (wait.told && call.optional !== undefined)) throw limited(service, wait, uncertain)
  if (now + wait.milliseconds > (call.sendBy ?? Number.POSITIVE_INFINITY))
    throw limited(service, wait, uncertain, wait.milliseconds)
  if (wait.milliseconds < 1000 || now - told.at < tellEvery) return
  told.at = now
  around.reporter.step(`… ${call.what}: ${waitText(service, wait)}`)
}

/** `waiting 12 s to stay within the tenant's limit, 97 writes a minute` */
export function waitText(service: ServiceName, { milliseconds, limit }: Wait): string {
  const time = Number.isFinite(milliseconds) ? ` ${Math.ceil(milliseconds / 1000)} s` : ''
  return `waiting${time} to stay within the limit of ${serviceName(service)} (${limit})`
}

function isTooLong({ told, milliseconds }: Wait): boolean {
  return told && milliseconds > longestWait
}

function limited(service: ServiceName, wait: Wait, uncertain = false, retryAfter?: number): ActionError {
  const hint = 'Run again later, or with fewer clients at a time. The next run continues from here.'
  return new ActionError('RATE_LIMITED', waitText(service, wait), hint, { uncertain, retryAfter })
}

/** GitHub says in every answer how many requests are left, and until when. The tenant names APIs that will be removed. */
function heedLimitsLeft({ headers }: WireResponse, { service, pace, told }: Line): void {
  if (service === 'tenant') {
    told.end(headers)
    return
  }
  const seconds = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  const left = Number(headers['x-ratelimit-remaining'])
  if (Number.isFinite(seconds) && Number.isFinite(left)) pace.left(left, Math.max(1, seconds) * 1000)
}

/** One warning in a run, however many APIs are deprecated. */
function deprecationTeller(reporter: Reporter): (headers: Record<string, string>) => void {
  let isTold = false
  return (headers) => {
    const text = isTold ? undefined : deprecationText(headers)
    if (text === undefined) return
    isTold = true
    reporter.warning(text)
  }
}

/** The reading behind this request became too old before the request was sent: the caller reads and decides again, at once. */
function tooLate(call: Call, uncertain: boolean): ActionError {
  const message = `${call.what}: this run read the client too long ago to write safely`
  return new ActionError('CLIENT_BUSY', message, 'The services answer slowly. Run again later.', {
    uncertain,
    retryAfter: 0,
  })
}

/** There was no time left for this request: the run ends because it was asked to stop, not because of a service. */
function stopped(error: ActionError): ActionError {
  const { code, message, hint } = cancelledError()
  return error.with({ code, message: `${message} (${error.message})`, hint })
}

async function attempt(
  service: ServiceName,
  transport: Transport,
  { clock, stop }: Surroundings,
  call: Call,
): Promise<Attempt> {
  const control = new AbortController()
  const limit = (milliseconds: number) => setTimeout(() => control.abort(), milliseconds)
  const timers = [
    limit(Math.min(stop.requested ? longestSilenceWhenStopped : longestSilence, call.optional ?? longestSilence)),
  ]
  const forget = stop.onStop(() => timers.push(limit(longestSilenceAfterSignal)))
  const since = clock.elapsed()
  try {
    const response = await sameOrigin(transport, call, control.signal)
    return troubleOf(service, response)
  } catch (thrown) {
    if (!(thrown instanceof TransportError)) throw thrown
    const kinds = {
      refused: 'refused',
      hopeless: 'hopeless',
      lost: 'lost',
      silent: 'lost',
      oversized: 'hopeless',
    } as const
    const why =
      thrown.kind === 'silent'
        ? `${serviceName(service)} was silent for ${Math.round((clock.elapsed() - since) / 1000)} s`
        : thrown.message
    return { trouble: { kind: kinds[thrown.kind] }, why, cause: thrown }
  } finally {
    forget()
    for (const timer of timers) clearTimeout(timer)
  }
}

/** Follows redirects of the same origin only: credentials are sent to no other origin. */
async function sameOrigin(transport: Transport, call: Call, signal: AbortSignal): Promise<WireResponse> {
  let { url } = call
  for (let hop = 0; ; hop++) {
    const response = await transport({ method: call.method, url, headers: call.headers, body: call.body }, signal)
    const location = response.headers.location
    const keepsMethod =
      [301, 307, 308].includes(response.status) || (call.method === 'GET' && [302, 303].includes(response.status))
    if (!keepsMethod || location === undefined || hop === 3) return response
    // A text that is not an address has no origin.
    const target = URL.canParse(location, url) ? new URL(location, url) : undefined
    if (target?.origin !== new URL(url).origin) return response
    url = target.href
  }
}

function troubleOf(service: ServiceName, response: WireResponse): Attempt {
  const { status, headers } = response
  const after = waitAsked(headers)
  if (status >= 500)
    return { response, trouble: { kind: 'server', after }, why: `${serviceName(service)} answered ${status}` }
  const secondary = /secondary rate limit|abuse detection/i.test(response.body)
  const limited =
    status === 429 ||
    (service === 'github' &&
      status === 403 &&
      (secondary || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'))
  if (!limited) return { response }
  const minute = service === 'github' && secondary
  return {
    response,
    trouble: { kind: 'limited', after, minute },
    why: `${serviceName(service)} limits the rate of requests (${status})`,
  }
}

/** Seconds that the service asks us to wait: `Retry-After`, or GitHub's reset time against its own clock. */
function waitAsked(headers: Record<string, string>): number | undefined {
  const after = headers['retry-after']
  if (after !== undefined) {
    const seconds = /^[+-]?\d+(\.\d+)?$/.test(after.trim())
      ? Number(after)
      : (Date.parse(after) - Date.parse(headers.date ?? '')) / 1000
    // Without a time, or with a time in the past, the service asks for no wait.
    if (seconds > 0) return seconds
  }
  if (headers['x-ratelimit-remaining'] !== '0' || headers['x-ratelimit-reset'] === undefined) return undefined
  const wait = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  return Number.isFinite(wait) ? Math.max(1, wait) : undefined
}
