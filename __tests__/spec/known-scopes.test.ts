import { describe, expect, it } from 'vitest'
import { knownScopes as sandboxScopes } from '../../sandbox/tenant/scopes.ts'
import { knownScopes, scopeWarnings } from '../../src/spec/known-scopes.ts'

const suggested = (scope: string) => /Did you mean (\S+)\?/.exec(scopeWarnings([scope], [])[0] ?? '')?.[1]

describe('scopes', () => {
  it('are those that the sandbox’s tenant knows, each once', () => {
    expect([...knownScopes].sort()).toEqual([...sandboxScopes].sort())
    expect(new Set(knownScopes).size).toBe(knownScopes.length)
  })

  it('that are documented need no warning, but for the one that may do all', () => {
    for (const scope of knownScopes) expect(scopeWarnings([scope], [])).toHaveLength(scope === 'admin_classic' ? 1 : 0)
  })

  it.each([
    ['user_defualt', 'user_default'],
    ['userdefault', 'user_default'],
    ['User_Default', 'user_default'],
    ['admin.app', 'admin.apps'],
    ['apps.admin', 'admin.apps'],
    ['admin.apps.read', 'admin.apps:read'],
    ['automations.admin', 'admin.automations'],
    ['app', 'apps'],
    ['admin-classic', 'admin_classic'],
    ['spaces.manged', 'spaces.managed'],
  ])('that are misspelt as %s bring %s to mind', (scope, meant) => {
    expect(suggested(scope)).toBe(meant)
  })

  it.each(['xyz', 'completely.different.thing', 'q'])('like %s bring nothing to mind, and still only warn', (scope) => {
    expect(suggested(scope)).toBeUndefined()
    expect(scopeWarnings([scope], [])).toHaveLength(1)
  })

  it('of an admin and impersonation are better kept apart', () => {
    const impersonation = 'urn:qlik:oauth:user-impersonation'
    expect(scopeWarnings(['admin.apps'], [impersonation])).toEqual([expect.stringMatching(/two clients/)])
    expect(scopeWarnings(['apps'], [impersonation])).toEqual([])
  })

  it('that are hostile are quoted harmlessly', () => {
    expect(scopeWarnings(['x\n::error::y'], []).join('')).not.toContain('\n')
  })
})
