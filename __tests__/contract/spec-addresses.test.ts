import { describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest } from '../support/each-test.ts'
import { clientNamed, runFile, specOf } from '../support/spec-files.ts'

eachTest()

const file = (extras: string) => specOf(clientNamed('etl', `${extras}\n`))
const mistakes = async (extras: string) => {
  const result = await runFile(file(extras), { mode: 'validate' })
  return result.annotations.map(({ line, message }) => `${line} ${message}`)
}
const noAddress = 'is not an address: it begins with a scheme, such as https://, and has no spaces'
const noOrigin =
  'is not an origin: that is a scheme, a host and perhaps a port, such as https://app.example, without a path'

describe('addresses that can’t be any', () => {
  it('are mistakes, all at once, each on its line, before any request', async () => {
    const extras = [
      'redirect-uris:',
      '  - https://a.example/cb',
      '  - not a url',
      '  - a.example/cb',
      'allowed-origins: [a.example, https://a.example]',
      'client-uri: www.a.example',
      'logo-uri: //a.example/l.png',
    ].join('\n')
    const result = await runFile(file(extras))
    expectRefusal(result, 'SPEC_INVALID', { message: /^5 mistakes/ })
    expect(result.requests).toEqual([])
    const told = result.annotations.map(({ line, message }) => [line, message])
    const first = told[0]![0] as number
    expect(told).toEqual([
      [first, `clients[0].redirect-uris[1]: ${noAddress}`],
      [first + 1, `clients[0].redirect-uris[2]: ${noAddress}`],
      [first + 2, `clients[0].allowed-origins[0]: ${noOrigin}`],
      [first + 3, `clients[0].client-uri: ${noAddress}`],
      [first + 4, `clients[0].logo-uri: ${noAddress}`],
    ])
  })

  it.each([
    'not a url',
    'a.example',
    'localhost:3000',
    'localhost:3000/cb',
    '/cb',
    'https://',
    'https://a b',
    '"https://a.example "',
  ])('as a redirect address: %s', async (text) =>
    expect(await mistakes(`redirect-uris: [${text}]`)).toEqual([expect.stringContaining(noAddress)]),
  )

  it.each([
    'a.example',
    'localhost:3000',
    'myapp:cb',
    'https://a.example/app',
    '"https://a.example?x=1"',
    'https://u:p@a.example',
  ])('as an origin: %s', async (text) =>
    expect(await mistakes(`allowed-origins: [${text}]`)).toEqual([expect.stringContaining(noOrigin)]),
  )

  it.each([
    ['redirect-uris: [""]', /is empty/],
    [`redirect-uris: [${'x'.repeat(257)}]`, /at most 256/],
    [`allowed-origins: ["a\\u0007b"]`, /control characters/],
    [`client-uri: ${'x'.repeat(2049)}`, /at most 2048/],
    ['redirect-uris: ["$' + '{{ vars.CB }}"]', /expression/],
  ])('and have another mistake, have that alone: %s', async (extras, message) => {
    expect(await mistakes(extras)).toEqual([expect.stringMatching(message)])
  })
})

describe('addresses that Qlik may take', () => {
  it.each([
    ['redirect-uris', 'https://a.example/cb?x=1'],
    ['redirect-uris', 'http://localhost:3000/cb'],
    ['redirect-uris', 'http://127.0.0.1'],
    ['redirect-uris', 'http://[::1]:8080/cb'],
    ['redirect-uris', 'myapp://cb'],
    ['redirect-uris', 'com.example.app:/oauth2redirect'],
    ['redirect-uris', 'https://bücher.example/ä'],
    ['allowed-origins', 'https://a.example'],
    ['allowed-origins', 'https://a.example/'],
    ['allowed-origins', 'http://localhost:3000'],
    ['allowed-origins', 'https://*.a.example'],
    ['allowed-origins', 'capacitor://localhost'],
  ])('pass: %s %s', async (key, text) => {
    expectSuccess(await runFile(file(`${key}: ["${text}"]`)), { result: 'created' })
  })

  it('pass as the client’s own', async () => {
    const extras = 'client-uri: ""\nlogo-uri: "data:image/png;base64,AA=="'
    expectSuccess(await runFile(file(extras)), { result: 'created' })
  })
})
