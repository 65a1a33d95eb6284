import { describe, expect, it } from 'vitest'
import { requireLedgerRoom, roomBeside } from '../../src/ledger/description.ts'
import { roomComplaint } from '../../src/ledger/ledger-size.ts'
import { clientSchema } from '../../src/spec/client-spec.ts'
import { Simulation } from '../support/simulation.ts'
import { destination, ledgerOf, now } from '../support/values.ts'

const day = 86_400
const keyHint = (index: number) => `${index}`.padStart(43, 'k')
const weekly = { after: 7 * day, grace: 90 * day }

describe('the room for a ledger of keys', () => {
  const ledger = ledgerOf({ current: { hint: keyHint(0), since: now } })

  it('has a place for each key that lives at a time', () => {
    const room = roomBeside(ledger, [destination])
    expect(room - roomBeside(ledger, [destination], { grace: day })).toBe(0)
    // Thirteen weeks, and the one that is just being replaced.
    expect(room - roomBeside(ledger, [destination], weekly)).toBeGreaterThan(12 * 57)
  })

  it('is the same from the first key to the last of those that live at a time', () => {
    const retiring = Object.fromEntries(Array.from({ length: 13 }, (_, index) => [keyHint(index + 1), now]))
    const full = { ...ledger, retiring }
    expect(roomBeside(full, [destination], weekly)).toBe(roomBeside(ledger, [destination], weekly))
  })

  it('is refused before anything is written if rotate: now made more keys than fit', () => {
    const retiring = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [keyHint(index + 1), now]))
    expect(() => requireLedgerRoom('', { ...ledger, retiring }, [destination], weekly)).toThrow(/leave no room/)
  })

  it('is checked by validate, also for a client without a description', () => {
    const client = (rotation: Record<string, string>, description?: string) =>
      clientSchema.parse({ name: 'deployer', description, 'auth-method': 'private_key_jwt', rotation, deliver: [{}] })
    expect(roomComplaint(client({ after: '7d', grace: '90d' }, 'd'.repeat(2990)), 'acme/app')).toMatch(
      /may have 2\d\d\d/,
    )
    expect(roomComplaint(client({ after: '7d', grace: '90d' }, 'd'.repeat(2000)), 'acme/app')).toBeUndefined()
    expect(roomComplaint(client({ grace: '24h' }, 'd'.repeat(2990)), 'acme/app')).toBeUndefined()
    expect(roomComplaint(client({ after: '1h', grace: '90d' }), 'acme/app')).toMatch(/rotate keys less often/)
  })
})

it('P3: a description that was granted once has room for good: weekly keys with a grace of ninety days', async () => {
  const simulation = await Simulation.start()
  const inputs = {
    'auth-method': 'private_key_jwt',
    'rotate-after': '7d',
    'grace-period': '90d',
    verify: 'false',
  }
  const validated = await simulation.run({ ...inputs, mode: 'validate', description: 'd'.repeat(2990) })
  expect(validated.error?.code).toBe('INPUT_INVALID')
  const most = Number(/may have (\d+)/.exec(validated.error!.message + validated.error!.hint)![1])
  const given = { ...inputs, description: 'd'.repeat(most) }
  expect((await simulation.run({ ...given, mode: 'validate' })).error).toBeUndefined()
  for (let week = 0; week < 30; week++) {
    const { error, outputs } = await simulation.run(given)
    expect([week, error?.message]).toEqual([week, undefined])
    expect(outputs?.result).toBe(week === 0 ? 'created' : 'rotated')
    simulation.advance(7 * 24)
  }
})
