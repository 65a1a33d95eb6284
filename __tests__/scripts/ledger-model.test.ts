import { describe, expect, it } from 'vitest'
import { search } from '../../scripts/ledger-model/search.ts'

const rotating = { rotate: true }

describe('the protocol, as a search of all its states', () => {
  it.each([
    ['one run that rotates', [rotating], {}],
    ['two runs, of which one rotates', [rotating, {}], {}],
    ['the same, and GitHub shows no stamp in time', [rotating, {}], { variants: ['lag' as const] }],
  ])('P1 and P2: %s', (_what, policies, options) => {
    const found = search(policies, options)
    expect(found).toMatchObject({ lockedOut: [], left: [], isCut: false })
    expect(found.states).toBeGreaterThan(60)
  })

  it.each(['noGap' as const, 'noOrder' as const])(
    'needs each of its rules: without one (%s) somebody is locked out',
    (variant) => {
      expect(search([rotating, rotating], { variants: [variant] }).lockedOut).not.toEqual([])
    },
  )
})
