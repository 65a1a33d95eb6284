import { expect, test } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { writes } from '../support/contract.ts'
import { randomFrom } from '../support/random.ts'
import { Simulation } from '../support/simulation.ts'
import type { Trouble, TroubleAt } from '../support/troubles.ts'
import { workspaceOf } from '../support/workspace.ts'

// Histories of a spec file with three clients: in each revision one may be followed by another in its place, or sign in another
// way; runs are struck by troubles, and answers come in any order. Then undisturbed runs follow.

const troubles: Trouble[] = [
  ...(['killed before', 'killed after', 'answer lost', '500 after', '429', '429 for long'] as const),
  ...(['SIGTERM', 'GitHub 403'] as const),
]
const environments = ['one', 'two', 'three']

type Written = { name: string; environment: string; grace: string; byKey: boolean }

class History {
  readonly simulation: Simulation
  readonly broken: string[] = []
  readonly #random: (below: number) => number
  #present: Written[]
  #absent: string[] = []
  #names = 0

  private constructor(simulation: Simulation, random: (below: number) => number) {
    this.simulation = simulation
    this.#random = random
    for (const name of environments) simulation.sandbox.github.createEnvironment('acme/app', name)
    this.#present = environments.map((environment) => this.#client(environment))
  }

  static async begin(seed: number): Promise<History> {
    const random = randomFrom(seed)
    const maybe = (settings: Partial<Settings>) => (random(3) === 0 ? settings : {})
    const settings = { ...maybe({ lastSecret: 'kept' }), ...maybe({ hints: 'opaque' }), ...maybe({ stampDelay: 2 }) }
    return new History(await Simulation.start({ ...settings, ...maybe({ getShowsSecrets: false }) }), random)
  }

  /** A revision of the file, and a run that may be struck. */
  async goOn(): Promise<void> {
    const random = this.#random
    const index = random(this.#present.length)
    const client = this.#present[index]!
    const what = this.#names > environments.length + 1 ? 1 + random(2) : random(3)
    if (what === 0) {
      this.#absent.push(client.name)
      this.#present[index] = this.#client(client.environment)
    }
    if (what === 1) client.byKey = !client.byKey
    this.#write()
    const alive = new Set(environments.filter((environment) => this.#isAlive(environment)))
    this.simulation.afterRequest = () => {
      for (const environment of alive) if (!this.#isAlive(environment)) this.broken.push(`${environment} died`)
    }
    const strikes = Array.from({ length: random(3) }, (): TroubleAt => {
      return { at: random(70), kind: troubles[random(troubles.length)]! }
    })
    const running = this.simulation.begin({}, ...strikes)
    while (await running.step(random(20))) {}
    this.simulation.advance([0.001, 0.05, 1, 30][random(4)]!)
  }

  /** One undisturbed run heals; later ones leave a single credential each, and then have nothing to do. */
  async end(): Promise<void> {
    this.simulation.advance(1)
    await this.#healthy()
    for (const environment of environments)
      if (!this.#works(environment)) this.broken.push(`${environment} is not healed`)
    for (let day = 0; day < 3; day++) {
      this.simulation.advance(30)
      await this.#healthy()
    }
    this.broken.push(...(await this.#healthy()))
    const { settings, tenant } = this.simulation.sandbox
    for (const { name, byKey } of this.#present) {
      const clients = tenant.findByName(name)
      const credentials = clients.map(({ secrets, publicKeys }) =>
        [secrets.length, publicKeys?.length ?? 0].join(' and '),
      )
      // A secret that the tenant keeps is one that nobody can use.
      const right = byKey ? (settings.lastSecret === 'kept' ? ['0 and 1', '1 and 1'] : ['0 and 1']) : ['1 and 0']
      if (credentials.length !== 1 || !right.includes(credentials[0]!)) this.broken.push(`${name} has ${credentials}`)
    }
    for (const name of this.#absent) if (tenant.findByName(name).length > 0) this.broken.push(`${name} is still there`)
  }

  async #healthy(): Promise<string[]> {
    const result = await this.simulation.run()
    if (result.error !== undefined) this.broken.push(`${result.error.code}: ${result.error.message}`)
    return writes(result)
  }

  #client(environment: string): Written {
    const grace = this.#random(3) === 0 ? '0' : '24h'
    return { name: `client-${this.#names++}`, environment, grace, byKey: this.#random(3) === 0 }
  }

  #write(): void {
    const clients = [
      ...this.#absent.map((name) => ({ name, state: 'absent' })),
      ...this.#present.map(({ name, environment, grace, byKey }) => ({
        name,
        scopes: ['user_default'],
        'auth-method': byKey ? 'private_key_jwt' : 'client_secret',
        rotation: { grace },
        deliver: [{ environment, 'client-secret-name': 'CREDENTIAL' }],
      })),
    ]
    const inOrder = this.#random(2) === 0 ? clients : clients.toReversed()
    workspaceOf(this.simulation, { 'clients.json': JSON.stringify({ version: 1, clients: inOrder }) })
  }

  #value(environment: string): string | undefined {
    return this.simulation.sandbox.github.secretValue({ repository: 'acme/app', environment, name: 'CREDENTIAL' })
  }

  /** P1: does anybody accept what lies there? */
  #isAlive(environment: string): boolean {
    const { tenant } = this.simulation.sandbox
    const value = this.#value(environment) ?? ''
    return tenant.liveClients().some(({ clientId }) => tenant.secretIsLive(clientId, value))
  }

  #works(environment: string): boolean {
    const { github, tenant } = this.simulation.sandbox
    const id = github.variableValue({ repository: 'acme/app', environment, name: 'QLIK_CLIENT_ID' }) ?? ''
    return tenant.canAuthenticate(id, this.#value(environment) ?? '')
  }
}

test.each(Array.from({ length: 80 }, (_, index) => index + 1))('clients of one file: history %i', async (seed) => {
  const history = await History.begin(seed)
  for (let run = 0; run < 5; run++) await history.goOn()
  await history.end()
  expect(history.broken).toEqual([])
})
