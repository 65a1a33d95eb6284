import { expect } from 'vitest'
import type { NamedPlace } from '../../sandbox/github/model.ts'
import { keyOf } from '../../sandbox/tenant/model.ts'
import type { Client } from '../../sandbox/tenant/types.ts'
import { everyPlace, placeKey } from './every-place.ts'
import { leaks, type RunResult, type Simulation } from './simulation.ts'

/** A destination of the tests, as the sandbox names it; `client`: whose it is, where not the one that most tests have. */
export type Place = NamedPlace & { idAs?: 'secret'; client?: string }

export const repositoryPlace: Place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }

export function isLive({ sandbox: { tenant } }: Simulation, value: string | undefined): boolean {
  return (
    value !== undefined && [...tenant.clients.values()].some(({ clientId }) => tenant.secretIsLive(clientId, value))
  )
}

type Replaced = { place: string; value: string; at: number }

/**
 * Looks after every request whether P1 and P4 hold, for every value in every place, whoever put it there: each place that ever held a
 * live secret holds one, a value that was replaced there works for the grace period, and secrets of other people are left alone.
 */
export class Watch {
  readonly broken: string[] = []
  readonly foreign = new Set<string>()
  readonly #simulation: Simulation
  readonly #places: Place[]
  readonly #grace: number
  readonly #held = new Map<string, string>()
  #replaced: Replaced[] = []

  /** `grace` in seconds. */
  constructor(simulation: Simulation, places: Place[], grace = 86_400) {
    this.#simulation = simulation
    this.#places = places
    this.#grace = grace * 1000
    simulation.afterRequest = () => this.look()
    this.look()
  }

  look(): void {
    for (const place of this.#everyPlace()) this.#lookAt(place)
    this.#lookAtReplaced()
    for (const value of this.#simulation.people.secrets) this.foreign.add(value)
    for (const value of this.foreign)
      if (!isLive(this.#simulation, value)) this.#tell(`P4: a secret of somebody else is gone: ${value.slice(0, 8)}`)
  }

  /** To be called after an edit by hand: what it killed is nobody's fault. */
  excuse(): void {
    this.#held.clear()
    for (const value of this.foreign) {
      if (isLive(this.#simulation, value)) continue
      this.giveUp(value)
    }
    this.#replaced = this.#replaced.filter(({ value }) => isLive(this.#simulation, value))
    this.look()
  }

  /** To be called when somebody names a secret in `retire-hints`: it may go. */
  giveUp(value: string): void {
    this.foreign.delete(value)
    this.#simulation.people.secrets.delete(value)
  }

  /** What broke until now could not be helped. */
  forgive(): void {
    this.broken.length = 0
    this.excuse()
  }

  /** A secret that somebody else adds. */
  addForeign(clientId: string, createdBy?: string): { hint: string; value: string } {
    const { tenant } = this.#simulation.sandbox
    const added = tenant.addSecret(clientId, createdBy === undefined ? {} : { createdBy })
    this.foreign.add(added.value)
    return added
  }

  /** Those that the test names, and whatever else holds a secret. */
  #everyPlace(): NamedPlace[] {
    const places = [...this.#places, ...everyPlace(this.#simulation.sandbox)]
    return [...new Map(places.map((place) => [placeKey(place), place])).values()]
  }

  #lookAt(place: NamedPlace): void {
    const { github, clock } = this.#simulation.sandbox
    const name = placeKey(place)
    const value = github.secretValue(place)
    const before = this.#held.get(name)
    // A run that was queued before a value was replaced goes on with it.
    if (before !== undefined && before !== value && isLive(this.#simulation, before))
      this.#replaced.push({ place: name, value: before, at: clock.now() })
    if (isLive(this.#simulation, value)) this.#held.set(name, value!)
    else if (before !== undefined) this.#tell(`P1: locked out: ${name}`)
  }

  /** GitHub and the tenant count whole seconds. */
  #lookAtReplaced(): void {
    const now = this.#simulation.sandbox.clock.now()
    this.#replaced = this.#replaced.filter(({ at }) => now < at + this.#grace - 1000)
    for (const { place, value } of this.#replaced)
      if (!isLive(this.#simulation, value)) this.#tell(`P1: the previous value died within its grace: ${place}`)
  }

  #tell(what: string): void {
    const { method, path } = this.#simulation.sandbox.requests.at(-1) ?? {}
    this.broken.push(`${what} (after ${method} ${path})`)
  }
}

export function theClient(simulation: Simulation, name = 'deployer'): Client {
  const [client, ...others] = simulation.sandbox.tenant.findByName(name)
  expect(others.map(({ clientId }) => clientId)).toEqual([])
  if (client === undefined) throw new Error(`the tenant has no client ${name}`)
  return client
}

/** P2 and P4: of each client exactly the secret that all its places hold is left, and those of other people. */
export function expectOnlyCurrent(simulation: Simulation, places: Place[], foreign: Iterable<string> = []): void {
  const others = [...foreign]
  for (const [name, ofClient] of Map.groupBy(places, ({ client }) => client ?? 'deployer')) {
    const values = new Set(ofClient.map((place) => simulation.sandbox.github.secretValue(place)))
    expect(values.size, `all places of ${name} hold the same value`).toBe(1)
    const client = theClient(simulation, name)
    const theirs = others.filter((value) => simulation.sandbox.tenant.secretIsLive(client.clientId, value))
    const left = client.secrets.map(({ value }) => value.slice(0, 8))
    // A key is known by the place that holds its private half; one that none holds is known by its name.
    for (const key of client.publicKeys ?? []) {
      const holder = [...values, ...theirs].find((value) => value !== undefined && keyOf(client, value) === key)
      left.push(holder?.slice(0, 8) ?? key.kid)
    }
    const expected = [...values, ...theirs].map((value) => value?.slice(0, 8)).sort()
    expect(left.sort(), client.description).toEqual(expected)
  }
  for (const value of others) expect(isLive(simulation, value), 'a secret of somebody else').toBe(true)
}

/** P7: what every place holds, id and value, gets a token. */
export function expectUsable(simulation: Simulation, places: Place[]): void {
  const { github, tenant } = simulation.sandbox
  for (const place of places) {
    const idPlace = { ...place, name: 'QLIK_CLIENT_ID' }
    const id = place.idAs === 'secret' ? github.secretValue(idPlace) : github.variableValue(idPlace)
    const works = tenant.canAuthenticate(id ?? '', github.secretValue(place) ?? '')
    expect(works, `the id ${id} and the value of ${JSON.stringify(place)} get a token`).toBe(true)
  }
}

/** P6 and P7: a run that has nothing to do writes nothing, and a plan of it is empty. */
export async function expectSettled(simulation: Simulation, inputs: Record<string, string> = {}): Promise<void> {
  const { rotate: _once, ...again } = inputs
  const plan = await simulation.run({ ...again, mode: 'plan' })
  expect(JSON.parse(plan.outputs?.plan ?? 'null')).toEqual([])
  const second = await simulation.run(again)
  expect(second.error?.message).toBeUndefined()
  expect(second.outputs?.result).toBe('unchanged')
  const writes = second.requests.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth/'))
  expect(writes).toEqual([])
}

/** P5: none of these runs says a secret. */
export function expectNoLeaks(simulation: Simulation, results: RunResult[]): void {
  for (const result of results) expect(leaks(result, [...simulation.everySecret])).toEqual([])
}
