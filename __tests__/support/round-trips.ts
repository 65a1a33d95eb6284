import type { Settings } from '../../sandbox/settings.ts'
import { programFor } from '../promises/many-clients.ts'
import { Simulation } from './simulation.ts'

export type Counted = { roundTrips: number; requests: number; milliseconds: number }

/** A run from some state of tenant and GitHub. `costs`: what it takes today, to the letter. */
export type Trip = {
  what: string
  prepare: (simulation: Simulation) => Promise<Record<string, string>>
  costs: { roundTrips: number; requests: number }
  /** Round trips that the services' rules alone ask for: the limit that it is held against. */
  least: number
}

/**
 * Runs, and counts how often the run waits for answers, and for how many: what it asks together is one round trip, which takes
 * `latency` milliseconds of the sandbox's time.
 */
export async function counted(simulation: Simulation, inputs: Record<string, string>, latency = 40): Promise<Counted> {
  const { clock } = simulation.sandbox
  simulation.requestTime = 0
  const began = clock.now()
  const running = simulation.begin(inputs)
  const count = { roundTrips: 0, requests: 0 }
  for (let together = await running.waiting(); ; together = await running.waiting()) {
    if (running.over) break
    if (together.length > 0) {
      count.roundTrips++
      clock.advance(latency)
    }
    count.requests += together.length
    for (let left = Math.max(together.length, 1); left > 0; left--) await running.step()
  }
  if (running.result.error !== undefined) throw running.result.error
  return { ...count, milliseconds: clock.now() - began }
}

const done = async (simulation: Simulation, inputs: Record<string, string> = {}) => {
  const { error } = await simulation.run(inputs)
  if (error !== undefined) throw error
  simulation.advance(1)
  return inputs
}

const several = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const name = { 'client-id-name': `ID_${index}`, 'client-secret-name': `SECRET_${index}` }
    return { name: `client-${index}`, scopes: ['user_default'], deliver: [name] }
  })

const twoPlaces = [{ name: 'deployer', scopes: ['user_default'], deliver: [{}, { environment: 'staging' }] }]

const started = (clients: Record<string, unknown>[]) => async (simulation: Simulation) => {
  simulation.program = programFor(clients)
  return {}
}

const file = (count: number) => async (simulation: Simulation) => {
  await started(several(count))(simulation)
  return done(simulation)
}

function twoSpaces({ sandbox: { tenant } }: Simulation) {
  return [tenant.spaces.add('Finance'), tenant.spaces.add('Sales')]
}

function signedInByClient(simulation: Simulation): Record<string, string> {
  const admin = simulation.sandbox.tenant.createAdminClient()
  return { 'api-key': '', 'admin-client-id': admin.clientId, 'admin-client-secret': admin.secret }
}

const trip = (
  what: string,
  [roundTrips, requests, least]: [number, number, number],
  prepare: Trip['prepare'],
): Trip => ({ what, prepare, costs: { roundTrips, requests }, least })

export const trips: Trip[] = [
  trip('nothing to do', [1, 4, 1], done),
  trip('nothing to do, admin client', [3, 6, 2], async (simulation) => {
    await done(simulation)
    return signedInByClient(simulation)
  }),
  trip('plan of a new client', [1, 3, 1], async () => ({ mode: 'plan' })),
  trip('created, proven, delivered', [8, 17, 6], async () => ({})),
  trip('the same, admin client', [10, 19, 7], async (simulation) => signedInByClient(simulation)),
  trip('created for two destinations', [10, 24, 6], started(twoPlaces)),
  trip('rotated', [9, 16, 7], async (simulation) => ({ ...(await done(simulation)), rotate: 'now' })),
  trip('adopted', [9, 17, 7], async ({ sandbox }) => {
    const { clientId } = sandbox.tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'] })
    return { 'client-id': clientId }
  }),
  trip('destroyed', [5, 8, 4], async (simulation) => ({ ...(await done(simulation)), mode: 'destroy' })),
  trip('granted two spaces, found by name', [7, 12, 6], async (simulation) => {
    await done(simulation)
    return {
      spaces: twoSpaces(simulation)
        .map(({ name }) => `${name}: consumer`)
        .join('\n'),
    }
  }),
  trip('nothing to do, two spaces by name', [2, 6, 2], async (simulation) =>
    done(simulation, {
      spaces: twoSpaces(simulation)
        .map(({ name }) => `${name}: consumer`)
        .join('\n'),
    }),
  ),
  trip('nothing to do, two spaces by id', [1, 6, 1], async (simulation) =>
    done(simulation, {
      spaces: twoSpaces(simulation)
        .map(({ id }) => `${id}: consumer`)
        .join('\n'),
    }),
  ),
  // GitHub gives variables by thirties.
  trip('nothing to do, 10 clients of a file', [1, 3, 1], file(10)),
  trip('nothing to do, 100 clients of a file', [2, 6, 1], file(100)),
  trip('audit of 200 clients, all used', [8, 8, 4], async (simulation) => whole(simulation, 'audit', 200)),
  trip('audit of 200 clients, 40 asked about', [18, 56, 4], async (simulation) => whole(simulation, 'audit', 160)),
  trip('export of 200 clients', [2, 2, 2], async (simulation) => whole(simulation, 'export', 200)),
]

/** Two hundred clients. Where not all are `used`, these have had more tokens since the others' last than an audit reads of all. */
function whole({ sandbox: { tenant, clock } }: Simulation, mode: 'audit' | 'export', used: number) {
  const clients = Array.from({ length: 200 }, (_, index) => tenant.addClient({ clientName: `client-${index}` }))
  const bots = clients.map((client) => tenant.botOf(client))
  const sign = (index: number) => tenant.events.tokenIssued(clients[index]!, bots[index]!, [])
  for (const index of clients.keys()) sign(index)
  clock.advance(1000)
  if (used < 200) for (let times = 0; times < 1200; times++) sign(times % used)
  return { mode, name: '', scopes: '', 'github-token': '' }
}

export async function tripOf({ prepare }: Trip, latency?: number, settings: Partial<Settings> = {}): Promise<Counted> {
  const simulation = await Simulation.start(settings)
  return counted(simulation, await prepare(simulation), latency)
}
