import { describe, expect, it } from 'vitest'
import { type RefusalName, refusalFault, refusals } from '../../sandbox/github/refusals.ts'
import { expectFailure, expectHealed, expectRefusal } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { settled } from '../support/one-client.ts'

// GitHub refuses for many reasons, and says which: its sentence leads, and no permission is blamed that would not help.

eachTest()
const strike = (name: RefusalName, method: string) =>
  simulation.sandbox.faults.add({ service: 'github', method, when: 'before', times: 99, fault: refusalFault(name) })

const hints: Record<RefusalName, RegExp> = {
  permission: /lacks a permission on acme\/app.*Secrets: write.*secrets=write.*GITHUB_TOKEN can never have it/,
  'single sign-on': /authorize it at https:\/\/github\.com\/orgs\/acme\/sso\?authorization_request=AB12(CD34){20} and/,
  'allow list': /runner’s address to its IP allow list/,
  lifetime: /limits how long tokens live/,
  'classic token': /allows no classic tokens/,
  archived: /is archived/,
  suspended: /is suspended/,
  blocked: /has blocked acme\/app/,
  locked: /is locked/,
  'no reason': /Its message has the reason/,
}

describe.each(Object.keys(refusals) as RefusalName[])('GitHub refuses: %s', (name) => {
  const expectTold = (hint: string, message: string) => {
    expect(message).toContain(refusals[name].message)
    expect(hint).toMatch(hints[name])
    if (name !== 'permission') expect(hint).not.toMatch(/permission|GITHUB_TOKEN|GITHUB_API_URL/)
  }

  it('has a message of its own, before anything was written', async () => {
    strike(name, 'GET')
    const result = await simulation.run()
    expectRefusal(result, 'DESTINATION_FORBIDDEN')
    expectTold(result.error!.hint, result.error!.message)
  })

  it('leaves nothing behind where it shows in writing', async () => {
    await settled()
    strike(name, 'PUT')
    const result = await simulation.run({ rotate: 'now' })
    expectFailure(result, 'DESTINATION_FORBIDDEN')
    expectTold(result.error!.hint, result.error!.message)
    simulation.sandbox.faults.clear()
    await expectHealed(simulation)
  })
})

it('an address in what GitHub says is shown whole, in log and summary', async () => {
  strike('lifetime', 'GET')
  const { log, summary } = await simulation.run()
  const address = 'https://github.com/settings/personal-access-tokens/1234567'
  expect(log.join('\n')).toContain(address)
  expect(summary.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))).toContain(address)
})

it('the permissions of the agents store are called as on GitHub’s pages', async () => {
  const body = '{"message":"Resource not accessible by integration"}'
  const fault = { kind: 'status', status: 403, body } as const
  simulation.sandbox.faults.add({ service: 'github', when: 'before', times: 99, fault })
  const told = await simulation.run({ store: 'agents' })
  expectRefusal(told, 'DESTINATION_FORBIDDEN', { hint: /it needs Agent secrets: write and Agent variables: write/ })
})
