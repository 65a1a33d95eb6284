import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NamedPlace, Place } from '../../sandbox/github/model.ts'
import { validateGithubRequest } from '../../sandbox/openapi.ts'
import { programFor } from '../promises/many-clients.ts'
import { deployerTo } from '../promises/scenarios.ts'
import { count, expectFailure, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectNoLeaks, expectOnlyCurrent, repositoryPlace, theClient } from '../support/promises.ts'
import type { RunResult } from '../support/simulation.ts'

eachTest()
beforeEach(() => {
  simulation.addOrganization('Acme')
  for (const name of ['web', 'api', 'etl']) simulation.sandbox.github.createRepository(`acme/${name}`)
})
afterEach(() => {
  const asked = simulation.sandbox.requests.filter(({ service }) => service === 'github')
  expect(asked.flatMap(validateGithubRequest), 'GitHub’s own description of these requests').toEqual([])
})

const stores = ['actions', 'dependabot', 'codespaces', 'agents'] as const
const scopes: Record<string, { inputs: Record<string, string>; place: Place }> = {
  repository: { inputs: {}, place: { repository: 'acme/app' } },
  'other repository': { inputs: { repository: 'acme/web' }, place: { repository: 'acme/web' } },
  organization: { inputs: { organization: 'acme', visibility: 'private' }, place: { organization: 'acme' } },
  'organization, for some': {
    inputs: { organization: 'ACME', visibility: 'selected', 'selected-repositories': 'web, acme/API' },
    place: { organization: 'acme' },
  },
}
const everywhere = Object.entries(scopes).flatMap(([scope, { inputs, place }]) =>
  stores.map((store) => ({ scope, store, inputs: { ...inputs, store }, place: { ...place, store } })),
)

const secretAt = (place: Place): NamedPlace => ({ ...place, name: 'QLIK_CLIENT_SECRET' })
const idAt = (place: Place): NamedPlace => ({ ...place, name: 'QLIK_CLIENT_ID' })

async function nothingToDo(inputs: Record<string, string>): Promise<void> {
  const again = await simulation.run(inputs)
  expectSuccess(again, { result: 'unchanged', changed: 'false', drift: 'false', plan: '[]' })
  expect(writes(again)).toEqual([])
}

describe.each(everywhere)('the store $store of: $scope', ({ store, inputs, place }) => {
  const idAs = store === 'actions' || store === 'agents' ? 'variable' : 'secret'
  const idThere = () =>
    idAs === 'variable'
      ? simulation.sandbox.github.variableValue(idAt(place))
      : simulation.sandbox.github.secretValue(idAt(place))

  it(`gets a secret that works, and the id as a ${idAs}; then there is nothing to do`, async () => {
    const created = await simulation.run(inputs)
    expectSuccess(created, { result: 'created', changed: 'true' })
    const { github, tenant } = simulation.sandbox
    const { clientId } = theClient(simulation)
    expect(idThere()).toBe(clientId)
    expect(tenant.canAuthenticate(clientId, github.secretValue(secretAt(place)) ?? '')).toBe(true)
    simulation.advance(1)
    await nothingToDo(inputs)
    expectNoLeaks(simulation, [created])
  })

  it('is rotated, healed and left with the current one', async () => {
    expectSuccess(await simulation.run(inputs))
    const { github } = simulation.sandbox
    const first = github.secretValue(secretAt(place))
    simulation.advance(1)
    expectSuccess(await simulation.run({ ...inputs, rotate: 'now' }), { result: 'rotated', drift: 'false' })
    const second = github.secretValue(secretAt(place))
    expect(second).not.toBe(first)
    simulation.advance(1)
    github.overwriteSecret(secretAt(place), 'by hand')
    expectSuccess(await simulation.run(inputs), { result: 'rotated', drift: 'true' })
    for (const hours of [25, 1]) {
      simulation.advance(hours)
      expectSuccess(await simulation.run(inputs))
    }
    expectOnlyCurrent(simulation, [secretAt(place)])
    await nothingToDo(inputs)
  })

  it('is cleared by destroy, also where the spec names another place by now', async () => {
    expectSuccess(await simulation.run(inputs))
    expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    const { github, tenant } = simulation.sandbox
    expect([...github.secretNames(place), ...github.variableNames(place)]).toEqual([])
    expect(tenant.findByName('deployer')).toEqual([])
    expect(writes(await simulation.run({ ...inputs, mode: 'destroy' }))).toEqual([])
  })

  it('gets back the id that stood there, where the secret is refused', async () => {
    const { github, faults } = simulation.sandbox
    if (idAs === 'secret') return
    github.setVariable(idAt(place), 'of somebody else')
    faults.add({ method: 'PUT', path: /secrets/, when: 'before', times: 9, fault: { kind: 'status', status: 403 } })
    expectFailure(await simulation.run(inputs), 'DESTINATION_FORBIDDEN')
    expect(idThere()).toBe('of somebody else')
  })

  it('names the permissions that it takes', async () => {
    const { github } = simulation.sandbox
    const token = github.issueToken({ kind: 'app', permissions: { metadata: 'read' } })
    const refused = await simulation.run({ ...inputs, 'github-token': token })
    const names = { actions: 'Secrets', dependabot: 'Dependabot secrets', codespaces: 'Codespaces secrets' }
    const name = store === 'agents' ? 'agent_secrets' : names[store]
    expectRefusal(refused, 'DESTINATION_FORBIDDEN', { hint: new RegExp(`it needs .*${name}`) })
    if (place.organization !== undefined) expect(refused.error?.hint).toMatch(/organization/)
  })
})

describe('an organization’s secret', () => {
  const inputs = { organization: 'acme' }
  const place: Place = { organization: 'acme' }
  const seenBy = (kind: 'secrets' | 'variables' = 'secrets') => {
    const named = kind === 'secrets' ? secretAt(place) : idAt(place)
    return simulation.sandbox.github.seenBy(kind, named)
  }

  async function deliveredTo(visibility: Record<string, string>): Promise<RunResult> {
    const result = await simulation.run({ ...inputs, ...visibility })
    expectSuccess(result, { result: 'created' })
    simulation.advance(1)
    return result
  }

  it.each(['all', 'private'])('is visible to %s, as its id is', async (visibility) => {
    await deliveredTo({ visibility })
    expect([seenBy(), seenBy('variables')]).toEqual([visibility, visibility])
  })

  it('is visible to the selected repositories, as its id is', async () => {
    await deliveredTo({ visibility: 'selected', 'selected-repositories': 'web\nacme/api' })
    const both = ['acme/api', 'acme/web']
    expect([seenBy(), seenBy('variables')]).toEqual([both, both])
  })

  it('becomes visible to others after the proof, as its id does: before it nothing is written to GitHub', async () => {
    await deliveredTo({ visibility: 'all' })
    const failing = { service: 'tenant', method: 'POST', path: '/oauth/token', times: 99 } as const
    simulation.sandbox.faults.add({ ...failing, when: 'before', fault: { kind: 'html', status: 404 } })
    const refused = await simulation.run({ ...inputs, visibility: 'private' })
    expectFailure(refused, 'TENANT_UNEXPECTED')
    expect(writes(refused).filter((line) => line.includes('/orgs/'))).toEqual([])
    simulation.sandbox.faults.clear()
    simulation.advance(1)
    expectSuccess(await simulation.run({ ...inputs, visibility: 'private' }), { result: 'rotated' })
    expect([seenBy(), seenBy('variables')]).toEqual(['private', 'private'])
    await nothingToDo({ ...inputs, visibility: 'private' })
  })

  it.each(stores)(
    'of the store %s keeps the repositories that see it, where the spec does not name them',
    async (store) => {
      const { github } = simulation.sandbox
      const named = { ...secretAt(place), store }
      github.overwriteSecret(named, 'by hand')
      github.showTo('secrets', named, ['acme/web', 'acme/api'])
      expectSuccess(await simulation.run({ ...inputs, store }), { result: 'created' })
      const both = ['acme/api', 'acme/web']
      expect(github.seenBy('secrets', named)).toEqual(both)
      simulation.advance(1)
      expectSuccess(await simulation.run({ ...inputs, store, rotate: 'now' }), { result: 'rotated' })
      expect(github.seenBy('secrets', named)).toEqual(both)
      // What is new beside it is visible to the same.
      const kind = store === 'actions' || store === 'agents' ? 'variables' : 'secrets'
      expect(github.seenBy(kind, { ...idAt(place), store })).toEqual(both)
      await nothingToDo({ ...inputs, store })
      await nothingToDo({ ...inputs, store, visibility: 'selected' })
    },
  )

  it('keeps more repositories than one page holds', async () => {
    const { github } = simulation.sandbox
    const names = Array.from({ length: 230 }, (_, index) => `acme/r${index}`)
    for (const name of names) github.createRepository(name)
    github.overwriteSecret(secretAt(place), 'by hand')
    github.showTo('secrets', secretAt(place), names)
    expectSuccess(await simulation.run({ ...inputs, 'client-id-as': 'none' }))
    expect(seenBy()).toEqual([...names].sort())
  })

  it('is left alone where the token does not see all repositories that see it', async () => {
    const { github, faults } = simulation.sandbox
    github.overwriteSecret(secretAt(place), 'by hand')
    github.showTo('secrets', secretAt(place), ['acme/web', 'acme/api'])
    const body = JSON.stringify({ total_count: 2, repositories: [{ id: github.findRepository('acme/web')!.id }] })
    const fault = { kind: 'status', status: 200, body } as const
    faults.add({ method: 'GET', path: /\/repositories/, when: 'before', times: 9, fault })
    const message = /present visibility of organization acme: QLIK_CLIENT_SECRET can’t be read/
    expectFailure(await simulation.run({ ...inputs, 'client-id-as': 'none' }), 'INPUT_INVALID', { message })
    expect(github.secretValue(secretAt(place))).toBe('by hand')
    expect(seenBy()).toEqual(['acme/api', 'acme/web'])
    expect(theClient(simulation).secrets).toEqual([])
    // Where they are named, nothing depends on what is shown.
    const named = { ...inputs, visibility: 'selected', 'selected-repositories': 'web', 'client-id-as': 'none' }
    expectSuccess(await simulation.run(named), { result: 'rotated' })
    expect(seenBy()).toEqual(['acme/web'])
    await nothingToDo(named)
  })

  it.each(['all', 'private'] as const)('keeps the visibility %s', async (visibility) => {
    const { github } = simulation.sandbox
    github.overwriteSecret(secretAt(place), 'by hand')
    github.showTo('secrets', secretAt(place), visibility)
    expectSuccess(await simulation.run(inputs), { result: 'created' })
    expect([seenBy(), seenBy('variables')]).toEqual([visibility, visibility])
    await nothingToDo(inputs)
  })

  it('is refused where it is new and nobody says who may see it', async () => {
    const missing = { message: /^visibility: is missing; .*organization acme: QLIK_CLIENT_SECRET/, hint: /visibility/ }
    expectRefusal(await simulation.run(inputs), 'INPUT_INVALID', missing)
    const selected = { ...inputs, visibility: 'selected' }
    expectRefusal(await simulation.run(selected), 'INPUT_INVALID', { message: /^selected-repositories: is missing/ })
    await deliveredTo({ visibility: 'all' })
    expectRefusal(await simulation.run(selected), 'INPUT_INVALID', { message: /^selected-repositories: is missing/ })
    simulation.sandbox.github.deleteSecret(secretAt(place))
    expectRefusal(await simulation.run(inputs), 'INPUT_INVALID', missing)
  })

  it('is not written where it is gone by then, and its visibility with it', async () => {
    await deliveredTo({ visibility: 'all' })
    const { github, tenant } = simulation.sandbox
    const { clientId } = theClient(simulation)
    simulation.afterRequest = () => {
      if (theClient(simulation).secrets.length === 2) github.deleteSecret(secretAt(place))
    }
    const message = /^visibility: is missing, and the present visibility of organization acme: QLIK_CLIENT_SECRET/
    expectFailure(await simulation.run({ ...inputs, rotate: 'now' }), 'INPUT_INVALID', { message })
    simulation.afterRequest = undefined
    expect(github.secretNames(place)).toEqual([])
    expect(theClient(simulation).secrets).toHaveLength(1)
    expectSuccess(await simulation.run({ ...inputs, visibility: 'all' }), { result: 'rotated' })
    expect(tenant.canAuthenticate(clientId, github.secretValue(secretAt(place)) ?? '')).toBe(true)
  })

  it('is refused where there is no such organization', async () => {
    const wanted = { organization: 'nobody', visibility: 'all' }
    const hint = /Is organization nobody spelt right.*the organization’s Secrets: write/
    expectRefusal(await simulation.run(wanted), 'DESTINATION_MISSING', { message: /of organization nobody/, hint })
  })

  it('is refused where a selected repository is not there', async () => {
    const wanted = { ...inputs, visibility: 'selected', 'selected-repositories': 'web, none' }
    expectRefusal(await simulation.run(wanted), 'DESTINATION_MISSING', { message: /acme\/none/ })
  })

  it.each([
    ['all', { visibility: 'private' }, 'private'],
    ['private', { visibility: 'selected', 'selected-repositories': 'web' }, ['acme/web']],
    [['acme/web'], { visibility: 'all' }, 'all'],
    [['acme/web'], { visibility: 'selected', 'selected-repositories': 'web, api' }, ['acme/api', 'acme/web']],
    [
      ['acme/web', 'acme/etl'],
      { visibility: 'selected', 'selected-repositories': 'web, api' },
      ['acme/api', 'acme/web'],
    ],
  ] as const)('visible to %j becomes visible as %j', async (before, visibility, after) => {
    await deliveredTo({ visibility: 'all' })
    const { github } = simulation.sandbox
    const seers = typeof before === 'string' ? before : [...before]
    github.showTo('secrets', secretAt(place), seers)
    github.showTo('variables', idAt(place), seers)
    const wanted = { ...inputs, ...visibility }
    const plan = await simulation.run({ ...wanted, mode: 'plan' })
    expect(writes(plan)).toEqual([])
    expectSuccess(plan, { drift: 'true' })
    expect(plan.outputs?.plan).toContain('visibility')
    expectSuccess(await simulation.run(wanted), { result: 'rotated', drift: 'true' })
    expect([seenBy(), seenBy('variables')]).toEqual([after, after])
    await nothingToDo(wanted)
  })

  it('stays as it is where only its id is visible to others', async () => {
    await deliveredTo({ visibility: 'all' })
    const { github } = simulation.sandbox
    github.showTo('variables', idAt(place), ['acme/web'])
    const value = github.secretValue(secretAt(place))
    expectSuccess(await simulation.run({ ...inputs, visibility: 'all' }), { result: 'updated', drift: 'true' })
    expect(seenBy('variables')).toBe('all')
    expect(github.secretValue(secretAt(place))).toBe(value)
    github.showTo('variables', idAt(place), ['acme/web'])
    await nothingToDo(inputs)
  })

  it('costs no request for what it does not need', async () => {
    await deliveredTo({ visibility: 'selected', 'selected-repositories': 'web' })
    const kept = await simulation.run(inputs)
    expect(kept.requests.map(({ path }) => path).filter((path) => /repositories|repos\//.test(path))).toEqual([])
  })
})

describe('many destinations', () => {
  it('are read scope by scope, each once', async () => {
    const places = [
      { organization: 'acme', visibility: 'all' },
      { organization: 'ACME', visibility: 'all', 'client-secret-name': 'OTHER' },
      { organization: 'acme', visibility: 'all', store: 'dependabot' },
      { store: 'dependabot' },
      {},
    ]
    simulation.program = programFor([deployerTo(...places)])
    expectSuccess(await simulation.run(), { result: 'created' })
    const again = await simulation.run()
    expectSuccess(again, { result: 'unchanged' })
    expect(count(again, 'GET', /\/secrets\?/)).toBe(4)
    expect(count(again, 'GET', /\/variables\?/)).toBe(2)
    expect(writes(again)).toEqual([])
    simulation.program = programFor([deployerTo({})])
    expectRefusal(await simulation.run(), 'DESTINATION_DROPPED', {
      message:
        /also serves acme\/app, store dependabot: .*; organization acme: .*; organization acme: OTHER; organization acme, store dependabot: /,
    })
  })
})

describe('a server without a store', () => {
  it.each(['codespaces', 'agents'])('is reported for %s, before anything is written', async (store) => {
    simulation.sandbox.settings.githubEdition = 'server'
    const organization = { organization: 'acme', visibility: 'all' }
    for (const inputs of [{ store }, { store, ...organization }])
      expectRefusal(await simulation.run(inputs), 'DESTINATION_MISSING', {
        message: new RegExp(`store ${store}`),
        hint: new RegExp(`Enterprise Server has no store ${store}`),
      })
  })

  it('does not keep destroy from its work', async () => {
    expectSuccess(await simulation.run({ store: 'agents' }))
    simulation.sandbox.settings.githubEdition = 'server'
    expectSuccess(await simulation.run({ store: 'agents', mode: 'destroy' }), { result: 'deleted' })
  })
})

describe('what does not go together is said at once', () => {
  it.each<[Record<string, string>, RegExp]>([
    [{ organization: 'acme', repository: 'acme/web' }, /organization: and repository are two places/],
    [{ organization: 'acme', environment: 'staging' }, /environment: belongs to a repository/],
    [{ store: 'dependabot', environment: 'staging' }, /environment: has secrets of the store actions only/],
    [{ visibility: 'all' }, /visibility: applies to secrets of an organization only/],
    [
      { organization: 'acme', visibility: 'all', 'selected-repositories': 'web' },
      /selected-repositories: applies to visibility/,
    ],
    [
      { organization: 'acme', 'selected-repositories': 'web' },
      /selected-repositories: applies to visibility: selected only/,
    ],
    [
      { organization: 'acme', visibility: 'selected', 'selected-repositories': 'other/web' },
      /selected-repositories: must be repositories of that organization/,
    ],
    [{ organization: 'acme', visibility: 'public' }, /visibility: accepted are all, private, selected/],
    [{ organization: 'acme/web' }, /organization: is not a name of an organization/],
    [{ store: 'packages' }, /store: accepted are actions, dependabot, codespaces, agents/],
    [
      { store: 'dependabot', 'client-id-as': 'variable' },
      /client-id-as: can’t be variable: .*dependabot.* secret, none/,
    ],
    [{ store: 'codespaces', 'client-id-name': 'A', 'client-secret-name': 'A' }, /client-id-name: is also the name/],
  ])('%j', async (inputs, message) => {
    const refused = await simulation.run(inputs)
    expectRefusal(refused, 'INPUT_INVALID', { message })
    expect(refused.requests).toEqual([])
  })

  it('but does not matter if the store has no variables and the id is not delivered', async () => {
    expectSuccess(await simulation.run({ store: 'codespaces', 'client-id-as': 'none' }), { result: 'created' })
    expect(simulation.sandbox.github.secretNames({ repository: 'acme/app', store: 'codespaces' })).toEqual([
      repositoryPlace.name,
    ])
  })
})
