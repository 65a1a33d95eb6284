import { describe, expect, it } from 'vitest'
import { completeSpecs } from '../../src/plan/complete-specs.ts'
import { actor, clientOf, destination, here, key, ledgerOf, now, specOf } from '../support/values.ts'

const usual = { ...destination, isUsual: true as const }
const keyed = clientOf({ authMethods: ['private_key_jwt'], secrets: [] })
const first = { clients: [keyed], now }

function namesIn(specs: ReturnType<typeof completeSpecs>): string[] {
  return specs.flatMap(({ destinations }) => destinations.map(({ secretName }) => secretName))
}

describe('a place without a name for its credential', () => {
  const spec = specOf({ destinations: [usual] })
  const stays = ['QLIK_CLIENT_SECRET']

  it('gets the name for keys, if the client signs in with one', () => {
    expect(namesIn(completeSpecs({ clients: [spec], beside: [], actor }, first))).toEqual(['QLIK_PRIVATE_KEY'])
  })

  it('keeps its name, if the client has secrets, or the spec names the credential or the method', () => {
    const secrets = { clients: [clientOf()], now }
    expect(namesIn(completeSpecs({ clients: [spec], beside: [], actor }, secrets))).toEqual(stays)
    expect(namesIn(completeSpecs({ clients: [specOf()], beside: [], actor }, first))).toEqual(stays)
    const method = specOf({ fields: { name: 'deployer', authMethods: ['private_key_jwt'] }, destinations: [usual] })
    expect(namesIn(completeSpecs({ clients: [method], beside: [], actor }, first))).toEqual(stays)
  })

  it('keeps the name under which the ledger serves it', () => {
    const ledger = ledgerOf({ current: undefined, destinations: { [key]: { hint: 'aaaaa', stamp: 500 } } })
    const served = clientOf({ authMethods: ['private_key_jwt'], secrets: [], ledger })
    expect(namesIn(completeSpecs({ clients: [spec], beside: [], actor }, { clients: [served], now }))).toEqual(stays)
  })

  it('keeps its name, if another client of the file may have the name for keys there', () => {
    const other = specOf({ name: 'other', destinations: [usual] })
    expect(namesIn(completeSpecs({ clients: [spec], beside: [other], actor }, first))).toEqual(stays)
  })

  it('is the same place where nothing changes, so that it need not be read again', () => {
    const [completed] = completeSpecs({ clients: [spec], beside: [], actor }, { clients: [], now })
    expect(completed?.destinations).toBe(spec.destinations)
  })
})

describe('an absent client', () => {
  const leaving = specOf({ name: 'leaving', state: 'absent' })

  it('spares the values of present clients, under their final names, and of no absent one', () => {
    const gone = specOf({ name: 'gone', state: 'absent', destinations: [{ ...destination, secretName: 'GONE' }] })
    const clients = [leaving, gone, specOf({ destinations: [usual] })]
    const [completed] = completeSpecs({ clients, beside: [], actor }, first)
    const values = ['secret', 'variable'].map((kind) => [...completed!.spared!].filter((it) => it.startsWith(kind)))
    expect(values[0]?.map((it) => it.split('/').at(-1)).sort()).toEqual(['QLIK_CLIENT_SECRET', 'QLIK_PRIVATE_KEY'])
    expect(values[1]).toEqual([`variable ${here.id}///QLIK_CLIENT_ID`])
  })

  it('spares both names at the clients beside the run, whose methods are unknown', () => {
    const beside = [specOf({ name: 'other', destinations: [usual] })]
    const [completed] = completeSpecs({ clients: [leaving], beside, actor }, first)
    expect(completed?.spared).toContain(`secret ${here.id}///QLIK_PRIVATE_KEY`)
    expect(completed?.spared).toContain(`secret ${here.id}///QLIK_CLIENT_SECRET`)
  })
})
