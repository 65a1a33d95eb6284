import { beforeEach, describe, expect, it } from 'vitest'
import { Simulation } from '../support/simulation.ts'

let simulation: Simulation
beforeEach(async () => {
  simulation = await Simulation.start()
})

/** How often a run waits for answers, and for how many: what it asks together is one round trip. */
async function measured(inputs: Record<string, string> = {}): Promise<{ roundTrips: number; requests: number }> {
  const running = simulation.begin(inputs)
  const count = { roundTrips: 0, requests: 0 }
  for (let together = await running.waiting(); ; together = await running.waiting()) {
    if (running.over) return count
    if (together.length > 0) count.roundTrips++
    count.requests += together.length
    for (let left = Math.max(together.length, 1); left > 0; left--) await running.step()
  }
}

describe('a run', () => {
  it('with nothing to do asks three questions at once', async () => {
    await simulation.run()
    expect(await measured()).toEqual({ roundTrips: 1, requests: 3 })
  })

  it('with nothing to do and an admin client signs in before, and out after', async () => {
    await simulation.run()
    const admin = simulation.sandbox.tenant.createAdminClient()
    const signIn = { 'api-key': '', 'admin-client-id': admin.clientId, 'admin-client-secret': admin.secret }
    expect(await measured(signIn)).toEqual({ roundTrips: 3, requests: 5 })
  })

  it('that creates, proves and delivers needs eight round trips', async () => {
    expect(await measured()).toEqual({ roundTrips: 8, requests: 16 })
  })

  it('that rotates needs nine', async () => {
    await simulation.run()
    simulation.advance(1)
    expect(await measured({ rotate: 'now' })).toEqual({ roundTrips: 9, requests: 15 })
  })
})
