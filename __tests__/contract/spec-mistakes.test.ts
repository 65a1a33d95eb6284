import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectFailure, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { clientNamed, expectMistake, runFile, specOf } from '../support/spec-files.ts'
import { workspaceOf } from '../support/workspace.ts'

eachTest()

describe('mistakes', () => {
  it('are told all at once, each with its place, before anybody is asked anything', async () => {
    simulation.sandbox.github.createRepository('acme/other')
    const text = `version: 2
tenannt: https://acme.eu.qlikcloud.com
defaults:
  rotation: { after: soon }
clients:
  - name: etl
    scope: [apps]
    deliver: []
  - name: etl
    consent: maybe
    deliver:
      - repository: acme/other
      - environment: staging
  - name: 123
    deliver:
      - environment: Staging
  - scopes: apps
    deliver: true
  - name: portal
    allowed-origins: [https://a, https://b, https://c, https://d, https://e, https://f]
`
    const result = await runFile(text)
    expectRefusal(result, 'SPEC_INVALID', { message: /^14 mistakes/ })
    expect(result.requests).toEqual([])
    expect(result.annotations.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      expect.stringMatching(/^1:10 version: accepted are 1$/),
      expect.stringMatching(/^2:1 tenannt: is not a key of a spec; did you mean tenant\?$/),
      expect.stringMatching(/^4:22 defaults.rotation.after: is not a duration; accepted are 90d, 24h, 30m$/),
      expect.stringMatching(/^7:5 clients\[0\].scope: is not a key of a spec; did you mean scopes\?$/),
      expect.stringMatching(
        /^9:11 name: there is a client etl already \(clients.yaml:6\); give each a client-id, or another name$/,
      ),
      expect.stringMatching(/^10:14 clients\[1\].consent: accepted are trusted, required$/),
      expect.stringMatching(
        /^12:9 clients\[1\].deliver\[0\]: client etl is delivered to acme\/other, which .* allow-destinations/,
      ),
      expect.stringMatching(/^14:11 clients\[2\].name: must be a text, not a number; put it in quotes$/),
      expect.stringMatching(
        /^16:9 clients\[2\].deliver\[0\]: the client secret of client .* as the one of client etl \(clients.yaml:13\), secret QLIK_CLIENT_SECRET in acme\/app, environment Staging/,
      ),
      expect.stringMatching(/^17:5 clients\[3\].name: is missing$/),
      expect.stringMatching(/^17:13 clients\[3\].scopes: must be a list, not a text$/),
      expect.stringMatching(/^18:14 clients\[3\].deliver: must be a list, not true or false$/),
      expect.stringMatching(
        /^19:5 clients\[4\].deliver: is missing; give it here or in `defaults` \(`\[\]` delivers nowhere\)$/,
      ),
      expect.stringMatching(/^20:22 clients\[4\].allowed-origins: has at most 5 origins$/),
    ])
    for (const { line, column } of result.annotations) expect(result.error?.message).toContain(`:${line}:${column}: `)
    expect(result.summary).toContain('clients.yaml')
  })

  it.each<[string, string, string, RegExp]>([
    ['an empty file', '', '1:1', /is empty$/],
    ['comments alone', '# nothing\n', '1:1', /is empty$/],
    ['a list', '- a\n', '1:1', /is not a spec file/],
    ['something else', 'password: hunter2\n', '1:1', /is not a spec file: it has no `version` and `clients`$/],
    ['a tab', 'version: 1\nclients:\n\t- name: x\n', '3:1', /is indented with a tab/],
    [
      'an open quote',
      'version: 1\nclients: [{ name: "x }]\n',
      '',
      /has an opening quote that is not closed on its line/,
    ],
    [
      'a key twice',
      'version: 1\nclients: [{ name: x, name: y, deliver: [] }]\n',
      '2:22',
      /clients\[0\].name: is given twice/,
    ],
    ['two documents', 'version: 1\nclients: [{ name: x, deliver: [] }]\n---\na: 1\n', '', /second document/],
    [
      'a merge key',
      'version: 1\nclients: [{ <<: {}, name: x, deliver: [] }]\n',
      '2:13',
      /clients\[0\].<<: merge keys are not read; .* `defaults`$/,
    ],
    ['a tag', 'version: 1\nclients: [{ name: !secret x, deliver: [] }]\n', '2:19', /has a tag/],
    ['an unknown alias', 'version: 1\nclients: [{ name: *x, deliver: [] }]\n', '', /alias/],
    [
      'a number for a key',
      'version: 1\nclients: [{ name: x, 1: y, deliver: [] }]\n',
      '2:22',
      /a key that is not a text/,
    ],
    [
      'nothing for a value',
      'version: 1\nclients: [{ name: x, scopes: , deliver: [] }]\n',
      '',
      /scopes: is empty; give a value/,
    ],
    ['no client', 'version: 1\nclients: []\n', '2:10', /clients: is an empty list/],
    [
      '__proto__',
      'version: 1\nclients: [{ name: x, __proto__: {}, deliver: [] }]\n',
      '2:22',
      /__proto__: is not a key/,
    ],
    [
      'an input’s key',
      'version: 1\nclients: [{ name: x, rotate-after: 1d, deliver: [] }]\n',
      '2:22',
      /it is `after` in `rotation`/,
    ],
    [
      'a place beside deliver',
      'version: 1\nclients: [{ name: x, environment: y, deliver: [] }]\n',
      '2:22',
      /it belongs in `deliver`/,
    ],
    [
      'a wrong secret',
      'version: 1\nclients: [{ name: x, deliver: [{ client-secret-name: 1X }] }]\n',
      '2:54',
      /is not a name that GitHub accepts/,
    ],
    [
      'one place twice',
      'version: 1\nclients: [{ name: x, deliver: [{}, {}] }]\n',
      '2:36',
      /another entry of this list/,
    ],
  ])('are found: %s', async (_what, text, place, message) => {
    if (place !== '') await expectMistake(text, place, message)
    else expect((await runFile(text)).error?.message).toMatch(message)
  })

  it('are told up to five hundred of them', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')
    const result = await runFile(`version: 1\nclients: [{ name: x, deliver: [] }]\n${keys}\n`)
    expectRefusal(result, 'SPEC_INVALID', { message: /^500 mistakes.* \(and 19500 more from here on\)$/s })
    expect(result.summary.length).toBeLessThan(200_000)
  })

  it('are two clients of one id', async () => {
    const pinned = (name: string) => `name: ${name}\nclient-id: abc\ndeliver: []`
    await expectMistake(
      specOf(pinned('a'), pinned('b')),
      '7:16',
      /client-id: another client pins the same already \(.*:4\)/,
    )
  })

  it('are descriptions that leave no room for our line, beside all their places', async () => {
    const long = (length: number) => `description: ${'d'.repeat(length)}\n`
    await expectMistake(
      specOf(clientNamed('etl', long(3700))),
      '5:18',
      /^clients\.yaml:5:18: description: its 3700 characters/,
    )
    const asDefault = `defaults: { description: ${'d'.repeat(4000)} }\n${specOf(clientNamed('etl'))}`
    await expectMistake(asDefault, '1:26', /description: its 4000 characters/)
    expectSuccess(await runFile(specOf(clientNamed('etl', long(3400)))), { result: 'created' })
    // What has room once has room for good.
    for (const rotate of ['now', 'now', 'now', 'auto'])
      expect((await simulation.run({ rotate })).error?.message).toBeUndefined()
  })

  it('of files that are no specs quote nothing of them', async () => {
    for (const text of [
      'hunter2: hunter2\nhunter2: !hunter2 *hunter2',
      '{"hunter2":',
      'hunter2',
      '- &hunter2 hunter2\n-hunter2: x',
    ]) {
      const result = await runFile(text)
      expectFailure(result, 'SPEC_INVALID')
      expect(JSON.stringify([result.log, result.summary, result.outputs])).not.toContain('hunter2')
    }
  })

  it('quote no values', async () => {
    const text = specOf(
      'name: etl\nconsent: hunter2\nrotation: { after: hunter2 }\ndeliver: [{ repository: hunter2, environment: [hunter2], client-id-as: hunter2 }]',
    )
    const result = await runFile(text)
    expectRefusal(result, 'SPEC_INVALID', { message: /^5 mistakes/ })
    expect(JSON.stringify([result.log, result.summary, result.outputs])).not.toContain('hunter2')
  })

  it('are bytes that are no text, and files too large', async () => {
    await expectMistake(Buffer.from([0x76, 0xff, 0xfe]), '1:1', /is not text in UTF-8/)
    await expectMistake(`#${'x'.repeat(1_048_576)}`, '1:1', /is larger than 1024 KiB/)
    const half = `#${'x'.repeat(700_000)}\n`
    workspaceOf(simulation, { 'a.yaml': half, 'b.yaml': half, 'c.yaml': half, 'd.yaml': half })
    expectRefusal(await simulation.run({ 'spec-file': '*.yaml' }), 'INPUT_INVALID', { message: /more than 2048 KiB/ })
  })

  it('are aliases that would become billions', async () => {
    const levels = Array.from({ length: 9 }, (_, n) => `  a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`)
    const began = performance.now()
    const result = await runFile(`version: 1\ndefaults:\n  a0: &a0 [x]\n${levels.join('\n')}\nclients: []\n`)
    expectFailure(result, 'SPEC_INVALID', { message: /too many values \(by aliases, perhaps\)/ })
    expect(performance.now() - began).toBeLessThan(5000)
    expectFailure(await runFile('version: 1\nclients: &c [*c]\n'), 'SPEC_INVALID', { message: /too many values/ })
  })

  it('are whatever is nested absurdly', async () => {
    for (const text of ['['.repeat(100_000), '{"clients":'.repeat(20_000), '? '.repeat(50_000), '- '.repeat(50_000)])
      expectFailure(await runFile(text), 'SPEC_INVALID')
  })

  it('and wrong inputs are told together', async () => {
    const result = await runFile('version: 1\nclients: [{ name: x }]\n', { rotate: 'never', name: 'x', scopes: 'y' })
    expectRefusal(result, 'INPUT_INVALID', {
      message: /name: belongs in the spec file.*rotate: accepted.*deliver: is missing/s,
    })
    expect(result.annotations).toHaveLength(1)
  })

  it('any text is a spec, or SPEC_INVALID', async () => {
    const word = fc.constantFrom(
      ...['version', 'clients', 'name', 'deliver', 'rotation', 'defaults', 'scopes', 'tenant', 'state', '__proto__'],
      ...[
        ': ',
        ':',
        '\n',
        '\n  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        ', ',
        '&a ',
        '*a',
        '!!str ',
        '"',
        "'",
        '|',
        '>',
        '? ',
        '---\n',
      ],
      ...[
        '1',
        '0',
        'null',
        'true',
        'absent',
        '1d',
        'acme/app',
        '\t',
        '#',
        '<<',
        '%YAML 1.1\n',
        '\u0000',
        '\ud800',
        '::error::',
      ],
    )
    const written = fc.array(word, { maxLength: 40 }).map((words) => words.join(''))
    const shaped = fc.json().map((json) => `{"version": 1, "clients": [${json}, {"name": "x", "deliver": ${json}}]}`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(written, shaped, fc.string()), async (text) => {
        const { error, requests } = await runFile(text, { mode: 'validate' })
        expect(requests).toEqual([])
        if (error !== undefined) expect(error.code).toBe('SPEC_INVALID')
      }),
      { numRuns: 300 },
    )
  })
})
