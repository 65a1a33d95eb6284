import { describe, expect, test } from 'vitest'
import { expectOnlyCurrent, expectUsable, type Place, repositoryPlace } from '../support/promises.ts'
import type { Running } from '../support/simulation.ts'
import { expectHealing, putSecret, rotated, until } from '../support/stories.ts'
import { live } from './history.ts'
import { keyPlace, prepared, type Scenario, scenarios, threePlaces } from './scenarios.ts'

// A laptop is closed, a virtual machine paused: the run's own clock stops, that of the services goes on, and so do other runs.

const cases: [string, Scenario, Place[], Record<string, string>][] = [
  ['a secret', rotated, [repositoryPlace], {}],
  ['a secret of a new client', {}, [repositoryPlace], {}],
  ['a secret in three places', scenarios['rotating in three places'], threePlaces, {}],
  ['a key', scenarios['rotating a key'], [keyPlace], { 'auth-method': 'private_key_jwt' }],
]

/**
 * Nothing is read between that answer and the first write to a place: GitHub takes no write under a condition, so no run can know that
 * its secret is dead by then. It sees it right after, and delivers a live one.
 */
function arrivesLate({ result }: Running, at: number): boolean {
  const { requests } = result
  const first = requests.findIndex(({ method, service }) => method === 'PUT' && service === 'github')
  return requests.slice(at + 1, first).every(({ path }) => path === '/oauth/revoke')
}

describe('P1: nobody is locked out where the host sleeps for eleven minutes after any request', () => {
  test.each(cases)('while another run looks after %s', async (_what, scenario, places, inputs) => {
    for (let at = 0, struck = true; struck; at++) {
      const { simulation, watch } = await prepared(scenario)
      const sleeper = simulation.begin({ ...inputs, rotate: 'now' }, { at, kind: 'asleep' })
      while (!sleeper.asleep && (await sleeper.step())) {}
      struck = sleeper.asleep
      if (!struck) break
      simulation.advance(11 / 60)
      const other = await simulation.run(inputs)
      const story = () => `asleep at ${at}\n${[...sleeper.result.log, '--- other', ...other.log].join('\n')}`
      expect(other.error?.message, story()).toBeUndefined()
      while (await sleeper.step()) {}
      if (arrivesLate(sleeper, at)) watch.forgive()
      expect(watch.broken, story()).toEqual([])
      for (const hours of [11 / 60, 25, 11 / 60, 25]) {
        simulation.advance(hours)
        const { error } = await simulation.run(inputs)
        expect(error?.message, story()).toBeUndefined()
        expect(watch.broken, story()).toEqual([])
        expectUsable(simulation, places)
      }
    }
  })

  test('alone: the secret is delivered under a new announcement', async () => {
    for (let at = 0, struck = true; struck; at++) {
      const { simulation, watch } = await prepared(rotated)
      const { error, requests, log } = await simulation.run({ rotate: 'now' }, { at, kind: 'asleep' })
      struck = requests[at] !== undefined
      expect(error?.message, log.join('\n')).toBeUndefined()
      await expectHealing(simulation, watch)
    }
  })

  test('between the last look and the delivery, so that a dead secret arrives: the same run delivers a live one at once', async () => {
    const { simulation } = await prepared(rotated)
    const sleeper = simulation.begin({ rotate: 'now' })
    await until(sleeper, putSecret)
    simulation.advance(11 / 60)
    await simulation.run()
    while (await sleeper.step()) {}
    expect(sleeper.result.error?.message).toBeUndefined()
    expectUsable(simulation, [repositoryPlace])
    simulation.advance(25)
    await simulation.run()
    expectOnlyCurrent(simulation, [repositoryPlace])
  })

  test('the secret that a sleeper delivered late is in no grace that another run began for it', async () => {
    const history = [
      { runs: ['apply', 'apply'], asleepAt: 9 },
      { pause: 'day' },
      { runs: ['apply', 'apply'], seed: 0, death: undefined },
    ] as Parameters<typeof live>[0]
    await live(history, {}, { clients: 1, method: 'secret' })
  })

  test('a sleeper that was creating a client with a key retires no secret that another run issued', async () => {
    const history = [{ runs: ['by key', 'by secret'], asleepAt: 4 }] as Parameters<typeof live>[0]
    await live(history, {}, { clients: 1, method: 'secret' })
  })
})
