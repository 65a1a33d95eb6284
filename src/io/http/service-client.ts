import { secondsText } from '../../base/duration.ts'
import { ActionError } from '../../base/errors.ts'
import type { Load, ServiceName } from '../../base/rate-budget.ts'
import { longestWait, type Trouble, verdict } from '../../base/retry-policy.ts'
import { pause } from '../../pause.ts'
import type { Reporter, Surroundings } from '../../ports.ts'
import { deprecationText } from './deprecation.ts'
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
/** Milliseconds between two lines about waiting to keep to a limit. */
const tellEvery = 10_000

/** `told`: elapsed milliseconds of the last line about waiting, and whether the service's word about its end was passed on. */
type Line = {
  service: ServiceName
  transport: Transport
  around: Surroundings
  pace: Pace
  told: { at: number; end: (headers: Record<string, string>) => void }
}

/** The one place per service where pace, retries, time limits and the meaning of statuses live. */
export function createService(service: ServiceName, transport: Transport, around: Surroundings): Service {
  const pace = createPace(service, around)
  const told = { at: Number.NEGATIVE_INFINITY, end: tellsOnce(around.reporter) }
  const through = (reporter: Reporter, kept?: Kept): Http => {
    const line: Line = { service, transport, around: { ...around, reporter }, pace, told }
    // Who is asked to stop has no time to stand in line; and what stood there before is not begun any more.
    return async (call) => {
      if (call.method === 'GET' || around.stop.requested) return persist(line, call, kept)
      return pace.inTurn(() => {
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

/** What became of a request so far. `began`: elapsed milliseconds when it was first sent; `asked`: waited because the service said so. */
type Tries = { count: number; began: number; asked: number; uncertain: boolean }

type Persisting = { line: Line; call: Call; kept: Kept | undefined; tries: Tries }

/** Sends a request until there is an answer, or trouble that no other try would mend. */
async function persist(line: Line, call: Call, kept: Kept | undefined): Promise<Answer> {
  const { around, service } = line
  const work: Persisting = { line, call, kept, tries: { count: 0, began: 0, asked: 0, uncertain: false } }
  for (;;) {
    const outcome = await sendOnce(work)
    if (outcome.trouble === undefined) return finish(service, call, outcome.response, work.tries.uncertain)
    const wait = waitAfter(outcome, work)
    around.reporter.step(`… ${call.what}: waiting ${secondsText(wait)}, for ${outcome.why}`)
    await pause(wait, around)
    if (around.stop.requested) throw stopped(failure(service, call, outcome, work.tries))
  }
}

/** One attempt, when the limits have room for it. */
async function sendOnce({ line, call, kept, tries }: Persisting): Promise<Attempt> {
  const { service, around, pace, transport } = line
  await pace.admit(kindOf(call), kept, (wait) => requireTime(line, call, wait, tries.uncertain))
  const outcome = await pace.underWay(() => {
    const now = around.clock.elapsed()
    if (now > (call.sendBy ?? Number.POSITIVE_INFINITY)) throw tooLate(call, tries.uncertain)
    if (tries.count++ === 0) tries.began = now
    return attempt(service, transport, around, call)
  })
  if (outcome.response !== undefined) heed(outcome.response, line)
  return outcome
}

/** Milliseconds to wait before the next try; throws the failure where there is none. */
function waitAfter(outcome: Attempt & { trouble: Trouble }, { line, call, tries }: Persisting): number {
  const { service, around, pace } = line
  const { trouble } = outcome
  // What an earlier attempt did without a good answer, no later refusal undoes.
  tries.uncertain ||= call.method !== 'GET' && (trouble.kind === 'lost' || trouble.kind === 'server')
  const now = around.clock.elapsed()
  const spent = now - tries.began
  const tried = { attempts: tries.count, elapsed: spent, asked: tries.asked, repeatable: call.repeatable }
  const { retry, wait, named, limited } = verdict(trouble, tried)
  if (trouble.kind === 'limited') pace.refused(kindOf(call), wait)
  const failing = (more: { limited?: boolean; spent?: number; retryAfter?: number | undefined }) =>
    failure(service, call, outcome, { uncertain: tries.uncertain, ...more })
  if (around.stop.requested) throw stopped(failing({}))
  // What may not be sent again by itself waits as asked before whoever looked first sends it.
  if (!retry) throw failing({ limited, spent, retryAfter: named && !limited ? wait : undefined })
  const isTooLate = now + wait > (call.sendBy ?? Number.POSITIVE_INFINITY)
  if (call.optional !== undefined || isTooLate) throw failing({ retryAfter: wait })
  if (named) tries.asked += wait
  return wait
}

function kindOf({ method }: Call): keyof Load {
  return method === 'GET' ? 'reads' : 'writes'
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

/** GitHub says with every answer how many requests it still allows, and until when; the tenant what will be there no longer. */
function heed({ headers }: WireResponse, { service, pace, told }: Line): void {
  if (service === 'tenant') {
    told.end(headers)
    return
  }
  const seconds = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  const left = Number(headers['x-ratelimit-remaining'])
  if (Number.isFinite(seconds) && Number.isFinite(left)) pace.left(left, Math.max(1, seconds) * 1000)
}

/** One warning a run, whatever else is to end. */
function tellsOnce(reporter: Reporter): (headers: Record<string, string>) => void {
  let isTold = false
  return (headers) => {
    const text = isTold ? undefined : deprecationText(headers)
    if (text === undefined) return
    isTold = true
    reporter.warning(text)
  }
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
  return error.with({ code: 'CANCELLED', message: `the run was asked to stop (${error.message})`, hint: goOn })
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
    const seconds = /^[+-]?\d+(\.\d+)?$/.test(after.trim())
      ? Number(after)
      : (Date.parse(after) - Date.parse(headers.date ?? '')) / 1000
    // No time, or one that is over, names none.
    if (seconds > 0) return seconds
  }
  if (headers['x-ratelimit-remaining'] !== '0' || headers['x-ratelimit-reset'] === undefined) return undefined
  const wait = Number(headers['x-ratelimit-reset']) - Date.parse(headers.date ?? '') / 1000
  return Number.isFinite(wait) ? Math.max(1, wait) : undefined
}
