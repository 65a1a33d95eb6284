import type { NamedPlace } from '../../sandbox/github/model.ts'
import { isLive } from '../support/promises.ts'
import { randomFrom } from '../support/random.ts'
import { type Running, type RunResult, Simulation } from '../support/simulation.ts'
import { type TroubleAt, usualTroubles } from '../support/troubles.ts'
import { workspaceOf } from '../support/workspace.ts'

type Spot = { deliver: Record<string, string>; at: Omit<NamedPlace, 'name'> }
const spots: Spot[] = [
  { deliver: {}, at: { repository: 'acme/app' } },
  { deliver: { environment: 'one' }, at: { repository: 'acme/app', environment: 'one' } },
  { deliver: { environment: 'two' }, at: { repository: 'acme/app', environment: 'two' } },
  { deliver: { store: 'dependabot' }, at: { repository: 'acme/app', store: 'dependabot' } },
  { deliver: { store: 'agents' }, at: { repository: 'acme/app', store: 'agents' } },
  { deliver: { organization: 'acme', visibility: 'all' }, at: { organization: 'acme' } },
]
const hasVariables = ({ deliver }: Spot) => ['actions', 'agents'].includes(deliver.store ?? 'actions')

type Written = { name: string; state: 'present' | 'absent'; at: Spot[]; grace: number; isKey: boolean }
/** A value that another one replaced in its place, or that its client gave up: it lives on for the grace. */
type Replaced = { spot: Spot; value: string; until: number }

const day = 86_400_000

/** Clients that pass places around, in swaps, rings and chains, and the promises that hold at every instant. */
export class MovingPlaces {
  readonly simulation: Simulation
  /** Five secrets must all stay, because runs died or overlapped again and again: docs/secret-lifecycle.md, "What can be left". */
  isJammed = false
  readonly broken: string[] = []
  readonly story: string[] = []
  readonly #random: (below: number) => number
  readonly #clients: Written[]
  readonly #idAs = new Map<Spot, string>()
  readonly #foreign = new Map<string, string>()
  /** Values that a run with drop-destinations let go, because no client of the file named their place. */
  readonly #letGo = new Set<string>()
  #replaced: Replaced[] = []
  #held = new Map<Spot, string>()
  #revisions = 0
  /** Did one of two runs meet trouble? It may have left a secret that no ledger lists. */
  #mayHaveLost = false

  private constructor(simulation: Simulation, random: (below: number) => number) {
    this.simulation = simulation
    this.#random = random
    simulation.addOrganization('acme')
    for (const environment of ['one', 'two']) simulation.sandbox.github.createEnvironment('acme/app', environment)
    for (const spot of spots) {
      const ways = hasVariables(spot) ? ['variable', 'secret', 'none'] : ['secret', 'none']
      this.#idAs.set(spot, ways[random(ways.length)]!)
    }
    const first = random(spots.length)
    const grace = random(5) === 0 ? 0 : day
    this.#clients = ['a', 'b', 'c', 'd'].map((name, index) => ({
      name,
      state: 'present' as const,
      at: index === 3 ? [] : [spots[(first + index) % spots.length]!],
      grace,
      isKey: random(5) === 0,
    }))
  }

  static async begin(seed: number): Promise<MovingPlaces> {
    const random = randomFrom(seed)
    const moving = new MovingPlaces(await Simulation.start(random(4) === 0 ? { stampDelay: 2 } : {}), random)
    await moving.#healthy()
    return moving
  }

  async goOn(): Promise<void> {
    const random = this.#random
    const revisions = [
      this.#ring,
      this.#swap,
      this.#follow,
      this.#add,
      this.#leave,
      this.#toggle,
      this.#addForeign,
      this.#tamper,
      () => {},
    ]
    await revisions[random(revisions.length)]!.call(this)
    const inputs: Record<string, string> = {}
    if (random(3) > 0) inputs['drop-destinations'] = 'true'
    if (random(5) === 0) inputs.only = this.#clients[random(4)]!.name
    if (random(8) === 0) inputs.rotate = 'now'
    const strikes = Array.from({ length: random(3) }, (): TroubleAt => {
      return { at: random(60), kind: usualTroubles[random(usualTroubles.length)]! }
    })
    // Of two runs that add keys at the same time, one may leave a key that no ledger knows.
    const hasKeys = this.#clients.some(({ isKey }) => isKey)
    const other = random(5) === 0 && !hasKeys ? { 'drop-destinations': String(random(2) === 0) } : undefined
    this.#mayHaveLost ||= other !== undefined && strikes.length > 0
    await this.#run(inputs, strikes, other)
    this.simulation.advance([0.001, 0.05, 1, 20, 30][random(5)]!)
    this.#look('time passed')
  }

  async end(): Promise<void> {
    for (const hours of [1, 30, 30, 30, 1]) {
      this.simulation.advance(hours)
      await this.#healthy()
    }
    const last = await this.#run({ 'drop-destinations': 'true' }, [])
    const writes = last.requests.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth/'))
    if (writes.length > 0) this.#tell(`P6: ${writes.map(({ method, path }) => `${method} ${path}`).join(', ')}`)
    this.isJammed = last.error !== undefined && this.#present().some(({ name }) => this.#hasFullSlots(name))
    if (!this.isJammed) for (const client of this.#clients) this.#isAsWritten(client)
  }

  #hasFullSlots(name: string): boolean {
    return this.simulation.sandbox.tenant.findByName(name)[0]?.secrets.length === 5
  }

  #isAsWritten({ name, state, at, isKey }: Written): void {
    const { tenant, github } = this.simulation.sandbox
    const client = tenant.findByName(name)[0]
    if (state === 'absent') {
      if (client !== undefined && !this.#foreign.has(name)) this.#tell(`${name} is still there`)
      return
    }
    for (const spot of at) {
      const id = { ...spot.at, name: 'QLIK_CLIENT_ID' }
      if (!tenant.canAuthenticate(client?.clientId ?? '', this.#value(spot) ?? ''))
        this.#tell(`P7: ${name} does not serve ${JSON.stringify(spot.at)}`)
      const idAs = this.#idAs.get(spot)
      const shown =
        idAs === 'variable' ? github.variableValue(id) : idAs === 'secret' ? github.secretValue(id) : client?.clientId
      if (shown !== client?.clientId) this.#tell(`P7: the id of ${name} is not in ${JSON.stringify(spot.at)}`)
    }
    const foreign = this.#foreign.get(name)
    const count =
      (client?.secrets ?? []).filter(
        ({ value, hint }) => value !== foreign && (!this.#mayHaveLost || client?.description?.includes(hint)),
      ).length + (client?.publicKeys?.length ?? 0)
    if (count > Math.min(1, at.length) && !(at.length === 0 && isKey && count === 1))
      this.#tell(`P2: ${name} has ${count} live credentials, at ${at.length} places: ${client?.description}`)
  }

  // --- revisions of the file ------------------------------------------------------------------------------------------

  #present(): Written[] {
    return this.#clients.filter(({ state }) => state === 'present')
  }

  #onePresent(): Written | undefined {
    const present = this.#present()
    return present[this.#random(present.length || 1)]
  }

  /** Each place that a client gets is a rotation, and so many within the grace would fill the slots. */
  #isBusy(): boolean {
    return this.#revisions++ > 3
  }

  /** Each present client gets the places of the next one. */
  #ring(): void {
    if (this.#isBusy()) return
    const clients = this.#present()
    const places = clients.map(({ at }) => at)
    clients.forEach((client, index) => {
      client.at = places[(index + 1) % places.length]!
    })
  }

  #swap(): void {
    if (this.#isBusy()) return
    const [a, b] = this.#two()
    if (a === undefined || b === undefined) return
    ;[a.at, b.at] = [b.at, a.at]
  }

  /** One place passes, and its client keeps the others; it may move to a place that is free. */
  #follow(): void {
    if (this.#isBusy()) return
    const [a, b] = this.#two()
    const spot = a?.at[0]
    if (a === undefined || b === undefined || spot === undefined) return
    a.at = a.at.slice(1)
    b.at = this.#random(2) === 0 ? [...b.at, spot] : [spot]
    const free = this.#free()
    if (free !== undefined && this.#random(2) === 0) a.at = [...a.at, free]
  }

  #add(): void {
    const client = this.#onePresent()
    const free = this.#free()
    if (client !== undefined && free !== undefined) client.at = [...client.at, free]
  }

  /** A client gives up one place, or all of them. */
  #leave(): void {
    const client = this.#onePresent()
    if (client !== undefined) client.at = this.#random(2) === 0 ? client.at.slice(1) : []
  }

  #toggle(): void {
    const client = this.#clients[this.#random(4)]!
    if (this.#foreign.has(client.name)) return
    client.state = client.state === 'present' ? 'absent' : 'present'
    const places = client.at
    client.at = []
    if (client.state === 'present' || this.#random(2) === 0) return
    const [heir] = this.#present()
    if (heir !== undefined) heir.at = [...heir.at, ...places]
  }

  #addForeign(): void {
    const { tenant } = this.simulation.sandbox
    const { name } = this.#clients[this.#random(4)]!
    const [client] = tenant.findByName(name)
    if (client === undefined || client.secrets.length > 3 || this.#foreign.has(name)) return
    this.simulation.advance(2 / 60)
    this.#foreign.set(name, tenant.addSecret(client.clientId).value)
    this.simulation.advance(2 / 60)
  }

  /** A person deletes a secret on GitHub, or overwrites it. */
  #tamper(): void {
    const { github } = this.simulation.sandbox
    const spot = spots[this.#random(spots.length)]!
    const place = { ...spot.at, name: 'QLIK_CLIENT_SECRET' }
    this.simulation.advance(2 / 60)
    if (this.#value(spot) === undefined) return
    if (this.#random(2) === 0) github.deleteSecret(place)
    else github.overwriteSecret(place, 'written by hand')
    this.#held.delete(spot)
    this.simulation.advance(2 / 60)
  }

  #two(): Written[] {
    const present = this.#present()
    const first = this.#random(present.length || 1)
    return [present[first]!, present[(first + 1 + this.#random(present.length - 1 || 1)) % (present.length || 1)]!]
      .filter((client) => client !== undefined)
      .filter((client, index, all) => all.indexOf(client) === index)
  }

  #free(): Spot | undefined {
    const taken = new Set(this.#clients.flatMap(({ at }) => at))
    const free = spots.filter((spot) => !taken.has(spot))
    return free[this.#random(free.length || 1)]
  }

  // --- runs -----------------------------------------------------------------------------------------------------------

  async #healthy(): Promise<void> {
    await this.#run({ 'drop-destinations': 'true' }, [])
  }

  async #run(inputs: Record<string, string>, strikes: TroubleAt[], other?: Record<string, string>): Promise<RunResult> {
    this.#write()
    const all = { 'allow-destinations': 'acme', ...inputs }
    this.story.push(
      `${new Date(this.simulation.sandbox.clock.now()).toISOString()} ${JSON.stringify(inputs)} ${JSON.stringify(strikes)} ${JSON.stringify(other)} ${this.#clients.map(({ name, state, at, isKey }) => `${name}${isKey ? '(key)' : ''}: ${state} ${JSON.stringify(at.map((s) => Object.values(s.at).at(-1)))}`).join('; ')}`,
    )
    const isPlain = strikes.length === 0 && other === undefined
    const mayWait = this.#ledgers().includes('"announced"')
    const plan = isPlain ? await this.simulation.run({ ...all, mode: 'plan' }) : undefined
    this.#held = new Map(spots.flatMap((spot) => (this.#isAlive(spot) ? [[spot, this.#value(spot)!]] : [])))
    for (const given of [inputs, ...(other === undefined ? [] : [other])])
      if (given['drop-destinations'] === 'true') this.#letGoOf(given.only)
    this.#forgetDeleted()
    this.simulation.afterRequest = () => {
      const { method, path } = this.simulation.sandbox.requests.at(-1) ?? {}
      this.#look(`after ${method} ${path}`)
    }
    const running = this.simulation.begin(all, ...strikes)
    const second = other === undefined ? undefined : this.simulation.begin({ 'allow-destinations': 'acme', ...other })
    await this.#carryOut(running, second)
    this.simulation.afterRequest = undefined
    const { result } = running
    this.story.push(
      `  ${result.error?.code} ${JSON.stringify(result.outputs?.result)} ${second?.result.error?.code ?? ''} ${this.#ledgers()}`,
    )
    if (isPlain) this.#wasExpected(inputs, result, mayWait ? undefined : plan!)
    return result
  }

  #ledgers(): string {
    return ['a', 'b', 'c', 'd']
      .map((name) => {
        const client = this.simulation.sandbox.tenant.findByName(name)[0]
        return `\n    ${name} live ${client?.secrets.map(({ hint }) => hint)} ${(client?.publicKeys ?? []).map(({ kid }) => kid)} ${client?.description?.slice(client.description.indexOf('{'))}`
      })
      .join('')
  }

  async #carryOut(first: Running, second: Running | undefined): Promise<void> {
    const running = new Set([first, ...(second === undefined ? [] : [second])])
    while (running.size > 0) {
      const awake = [...running].sort((a, b) => a.wake - b.wake)
      const isFree = awake.filter(({ wake }) => wake === 0)
      const next = isFree.length > 0 ? isFree[this.#random(isFree.length)]! : awake[0]!
      if (!(await next.step(this.#random(20)))) running.delete(next)
    }
  }

  #wasExpected(
    { only, 'drop-destinations': drop, rotate }: Record<string, string>,
    run: RunResult,
    plan: RunResult | undefined,
  ): void {
    const { error, log } = run
    const isInUse = error?.code === 'CLIENT_IN_USE' && this.#foreign.size > 0
    const refusals = drop === 'true' ? [] : ['DESTINATION_DROPPED', 'DESTINATION_TAKEN', 'DELIVERY_FAILED']
    if (only !== undefined) refusals.push('DELIVERY_FAILED')
    // A client that is absent is kept until its successor was delivered.
    if (log.some((line) => line.startsWith('SECRET_SLOTS_FULL'))) refusals.push('DELIVERY_FAILED')
    const isExpected =
      error === undefined || isInUse || ['SECRET_SLOTS_FULL', 'CLIENT_BUSY', ...refusals].includes(error.code)
    if (!isExpected) this.#tell(`${error.code}: ${error.message}\n${log.join('\n')}`)
    // A plan does not wait for runs that died.
    if (error === undefined && rotate === undefined && plan !== undefined) {
      const planned = JSON.parse(plan.outputs?.plan ?? 'null') as unknown[] | null
      const wrote = run.requests.some(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth/'))
      if (planned === null || planned.length > 0 !== wrote)
        this.#tell(
          `plan says ${JSON.stringify(planned)} (${plan.error?.code}), the run ${wrote ? 'wrote' : 'wrote nothing'}`,
        )
    }
  }

  // --- what must hold -------------------------------------------------------------------------------------------------

  /** Before a run with drop-destinations: the values in places that no client of the file names may die. */
  #letGoOf(only: string | undefined): void {
    const named = new Set(this.#present().flatMap(({ at }) => at))
    for (const [spot, value] of this.#held) {
      const isPlanned = only === undefined || this.#isOf(value, only)
      if (!named.has(spot) && isPlanned) this.#letGo.add(value)
    }
  }

  /** Values of a client that the file lists as absent die with it, where no other client follows; `replaced` ones die anyway. */
  #forgetDeleted(): void {
    const named = new Set(this.#present().flatMap(({ at }) => at))
    for (const { name, state } of this.#clients) {
      if (state === 'present') continue
      for (const [spot, value] of this.#held) if (!named.has(spot) && this.#isOf(value, name)) this.#letGo.add(value)
      this.#replaced = this.#replaced.filter(({ value }) => !this.#isOf(value, name))
    }
  }

  #look(when: string): void {
    const now = this.simulation.sandbox.clock.now()
    for (const [spot, before] of this.#held) {
      const value = this.#value(spot)
      if (value !== before && isLive(this.simulation, before)) {
        const owner = this.#clients.find(({ name }) => this.#isOf(before, name))
        if (owner?.state === 'present' && owner.grace > 0)
          this.#replaced.push({ spot, value: before, until: now + owner.grace - 2000 })
      }
      if (isLive(this.simulation, value)) this.#held.set(spot, value!)
      else if (!this.#letGo.has(before)) {
        this.#tell(`P1: ${JSON.stringify(spot.at)} holds a dead value (${when})`)
        this.#held.delete(spot)
      }
    }
    this.#replaced = this.#replaced.filter(({ until, value }) => now < until && !this.#letGo.has(value))
    for (const it of this.#replaced) {
      if (isLive(this.simulation, it.value)) continue
      this.#tell(`P1: the previous value of ${JSON.stringify(it.spot.at)} died within its grace (${when})`)
      this.#replaced = this.#replaced.filter((other) => other !== it)
    }
    for (const [name, value] of this.#foreign)
      if (!isLive(this.simulation, value)) {
        this.#tell(`P4: a secret of somebody else died: ${name} (${when})`)
        this.#foreign.delete(name)
      }
  }

  #tell(what: string): void {
    this.story.push(`  !!! ${what}`)
    if (this.broken.length < 5) this.broken.push(what)
  }

  #isAlive(spot: Spot): boolean {
    return isLive(this.simulation, this.#value(spot))
  }

  #value({ at }: Spot): string | undefined {
    return this.simulation.sandbox.github.secretValue({ ...at, name: 'QLIK_CLIENT_SECRET' })
  }

  #isOf(value: string, name: string): boolean {
    const { tenant } = this.simulation.sandbox
    return tenant.findByName(name).some(({ clientId }) => tenant.secretIsLive(clientId, value))
  }

  #write(): void {
    const clients = this.#clients.map(({ name, state, at, grace, isKey }) => {
      if (state === 'absent') return { name, state }
      const deliver = at.map((spot) => ({
        ...spot.deliver,
        'client-id-as': this.#idAs.get(spot)!,
        ...(isKey ? { 'client-secret-name': 'QLIK_CLIENT_SECRET' } : {}),
      }))
      const method = isKey && at.length > 0 ? { 'auth-method': 'private_key_jwt' } : {}
      return { name, scopes: ['user_default'], deliver, rotation: { grace: grace / 1000 === 0 ? 0 : '24h' }, ...method }
    })
    const inOrder = this.#random(2) === 0 ? clients : clients.toReversed()
    workspaceOf(this.simulation, { 'clients.json': JSON.stringify({ version: 1, clients: inOrder }) })
  }
}
