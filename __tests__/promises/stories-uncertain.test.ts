import { describe, expect, test } from 'vitest'
import { theClient } from '../support/promises.ts'
import {
  createClient,
  describeClient,
  expectHealing,
  issueSecret,
  minutes,
  rotated,
  until,
} from '../support/stories.ts'
import type { Trouble, TroubleAt } from '../support/troubles.ts'
import { keyPlace, prepared, type Scenario, scenarios } from './scenarios.ts'

// A write whose answer was lost may have taken effect, until a good answer to a later reading says otherwise: whatever fails after it.

const readClient = /^GET .*\/oauth-clients\/[^/]+$/
const listClients = /^GET .*\/oauth-clients$/

const lostBy: Trouble[] = ['answer lost', '500 after', 'page after']
const thenFails: Trouble[] = ['page instead', 'service down']
const both = lostBy.flatMap((lost) => thenFails.map((fails) => [lost, fails] as const))

const adopted: Scenario = {
  before: async ({ sandbox }) => {
    sandbox.tenant.addClient({ clientName: 'deployer', allowedScopes: ['user_default'], secrets: 0 })
  },
}

describe.each(both)(
  'P2: nothing is left lying around where an issue ends in %s, and the look after it in %s',
  (lost, fails) => {
    const look = (request: RegExp, nth?: number): TroubleAt => ({ at: request, kind: fails, ...(nth && { nth }) })

    test.each([
      ['of a client that is adopted', adopted, {}],
      ['of a rotation', rotated, { rotate: 'now' }],
    ] as const)('%s', async (_what, scenario, inputs) => {
      const { simulation, watch } = await prepared(scenario)
      const result = await simulation.run(inputs, { at: issueSecret, kind: lost }, look(readClient))
      expect(result.error?.code).toMatch(/^TENANT_/)
      await expectHealing(simulation, watch)
    })

    test('of a client that is created', async () => {
      const { simulation, watch } = await prepared({})
      const result = await simulation.run({}, { at: createClient, kind: lost }, look(listClients, 2))
      expect(result.error?.code).toMatch(/^TENANT_/)
      await expectHealing(simulation, watch)
    })

    test('of a key', async () => {
      const byKey = { 'auth-method': 'private_key_jwt' }
      const { simulation, watch } = await prepared(scenarios['rotating a key'])
      const addKey: TroubleAt = { at: describeClient, nth: 2, kind: lost }
      await simulation.run({ ...byKey, rotate: 'now' }, addKey, look(readClient, 3), look(readClient, 4))
      await expectHealing(simulation, watch, { places: [keyPlace], inputs: byKey })
    })

    test('of a secret that allowing the method makes', async () => {
      const bySecret = { 'auth-method': 'client_secret', 'client-secret-name': 'QLIK_PRIVATE_KEY' }
      const { simulation, watch } = await prepared(scenarios['changing from a key to a secret'])
      const allow: TroubleAt = { at: describeClient, nth: 2, kind: lost }
      const result = await simulation.run(bySecret, allow, look(readClient))
      expect(result.error?.code).toMatch(/^TENANT_/)
      await expectHealing(simulation, watch, { places: [keyPlace], inputs: bySecret })
    })
  },
)

describe('P2: no request makes a secret that no ledger announces', () => {
  const undelivered = { deliver: 'false', 'auth-method': 'client_secret' }
  const keysOnly: Scenario = {
    before: async (simulation) => {
      await simulation.run({ 'auth-method': 'private_key_jwt' })
      simulation.advance(25)
    },
  }

  test.each(['killed after', 'answer lost', '500 after', 'page after', 'SIGTERM', '429'] as const)(
    'a client that nothing is delivered of is allowed secrets × %s',
    async (kind) => {
      for (let at = 0, struck = true; struck; at++) {
        const { simulation, watch } = await prepared(keysOnly)
        const { requests } = await simulation.run(undelivered, { at, kind })
        struck = requests[at] !== undefined
        for (const hours of [11 * minutes, 11 * minutes]) {
          simulation.advance(hours)
          const { error, log } = await simulation.run(undelivered)
          expect(error?.message, log.join('\n')).toBeUndefined()
        }
        const { secrets, allowedAuthMethods } = theClient(simulation)
        expect(allowedAuthMethods).toContain('client_secret')
        expect(secrets, `after ${kind} at ${at}: ${requests[at]?.method} ${requests[at]?.path}`).toEqual([])
        expect(watch.broken).toEqual([])
        const last = await simulation.run(undelivered)
        expect(last.outputs?.result).toBe('unchanged')
      }
    },
  )
})

describe('P4: clean-up removes only what is ours', () => {
  test.each([
    ['somebody else', 'another person'],
    ['somebody of whom the tenant does not tell', ''],
  ])('issuing may have taken effect and has not, and meanwhile %s adds a secret', async (_what, createdBy) => {
    const { simulation, watch } = await prepared(rotated)
    const { clientId } = theClient(simulation)
    const running = simulation.begin({ rotate: 'now' }, { at: issueSecret, kind: 'page instead' })
    await until(running, issueSecret)
    await running.step()
    const { hint } = watch.addForeign(clientId, createdBy)
    while (await running.step()) {}
    expect(running.result.error?.message).toBeUndefined()
    expect(watch.broken).toEqual([])
    expect(running.result.log.join('\n').includes(`Not retired, because`)).toBe(createdBy === '')
    expect(theClient(simulation).secrets.map((secret) => secret.hint)).toContain(hint)
  })
})
