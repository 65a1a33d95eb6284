import { describe, expect, it } from 'vitest'
import { deprecationText } from '../../src/io/http/deprecation.ts'
import { expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'

eachTest()

const headers = {
  deprecation: '@1793491200',
  sunset: 'Mon, 01 Nov 2027 00:00:00 GMT',
  link: '<https://acme.eu.qlikcloud.com/next>; rel="next", <https://qlik.dev/changelog/263>; rel="deprecation"',
}

describe('a tenant that announces the end of an API', () => {
  it('is a warning with date and link, once a run', async () => {
    simulation.hostile = (answer) => ({ ...answer, headers: { ...answer.headers, ...headers } })
    const result = await simulation.run()
    expectSuccess(result, { result: 'created' })
    const told = result.raw.split('\n').filter((line) => line.startsWith('::warning::The tenant says'))
    expect(told).toEqual([
      '::warning::The tenant says that an API which this action uses is deprecated since 2026-11-01 and removed on or after 2027-11-01: look for a newer version of the action. More: https://qlik.dev/changelog/263',
    ])
  })

  it('is silent about announcements of GitHub', async () => {
    simulation.hostile = (answer, { url }) =>
      url.includes('github') ? { ...answer, headers: { ...answer.headers, ...headers } } : answer
    expect((await simulation.run()).raw).not.toMatch(/deprecated/)
  })

  it.each([
    [{}, undefined],
    [{ link: '<https://a.example>' }, undefined],
    [{ deprecation: 'true' }, /is deprecated: look/],
    [{ deprecation: '@99999999999' }, /deprecated since 5138-11-16:/],
    [{ sunset: 'soon' }, /is deprecated: look/],
    [{ sunset: headers.sunset, link: '<javascript:x>' }, /is removed on or after 2027-11-01: .*action\.$/],
    [{ sunset: headers.sunset, link: '<https://a.example/b>' }, /More: https:\/\/a\.example\/b$/],
  ])('is understood in all its forms: %j', (given: Record<string, string>, text) => {
    if (text === undefined) expect(deprecationText(given)).toBeUndefined()
    else expect(deprecationText(given)).toMatch(text)
  })
})
