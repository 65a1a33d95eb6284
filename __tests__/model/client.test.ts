import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import { type Fields, fieldChanges, withChanges } from '../../src/model/client.ts'
import { clientOf, ledgerOf } from '../support/values.ts'

const observed = clientOf({ text: `For people\n${ledgerLine(ledgerOf())}`, scopes: ['a', 'b'] })

describe('the difference between spec and client', () => {
  it('is empty for a field that the spec does not name', () => {
    expect(fieldChanges({ name: 'deployer' }, observed)).toEqual([])
  })

  it('lists each field, before and after', () => {
    const fields: Fields = { name: 'x', description: 'y', scopes: ['a'], grantTypes: [] }
    expect(fieldChanges(fields, observed)).toEqual([
      { field: 'name', before: 'deployer', after: 'x' },
      { field: 'description', before: 'For people', after: 'y' },
      { field: 'scopes', before: ['a', 'b'], after: ['a'] },
      { field: 'grantTypes', before: ['client_credentials'], after: [] },
    ])
  })

  it('is empty if lists have the same items in another order, or more than once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 6 }), fc.nat(), (scopes, turn) => {
        const turned = [...scopes.slice(turn % (scopes.length || 1)), ...scopes.slice(0, turn % (scopes.length || 1))]
        expect(fieldChanges({ name: 'deployer', scopes: turned }, clientOf({ scopes }))).toEqual([])
        expect(fieldChanges({ name: 'deployer', scopes: [...turned, ...scopes] }, clientOf({ scopes }))).toEqual([])
      }),
    )
  })

  it('is not empty if one list has more items', () => {
    expect(fieldChanges({ name: 'deployer', scopes: ['a', 'b', 'c'] }, observed)).toHaveLength(1)
    expect(fieldChanges({ name: 'deployer', scopes: ['a'] }, observed)).toHaveLength(1)
    expect(fieldChanges({ name: 'deployer', scopes: [] }, observed)).toHaveLength(1)
  })

  it('is empty for descriptions that differ only in the ledger and in white space at the end', () => {
    expect(fieldChanges({ name: 'deployer', description: 'For people \n' }, observed)).toEqual([])
    expect(fieldChanges({ name: 'deployer', description: '' }, clientOf({ ledger: ledgerOf() }))).toEqual([])
  })

  it('adds an authentication method and takes none away', () => {
    const client = clientOf({ authMethods: ['private_key_jwt'] })
    expect(fieldChanges({ name: 'deployer', authMethods: ['client_secret'] }, client)).toEqual([
      { field: 'authMethods', before: ['private_key_jwt'], after: ['private_key_jwt', 'client_secret'] },
    ])
    expect(
      fieldChanges(
        { name: 'deployer', authMethods: ['client_secret'] },
        clientOf({ authMethods: ['client_secret', 'private_key_jwt'] }),
      ),
    ).toEqual([])
  })

  it('is empty after the change', () => {
    const list = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
    const fields = fc.record(
      { name: fc.string(), description: fc.string(), scopes: list, grantTypes: list, authMethods: list },
      { requiredKeys: ['name'] },
    )
    fc.assert(
      fc.property(fields, (wanted) => {
        expect(fieldChanges(wanted, withChanges(observed, fieldChanges(wanted, observed)))).toEqual([])
      }),
    )
  })

  it('leaves the ledger where it is', () => {
    const after = withChanges(observed, [{ field: 'description', before: 'For people', after: 'y' }])
    expect(after.description).toMatchObject({ user: 'y', ledger: ledgerOf() })
  })
})
