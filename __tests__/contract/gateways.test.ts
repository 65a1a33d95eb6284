import { describe, expect, it } from 'vitest'
import type { FaultPlan } from '../../sandbox/faults.ts'
import { count, expectFailure, expectHealed, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { hints, place, settled } from '../support/one-client.ts'
import type { RunResult } from '../support/simulation.ts'

// A gateway or proxy between us and a service answers with pages of its own: nothing is gone by them (P2), and nobody is to blame.

eachTest()
const strike = (plan: Omit<FaultPlan, 'when' | 'fault'>, status: number, body?: string) => {
  const json = { kind: 'status', status, body: body ?? '' } as const
  const fault = body === undefined ? ({ kind: 'html', status } as const) : json
  return simulation.sandbox.faults.add({ times: 99, ...plan, when: 'before', fault })
}
const said = ({ log, summary }: RunResult) => [...log, summary].join('\n')
const deletesSecret = { service: 'tenant', method: 'DELETE', path: /client-secrets/ } as const
const notOurs = [undefined, '{"error":"no route"}', '{"message":"no route"}', '{}', '[]', ''] as const

describe('a page of a gateway', () => {
  it.each(notOurs)('retires no secret: %s', async (body) => {
    const client = await settled()
    const [leaked] = hints(client)
    strike(deletesSecret, 404, body)
    const result = await simulation.run({ rotate: 'now', 'grace-period': '0' })
    expectFailure(result, 'TENANT_UNEXPECTED', { message: /retiring a secret/ })
    expect(said(result)).not.toMatch(/✓ retire/)
    expect(hints(client)).toContain(leaked)
    simulation.sandbox.faults.clear()
    simulation.advance(1)
    await expectHealed(simulation, { 'grace-period': '0' })
    expect(hints(client)).not.toContain(leaked)
  })

  it('deletes nothing', async () => {
    await settled()
    const { faults, tenant, github } = simulation.sandbox
    strike({ method: 'DELETE' }, 404)
    const result = await simulation.run({ mode: 'destroy' })
    expectFailure(result, 'GITHUB_UNEXPECTED')
    expect(said(result)).not.toMatch(/✓ (delete|remove)/)
    faults.clear()
    strike({ service: 'tenant', method: 'DELETE' }, 404)
    const second = await simulation.run({ mode: 'destroy' })
    expectFailure(second, 'TENANT_UNEXPECTED', { message: /deleting the client/ })
    // The values on GitHub are gone, the client is not.
    expect(second.outputs).toMatchObject({ result: 'updated', changed: 'true' })
    expect(tenant.liveClients()).toHaveLength(1)
    faults.clear()
    expectSuccess(await simulation.run({ mode: 'destroy' }), { result: 'deleted' })
    expect(github.secretNames(place)).toEqual([])
  })

  it('does not make the requested client absent', async () => {
    const client = await settled()
    strike({ service: 'tenant', method: 'GET', path: `/api/v1/oauth-clients/${client.clientId}` }, 404)
    expectFailure(await simulation.run({ rotate: 'now' }), 'TENANT_UNEXPECTED')
    simulation.sandbox.faults.clear()
    simulation.advance(11 / 60)
    await expectHealed(simulation)
    expect(simulation.sandbox.tenant.liveClients()).toHaveLength(1)
  })

  it('makes no other request out of a change of a variable', async () => {
    await settled()
    simulation.sandbox.github.setVariable({ ...place, name: 'QLIK_CLIENT_ID' }, 'by hand')
    strike({ service: 'github', method: 'PATCH', path: /variables/ }, 404)
    const result = await simulation.run()
    expectFailure(result, 'GITHUB_UNEXPECTED')
    expect(count(result, 'POST', /variables/)).toBe(0)
  })

  it('is no reason to go by the name of a repository', async () => {
    delete simulation.env.GITHUB_REPOSITORY_ID
    strike({ service: 'github', path: '/repos/acme/app' }, 404)
    expectRefusal(await simulation.run(), 'GITHUB_UNEXPECTED')
  })

  const readings = [
    ['tenant', 'TENANT', /oauth-clients/],
    ['github', 'GITHUB', /secrets/],
  ] as const
  describe.each(readings)('for %s', (service, code, path) => {
    it.each([400, 401, 403, 404, 409, 418, 422, 423, 451])(
      'blames neither token nor role nor spec: %i',
      async (status) => {
        strike({ service, path }, status)
        const result = await simulation.run()
        expectRefusal(result, `${code}_UNEXPECTED`, {
          message: new RegExp(`comes from a gateway or proxy in between \\(${status}, text/html`),
          hint: /proxy or a sign-in page/,
        })
        expect(count(result, 'GET', path)).toBe(1)
      },
    )
  })
})

describe('what is called gone', () => {
  it('is looked at once more: a secret that is still listed is not retired', async () => {
    const client = await settled()
    const [leaked] = hints(client)
    strike(deletesSecret, 404, '{"errors":[{"code":"HTTP-404","title":"Not found"}]}')
    const result = await simulation.run({ rotate: 'now', 'grace-period': '0' })
    expectFailure(result, 'TENANT_UNEXPECTED', { message: /says that it is gone, and the next one shows it/ })
    expect(said(result)).not.toMatch(/✓ retire/)
    expect(hints(client)).toContain(leaked)
  })

  it('is gone: somebody else retired the secret a moment before', async () => {
    const client = await settled()
    const [leaked] = hints(client)
    const { faults, tenant } = simulation.sandbox
    const run = () => void tenant.deleteSecret(client.clientId, leaked!)
    faults.add({ ...deletesSecret, when: 'before', fault: { kind: 'hook', run } })
    expectSuccess(await simulation.run({ rotate: 'now', 'grace-period': '0' }), { result: 'rotated' })
  })

  it('may only be hidden if GitHub itself says so: values that the token can’t see are left behind, with a warning', async () => {
    await settled()
    const { github } = simulation.sandbox
    strike({ service: 'github', path: /secrets|variables/ }, 404, '{"message":"Not Found"}')
    const result = await simulation.run({ mode: 'destroy' })
    expect(said(result)).toMatch(/QLIK_CLIENT_SECRET and QLIK_CLIENT_ID are left behind in acme\/app/)
    expect(said(result)).not.toMatch(/✓ remove/)
    expect(github.secretNames(place)).toEqual(['QLIK_CLIENT_SECRET'])
  })

  it.each([
    ['a gateway', undefined],
    ['the tenant, which lists it still', '{"errors":[{"code":"HTTP-404","title":"Not found"}]}'],
  ])('ends no membership of a space where %s says so', async (_who, body) => {
    const { spaces, users } = simulation.sandbox.tenant
    const space = spaces.add('Finance')
    expectSuccess(await simulation.run({ spaces: 'Finance: consumer' }), { result: 'created' })
    const bot = [...users.values()].find(({ clientId }) => clientId !== undefined)!
    strike({ service: 'tenant', method: 'DELETE', path: /assignments/ }, 404, body)
    const result = await simulation.run({ spaces: '[]' })
    expectFailure(result, 'TENANT_UNEXPECTED', { message: /removing the client’s user/ })
    expect(said(result)).not.toMatch(/✓ revoke/)
    expect(spaces.of(space.id, bot.id)?.roles).toEqual(['consumer'])
    simulation.sandbox.faults.clear()
    await expectHealed(simulation, { spaces: '[]' })
    expect(spaces.of(space.id, bot.id)).toBeUndefined()
  })
})
