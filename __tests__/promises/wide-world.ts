import fc from 'fast-check'
import type { Settings } from '../../sandbox/settings.ts'
import { strangeClients, strangeValues } from '../../sandbox/strangers.ts'

/** What may surround a client besides its own history: other people's entries in lists, and a tenant that answers slowly. */
export const wide = fc.record({
  strangers: fc.boolean(),
  consentShown: fc.constantFrom('with client' as const, 'with client' as const, 'alone' as const),
  /** Milliseconds for each answer of the tenant. */
  tenantTime: fc.constantFrom(0, 0, 0, 0, 1100, 4000, 9900),
})

export type Wide = typeof wide extends fc.Arbitrary<infer T> ? T : never

export function settingsOf({ strangers, consentShown }: Wide): Partial<Settings> {
  if (!strangers) return { consentShown }
  return { consentShown, strangers: [...strangeClients('deployer'), ...strangeClients('portal')], strangeValues }
}
