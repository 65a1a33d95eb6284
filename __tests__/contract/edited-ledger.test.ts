import { describe, expect, it } from 'vitest'
import { ledgerMarker } from '../../src/model/client.ts'
import { expectFailure, expectHealed, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectWorks, hints, settled } from '../support/one-client.ts'

eachTest()

const json = (text: string) => text.slice(text.indexOf('{'))
const reordered = (text: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse()))

/** What people, editors and tenants do to a description that stays a ledger all the same. */
const spellings: Record<string, (user: string, line: string) => string> = {
  'CR LF': (user, line) => `${user}\r\n${line}\r\n`,
  'an indented line': (user, line) => `${user}\n \t${line}`,
  'spaces in the JSON': (user, line) =>
    `${user}\n${ledgerMarker}   ${JSON.stringify(JSON.parse(json(line)), null, 1).replaceAll('\n', '')}  `,
  'JSON over several lines': (user, line) =>
    `${user}\n${ledgerMarker} ${JSON.stringify(JSON.parse(json(line)), null, 2)}`,
  'other order of keys': (user, line) => `${user}\n${ledgerMarker} ${reordered(json(line))}`,
  'text behind it': (user, line) => `${user}\n${line} (do not edit)`,
  'lines joined': (user, line) => `${user} ${line}`,
  'blank lines around': (user, line) => `\n${user}\n\n${line}\n\n`,
  'braces and quotes in the text behind': (user, line) => `${user}\n${line}\nsee {"a": "}"`,
}

describe('a ledger line that somebody or the tenant spelled in another way', () => {
  it.each(Object.entries(spellings))('is the same ledger: %s', async (_what, spell) => {
    const description = 'Deploys apps\nto staging'
    const client = await settled({ description })
    const line = client.description!.slice(description.length + 1)
    client.description = spell(description, line)
    const seen = client.description
    // Without a description in the spec, nothing differs.
    const idle = await simulation.run()
    expectSuccess(idle, { result: 'unchanged', drift: 'false' })
    expect([writes(idle), client.description]).toEqual([[], seen])
    expect(idle.log.join('\n')).not.toContain('can’t be read')
    expectSuccess(await simulation.run({ rotate: 'now' }), { result: 'rotated' })
    expect(client.description).toContain('Deploys apps')
    expect(client.description!.split(ledgerMarker)).toHaveLength(2)
    expect(hints(client)).toHaveLength(2)
    simulation.advance(25)
    expectSuccess(await expectHealed(simulation, { description }))
    expect(hints(client)).toHaveLength(1)
    expectWorks(client)
  })

  it('is carried as it was read, if only the description beside it is repaired', async () => {
    const client = await settled({ description: 'ours' })
    const spelled = `${ledgerMarker}   ${reordered(json(client.description!))}`
    client.description = `theirs\n${spelled}`
    expectSuccess(await simulation.run({ description: 'ours' }), { result: 'updated' })
    expect(client.description).toBe(`ours\n${spelled}`)
  })

  it('of a later version is refused, also if its lines were joined', async () => {
    const client = await settled()
    client.description = `Deploys ${ledgerMarker} {"version":99}`
    expectFailure(await simulation.run(), 'LEDGER_NEWER')
  })
})

describe('a description with several lines', () => {
  it('is no drift where the tenant ends them with CR LF (P6)', async () => {
    const description = 'one\ntwo'
    const client = await settled({ description })
    client.description = client.description!.replaceAll('\n', '\r\n')
    expectSuccess(await simulation.run({ description }), { result: 'unchanged', drift: 'false' })
  })
})
