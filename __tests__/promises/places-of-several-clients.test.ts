import { expect, test } from 'vitest'
import type { NamedPlace } from '../../sandbox/github/model.ts'
import { isLive } from '../support/promises.ts'
import { randomFrom } from '../support/random.ts'
import { Simulation } from '../support/simulation.ts'
import { type TroubleAt, usualTroubles } from '../support/troubles.ts'
import { workspaceOf } from '../support/workspace.ts'

// Histories of clients that share places, in every store: in each revision of a file one is replaced by another in its place, two swap,
// one is taken out of the file, or an environment is spelled another way; others are destroyed by a workflow of their own, and people
// make secrets of their own. Runs are struck by troubles, and answers come in any order.

type Spot = { deliver: Record<string, string>; at: Omit<NamedPlace, 'name'> }
const spots: Spot[] = [
  { deliver: {}, at: { repository: 'acme/app' } },
  { deliver: { environment: 'one' }, at: { repository: 'acme/app', environment: 'one' } },
  { deliver: { store: 'dependabot' }, at: { repository: 'acme/app', store: 'dependabot' } },
  { deliver: { store: 'codespaces' }, at: { repository: 'acme/app', store: 'codespaces' } },
  { deliver: { store: 'agents' }, at: { repository: 'acme/app', store: 'agents' } },
  { deliver: { organization: 'acme', visibility: 'all' }, at: { organization: 'acme' } },
  {
    deliver: { organization: 'acme', visibility: 'all', store: 'agents' },
    at: { organization: 'acme', store: 'agents' },
  },
]
const hasVariables = ({ deliver }: Spot) => ['actions', 'agents'].includes(deliver.store ?? 'actions')

type Written = { name: string; spot: Spot; idAs: string; isLoud: boolean }

class History {
  readonly simulation: Simulation
  readonly broken: string[] = []
  readonly #random: (below: number) => number
  readonly #foreign = new Map<string, string>()
  #present: Written[]
  #absent: string[] = []
  /** In no file any more: nobody looks after them. */
  #lost: Written[] = []
  /** Values in places that their clients gave up while no other client of the file named them: drop-destinations lets these go. */
  readonly #givenUp = new Set<string>()
  #names = 0
  #swaps = 0

  private constructor(simulation: Simulation, random: (below: number) => number) {
    this.simulation = simulation
    this.#random = random
    simulation.addOrganization('acme')
    simulation.sandbox.github.createEnvironment('acme/app', 'one')
    const first = random(spots.length)
    this.#present = [0, 1, 2].map((index) => this.#client(spots[(first + index) % spots.length]!))
  }

  static async begin(seed: number): Promise<History> {
    const random = randomFrom(seed)
    const history = new History(await Simulation.start(random(4) === 0 ? { stampDelay: 2 } : {}), random)
    await history.#healthy()
    return history
  }

  async goOn(): Promise<void> {
    const random = this.#random
    const events = [
      this.#replace,
      this.#swap,
      this.#lose,
      this.#reclaim,
      this.#respell,
      this.#destroyLost,
      this.#addForeign,
    ]
    await events[random(events.length)]!.call(this)
    const strikes = Array.from({ length: random(3) }, (): TroubleAt => {
      return { at: random(60), kind: usualTroubles[random(usualTroubles.length)]! }
    })
    await this.#run({}, strikes)
    this.simulation.advance([0.001, 0.05, 1, 20, 30][random(5)]!)
  }

  /** One undisturbed run heals: every place is served by its client, and what was to go is gone. */
  async end(): Promise<void> {
    for (const hours of [1, 30, 1]) {
      this.simulation.advance(hours)
      await this.#healthy()
    }
    const { tenant, github } = this.simulation.sandbox
    for (const { name, spot, idAs } of this.#present) {
      const client = tenant.findByName(name)[0]
      const id = { ...spot.at, name: 'QLIK_CLIENT_ID' }
      const value = github.secretValue({ ...spot.at, name: 'QLIK_CLIENT_SECRET' }) ?? ''
      if (!tenant.canAuthenticate(client?.clientId ?? '', value)) this.broken.push(`${name} does not serve its place`)
      const shown =
        idAs === 'variable' ? github.variableValue(id) : idAs === 'secret' ? github.secretValue(id) : client?.clientId
      if (shown !== client?.clientId) this.broken.push(`the id of ${name} is not in its place`)
    }
    for (const name of this.#absent)
      if (tenant.findByName(name).length > 0 && !this.#foreign.has(name)) this.broken.push(`${name} is still there`)
  }

  // --- what happens ---------------------------------------------------------------------------------------------------

  #replace(): void {
    const index = this.#random(this.#present.length)
    const { name, spot } = this.#present[index]!
    this.#absent.push(name)
    this.#present[index] = this.#client(spot)
  }

  #swap(): void {
    // Each swap is a rotation, and so many within the grace would fill the slots.
    if (this.#swaps++ > 1) return
    const [a, b] = this.#present as [Written, Written]
    const spot = a.spot
    this.#move(a, b.spot)
    this.#move(b, spot)
  }

  #lose(): void {
    if (this.#present.length < 3) return
    this.#lost.push(...this.#present.splice(this.#random(this.#present.length), 1))
  }

  #respell(): void {
    for (const client of this.#present) client.isLoud = this.#random(2) === 0
  }

  /** A new client takes over the place of one that is in no file. */
  #reclaim(): void {
    const free = this.#lost.find(({ spot }) => this.#present.every((client) => client.spot !== spot))
    if (free !== undefined) this.#present.push(this.#client(free.spot))
  }

  /** By a workflow of its own, which names nothing but the client. */
  async #destroyLost(): Promise<void> {
    const client = this.#lost.pop()
    if (client !== undefined) await this.#run({ 'spec-file': '', name: client.name, mode: 'destroy' }, [], client.name)
  }

  #addForeign(): void {
    const { tenant } = this.simulation.sandbox
    const { name } = this.#present[this.#random(this.#present.length)]!
    const [client] = tenant.findByName(name)
    if (client === undefined || client.secrets.length > 3 || this.#foreign.has(name)) return
    this.simulation.advance(2 / 60)
    this.#foreign.set(name, tenant.addSecret(client.clientId).value)
    this.simulation.advance(2 / 60)
  }

  // --- what must hold -------------------------------------------------------------------------------------------------

  /** P1 and P4 after every request, for every value in every place; `destroyed`: a client that is asked to go, with its values. */
  async #run(inputs: Record<string, string>, strikes: TroubleAt[], destroyed = ''): Promise<void> {
    this.#write()
    const alive = spots.filter((spot) => this.#isAlive(spot) && !this.#mayGo(spot, destroyed))
    this.simulation.afterRequest = () => {
      for (const spot of alive) if (!this.#isAlive(spot)) this.#tell(`${JSON.stringify(spot.at)} holds a dead value`)
      for (const [name, value] of this.#foreign)
        if (!isLive(this.simulation, value)) this.#tell(`a secret of somebody else died: ${name}`)
    }
    const always = { 'drop-destinations': 'true', 'allow-destinations': 'acme' }
    const running = this.simulation.begin({ ...always, ...inputs }, ...strikes)
    while (await running.step(this.#random(20))) {}
    const { error, log } = running.result
    const isInUse = error?.code === 'CLIENT_IN_USE' && this.#foreign.size > 0
    // Swaps, and runs that died, may fill the slots within the grace; after it, the end of the history sees to it that all is well.
    const isExpected = error === undefined || isInUse || error.code === 'SECRET_SLOTS_FULL'
    if (strikes.length === 0 && !isExpected) this.#tell(`${error.code}: ${error.message}\n${log.join('\n')}`)
  }

  #tell(what: string): void {
    const { method, path } = this.simulation.sandbox.requests.at(-1) ?? {}
    if (this.broken.length < 5) this.broken.push(`${what} (after ${method} ${path})`)
  }

  async #healthy(): Promise<void> {
    await this.#run({}, [])
  }

  #isAlive(spot: Spot): boolean {
    return isLive(this.simulation, this.#value(spot))
  }

  #value({ at }: Spot): string | undefined {
    return this.simulation.sandbox.github.secretValue({ ...at, name: 'QLIK_CLIENT_SECRET' })
  }

  /** Its client will be deleted or moved on, and no other client of the file follows there. */
  #mayGo(spot: Spot, destroyed: string): boolean {
    const value = this.#value(spot) ?? ''
    const isNamed = this.#present.some((client) => client.spot === spot)
    if (!isNamed && this.#present.some(({ name }) => this.#isServedBy(spot, name))) this.#givenUp.add(value)
    const going = isNamed ? [destroyed] : [destroyed, ...this.#absent]
    return this.#givenUp.has(value) || going.some((name) => this.#isServedBy(spot, name))
  }

  #isServedBy(spot: Spot, name: string): boolean {
    const { tenant } = this.simulation.sandbox
    const value = this.#value(spot) ?? ''
    return tenant.findByName(name).some(({ clientId }) => tenant.secretIsLive(clientId, value))
  }

  // --- the file -------------------------------------------------------------------------------------------------------

  #client(spot: Spot): Written {
    return this.#move({ name: `client-${this.#names++}`, spot, idAs: 'none', isLoud: false }, spot)
  }

  #move(client: Written, spot: Spot): Written {
    const ways = hasVariables(spot) ? ['variable', 'secret', 'none'] : ['secret', 'none']
    return Object.assign(client, { spot, idAs: ways[this.#random(ways.length)]! })
  }

  #write(): void {
    const clients = [
      ...this.#absent.map((name) => ({ name, state: 'absent' })),
      ...this.#present.map(({ name, spot: { deliver }, idAs, isLoud }) => {
        const { environment } = deliver
        const place = environment === undefined ? deliver : { ...deliver, environment: isLoud ? 'ONE' : 'one' }
        return { name, scopes: ['user_default'], deliver: [{ ...place, 'client-id-as': idAs }] }
      }),
    ]
    const inOrder = this.#random(2) === 0 ? clients : clients.toReversed()
    workspaceOf(this.simulation, { 'clients.json': JSON.stringify({ version: 1, clients: inOrder }) })
  }
}

test.each(Array.from({ length: 300 }, (_, index) => index + 1))(
  'clients that share places: history %i',
  async (seed) => {
    const history = await History.begin(seed)
    for (let run = 0; run < 6; run++) await history.goOn()
    await history.end()
    expect(history.broken).toEqual([])
  },
)
