import { secondsText } from '../../base/duration.ts'
import { ActionError } from '../../base/errors.ts'
import type { Load, ServiceName } from '../../base/rate-budget.ts'
import { longestWait, type Tried, verdict } from '../../base/retry-policy.ts'
import { pause } from '../../pause.ts'
import type { Reporter, Surroundings } from '../../ports.ts'
import { TransportError } from './network-trouble.ts'
import { createPace, type Kept, type Pace, type Wait } from './rate-limiter.ts'
import { type Answer, type Attempt, type Call, failure, finish, serviceName } from './responses.ts'
import type { Transport, WireResponse } from './transport.ts'

export type Http = (call: Call) => Promise<Answer>

/** One service. `enter`: work that is to go through without waiting begins when the limits can serve all of its requests. */
export type Service = {
  http: Http
  enter(load: Load, reporter: Reporter, waiting: (wait: Wait) => void): Promise<Entered>
}
export type Entered = { http: Http; leave: () => void }

// Silence for so long counts as unreachable; and after a signal, what is left of the runner's seven and a half seconds.
const silence = 30_000
const lastPatience = 2500
const hurry = 1200
/** Requests under way at a time; GitHub's limit is a hundred, shared by all that use the token. */
const mostAtOnce = 24
/** Milliseconds between two lines about waiting to keep to a limit. */
const tellEvery = 10_000

/** `told`: elapsed milliseconds of the last line about waiting. */
type Line = {
  service: ServiceName
  transport: Transport
  around: Surroundings
  pace: Pace
  gate: Gate
  told: { at: number }
}

/** The one place per service where pace, retries, time limits and the meaning of statuses live. */
export function createService(service: ServiceName, transport: Transport, around: Surroundings): Service {
  const pace = createPace(service, around)
  const gate = createGate(mostAtOnce)
  const told = { at: Number.NEGATIVE_INFINITY }
  // GitHub asks for one write after the other (docs.github.com, "Best practices for using the REST API").
  const writes = createGate(service === 'github' ? 1 : mostAtOnce)
  const through = (reporter: Reporter, kept?: Kept): Http => {
    const line: Line = { service, transport, around: { ...around, reporter }, pace, gate, told }
    // Who is asked to stop has no time to stand in line; and what stood there before is not begun any more.
    return async (call) => {
      if (call.method === 'GET' || around.stop.requested) return persist(line, call, kept)
      return writes(() => {
        if (around.stop.requested) throw notBegun(call)
        return persist(line, call, kept)
      })
    }
  }
  return {
    http: through(around.reporter),
    enter: async (load, reporter, waiting) => {
      const kept = await pace.reserve(load, (wait) => {
        if (isTooLong(wait)) throw limited(service, wait)
        if (wait.milliseconds >= 1000) waiting(wait)
      })
      return { http: through(reporter, kept), leave: () => pace.release(kept) }
    },
  }
}

type Gate = <T>(go: () => Promise<T>) => Promise<T>

/** Lets through so many at a time, in the order in which they came. */
function createGate(most: number): Gate {
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

async function persist(line: Line, call: Call, kept: Kept | undefined): Promise<Answer> {
  const { service, around, pace } = line
  const { clock, stop, reporter } = around
  const kind = call.method === 'GET' ? 'reads' : 'writes'
  let began: number | undefined
  let asked = 0
  // What an earlier attempt did without a good answer, no later refusal undoes.
  let uncertain = false
  for (let attempts = 1; ; attempts++) {
    await pace.admit(kind, kept, (wait) => requireTime(line, call, wait, uncertain))
    const outcome = await line.gate(() => {
      if (clock.elapsed() > (call.sendBy ?? Number.POSITIVE_INFINITY)) throw tooLate(call, uncertain)
      began ??= clock.elapsed()
      return attempt(service, line.transport, around, call)
    })
    if (outcome.response !== undefined && service === 'github') heedCount(pace, outcome.response)
    if (outcome.trouble === undefined) return finish(service, call, outcome.response, uncertain)
    uncertain ||= call.method !== 'GET' && (outcome.trouble.kind === 'lost' || outcome.trouble.kind === 'server')
    const tried: Tried = { attempts, elapsed: clock.elapsed() - (began ?? 0), asked, repeatable: call.repeatable }
    const next = verdict(outcome.trouble, tried)
    if (outcome.trouble.kind === 'limited') pace.refused(kind, next.wait)
    if (stop.requested) throw stopped(failure(service, call, outcome, { uncertain }))
    const spent = clock.elapsed() - (began ?? 0)
    // What may not be sent again by itself waits as asked before whoever looked first sends it.
    const asks = next.named && !next.limited ? next.wait : undefined
    if (!next.retry)
      throw failure(service, call, outcome, { uncertain, limited: next.limited, spent, retryAfter: asks })
    if (call.optional !== undefined || clock.elapsed() + next.wait > (call.sendBy ?? Number.POSITIVE_INFINITY))
      throw failure(service, call, outcome, { uncertain, retryAfter: next.wait })
    if (next.named) asked += next.wait
    reporter.step(`… ${call.what}: waiting ${secondsText(next.wait)}, for ${outcome.why}`)
    await pause(next.wait, around)
    if (stop.requested) throw stopped(failure(service, call, outcome, { uncertain }))
  }
}
/** Throws where what the limits demand is too long for this request; a long wait is told, but not by every request. */
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
  return `waiting${time} to stay within what ${serviceName(service)} allows (${limit})`
}

function isTooLong({ told, milliseconds }: Wait): boolean {
  return told && milliseconds > longestWait
}

function limited(service: ServiceName, wait: Wait, uncertain = false, retryAfter?: number): ActionError {
  const hint = 'Run again later, or with fewer clients at a time. The next run goes on from here.'
  return new ActionError('RATE_LIMITED', waitText(service, wait), hint, { uncertain, retryAfter })
}

/** GitHub says with every answer how many requests it still allows, and until when. */
function heedCount(pace: Pace, { headers }: WireResponse): void {
  const seconds = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  const left = Number(headers['x-ratelimit-remaining'])
  if (Number.isFinite(seconds) && Number.isFinite(left)) pace.left(left, Math.max(1, seconds) * 1000)
}

/** What it rests on is out of date before it was sent: the caller decides anew, at once. */
function tooLate(call: Call, uncertain: boolean): ActionError {
  const message = `${call.what}: what it rests on is out of date`
  return new ActionError('CLIENT_BUSY', message, 'The services answer slowly. Run again later.', {
    uncertain,
    retryAfter: 0,
  })
}

function notBegun({ what }: Call): ActionError {
  return new ActionError('CANCELLED', `the run was asked to stop before ${what}`, goOn)
}

const goOn = 'Start it again: the next run goes on from here.'

/** There was no time left for this request: the run is over because it was asked to stop, not because of a service. */
function stopped(error: ActionError): ActionError {
  const { trace, status, uncertain } = error
  const message = `the run was asked to stop (${error.message})`
  return new ActionError('CANCELLED', message, goOn, { cause: error, trace, status, uncertain })
}

async function attempt(
  service: ServiceName,
  transport: Transport,
  { clock, stop }: Surroundings,
  call: Call,
): Promise<Attempt> {
  const control = new AbortController()
  const limit = (milliseconds: number) => setTimeout(() => control.abort(), milliseconds)
  const timers = [limit(Math.min(stop.requested ? hurry : silence, call.optional ?? silence))]
  const forget = stop.onStop(() => timers.push(limit(lastPatience)))
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

/** Follows redirects of the same origin only: credentials never go elsewhere. */
async function sameOrigin(transport: Transport, call: Call, signal: AbortSignal): Promise<WireResponse> {
  let { url } = call
  for (let hop = 0; ; hop++) {
    const response = await transport({ method: call.method, url, headers: call.headers, body: call.body }, signal)
    const location = response.headers.location
    const keepsMethod =
      [301, 307, 308].includes(response.status) || (call.method === 'GET' && [302, 303].includes(response.status))
    if (!keepsMethod || location === undefined || hop === 3) return response
    // What is no address is nobody's.
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
    const seconds = /^\d+(\.\d+)?$/.test(after.trim())
      ? Number(after)
      : (Date.parse(after) - Date.parse(headers.date ?? '')) / 1000
    return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
  }
  if (headers['x-ratelimit-remaining'] !== '0' || headers['x-ratelimit-reset'] === undefined) return undefined
  const wait = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  return Number.isFinite(wait) ? Math.max(1, wait) : undefined
}
