import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { counted, tripOf, trips } from '../support/round-trips.ts'
import { Simulation } from '../support/simulation.ts'

// What a user waits for is requests one after the other: whoever adds one has to say so here.
describe('a run', () => {
  it.each(trips)(
    'that is $what takes $costs.roundTrips round trips and $costs.requests requests',
    async (trip) => {
      const { roundTrips, requests } = await tripOf(trip)
      expect({ roundTrips, requests }).toEqual(trip.costs)
    },
    30_000,
  )

  it('asks for nothing once more because the services are slow', async () => {
    const { roundTrips, milliseconds } = await tripOf(trips.find(({ what }) => what.startsWith('created'))!, 400)
    expect({ roundTrips, milliseconds }).toEqual({ roundTrips: 8, milliseconds: 8 * 400 })
  })

  it('with nothing to do only reads', async () => {
    const simulation = await Simulation.start()
    await simulation.run()
    const before = simulation.sandbox.requests.length
    await counted(simulation, {})
    const methods = simulation.sandbox.requests.slice(before).map(({ method }) => method)
    expect(new Set(methods)).toEqual(new Set(['GET']))
    // Who we are is asked for meanwhile; the run does not wait for the answer.
    expect([3, 4]).toContain(methods.length)
  })

  it('costs what docs/performance.md says', () => {
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/performance.md'), 'utf8')
    const rows = [...page.matchAll(/^\| ([^|]+?) +\| +(\d+) \| +(\d+) \|.* ms \|/gm)]
    const told = rows.map(([, what, roundTrips, requests]) => [what, Number(roundTrips), Number(requests)])
    expect(told).toEqual(trips.map(({ what, costs }) => [what, costs.roundTrips, costs.requests]))
  })
})
