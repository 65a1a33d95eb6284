import { generateKeyPairSync } from 'node:crypto'
import type { Settings } from '../../sandbox/settings.ts'
import { type Place, repositoryPlace, theClient, Watch } from '../support/promises.ts'
import { Simulation } from '../support/simulation.ts'
import { programFor, type WrittenClient } from './many-clients.ts'

type Inputs = Record<string, string>

/** One thing that a run is asked to do, and how the world looks before it. */
export type Scenario = {
  /** What the run under test is given; the runs that follow are not asked to rotate. */
  inputs?: Inputs
  places?: Place[]
  clients?: WrittenClient[]
  settings?: Partial<Settings>
  /** Seconds for which a replaced value lives; 0 where the scenario says so. */
  grace?: number
  before?: (simulation: Simulation, watch: Watch) => Promise<void>
  /** How the next run signs in, where not with the API key. */
  signIn?: (simulation: Simulation) => Inputs
}

export const stagingPlace: Place = { ...repositoryPlace, environment: 'staging' }
export const otherPlace: Place = { repository: 'acme/other', name: 'QLIK_SECRET' }
const secretIdPlace: Place = { ...repositoryPlace, idAs: 'secret' }
export const keyPlace: Place = { repository: 'acme/app', name: 'QLIK_PRIVATE_KEY' }
export const threePlaces = [repositoryPlace, stagingPlace, otherPlace]

const deliver = [{}, { environment: 'staging' }, { repository: 'acme/other', 'client-secret-name': 'QLIK_SECRET' }]
export const deployerTo = (...places: Record<string, unknown>[]): WrittenClient => ({
  name: 'deployer',
  scopes: ['user_default'],
  deliver: places,
})
const toThreePlaces = [deployerTo(...deliver)]

const portalPlaces: Place[] = [
  { ...otherPlace, client: 'portal' },
  { repository: 'acme/app', environment: 'portal', name: 'QLIK_CLIENT_SECRET', client: 'portal' },
]
/** Two clients with two places each. */
export const fourPlaces = [repositoryPlace, stagingPlace, ...portalPlaces]
export const twoClients: WrittenClient[] = [
  deployerTo(...deliver.slice(0, 2)),
  { ...deployerTo(...deliver.slice(2), { environment: 'portal' }), name: 'portal' },
]

const ofAcme = { organization: 'acme' }
const organizationPlaces: Place[] = [
  { ...ofAcme, name: 'QLIK_CLIENT_SECRET' },
  { ...repositoryPlace, store: 'dependabot', idAs: 'secret' },
]
const toOrganization = [
  deployerTo(
    { ...ofAcme, visibility: 'selected', 'selected-repositories': ['app', 'other'] },
    { store: 'dependabot', 'client-id-as': 'secret' },
  ),
]

/** Some other clients, so that the tenant's list has several pages where its pages are small. */
function crowd({ sandbox: { tenant } }: Simulation): void {
  for (const name of ['etl', 'billing', 'reports', 'backup']) tenant.addClient({ clientName: name })
}

/** A run that created the client some time ago. */
async function created(simulation: Simulation, hours = 1, inputs: Inputs = {}): Promise<void> {
  const { error } = await simulation.run(inputs)
  if (error !== undefined) throw error
  simulation.advance(hours)
}

const byKey = { 'auth-method': 'private_key_jwt' }
const bySecret = { 'auth-method': 'client_secret', 'client-secret-name': 'QLIK_PRIVATE_KEY' }

/** A key that somebody else registered. */
export function addForeignKey(client: ReturnType<typeof theClient>, watch: Watch): void {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'theirs', kty: 'EC', alg: 'ES384', use: 'sig' }
  client.publicKeys!.push(jwk)
  watch.foreign.add(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

/** With what the destination holds, as the workflow of a client that rotates itself does. */
function signedInAsItself({ sandbox: { github } }: Simulation): Inputs {
  return {
    'api-key': '',
    'admin-client-id': github.variableValue({ ...repositoryPlace, name: 'QLIK_CLIENT_ID' }) ?? '',
    'admin-client-secret': github.secretValue(repositoryPlace) ?? '',
  }
}

export const scenarios = {
  creating: {},
  'adopting a client made by hand': {
    before: async (simulation, watch) => {
      const { clientId } = simulation.sandbox.tenant.addClient({
        clientName: 'deployer',
        allowedScopes: ['user_default'],
        secrets: 0,
      })
      simulation.sandbox.github.overwriteSecret(repositoryPlace, watch.addForeign(clientId).value)
      simulation.advance(1)
    },
  },
  'rotating by age': {
    inputs: { 'rotate-after': '30d' },
    before: (simulation) => created(simulation, 31 * 24),
  },
  'rotating on demand': { inputs: { rotate: 'now' }, before: (simulation) => created(simulation) },
  'rotating without grace': {
    inputs: { rotate: 'now', 'grace-period': '0' },
    grace: 0,
    before: (simulation) => created(simulation),
  },
  'rotating beside a secret of somebody else': {
    inputs: { rotate: 'now' },
    before: async (simulation, watch) => {
      await created(simulation)
      watch.addForeign(theClient(simulation).clientId)
      simulation.advance(1)
    },
  },
  'creating for three places': { clients: toThreePlaces, places: threePlaces },
  'rotating in three places': {
    inputs: { rotate: 'now' },
    clients: toThreePlaces,
    places: threePlaces,
    before: (simulation) => created(simulation),
  },
  'creating two clients for two places each': { clients: twoClients, places: fourPlaces },
  'rotating two clients in two places each': {
    inputs: { rotate: 'now' },
    clients: twoClients,
    places: fourPlaces,
    before: (simulation) => created(simulation),
  },
  'rotating for an organization, and for Dependabot': {
    inputs: { rotate: 'now' },
    clients: toOrganization,
    places: organizationPlaces,
    before: (simulation) => created(simulation),
  },
  'showing an organization’s secret to others': {
    clients: toOrganization,
    places: organizationPlaces,
    before: async (simulation) => {
      await created(simulation)
      const { github } = simulation.sandbox
      github.showTo('secrets', { ...ofAcme, name: 'QLIK_CLIENT_SECRET' }, 'all')
      github.showTo('variables', { ...ofAcme, name: 'QLIK_CLIENT_ID' }, 'all')
    },
  },
  'delivering to a new place': {
    clients: toThreePlaces,
    places: threePlaces,
    before: async (simulation) => {
      simulation.program = programFor([deployerTo(...deliver.slice(1))])
      await created(simulation)
      simulation.program = programFor(toThreePlaces)
    },
  },
  retiring: {
    before: async (simulation) => {
      await created(simulation)
      await created(simulation, 25, { rotate: 'now' })
    },
  },
  'creating with the id as a secret': { inputs: { 'client-id-as': 'secret' }, places: [secretIdPlace] },
  'rotating with the id as a secret': {
    places: [secretIdPlace],
    inputs: { 'client-id-as': 'secret', rotate: 'now' },
    before: (simulation) => created(simulation, 1, { 'client-id-as': 'secret' }),
  },
  'keeping the id as a secret from now on': {
    places: [secretIdPlace],
    inputs: { 'client-id-as': 'secret' },
    before: (simulation) => created(simulation),
  },
  'healing a place that was overwritten': {
    before: async (simulation) => {
      await created(simulation)
      simulation.sandbox.github.overwriteSecret(repositoryPlace, 'by hand')
    },
  },
  'healing a place that was deleted': {
    before: async (simulation) => {
      await created(simulation)
      simulation.sandbox.github.deleteSecret(repositoryPlace)
    },
  },
  'healing a secret that was deleted on the tenant': {
    before: async (simulation) => {
      await created(simulation)
      const { clientId, secrets } = theClient(simulation)
      simulation.sandbox.tenant.deleteSecret(clientId, secrets[0]!.hint)
    },
  },
  'healing a client that was renamed, described and untrusted': {
    inputs: { description: 'Deploys apps' },
    before: async (simulation) => {
      await created(simulation, 1, { description: 'Deploys apps' })
      const { tenant } = simulation.sandbox
      const { clientId, description } = theClient(simulation)
      tenant.rename(clientId, 'renamed')
      tenant.setDescription(clientId, description!.replace('Deploys', 'Breaks'))
      tenant.setConsent(clientId, 'required')
    },
  },
  'rotating while the client is changed': {
    inputs: { description: 'Deploys apps', scopes: 'user_default admin.apps', rotate: 'now' },
    before: (simulation) => created(simulation),
  },
  'rotating the very client that the run signs in with': {
    inputs: { scopes: 'admin_classic user_default', rotate: 'now', 'grace-period': '0' },
    grace: 0,
    signIn: signedInAsItself,
    before: async (simulation, watch) => {
      const { tenant, github } = simulation.sandbox
      const { clientId, secret } = tenant.createAdminClient('deployer')
      watch.foreign.add(secret)
      github.overwriteSecret(repositoryPlace, secret)
      github.setVariable({ ...repositoryPlace, name: 'QLIK_CLIENT_ID' }, clientId)
      await created(simulation, 1, { scopes: 'admin_classic user_default', ...signedInAsItself(simulation) })
    },
  },
  'creating with a key': { inputs: byKey, places: [keyPlace] },
  'rotating a key': {
    inputs: { ...byKey, rotate: 'now' },
    places: [keyPlace],
    before: (simulation) => created(simulation, 1, byKey),
  },
  'rotating a key without grace, beside one of somebody else': {
    inputs: { ...byKey, rotate: 'now', 'grace-period': '0' },
    places: [keyPlace],
    grace: 0,
    before: async (simulation, watch) => {
      await created(simulation, 1, byKey)
      addForeignKey(theClient(simulation), watch)
    },
  },
  'retiring a key': {
    inputs: byKey,
    places: [keyPlace],
    before: async (simulation) => {
      await created(simulation, 1, byKey)
      await created(simulation, 25, { ...byKey, rotate: 'now' })
    },
  },
  'changing from a secret to a key': {
    inputs: { ...byKey, 'client-secret-name': 'QLIK_PRIVATE_KEY' },
    places: [keyPlace],
    before: (simulation) => created(simulation, 1, bySecret),
  },
  'changing from a key to a secret': {
    inputs: bySecret,
    places: [keyPlace],
    before: (simulation) => created(simulation, 1, byKey),
  },
  'allowing client secrets': {
    inputs: { 'auth-method': 'client_secret' },
    before: async (simulation, watch) => {
      const client = simulation.sandbox.tenant.addClient({
        clientName: 'deployer',
        allowedScopes: ['user_default'],
        allowedAuthMethods: ['private_key_jwt'],
        publicKeys: [],
        secrets: 0,
      })
      addForeignKey(client, watch)
    },
  },
} satisfies Record<string, Scenario>

/** The world of a scenario, watched from its beginning. */
export async function prepared(
  scenario: Scenario,
  settings: Partial<Settings> = {},
): Promise<{ simulation: Simulation; watch: Watch; places: Place[] }> {
  const simulation = await Simulation.start({ ...scenario.settings, ...settings })
  simulation.sandbox.github.createRepository('acme/other')
  simulation.sandbox.github.createEnvironment('acme/app', 'portal')
  if (scenario.places?.some(({ organization }) => organization !== undefined)) simulation.addOrganization('acme')
  if (scenario.clients !== undefined) simulation.program = programFor(scenario.clients)
  crowd(simulation)
  const places = scenario.places ?? [repositoryPlace]
  const watch = new Watch(simulation, places, scenario.grace)
  await scenario.before?.(simulation, watch)
  watch.excuse()
  return { simulation, watch, places }
}
