import { beforeEach, describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { place } from '../support/one-client.ts'
import { theClient } from '../support/promises.ts'
import type { RunResult } from '../support/simulation.ts'

// A repository that was deleted and created again has its old name and another id.

eachTest()

const said = ({ log, summary }: RunResult) => `${log.join('\n')}\n${summary}`
const other = { repository: 'acme/other' }
const inOther = { ...place, repository: 'acme/other' }

function makeAgain(name: string, id: number): void {
  simulation.sandbox.github.deleteRepository(name)
  simulation.sandbox.github.createRepository(name, { id })
}

describe('another repository that was created again', () => {
  beforeEach(async () => {
    simulation.sandbox.github.createRepository('acme/other', { id: 42 })
    expectSuccess(await simulation.run(other))
    simulation.advance(1)
    makeAgain('acme/other', 43)
  })

  it('is reported with both ids, without advice to delete a value that the run writes', async () => {
    expectRefusal(await simulation.run(other), 'DESTINATION_DROPPED', {
      message: /acme\/other: QLIK_CLIENT_SECRET.* id 42.* id .*43/,
      hint: /deleted and created again.*drop-destinations: true/,
    })
    const result = await simulation.run({ ...other, 'drop-destinations': 'true' })
    expectSuccess(result, { result: 'rotated' })
    expect(said(result)).toMatch(/acme\/other: QLIK_CLIENT_SECRET.*id 42.*id 43/)
    expect(said(result)).not.toMatch(/[Dd]elete it/)
    const { github, tenant } = simulation.sandbox
    const { clientId } = theClient(simulation)
    expect(tenant.canAuthenticate(clientId, github.secretValue(inOther) ?? '')).toBe(true)
    const again = await simulation.run(other)
    expectSuccess(again, { result: 'unchanged' })
    expect(writes(again)).toEqual([])
  })

  it('keeps what it has by now when the client is destroyed', async () => {
    simulation.sandbox.github.overwriteSecret(inOther, 'of somebody')
    simulation.sandbox.github.setVariable({ ...inOther, name: 'QLIK_CLIENT_ID' }, theClient(simulation).clientId)
    const result = await simulation.run({ ...other, mode: 'destroy' })
    expectSuccess(result, { result: 'deleted' })
    expect(simulation.sandbox.github.secretValue(inOther)).toBe('of somebody')
    expect(said(result)).toMatch(/left behind in acme\/other: .* id 42, .* now has the id 43/)
  })
})

describe('the running repository that was created again', () => {
  it('is reported with both ids, and takes the client over by its pin', async () => {
    expectSuccess(await simulation.run())
    const { clientId } = theClient(simulation)
    simulation.advance(1)
    makeAgain('acme/app', 777)
    simulation.env.GITHUB_REPOSITORY_ID = '777'
    expectRefusal(await simulation.run(), 'CLIENT_OWNED_ELSEWHERE', {
      message: /repository 123456789.*This repository has the id 777.*deleted and created again/,
      hint: new RegExp(`client-id: ${clientId}`),
    })
    const pinned = { 'client-id': clientId }
    expectRefusal(await simulation.run(pinned), 'DESTINATION_DROPPED', { message: /id 123456789.* 777/ })
    const taken = await simulation.run({ ...pinned, 'drop-destinations': 'true' })
    expectSuccess(taken, { result: 'rotated' })
    expect(said(taken)).not.toMatch(/[Dd]elete it/)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })
})

describe('a repository that was renamed', () => {
  it('is destroyed by its present name', async () => {
    const { github } = simulation.sandbox
    expectSuccess(await simulation.run({ environment: 'staging' }))
    github.renameRepository('acme/app', 'acme/renamed')
    simulation.env.GITHUB_REPOSITORY = 'acme/renamed'
    const result = await simulation.run({ mode: 'destroy' })
    expectSuccess(result, { result: 'deleted' })
    expect(github.secretNames({ repository: 'acme/renamed', environment: 'staging' })).toEqual([])
    expect(writes(result).filter((request) => request.includes('/repos/'))).toEqual([
      'DELETE /repos/acme/renamed/environments/staging/secrets/QLIK_CLIENT_SECRET',
      'DELETE /repos/acme/renamed/environments/staging/variables/QLIK_CLIENT_ID',
    ])
  })
})

describe('a place that is no longer served', () => {
  it('is not called deletable where the run writes the value itself', async () => {
    expectSuccess(await simulation.run({ 'client-id-as': 'none', 'client-secret-name': 'VALUE' }))
    simulation.advance(1)
    const renamed = { 'client-id-as': 'secret', 'client-id-name': 'VALUE', 'drop-destinations': 'true' }
    const result = await simulation.run(renamed)
    expectSuccess(result, { result: 'rotated' })
    expect(said(result)).toMatch(/VALUE is no longer served/)
    expect(said(result)).not.toMatch(/[Dd]elete it/)
  })
})
