import { beforeAll, describe, expect, it } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { programFor } from '../promises/many-clients.ts'
import { type RunResult, Simulation } from '../support/simulation.ts'

// A platform team's file: as many clients as a tenant allows, each for an environment of its own.

const size = 200
const limits: Partial<Settings> = {
  tier1PerMinute: 1000,
  tier2PerMinute: 100,
  secondaryPointsPerMinute: 900,
  writesPerMinute: 80,
  writesPerHour: 500,
}

async function fleet(settings: Partial<Settings>, clients = size): Promise<Simulation> {
  const simulation = await Simulation.start(settings)
  const names = Array.from({ length: clients }, (_, index) => `client-${index}`)
  for (const name of names) simulation.sandbox.github.createEnvironment('acme/app', name)
  simulation.program = programFor(
    names.map((name) => ({ name, scopes: ['user_default'], deliver: [{ environment: name }] })),
  )
  return simulation
}

/** Writes to the tenant in a minute, over the time from the first to the last of them. */
function rate({ sandbox }: Simulation): number {
  const writes = sandbox.requests.filter(({ service, method }) => service === 'tenant' && method !== 'GET')
  return writes.length / ((writes.at(-1)!.at - writes[0]!.at) / 60_000)
}

const isWrite = ({ method }: RunResult['requests'][number]) => method !== 'GET'

function refusals({ sandbox }: Simulation): number {
  return sandbox.requests.filter(({ status }) => status === 429 || status === 403).length
}

function usable({ sandbox: { github, tenant } }: Simulation): number {
  const names = Array.from({ length: size }, (_, index) => `client-${index}`)
  return names.filter((name) => {
    const place = { repository: 'acme/app', environment: name, name: 'QLIK_CLIENT_SECRET' }
    const id = github.variableValue({ ...place, name: 'QLIK_CLIENT_ID' })
    return tenant.canAuthenticate(id ?? '', github.secretValue(place) ?? '')
  }).length
}

describe('two hundred clients for two hundred environments', () => {
  let simulation: Simulation
  let created: RunResult
  beforeAll(async () => {
    simulation = await fleet(limits)
    created = await simulation.run()
  }, 60_000)

  it('have a job summary that GitHub takes, and that begins with what somebody has to do', () => {
    expect(Buffer.byteLength(created.summary)).toBeLessThan(400_000)
    expect(created.summary).toMatch(
      /\n\*\*200 clients\*\*: 200 created\n\n.*add these users to each space that .*\n\n<details><summary>The 200 users<\/summary>/,
    )
    expect(created.summary.match(/^\| ✅ created \| client-\d+ \|/gm)).toHaveLength(size)
  })

  it('are created within the limits, at nine tenths of the one that binds or more', () => {
    expect(created.error).toBeUndefined()
    expect(usable(simulation)).toBe(size)
    expect(refusals(simulation)).toBe(0)
    expect(rate(simulation)).toBeGreaterThan(90)
  })

  it('say now and then how far they are, and what they wait for', () => {
    const lines = created.log.filter((line) => /^… \d+ of 200 clients done/.test(line))
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.length).toBeLessThan(80)
    expect(lines.join('\n')).toMatch(
      /^… \d+ of 200 clients done, 8 under way, \d+ to go; waiting \d+ s to stay within the limit of the tenant \(97 writes a minute\)$/m,
    )
  })

  it('need two requests to the tenant and one a page of each scope when there is nothing to do', async () => {
    const again = await simulation.run()
    expect(again.requests.filter(isWrite)).toEqual([])
    expect(again.requests.filter(({ service }) => service === 'tenant')).toHaveLength(2)
    expect(again.requests.filter(({ service }) => service === 'github')).toHaveLength(2 * size)
    expect(again.outputs).toMatchObject({ result: 'unchanged', changed: 'false' })
  })

  it('all rotate, and still work', async () => {
    simulation.advance(2)
    const rotated = await simulation.run({ rotate: 'now' })
    expect(rotated.error).toBeUndefined()
    expect(rotated.outputs).toMatchObject({ result: 'rotated' })
    expect(usable(simulation)).toBe(size)
    expect(refusals(simulation)).toBe(0)
  }, 60_000)

  it('of which one was changed by hand: that one alone is mended', async () => {
    const [client] = simulation.sandbox.tenant.findByName('client-77')
    simulation.sandbox.tenant.setScopes(client!.clientId, ['admin_classic'])
    const mended = await simulation.run()
    expect(mended.requests.filter(isWrite).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PATCH /api/v1/oauth-clients/${client!.clientId}`,
    ])
    expect(JSON.parse(mended.outputs!.clients!).filter(({ changed }: { changed: boolean }) => changed)).toHaveLength(1)
  })
})

describe('a tenant that allows less than is documented', () => {
  it('is learnt from: it refuses at the start alone, and is used to nine tenths', async () => {
    const simulation = await fleet({ ...limits, tenantWritesPerMinute: 50 }, 60)
    const created = await simulation.run()
    expect(created.error).toBeUndefined()
    expect(refusals(simulation)).toBeLessThanOrEqual(8)
    expect(rate(simulation)).toBeGreaterThan(45)
  }, 60_000)
})
