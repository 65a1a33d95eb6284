import { ActionError } from '../domain/errors.ts'
import { type Tried, verdict } from '../domain/retry.ts'
import { pause } from '../pause.ts'
import type { Surroundings } from '../ports.ts'
import { type Answer, type Attempt, type Call, failure, finish, type ServiceName, serviceName } from './answers.ts'
import { type Transport, TransportError, type WireResponse } from './transport.ts'

export type Http = (call: Call) => Promise<Answer>

// Silence for so long counts as unreachable; and after a signal, what is left of the runner's seven and a half seconds.
const silence = 30_000
const lastPatience = 2500
const hurry = 1200

/** The one place per service where pace, retries, time limits and the meaning of statuses live. */
export function createHttp(service: ServiceName, transport: Transport, around: Surroundings): Http {
  // GitHub asks for one write after the other (docs.github.com, "Best practices for using the REST API").
  let turn: Promise<unknown> = Promise.resolve()
  return (call) => {
    if (service !== 'github' || call.method === 'GET') return persist(service, transport, around, call)
    const mine = turn.then(() => persist(service, transport, around, call))
    turn = mine.catch(() => {})
    return mine
  }
}

async function persist(service: ServiceName, transport: Transport, around: Surroundings, call: Call): Promise<Answer> {
  const { clock, stop, reporter } = around
  const began = clock.elapsed()
  let asked = 0
  // What an earlier attempt did without a good answer, no later refusal undoes.
  let uncertain = false
  for (let attempts = 1; ; attempts++) {
    if (clock.elapsed() > (call.sendBy ?? Number.POSITIVE_INFINITY)) throw tooLate(call, uncertain)
    const outcome = await attempt(service, transport, around, call)
    if (outcome.trouble === undefined) return finish(service, call, outcome.response, uncertain)
    uncertain ||= call.method !== 'GET' && (outcome.trouble.kind === 'lost' || outcome.trouble.kind === 'server')
    const tried: Tried = { attempts, elapsed: clock.elapsed() - began, asked, repeatable: call.repeatable }
    const next = verdict(outcome.trouble, tried)
    if (stop.requested) throw stopped(failure(service, call, outcome, { uncertain }))
    if (!next.retry) throw failure(service, call, outcome, { uncertain, limited: next.limited })
    if (call.optional || clock.elapsed() + next.wait > (call.sendBy ?? Number.POSITIVE_INFINITY))
      throw failure(service, call, outcome, { uncertain, retryAfter: next.wait })
    if (next.named) asked += next.wait
    if (next.wait >= 1000)
      reporter.step(`… ${call.what}: waiting ${Math.round(next.wait / 1000)} s, for ${outcome.why}`)
    await pause(next.wait, around)
    if (stop.requested) throw stopped(failure(service, call, outcome, { uncertain }))
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

/** There was no time left for this request: the run is over because it was asked to stop, not because of a service. */
function stopped(error: ActionError): ActionError {
  const { trace, status, uncertain } = error
  const hint = 'Start it again: the next run goes on from here.'
  const message = `the run was asked to stop (${error.message})`
  return new ActionError('CANCELLED', message, hint, { cause: error, trace, status, uncertain })
}

async function attempt(
  service: ServiceName,
  transport: Transport,
  { clock, stop }: Surroundings,
  call: Call,
): Promise<Attempt> {
  const control = new AbortController()
  const limit = (milliseconds: number) => setTimeout(() => control.abort(), milliseconds)
  const timers = [limit(stop.requested ? hurry : silence)]
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
    const target = new URL(location, url)
    if (target.origin !== new URL(url).origin) return response
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
