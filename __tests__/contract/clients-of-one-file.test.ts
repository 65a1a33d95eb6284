import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { publicHalf } from '../../src/io/qlik/signing-key.ts'
import { expectFailure, expectSuccess, writes } from '../support/contract.ts'
import { Simulation } from '../support/simulation.ts'
import { workspaceOf } from '../support/workspace.ts'

// What clients of one spec file can do to each other.

function specOf(...clients: string[]): string {
  return `version: 1\nclients:\n${clients.map((client) => client.replace(/^/gm, '    ').replace(/^ {4}/, '  - ')).join('\n')}\n`
}

function clientNamed(name: string, more = ''): string {
  const own = name.toUpperCase()
  return `name: ${name}\nscopes: [user_default]\n${more}deliver: [{ client-id-name: ${own}_ID, client-secret-name: ${own}_SECRET }]`
}

/** The client whose id stands in the place, where the secret beside it is its own and works. */
function servedBy({ sandbox: { github, tenant } }: Simulation, name = 'QLIK_CLIENT'): string | undefined {
  const id = github.variableValue({ repository: 'acme/app', name: `${name}_ID` }) ?? ''
  const secret = github.secretValue({ repository: 'acme/app', name: `${name}_SECRET` }) ?? ''
  return tenant.canAuthenticate(id, secret)
    ? tenant.liveClients().find(({ clientId }) => clientId === id)?.clientName
    : undefined
}

/** Does anybody accept what the place holds? */
function isAlive({ sandbox: { github, tenant } }: Simulation): boolean {
  const secret = github.secretValue({ repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }) ?? ''
  return tenant.liveClients().some(({ clientId }) => tenant.canAuthenticate(clientId, secret))
}

describe('a client that another of the file follows in its place', () => {
  const before = specOf('name: old\nscopes: [apps]\ndeliver: [{}]')
  const after = specOf('name: old\nstate: absent', 'name: fresh\nscopes: [apps]\ndeliver: [{}]')
  async function start(): Promise<Simulation> {
    const simulation = await Simulation.start()
    workspaceOf(simulation, { 'clients.yaml': before })
    expectSuccess(await simulation.run())
    simulation.advance(1)
    workspaceOf(simulation, { 'clients.yaml': after })
    return simulation
  }

  it.each(['killed before', 'killed after', 'GitHub 403', 'SIGTERM', '500 after', '429'] as const)(
    'is not deleted before that: %s at any request',
    async (kind) => {
      for (let at = 0; ; at++) {
        const simulation = await start()
        const deadAfter: string[] = []
        simulation.afterRequest = () => void (isAlive(simulation) || deadAfter.push(`request ${at}`))
        const result = await simulation.run({}, { at, kind })
        if (result.requests.length <= at) break
        simulation.advance(1)
        expectSuccess(await simulation.run())
        expect(deadAfter).toEqual([])
        expect(servedBy(simulation)).toBe('fresh')
        expect(simulation.sandbox.tenant.findByName('old')).toEqual([])
      }
    },
  )

  it('stays while the stamp can’t tell which of the two wrote last (P1)', async () => {
    const simulation = await start()
    const { github, tenant } = simulation.sandbox
    const place = { repository: 'acme/app', name: 'QLIK_CLIENT_SECRET' }
    const value = github.secretValue(place)!
    expectSuccess(await simulation.run({ only: 'fresh' }))
    // Both wrote within one second, and the old client wrote last.
    github.overwriteSecret(place, value)
    const stamp = Date.parse(github.secretUpdatedAt(place)!) / 1000
    for (const client of tenant.liveClients())
      client.description = (client.description ?? '').replace(/"stamp":\d+/, `"stamp":${stamp}`)
    simulation.advance(1)
    expectFailure(await simulation.run({ only: 'old' }), 'DELIVERY_FAILED')
    expect(isAlive(simulation)).toBe(true)
    expectSuccess(await simulation.run())
    expect(servedBy(simulation)).toBe('fresh')
    expect(tenant.findByName('old')).toEqual([])
  })

  it('stays where the other one can’t be delivered, or is not dealt with, and says why', async () => {
    const simulation = await start()
    const told = { message: /QLIK_CLIENT_SECRET may still hold a secret of old .* has not been delivered yet/ }
    expectFailure(await simulation.run({}, { at: 0, kind: 'GitHub 403' }), 'DELIVERY_FAILED', told)
    expectFailure(await simulation.run({ only: 'old' }), 'DELIVERY_FAILED', told)
    expectFailure(await simulation.run({ only: 'old', mode: 'destroy' }), 'DELIVERY_FAILED', told)
    expect(servedBy(simulation)).toBe('old')
    expectSuccess(await simulation.run({ mode: 'plan' }), { result: 'planned', drift: 'true' })
    expectSuccess(await simulation.run({ only: 'fresh' }), { result: 'rotated' })
    expectSuccess(await simulation.run({ only: 'old' }), { result: 'deleted' })
    expect(servedBy(simulation)).toBe('fresh')
  })
})

describe('a client whose successor’s repository GitHub does not tell about', () => {
  it.each([403, 500])('stays, with its values, because the two may share them: %d', async (status) => {
    const simulation = await Simulation.start()
    const { github, tenant, faults } = simulation.sandbox
    github.createRepository('acme/other')
    const place = { repository: 'acme/other', name: 'QLIK_CLIENT_SECRET' }
    const allowed = { 'allow-destinations': 'acme/other' }
    const deliver = 'deliver: [{ repository: acme/other }]'
    workspaceOf(simulation, { 'clients.yaml': specOf(`name: old\nscopes: [apps]\n${deliver}`) })
    expectSuccess(await simulation.run(allowed))
    simulation.advance(1)
    const after = specOf('name: old\nstate: absent', `name: fresh\nscopes: [apps]\n${deliver}`)
    workspaceOf(simulation, { 'clients.yaml': after })
    const fault = { kind: 'status' as const, status, body: '{"message":"no"}' }
    faults.add({ service: 'github', method: 'GET', path: /\/repos\/acme\/other$/, when: 'before', times: 99, fault })
    const inputs: Record<string, string>[] = [{}, { only: 'old' }, { only: 'old', mode: 'destroy' }]
    for (const more of inputs) {
      const stopped = await simulation.run({ ...allowed, ...more })
      expect(stopped.error).toBeDefined()
      expect(writes(stopped)).toEqual([])
      const [old] = tenant.findByName('old')
      expect(tenant.canAuthenticate(old!.clientId, github.secretValue(place) ?? '')).toBe(true)
    }
    faults.clear()
    expectSuccess(await simulation.run(allowed), { result: 'deleted' })
    const [fresh] = tenant.findByName('fresh')
    expect(tenant.canAuthenticate(fresh!.clientId, github.secretValue(place) ?? '')).toBe(true)
  })
})

describe('a client that turns out to sign in with a key', () => {
  it('does not take the place that another has by the usual name of a key', async () => {
    const simulation = await Simulation.start()
    const { github, tenant } = simulation.sandbox
    const keyed = (id: string) => `deliver: [{ client-id-name: ${id}_ID }]`
    const first = `name: found\nscopes: [apps]\nauth-method: private_key_jwt\ndeliver: [{ client-id-name: OLD_ID, client-secret-name: OLD }]`
    workspaceOf(simulation, { 'clients.yaml': specOf(first) })
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const other = `name: named\nscopes: [apps]\nauth-method: private_key_jwt\n${keyed('NAMED')}`
    const found = `name: found\nscopes: [apps]\n${keyed('FOUND')}`
    workspaceOf(simulation, { 'clients.yaml': specOf(found, other) })
    expectSuccess(await simulation.run({ 'drop-destinations': 'true' }))
    expect(github.secretNames({ repository: 'acme/app' }).sort()).toEqual([
      'OLD',
      'QLIK_CLIENT_SECRET',
      'QLIK_PRIVATE_KEY',
    ])
    for (const [name, secret] of [
      ['found', 'QLIK_CLIENT_SECRET'],
      ['named', 'QLIK_PRIVATE_KEY'],
    ]) {
      const key = publicHalf(createPrivateKey(github.secretValue({ repository: 'acme/app', name: secret! }) ?? ''))
      expect(tenant.findByName(name!)[0]?.publicKeys?.map(({ x }) => x)).toContain(key.x)
    }
  })

  it('keeps one that had its key by that name from going before it is delivered there', async () => {
    const simulation = await Simulation.start()
    const { github, tenant } = simulation.sandbox
    const found = (secretName: string) => `name: found\nscopes: [apps]\n${secretName}`
    const elsewhere = 'auth-method: private_key_jwt\ndeliver: [{ client-id-name: OLD_ID, client-secret-name: OLD }]'
    const gone = 'name: gone\nscopes: [apps]\nauth-method: private_key_jwt\ndeliver: [{ client-id-as: none }]'
    workspaceOf(simulation, { 'clients.yaml': specOf(found(elsewhere), gone) })
    expectSuccess(await simulation.run())
    simulation.advance(1)
    const next = specOf('name: gone\nstate: absent', found('deliver: [{ client-id-as: none }]'))
    workspaceOf(simulation, { 'clients.yaml': next })
    const drop = { 'drop-destinations': 'true' }
    expectFailure(await simulation.run(drop, { at: 0, kind: 'GitHub 403' }), 'DELIVERY_FAILED')
    expect(tenant.findByName('gone')).toHaveLength(1)
    expectSuccess(await simulation.run(drop), { result: 'deleted' })
    const key = publicHalf(
      createPrivateKey(github.secretValue({ repository: 'acme/app', name: 'QLIK_PRIVATE_KEY' }) ?? ''),
    )
    expect(tenant.findByName('found')[0]?.publicKeys?.map(({ x }) => x)).toContain(key.x)
    expect(tenant.findByName('gone')).toEqual([])
  })
})

describe('a client whose last run died between delivering and noting it', () => {
  it.each(['created', 'rotated'])('is not deleted before another follows in its place: just %s', async (last) => {
    const simulation = await Simulation.start()
    workspaceOf(simulation, { 'clients.yaml': specOf('name: old\nscopes: [apps]\ndeliver: [{}]') })
    if (last === 'rotated') expectSuccess(await simulation.run())
    simulation.advance(1)
    await simulation.run({ rotate: 'now' }, { at: /^PUT/, kind: 'killed after' })
    simulation.advance(1)
    const after = specOf('name: old\nstate: absent', 'name: fresh\nscopes: [apps]\ndeliver: [{}]')
    workspaceOf(simulation, { 'clients.yaml': after })
    expectFailure(await simulation.run({}, { at: 0, kind: 'GitHub 403' }), 'DELIVERY_FAILED')
    expect(isAlive(simulation)).toBe(true)
    expectSuccess(await simulation.run(), { result: 'deleted' })
    expect(servedBy(simulation)).toBe('fresh')
  })
})

describe('values that the ledger alone names', () => {
  it('are spared where a successor has them by another case of the name', async () => {
    const simulation = await Simulation.start()
    const client = (name: string, environment: string) =>
      `name: ${name}\nscopes: [apps]\ndeliver: [{ environment: ${environment}, client-id-as: none }]`
    workspaceOf(simulation, { 'clients.yaml': specOf(client('old', 'staging')) })
    expectSuccess(await simulation.run())
    simulation.advance(1)
    workspaceOf(simulation, { 'clients.yaml': specOf('name: old\nstate: absent', client('fresh', 'Staging')) })
    expectSuccess(await simulation.run(), { result: 'deleted' })
    const { tenant, github } = simulation.sandbox
    const value = github.secretValue({ repository: 'acme/app', environment: 'staging', name: 'QLIK_CLIENT_SECRET' })
    expect(tenant.canAuthenticate(tenant.findByName('fresh')[0]!.clientId, value ?? '')).toBe(true)
  })

  it.each(['', ',"id":"variable:QLIK_CLIENT_ID"'])('are not deleted where they are not ours: %s', async (id) => {
    const simulation = await Simulation.start()
    const { tenant, github } = simulation.sandbox
    expectSuccess(await simulation.run())
    const [client] = tenant.findByName('deployer')
    const theirs = { repository: 'acme/app', name: 'DATABASE_PASSWORD' }
    github.overwriteSecret(theirs, 'theirs')
    const forged = client!.description!.replace(
      '"destinations":{',
      `"destinations":{"123456789///DATABASE_PASSWORD":{"hint":"zzzzz","stamp":-1${id}},`,
    )
    tenant.setDescription(client!.clientId, forged)
    expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    expect(github.secretValue(theirs)).toBe('theirs')
    expect(github.secretNames({ repository: 'acme/app' })).toEqual(['DATABASE_PASSWORD'])
  })
})

describe('the client that the action signs in with', () => {
  const self = (grace: string) =>
    clientNamed('Automation', `rotation: { grace: ${grace} }\n`).replace('user_default', 'admin_classic, user_default')

  it.each(['0', '24h'])('cuts off no other where it rotates itself with a grace of %s', async (grace) => {
    const simulation = await Simulation.start({ tokensDieWithSecret: true })
    const { sandbox, inputs } = simulation
    const admin = sandbox.tenant.createAdminClient('Automation')
    delete inputs['api-key']
    const names = ['a', 'b', 'c']
    workspaceOf(simulation, { 'clients.yaml': specOf(self(grace), ...names.map((name) => clientNamed(name))) })
    const signIn = { 'admin-client-id': admin.clientId, 'admin-client-secret': admin.secret }
    expectSuccess(await simulation.run(signIn))
    for (let day = 1; day <= 3; day++) {
      simulation.advance(25)
      const secret = sandbox.github.secretValue({ repository: 'acme/app', name: 'AUTOMATION_SECRET' })!
      const result = await simulation.run({ ...signIn, 'admin-client-secret': secret, rotate: 'now' })
      expectSuccess(result, { result: 'rotated' })
      const told = JSON.parse(result.outputs!.clients!).map((it: Record<string, string>) => it['client-name'])
      expect(told).toEqual(['Automation', ...names])
      for (const name of names) expect(servedBy(simulation, name.toUpperCase())).toBe(name)
    }
  })
})

describe('a client that is pinned under a new name', () => {
  const cases = [false, true].flatMap((isAdopted) => [false, true].map((isFirst) => ({ isAdopted, isFirst })))

  it.each(cases)('is not taken for the one that has its old name: %o', async ({ isAdopted, isFirst }) => {
    const simulation = await Simulation.start()
    const { tenant } = simulation.sandbox
    if (isAdopted) tenant.addClient({ clientName: 'a' })
    else {
      const inputs = { 'client-id-name': 'B_ID', 'client-secret-name': 'B_SECRET' }
      expectSuccess(await simulation.run({ name: 'a', ...inputs }))
    }
    const clientId = tenant.findByName('a')[0]!.clientId
    const list = [clientNamed('b', `client-id: ${clientId}\n`), clientNamed('a')]
    workspaceOf(simulation, { 'clients.yaml': specOf(...(isFirst ? list : list.toReversed())) })
    expectSuccess(await simulation.run(), { result: 'created' })
    expect([servedBy(simulation, 'A'), servedBy(simulation, 'B')]).toEqual(['a', 'b'])
    expect(tenant.findByName('b').map((it) => it.clientId)).toEqual([clientId])
    const again = await simulation.run()
    expectSuccess(again, { result: 'unchanged' })
    expect(writes(again)).toEqual([])
    expectSuccess(await simulation.run({ only: 'a' }), { result: 'unchanged' })
  })
})
