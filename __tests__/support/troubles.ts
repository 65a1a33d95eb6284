import { type RefusalName, refusals } from '../../sandbox/github/refusals.ts'
import type { Service } from '../../sandbox/record.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { WireResponse } from '../../src/io/http/transport.ts'

/** What happens to one request of a run. */
export type Trouble =
  | 'killed before'
  | 'killed after'
  | 'answer lost'
  | '500 after'
  | '429'
  /** The service asks for more patience than an announcement lasts. */
  | '429 for long'
  | 'SIGTERM'
  /** GitHub refuses every write from here on, for any of its reasons. */
  | 'GitHub 403'
  /** From here on GitHub shows the token nothing any more, as it does of what the token may not see. */
  | 'GitHub 404'
  /** The request takes effect, and a gateway answers with a page of its own. */
  | 'page after'
  /** The request does not arrive: a gateway answers it with a page of its own. */
  | 'page instead'
  /** From here on the service does nothing for longer than the run waits for it. */
  | 'service down'
  /** The answer arrives, and then the host sleeps: the run's own clock stops, that of the services goes on. */
  | 'asleep'

/** Troubles that any request may meet, each of which leads to another branch of the program. */
export const usualTroubles: Trouble[] = [
  'killed before',
  'killed after',
  'answer lost',
  '500 after',
  '429',
  'SIGTERM',
  'GitHub 403',
]

/** Trouble at the n-th request of a run, 0-based, or at the first (or `nth`, 1-based) that looks so: `PUT /repos/…`. */
export type TroubleAt = { at: number | RegExp; nth?: number; kind: Trouble }

/** Milliseconds for which a service is down, and for which a host sleeps: longer than a run waits, and than it is waited for. */
const downFor = 31_000
export const sleepsFor = 11 * 60_000

/** What a gateway may answer with. */
const pageStatuses = [200, 403, 404, 400, 422]

/** The troubles of one run, several of which may strike it. */
export class Troubles {
  readonly #planned: TroubleAt[]
  readonly #sandbox: Sandbox
  /** How many requests each trouble could have struck. */
  readonly #met = new Map<TroubleAt, number>()
  readonly #downUntil: Record<Service, number> = { tenant: 0, github: 0 }
  #refusing = false
  #hiding = false

  constructor(planned: TroubleAt[], sandbox: Sandbox) {
    this.#planned = planned
    this.#sandbox = sandbox
  }

  strike(index: number, request: string, service: Service): Trouble | undefined {
    const struck = this.#planned.filter((trouble) => {
      if (typeof trouble.at === 'number') return trouble.at === index
      if (!trouble.at.test(request)) return false
      const met = (this.#met.get(trouble) ?? 0) + 1
      this.#met.set(trouble, met)
      return met === (trouble.nth ?? 1)
    })
    const kind = struck[0]?.kind
    if (kind === 'GitHub 403') this.#refusing = true
    if (kind === 'GitHub 404') this.#hiding = true
    if (kind === 'service down') this.#downUntil[service] = this.#sandbox.clock.now() + downFor
    return kind
  }

  /** What answers in place of the service, where the request does not arrive there. */
  insteadOf(kind: Trouble | undefined, service: Service, method: string): WireResponse | undefined {
    if (kind === '429') return this.#answered(429, { 'retry-after': '2' })
    if (kind === '429 for long') return this.#answered(429, { 'retry-after': '90' })
    if (kind === 'page instead') return this.page()
    if (this.#sandbox.clock.now() < this.#downUntil[service]) return this.#answered(503)
    if (service === 'github' && this.#hiding) return this.#answered(404)
    if (service === 'github' && this.#refusing && method !== 'GET') return this.#refused()
    return undefined
  }

  /** What the run is told of a request that took effect; undefined: what the service answered. */
  insteadOfAnswer(kind: Trouble | undefined): WireResponse | undefined {
    if (kind === '500 after') return this.#answered(500)
    return kind === 'page after' ? this.page() : undefined
  }

  page(): WireResponse {
    const headers = { date: this.#sandbox.clock.httpDate(), 'content-type': 'text/html' }
    return { status: this.#oneOf(pageStatuses), headers, body: '<!doctype html><title>One moment</title>' }
  }

  #refused(): WireResponse {
    const { status, message, headers }: (typeof refusals)[RefusalName] & { headers?: Record<string, string> } =
      refusals[this.#oneOf(Object.keys(refusals) as RefusalName[])]
    return { ...this.#answered(status, headers), body: JSON.stringify({ message }) }
  }

  /** Any of them, and the same one where the same happened before. */
  #oneOf<T>(choices: T[]): T {
    return choices[this.#sandbox.requests.length % choices.length]!
  }

  #answered(status: number, headers: Record<string, string> = {}): WireResponse {
    const date = this.#sandbox.clock.httpDate()
    return {
      status,
      headers: { date, 'content-type': 'application/json', ...headers },
      body: '{"message":"made up"}',
    }
  }
}
