import { plain } from '../src/base/text.ts'
import { TransportError } from '../src/io/http/network-failures.ts'
import type { Transport } from '../src/io/http/transport.ts'
import { pause } from '../src/pause.ts'
import type { Clock, Stop } from '../src/ports.ts'

/** A tenant's answer, taken apart. `refusal` quotes the tenant's own words where it refused. */
export type Reply = {
  status: number
  ok: boolean
  body: Record<string, unknown>
  location: string | undefined
  code: string | undefined
  refusal: string | undefined
}

export type Ask = {
  method: string
  path: string
  bearer?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

/** There was no usable answer. Unless the request was never sent, it may have taken effect. */
export class NoAnswer extends Error {
  readonly sent: boolean
  constructor(message: string, sent = true) {
    super(message)
    this.sent = sent
  }
}
/** A question that can't be answered on this tenant, with the reason. */
export class Untold extends Error {}
/** Somebody pressed Ctrl-C. */
export class Stopped extends Error {}

export type Line = { origin: string; transport: Transport; clock: Clock; stop: Stop }

// Tenants allow a user 100 writes a minute, and one with a single user 50 (qlik.dev/apis/rate-limiting).
const perMinute = { read: 90, write: 24 }
const minute = 60_000
const silence = 20_000
const neverStop: Stop = { requested: false, onStop: () => () => {} }

/** Sends requests at a pace well below the tenant's limits, and reports clearly that there was no answer. */
export class Wire {
  readonly line: Line
  requests = 0
  /** The tenant's own time in epoch seconds, from its last answer. */
  time = 0
  /** During the clean-up a request to stop has no further effect. */
  cleaning = false
  /** All texts that must not be printed: secrets, tokens, and hints, because an answer could quote them too. */
  readonly unspeakable = new Set<string>()
  readonly #sent = { read: [] as number[], write: [] as number[] }

  constructor(line: Line) {
    this.line = line
  }

  async send(ask: Ask): Promise<Reply> {
    const reads = ask.method === 'GET'
    for (let attempt = 1; ; attempt++) {
      await this.room(1, reads ? 'read' : 'write')
      try {
        const { reply, retryAfter } = await this.#once(ask)
        if (reply.status !== 429 || attempt > 4) return reply
        await this.sleep(Math.min(120, Math.max(1, retryAfter)) * 1000)
      } catch (error) {
        if (!(error instanceof NoAnswer) || !reads || attempt > 2) throw error
        await this.sleep(2000 * attempt)
      }
    }
  }

  /** Waits until so many requests may follow each other without a pause, as a measurement of time needs. */
  async room(count: number, kind: 'read' | 'write' = 'write'): Promise<void> {
    this.#heed()
    const sent = this.#sent[kind]
    for (;;) {
      const now = this.line.clock.elapsed()
      while (sent[0] !== undefined && sent[0] <= now - minute) sent.shift()
      const excess = sent.length + count - perMinute[kind]
      if (excess <= 0) return
      await this.sleep((sent[excess - 1] ?? now) + minute - now)
    }
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#heed()
    await pause(milliseconds, { clock: this.line.clock, stop: this.cleaning ? neverStop : this.line.stop })
    this.#heed()
  }

  #heed(): void {
    if (this.line.stop.requested && !this.cleaning) throw new Stopped('stopped')
  }

  async #once({ method, path, bearer, body, headers = {} }: Ask): Promise<{ reply: Reply; retryAfter: number }> {
    const { origin, transport, clock } = this.line
    this.#sent[method === 'GET' ? 'read' : 'write'].push(clock.elapsed())
    this.requests += 1
    const what = `${method} ${path.split('?')[0]!.replace(/(oauth-clients|spaces|assignments)\/[^/]+/g, '$1/…')}`
    const form = body instanceof URLSearchParams
    const wire = {
      method,
      url: `${origin}${path}`,
      headers: {
        accept: 'application/json',
        'user-agent': 'qlik-oauth-client-probe',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : form ? body.toString() : JSON.stringify(body),
    }
    try {
      const answer = await transport(wire, AbortSignal.timeout(silence))
      const time = Date.parse(answer.headers.date ?? '')
      if (!Number.isNaN(time)) this.time = time / 1000
      const reply = read(answer, what)
      for (const value of confidential(reply.body)) this.unspeakable.add(value)
      return { reply, retryAfter: Number(answer.headers['retry-after']) || 10 }
    } catch (error) {
      const neverSent = error instanceof TransportError && ['refused', 'hopeless'].includes(error.kind)
      if (error instanceof TransportError) throw new NoAnswer(`${what}: ${error.message}`, !neverSent)
      throw error
    }
  }
}

function read({ status, headers, body: text }: Awaited<ReturnType<Transport>>, what: string): Reply {
  const body = json(text)
  if (status >= 500) throw new NoAnswer(`${what}: the tenant answered ${status}`)
  if (status < 300 && body === undefined) throw new NoAnswer(`${what}: the answer is not JSON`)
  const [first] = Array.isArray(body?.errors) ? body.errors : []
  const code = word(first?.code) ?? word(body?.error)
  const words = [code, word(first?.title), word(first?.detail) ?? word(body?.error_description)].filter(Boolean)
  const ok = status >= 200 && status < 300
  return {
    status,
    ok,
    body: body ?? {},
    location: headers.location,
    code,
    refusal: ok ? undefined : plain([status, ...words].join(', ')),
  }
}

/**
 * The confidential values in an answer about a client or token. Very short ones are left out: removing every “a” from a text
 * would not make it safer.
 */
function confidential(body: Record<string, unknown>): string[] {
  const hints = Array.isArray(body.clientSecrets) ? body.clientSecrets.map((it) => it?.hint) : []
  const all = [body.clientSecret, body.access_token, body.hint, body.clientSecretHint, ...hints]
  return all.filter((it): it is string => typeof it === 'string' && it.length > 3)
}

/** An object; undefined for any other value. An empty body is an empty object. */
function json(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
