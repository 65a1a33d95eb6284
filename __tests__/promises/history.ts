import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ledgerMarker } from '../../src/model/client.ts'
import {
  expectNoLeaks,
  expectOnlyCurrent,
  expectSettled,
  expectUsable,
  repositoryPlace,
  type theClient,
  type Watch,
} from '../support/promises.ts'
import type { Simulation } from '../support/simulation.ts'
import type { Trouble } from '../support/troubles.ts'
import { spreading, type Weather, weather } from './delays-and-clocks.ts'
import { addMeanwhile, ours, sleepBesideAnother, type World } from './history-events.ts'
import { dice, together } from './runs-at-once.ts'
import { addForeignKey, fourPlaces, prepared, twoClients } from './scenarios.ts'
import { askedForSpaces, Spaces } from './space-events.ts'
import { settingsOf, type Wide, wide } from './wide-world.ts'

// How many to try, and which ones: a failure prints its seed, and HISTORIES=… SEED=… tries the same again.
const histories = Number(process.env.HISTORIES ?? 3000)
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

const methods = {
  secret: { 'auth-method': 'client_secret' },
  key: { 'auth-method': 'private_key_jwt' },
}
const asked = {
  apply: {},
  rotate: { rotate: 'now' },
  'by age': { 'rotate-after': '30d' },
  plan: { mode: 'plan' },
  'by key': methods.key,
  'by secret': methods.secret,
  ...askedForSpaces,
}
const pauses = { second: 1 / 3600, minute: 1 / 60, 'eleven minutes': 11 / 60, hours: 5, day: 25, quarter: 91 * 24 }
const kinds: Trouble[] = [
  'killed before',
  'killed after',
  'answer lost',
  '500 after',
  '429',
  '429 for long',
  'SIGTERM',
  'GitHub 403',
  'page after',
  'page instead',
  'service down',
  'asleep',
  'GitHub 404',
]

const edits = {
  'secret deleted on the tenant': ({ tenant, client }) =>
    client.secrets[0] && tenant.deleteSecret(client.clientId, client.secrets[0].hint),
  'keys replaced on the tenant': ({ client, watch }) => {
    if (client.publicKeys === undefined || client.publicKeys.length === 0) return
    client.publicKeys = []
    addForeignKey(client, watch)
  },
  'value overwritten': ({ github }) => github.overwriteSecret(repositoryPlace, 'by hand'),
  'value deleted': ({ github }) => github.deleteSecret(repositoryPlace),
  'id deleted': ({ github }) => github.deleteVariable({ ...repositoryPlace, name: 'QLIK_CLIENT_ID' }),
  renamed: ({ tenant, client }) => tenant.rename(client.clientId, 'renamed'),
  described: ({ tenant, client }) => tenant.setDescription(client.clientId, `Hello\n${client.description ?? ''}`),
  'description cleared': ({ tenant, client }) => tenant.setDescription(client.clientId, undefined),
  'ledger mangled': ({ tenant, client }) => tenant.setDescription(client.clientId, `${ledgerMarker} {"version":1`),
  'consent taken back': ({ tenant, client }) => tenant.setConsent(client.clientId, 'required'),
  'scopes changed': ({ tenant, client }) => tenant.setScopes(client.clientId, ['admin.apps']),
  'roles changed': ({ client, spaces }) => spaces.changeRoles(client.clientId),
  'taken out of spaces': ({ client, spaces }) => spaces.takeOut(client.clientId),
  'let into a space': ({ client, spaces }) => spaces.letIn(client.clientId),
} satisfies Record<
  string,
  (world: Simulation['sandbox'] & { client: ReturnType<typeof theClient>; watch: Watch; spaces: Spaces }) => unknown
>

const forgetting: (keyof typeof edits)[] = ['description cleared', 'ledger mangled']

const request = fc.constantFrom(...(Object.keys(asked) as (keyof typeof asked)[]))
const trouble = fc.record({ kind: fc.constantFrom(...kinds), at: fc.integer({ min: 0, max: 24 }) })
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ run: request }) },
  {
    weight: 4,
    arbitrary: fc.record({ run: request, troubles: fc.array(trouble, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ run: request, person: fc.nat(24) }) },
  { weight: 1, arbitrary: fc.record({ runs: fc.tuple(request, request), asleepAt: fc.nat(16) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      runs: fc.tuple(request, request),
      seed: fc.nat(9999),
      death: fc.option(fc.record({ who: fc.nat(1), step: fc.nat(24) }), { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ pause: fc.constantFrom(...(Object.keys(pauses) as (keyof typeof pauses)[])) }) },
  { weight: 2, arbitrary: fc.record({ edit: fc.constantFrom(...(Object.keys(edits) as (keyof typeof edits)[])) }) },
  { weight: 1, arbitrary: fc.constant({ foreign: true as const }) },
  // Whoever is named by the tenant as another maker is known at any time.
  { weight: 1, arbitrary: fc.constant({ foreign: 'at once' as const }) },
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

/** Tries a share of the histories, for one client with one place, or for two with two places each. */
export function tryHistories(size: Cast['clients'], share: number): void {
  const numRuns = Math.round(histories * share)
  const who = size === 1 ? 'of one client' : 'of two clients with two places each'
  test(`P1 to P7 hold in ${numRuns} histories ${who} (seed ${seed})`, { timeout: 1_800_000 }, async () => {
    // What a spec file says of a client, inputs don't: several have secrets.
    const method = size === 1 ? fc.constantFrom('secret' as const, 'key' as const) : fc.constant('secret' as const)
    const cast = fc.record({ clients: fc.constant(size), method, surroundings: wide })
    await fc.assert(fc.asyncProperty(history, weather, cast, live), { numRuns, seed })
  })
}

type Cast = { clients: 1 | 2; method: keyof typeof methods; surroundings?: Wide }

/** What may happen to a client. */
export const history = fc.array(event, { maxLength: 12 })

/** Lives through one history, and sees after each event, and at the end, that the promises hold. */
export async function live(events: Event[], given: Weather, cast: Cast): Promise<void> {
  await settle(await lived(events, given, cast), methods[cast.method])
}

/** Lives through one history, and sees after each event that the promises hold. */
export async function lived(
  events: Event[],
  given: Weather,
  { clients, surroundings }: Omit<Cast, 'method'>,
): Promise<World> {
  const scenario = clients === 1 ? {} : { clients: twoClients, places: fourPlaces }
  const { simulation, watch, places } = await prepared(scenario, {
    ...given,
    ...(surroundings && settingsOf(surroundings)),
  })
  simulation.tenantTime = surroundings?.tenantTime ?? 0
  // One name whatever lies there: by default it follows the method, and the place would change with it.
  if (clients === 1) simulation.inputs['client-secret-name'] = 'QLIK_CLIENT_SECRET'
  const spaces = new Spaces(simulation)
  const nothingYet = { results: [], overlapped: false, forgot: false }
  const world: World = { simulation, watch, places, spaces, weather: given, ...nothingYet }
  for (const each of events) {
    for (const name of runsOf(each)) if (clients === 1) spaces.note(asked[name])
    await happen(each, world)
    expect(watch.broken).toEqual([])
    spaces.expectKept()
  }
  return world
}

function runsOf(each: Event): (keyof typeof asked)[] {
  if ('runs' in each) return each.runs
  return 'run' in each ? [each.run] : []
}

async function happen(each: Event, world: World): Promise<void> {
  const { simulation, watch } = world
  if ('pause' in each) return simulation.advance(pauses[each.pause])
  if ('edit' in each) return edit(each.edit, world)
  if ('foreign' in each) return addForeign(each.foreign, world)
  // Starting a run takes longer than reads lag behind.
  simulation.sandbox.clock.advance((world.weather.readsBehind ?? 0) * 1000)
  if ('asleepAt' in each) {
    const [sleeper, other] = each.runs
    const running = simulation.begin(asked[sleeper], { at: each.asleepAt, kind: 'asleep' })
    return sleepBesideAnother({ running, at: each.asleepAt }, () => simulation.begin(asked[other]), world)
  }
  if ('runs' in each) {
    const runs = each.runs.map((name) => simulation.begin(asked[name]))
    await together(runs, dice(each.seed), each.death)
    world.overlapped = true
    world.forgot ||= each.death !== undefined
    world.results.push(...runs.map(({ result }) => result))
    return
  }
  const troubles = 'troubles' in each ? each.troubles : []
  // Who sleeps and then dies has announced by a clock that stood still: the host's own clock, which counts that, is not tried here.
  world.forgot ||= troubles.length > 1 && troubles.some(({ kind }) => kind === 'asleep')
  const running = simulation.begin(asked[each.run], ...troubles)
  if ('person' in each) await addMeanwhile(running, each.person, world)
  while (await running.step()) {}
  const { result } = running
  world.results.push(result)
  if (troubles.length > 0 || result.error?.code === 'SECRET_SLOTS_FULL') return
  expect(result.error?.message).toBeUndefined()
  if (each.run !== 'plan') expectUsable(simulation, world.places)
  expect(watch.broken).toEqual([])
}

/** GitHub's stamps count whole seconds and spread slowly: some seconds lie before and after what people do. */
function edit(name: keyof typeof edits, world: World): void {
  const { sandbox } = world.simulation
  const client = ours(world)
  if (client === undefined) return
  sandbox.clock.advance(spreading(world.weather))
  edits[name]({ ...sandbox, client, watch: world.watch, spaces: world.spaces } as never)
  world.forgot ||= forgetting.includes(name)
  world.watch.excuse()
  sandbox.clock.advance(spreading(world.weather))
}

/**
 * Once: more would fill the slots. By the user as whom we sign in a while after the last run: what that one makes within a dead run's
 * lease is taken for its own.
 */
function addForeign(when: true | 'at once', world: World): void {
  const client = ours(world)
  if (client === undefined || world.watch.foreign.size > 0 || client.secrets.length === 5) return
  if (!client.allowedAuthMethods?.includes('client_secret')) return
  if (when === true) world.simulation.advance(2 / 60)
  world.watch.addForeign(client.clientId, when === true ? undefined : 'another person')
}

const managed = new Set(['deployer', 'renamed', 'portal'])

/** Undisturbed runs, the first ten minutes later, the next after the grace: everything is as it should be. */
async function settle(world: World, by: Record<string, string>): Promise<void> {
  const { simulation, watch, places, spaces, weather, results, overlapped, forgot } = world
  const method = spaces.areAsked ? { ...by, ...askedForSpaces['into Finance'] } : by
  for (const hours of [11 / 60, 25, 11 / 60, 25, ...(weather.stampDelay ? [11 / 60, 25] : [])]) {
    simulation.advance(hours)
    let result = await simulation.run(method)
    if (result.error?.code === 'SECRET_SLOTS_FULL') {
      // Within their grace they may all be needed. For longer only what no ledger knows, or nobody can place, may take a slot.
      if (hours < 24) continue
      expect(overlapped || forgot, result.error.message).toBe(true)
      deleteUnheld(world)
      result = await simulation.run(method)
    }
    results.push(result)
    expect(result.error?.message).toBeUndefined()
    expect(watch.broken).toEqual([])
    expectUsable(simulation, places)
  }
  if (!forgot) expectOnlyCurrent(simulation, places, watch.foreign)
  spaces.expectSettled(!forgot && !overlapped)
  simulation.sandbox.clock.advance(spreading(weather))
  await expectSettled(simulation, method)
  expectNoLeaks(simulation, results)
}

/** The remedy that SECRET_SLOTS_FULL names, by hand. */
function deleteUnheld({ simulation, watch, places }: World): void {
  const { github, tenant } = simulation.sandbox
  const held = new Set(places.map((place) => github.secretValue(place)))
  for (const { clientId, clientName, secrets } of tenant.liveClients())
    for (const { hint, value } of [...secrets])
      if (managed.has(clientName) && !held.has(value) && !watch.foreign.has(value)) tenant.deleteSecret(clientId, hint)
  watch.excuse()
}
