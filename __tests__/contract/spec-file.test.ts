import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { expectFailure, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { Simulation } from '../support/simulation.ts'
import { workspaceOf } from '../support/workspace.ts'

let simulation: Simulation
beforeEach(async () => {
  simulation = await Simulation.start()
})

/** A file with clients that deliver to places of their own in the running repository. */
function specOf(...clients: string[]): string {
  return `version: 1\nclients:\n${clients.map((client) => client.replace(/^/gm, '    ').replace(/^ {4}/, '  - ')).join('\n')}\n`
}

function clientNamed(name: string, more = ''): string {
  const own = name.toUpperCase()
  return `name: ${name}\nscopes: [user_default]\n${more}deliver:\n  - client-id-name: ${own}_ID\n    client-secret-name: ${own}_SECRET`
}

async function run(text: string | Buffer, inputs: Record<string, string> = {}) {
  workspaceOf(simulation, { 'clients.yaml': text })
  return simulation.run(inputs)
}

/** The one mistake of a file, with its place, and nobody was asked anything. */
async function mistake(text: string | Buffer, place: string, message: RegExp, inputs: Record<string, string> = {}) {
  const result = await run(text, inputs)
  expectRefusal(result, 'SPEC_INVALID')
  expect(result.requests).toEqual([])
  const told = result.annotations.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
  expect(told).toEqual([expect.stringMatching(message)])
  expect(told[0]).toContain(`clients.yaml:${place}: `)
  return result
}

function names(outputs: Record<string, string> | undefined): Record<string, unknown>[] {
  return JSON.parse(outputs?.clients ?? '[]')
}

describe('a spec file', () => {
  it('brings several clients to what it says, and then has nothing to do', async () => {
    const text = specOf(clientNamed('etl'), clientNamed('portal', 'description: For people\n'), clientNamed('jobs'))
    const first = await run(text)
    expectSuccess(first, { result: 'created', 'client-id': '', 'client-name': '', changed: 'true' })
    expect(names(first.outputs).map((it) => it['client-name'])).toEqual(['etl', 'portal', 'jobs'])
    expect(simulation.sandbox.tenant.findByName('portal')[0]?.description).toMatch(/^For people\n/)
    for (const name of ['etl', 'portal', 'jobs']) expect(first.summary).toContain(`| ${name}<br>`)
    const second = await simulation.run()
    expectSuccess(second, { result: 'unchanged', drift: 'false' })
    expect(writes(second)).toEqual([])
  })

  it('may be JSON, indented with tabs', async () => {
    const client = { name: 'etl', scopes: ['user_default'], deliver: [] }
    expectSuccess(await run(JSON.stringify({ version: 1, clients: [client] }, null, '\t')), { result: 'created' })
  })

  it('may have a byte order mark, Windows line ends, comments, anchors', async () => {
    const text = `\ufeff# ours\nversion: 1\ndefaults: { scopes: &some [user_default] }\nclients:\n  - { name: etl, scopes: *some, deliver: [] }\n`
    expectSuccess(await run(text.replaceAll('\n', '\r\n')), { result: 'created', 'client-name': 'etl' })
  })

  it('fills from its defaults what a client leaves out, the rotation key by key', async () => {
    const text = `version: 1
defaults:
  scopes: [user_default, apps]
  rotation: { after: 90d, grace: 0 }
clients:
  - { name: etl, deliver: [{}] }
  - { name: jobs, scopes: [apps], rotation: { after: 30d }, deliver: [{ environment: staging }] }
`
    const { outputs } = await run(text)
    const [etl, jobs] = names(outputs)
    const days = (it: Record<string, unknown>) =>
      (Date.parse(String(it['next-rotation-at'])) - Date.parse(String(it['secret-issued-at']))) / 86_400_000
    expect([days(etl!), days(jobs!)]).toEqual([90, 30])
    const scopes = (name: string) => simulation.sandbox.tenant.findByName(name)[0]?.allowedScopes
    expect([scopes('etl'), scopes('jobs')]).toEqual([['user_default', 'apps'], ['apps']])
    simulation.advance(31 * 24)
    expectSuccess(await simulation.run(), { result: 'rotated' })
    expect(simulation.sandbox.tenant.findByName('jobs')[0]?.secrets).toHaveLength(1)
  })

  it('sets addresses and origins, keeps them where they are left out, and clears them where the list is empty', async () => {
    const client = () => simulation.sandbox.tenant.findByName('etl')[0]
    const extras = `redirect-uris: [https://a.example/cb]\nallowed-origins: [https://a.example]\nclient-uri: https://a.example\nlogo-uri: https://a.example/l.png\n`
    expectSuccess(await run(specOf(clientNamed('etl', extras))), { result: 'created' })
    const full = {
      redirectUris: ['https://a.example/cb'],
      allowedOrigins: ['https://a.example'],
      clientUri: 'https://a.example',
      logoUri: 'https://a.example/l.png',
    }
    expect(client()).toMatchObject(full)
    expectSuccess(await simulation.run(), { result: 'unchanged' })
    expectSuccess(await run(specOf(clientNamed('etl'))), { result: 'unchanged' })
    expect(client()).toMatchObject(full)
    const cleared = specOf(clientNamed('etl', 'redirect-uris: []\nallowed-origins: []\nclient-uri: ""\n'))
    const plan = await run(cleared, { mode: 'plan' })
    expect(plan.summary).toMatch(/\| redirect-uris \|/)
    expectSuccess(await simulation.run(), { result: 'updated' })
    expect(client()).toMatchObject({ redirectUris: [], allowedOrigins: [], clientUri: '', logoUri: full.logoUri })
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })

  it('clears scopes where the list is empty', async () => {
    expectSuccess(await run(specOf('name: etl\nscopes: [apps]\ndeliver: []')), { result: 'created' })
    expectSuccess(await run(specOf('name: etl\nscopes: []\ndeliver: []')), { result: 'updated' })
    expect(simulation.sandbox.tenant.findByName('etl')[0]?.allowedScopes).toEqual([])
    expectSuccess(await simulation.run(), { result: 'unchanged' })
  })

  it('lets one client’s failure stop no other', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'portal' })
    simulation.sandbox.tenant.addClient({ clientName: 'portal' })
    const result = await run(specOf(clientNamed('etl'), clientNamed('portal'), clientNamed('jobs')))
    expectFailure(result, 'CLIENT_AMBIGUOUS')
    expect(names(result.outputs).map((it) => [it.result, it['error-code']])).toEqual([
      ['created', ''],
      ['', 'CLIENT_AMBIGUOUS'],
      ['created', ''],
    ])
    expect(result.outputs).toMatchObject({ result: 'created', changed: 'true', 'client-id': '' })
    expect(result.log.join('\n')).toMatch(/^CLIENT_AMBIGUOUS: portal: /m)
    expect(result.summary).toContain('| **failed**: CLIENT_AMBIGUOUS |')
    // What failed comes first, and whose it is.
    expect(result.summary).toMatch(
      /\n\*\*3 clients\*\*: 1 failed, 2 created\n\n> portal · \*\*CLIENT_AMBIGUOUS\*\*: [\s\S]*\n\| ❌ \| portal \|[\s\S]*\n\| ✅ \| etl<br>/,
    )
  })

  it('lets a place that is missing stop only the clients that go there', async () => {
    const toNowhere = 'name: portal\nscopes: [apps]\ndeliver: [{ environment: nowhere }]'
    const toOthers = 'name: jobs\nscopes: [apps]\ndeliver: [{ repository: acme/none }]'
    const allowed = { 'allow-destinations': 'acme/none' }
    const result = await run(specOf(clientNamed('etl'), toNowhere, toOthers), allowed)
    expect(names(result.outputs).map((it) => [it.result, it['error-code']])).toEqual([
      ['created', ''],
      ['', 'DESTINATION_MISSING'],
      ['', 'DESTINATION_MISSING'],
    ])
    expect(simulation.sandbox.tenant.liveClients().map(({ clientName }) => clientName)).toEqual(['etl'])
  })

  it.each([403, 451, 500])(
    'lets a repository that GitHub answers with %d stop only the clients that go there',
    async (status) => {
      simulation.sandbox.github.createRepository('acme/other')
      const path = /\/repos\/acme\/other$/
      const fault = { kind: 'status' as const, status, body: '{"message":"no"}' }
      simulation.sandbox.faults.add({ service: 'github', method: 'GET', path, when: 'before', times: 99, fault })
      const text = specOf(
        'name: jobs\nscopes: [apps]\ndeliver: [{ repository: acme/other }]',
        'name: portal\nscopes: [apps]\ndeliver: [{ organization: acme, visibility: selected, selected-repositories: [other] }]',
        clientNamed('etl'),
      )
      for (const mode of ['plan', 'apply']) {
        const result = await run(text, { 'allow-destinations': 'acme/other acme', mode })
        expect(names(result.outputs).map((it) => it['error-code'] !== '')).toEqual([true, true, false])
      }
      expect(simulation.sandbox.tenant.liveClients().map(({ clientName }) => clientName)).toEqual(['etl'])
    },
  )

  it('forgets at once what is dropped, also where no secret is due', async () => {
    const two = specOf(`${clientNamed('etl')}\n  - environment: staging`)
    const one = specOf(clientNamed('etl'))
    expectSuccess(await run(two), { result: 'created' })
    expectFailure(await run(one), 'DESTINATION_DROPPED')
    const { secrets } = simulation.sandbox.tenant.liveClients()[0]!
    const before = secrets.map(({ hint }) => hint)
    expectSuccess(await run(one, { 'drop-destinations': 'true' }), { result: 'updated', drift: 'false' })
    expect(secrets.map(({ hint }) => hint)).toEqual(before)
    expectSuccess(await run(one), { result: 'unchanged' })
  })

  it('needs a token only where something is delivered', async () => {
    const without = { 'github-token': '' }
    expectSuccess(await run(specOf('name: etl\nscopes: [apps]\ndeliver: []'), without), { result: 'created' })
    expectRefusal(await run(specOf(clientNamed('etl')), without), 'INPUT_INVALID', {
      message: /^github-token: is missing/,
    })
  })
})

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
    allowed-origins: [a, b, c, d, e, f]
`
    const result = await run(text)
    expectRefusal(result, 'SPEC_INVALID', { message: /^14 mistakes/ })
    expect(result.requests).toEqual([])
    expect(result.annotations.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      expect.stringMatching(/^1:10 version: accepted are 1$/),
      expect.stringMatching(/^2:1 tenannt: is no key of a spec; did you mean tenant\?$/),
      expect.stringMatching(/^4:22 defaults.rotation.after: is not a duration; accepted are 90d, 24h, 30m$/),
      expect.stringMatching(/^7:5 clients\[0\].scope: is no key of a spec; did you mean scopes\?$/),
      expect.stringMatching(/^9:11 name: there is a client etl already \(clients.yaml:6\)$/),
      expect.stringMatching(/^10:14 clients\[1\].consent: accepted are trusted, required$/),
      expect.stringMatching(/^12:9 deliver: goes to a repository or organization that .* allow-destinations/),
      expect.stringMatching(/^14:11 clients\[2\].name: must be a text, not a number; put it in quotes$/),
      expect.stringMatching(/^16:9 deliver: its client secret goes where client etl is delivered \(clients.yaml:13\)/),
      expect.stringMatching(/^17:5 clients\[3\].name: is missing$/),
      expect.stringMatching(/^17:13 clients\[3\].scopes: must be a list, not a text$/),
      expect.stringMatching(/^18:14 clients\[3\].deliver: must be a list, not true or false$/),
      expect.stringMatching(/^19:5 clients\[4\].deliver: is missing; `\[\]` delivers nowhere$/),
      expect.stringMatching(/^20:22 clients\[4\].allowed-origins: has at most 5 origins$/),
    ])
    for (const { line, column } of result.annotations) expect(result.error?.message).toContain(`:${line}:${column}: `)
    expect(result.summary).toContain('clients.yaml')
  })

  it.each<[string, string, string, RegExp]>([
    ['an empty file', '', '1:1', /is empty$/],
    ['comments alone', '# nothing\n', '1:1', /is empty$/],
    ['a list', '- a\n', '1:1', /is no spec file/],
    ['something else', 'password: hunter2\n', '1:1', /is no spec file: it has no `version` and `clients`$/],
    ['a tab', 'version: 1\nclients:\n\t- name: x\n', '3:1', /is indented with a tab/],
    ['an open quote', 'version: 1\nclients: [{ name: "x }]\n', '', /lacks a closing quote/],
    [
      'a key twice',
      'version: 1\nclients: [{ name: x, name: y, deliver: [] }]\n',
      '2:22',
      /clients\[0\].name: stands here twice/,
    ],
    ['two documents', 'version: 1\nclients: [{ name: x, deliver: [] }]\n---\na: 1\n', '', /second document/],
    ['a merge key', 'version: 1\nclients: [{ <<: {}, name: x, deliver: [] }]\n', '2:13', /clients\[0\].<<: is no key/],
    ['a tag', 'version: 1\nclients: [{ name: !secret x, deliver: [] }]\n', '2:19', /has a tag/],
    ['an unknown alias', 'version: 1\nclients: [{ name: *x, deliver: [] }]\n', '', /alias/],
    ['a number for a key', 'version: 1\nclients: [{ name: x, 1: y, deliver: [] }]\n', '2:22', /a key that is no text/],
    [
      'nothing for a value',
      'version: 1\nclients: [{ name: x, scopes: , deliver: [] }]\n',
      '',
      /scopes: is empty; give a value/,
    ],
    ['no client', 'version: 1\nclients: []\n', '2:10', /clients: names none/],
    ['__proto__', 'version: 1\nclients: [{ name: x, __proto__: {}, deliver: [] }]\n', '2:22', /__proto__: is no key/],
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
    if (place !== '') await mistake(text, place, message)
    else expect((await run(text)).error?.message).toMatch(message)
  })

  it('are told up to five hundred of them', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')
    const result = await run(`version: 1\nclients: [{ name: x, deliver: [] }]\n${keys}\n`)
    expectRefusal(result, 'SPEC_INVALID', { message: /^500 mistakes.* \(and 19500 more from here on\)$/s })
    expect(result.summary.length).toBeLessThan(200_000)
  })

  it('are two clients of one id', async () => {
    const pinned = (name: string) => `name: ${name}\nclient-id: abc\ndeliver: []`
    await mistake(specOf(pinned('a'), pinned('b')), '7:16', /client-id: another client pins the same already \(.*:4\)/)
  })

  it('are descriptions that leave no room for our line, beside all their places', async () => {
    const long = (length: number) => `description: ${'d'.repeat(length)}\n`
    await mistake(
      specOf(clientNamed('etl', long(3700))),
      '5:18',
      /^clients\.yaml:5:18: description: its 3700 characters/,
    )
    const asDefault = `defaults: { description: ${'d'.repeat(4000)} }\n${specOf(clientNamed('etl'))}`
    await mistake(asDefault, '1:26', /description: its 4000 characters/)
    expectSuccess(await run(specOf(clientNamed('etl', long(3400)))), { result: 'created' })
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
      const result = await run(text)
      expectFailure(result, 'SPEC_INVALID')
      expect(JSON.stringify([result.log, result.summary, result.outputs])).not.toContain('hunter2')
    }
  })

  it('quote no values', async () => {
    const text = specOf(
      'name: etl\nconsent: hunter2\nrotation: { after: hunter2 }\ndeliver: [{ repository: hunter2, environment: [hunter2], client-id-as: hunter2 }]',
    )
    const result = await run(text)
    expectRefusal(result, 'SPEC_INVALID', { message: /^5 mistakes/ })
    expect(JSON.stringify([result.log, result.summary, result.outputs])).not.toContain('hunter2')
  })

  it('are bytes that are no text, and files too large', async () => {
    await mistake(Buffer.from([0x76, 0xff, 0xfe]), '1:1', /is no text in UTF-8/)
    await mistake(`#${'x'.repeat(1_048_576)}`, '1:1', /is larger than 1024 KiB/)
    const half = `#${'x'.repeat(700_000)}\n`
    workspaceOf(simulation, { 'a.yaml': half, 'b.yaml': half, 'c.yaml': half, 'd.yaml': half })
    expectRefusal(await simulation.run({ 'spec-file': '*.yaml' }), 'INPUT_INVALID', { message: /more than 2048 KiB/ })
  })

  it('are aliases that would become billions', async () => {
    const levels = Array.from({ length: 9 }, (_, n) => `  a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`)
    const began = performance.now()
    const result = await run(`version: 1\ndefaults:\n  a0: &a0 [x]\n${levels.join('\n')}\nclients: []\n`)
    expectFailure(result, 'SPEC_INVALID', { message: /too many values \(by aliases, perhaps\)/ })
    expect(performance.now() - began).toBeLessThan(5000)
    expectFailure(await run('version: 1\nclients: &c [*c]\n'), 'SPEC_INVALID', { message: /too many values/ })
  })

  it('are whatever is nested absurdly', async () => {
    for (const text of ['['.repeat(100_000), '{"clients":'.repeat(20_000), '? '.repeat(50_000), '- '.repeat(50_000)])
      expectFailure(await run(text), 'SPEC_INVALID')
  })

  it('and wrong inputs are told together', async () => {
    const result = await run('version: 1\nclients: [{ name: x }]\n', { rotate: 'never', name: 'x', scopes: 'y' })
    expectRefusal(result, 'INPUT_INVALID', {
      message: /name: stands in the spec file.*rotate: accepted.*deliver: is missing/s,
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
        const { error, requests } = await run(text, { mode: 'validate' })
        expect(requests).toEqual([])
        if (error !== undefined) expect(error.code).toBe('SPEC_INVALID')
      }),
      { numRuns: 300 },
    )
  })
})

describe('files', () => {
  const etl = specOf(clientNamed('etl'))
  const jobs = specOf(clientNamed('jobs'))

  it('are named one by one or by patterns, and each is read once', async () => {
    const folder = workspaceOf(simulation, { 'specs/a.yaml': etl, 'specs/deep/b.json': jobs, 'specs/c.txt': 'no' })
    for (const files of [
      'specs/a.yaml specs/deep/b.json',
      'specs/**/*.{yaml,json}\nspecs/a.yaml',
      `${folder}/specs/a.yaml, ./specs/deep/*.json`,
    ]) {
      const result = await simulation.run({ 'spec-file': files, mode: 'validate' })
      expectSuccess(result, { result: 'valid' })
      expect(JSON.parse(result.outputs!.matrix!).include.map((it: Record<string, string>) => it['spec-file'])).toEqual([
        'specs/a.yaml',
        'specs/deep/b.json',
      ])
    }
  })

  it('that are not there, or lie outside, are refused and not read', async () => {
    const outside = mkdtempSync(path.join(tmpdir(), 'outside-'))
    writeFileSync(path.join(outside, 'clients.yaml'), 'version: 1\nclients: 5\n')
    const folder = workspaceOf(simulation, { 'a.yaml': etl, 'with space.yml': etl })
    symlinkSync(path.join(outside, 'clients.yaml'), path.join(folder, 'link.yaml'))
    symlinkSync(outside, path.join(folder, 'links'))
    for (const [files, message] of [
      ['nowhere.yaml', /^spec-file: matches no file/],
      ['*.json', /^spec-file: matches no file/],
      ['../a.yaml', /^spec-file: lies outside of the workspace/],
      [path.join(outside, '*.yaml'), /^spec-file: lies outside of the workspace/],
      ['link.yaml', /^spec-file: leads outside of the workspace/],
      ['links/clients.yaml', /^spec-file: leads outside/],
      ['*.yaml', /^spec-file: leads outside/],
      ['with*', /^spec-file: with space.yml has a space or comma in its name/],
      [',', /^spec-file: holds no path/],
    ] as const) {
      const result = await simulation.run({ 'spec-file': files })
      expectRefusal(result, 'INPUT_INVALID', { message })
      expect(result.annotations).toEqual([])
    }
  })

  it('may be named by another name of the workspace, and on a way that comes back', async () => {
    const folder = workspaceOf(simulation, { 'specs/a.yaml': etl })
    const link = path.join(mkdtempSync(path.join(tmpdir(), 'link-')), 'work')
    symlinkSync(folder, link)
    simulation.env.GITHUB_WORKSPACE = link
    for (const file of [`${link}/specs/a.yaml`, `${folder}/specs/*.yaml`, 'x/../specs/a.yaml']) {
      const { outputs } = await simulation.run({ 'spec-file': file, mode: 'validate' })
      expect(JSON.parse(outputs!.matrix!).include[0]['spec-file']).toBe('specs/a.yaml')
    }
  })

  it('within the workspace may be links', async () => {
    const folder = workspaceOf(simulation, { 'a.yaml': etl })
    symlinkSync('a.yaml', path.join(folder, 'b.yaml'))
    expectSuccess(await simulation.run({ 'spec-file': 'b.yaml' }), { result: 'created' })
  })

  it('have no name and no place twice among them', async () => {
    workspaceOf(simulation, { 'a.yaml': etl, 'b.yaml': etl.replace('name: etl', 'name: other'), 'c.yaml': etl })
    const { annotations } = await simulation.run({ 'spec-file': '*.yaml' })
    expect(annotations.map(({ file, message }) => `${file} ${message}`)).toEqual([
      expect.stringMatching(/^b.yaml deliver: .* client etl .*a.yaml:/),
      expect.stringMatching(/^c.yaml name: there is a client etl already \(a.yaml:3\)/),
      expect.stringMatching(/^c.yaml deliver: /),
    ])
  })

  it.each(['Acme/App', 'acme/app'])('know the running repository as %s', async (repository) => {
    const text = specOf(
      'name: a\nscopes: [apps]\ndeliver: [{}]',
      `name: b\nscopes: [apps]\ndeliver: [{ repository: ${repository} }]`,
    )
    await mistake(text, '8:15', /its client secret goes where client a is delivered/)
  })
})

describe('the tenant', () => {
  const withTenant = (tenant: string, name = 'etl') => `tenant: ${tenant}\n${specOf(clientNamed(name))}`

  it('stands in the file or in the input, and is the same where it stands in both', async () => {
    const { tenant } = simulation.inputs
    expectSuccess(await run(withTenant(tenant!), { tenant: '' }), { result: 'created' })
    expectSuccess(await simulation.run(), { result: 'unchanged' })
    await mistake(withTenant('https://other.eu.qlikcloud.com'), '1:9', /tenant: is another than that of the input/)
    await mistake(withTenant('https://evil.example'), '1:9', /tenant: is not a host of Qlik Cloud/, { tenant: '' })
    const custom = { tenant: '', 'allow-custom-host': 'true' }
    const inWorkflow = { ...custom, tenant: 'https://qlik.acme.example' }
    await mistake(withTenant('https://evil.example'), '1:9', /is another than that of the input/, inWorkflow)
    expectSuccess(await run(withTenant('https://qlik.acme.example'), { ...custom, mode: 'validate' }), {
      result: 'valid',
    })
    const result = await run(specOf(clientNamed('etl')), { tenant: '' })
    expectRefusal(result, 'INPUT_INVALID', { message: /^tenant: is missing; give it here or in the spec file/ })
  })

  it('is one for a run; a matrix is for several', async () => {
    const other = withTenant('other.eu.qlikcloud.com', 'etl').replaceAll('ETL_', 'OTHER_')
    workspaceOf(simulation, {
      'a.yaml': `environment: qlik-eu\n${withTenant('acme.eu.qlikcloud.com')}`,
      'b.yaml': other,
    })
    const files = { 'spec-file': '*.yaml', tenant: '' }
    expectRefusal(await simulation.run(files), 'SPEC_INVALID', { message: /^b.yaml:1:9: tenant: .*outputs a matrix/ })
    const none = { 'api-key': '', 'github-token': '' }
    const result = await simulation.run({ ...files, ...none, mode: 'validate' })
    expectSuccess(result, { result: 'valid', changed: 'false' })
    expect(result.requests).toEqual([])
    expect(JSON.parse(result.outputs!.matrix!)).toEqual({
      include: [
        { 'spec-file': 'a.yaml', tenant: 'https://acme.eu.qlikcloud.com', environment: 'qlik-eu' },
        { 'spec-file': 'b.yaml', tenant: 'https://other.eu.qlikcloud.com', environment: '' },
      ],
    })
    expect(result.summary).toMatch(/a\.yaml.*qlik-eu[\s\S]*\| etl \| present \|[\s\S]*b\.yaml/)
  })
})

describe('validate', () => {
  const none = { tenant: '', 'api-key': '', 'github-token': '', mode: 'validate' }

  it('checks one client given as inputs, without credentials and without a request', async () => {
    const result = await simulation.run(none)
    expectSuccess(result, { result: 'valid', 'client-name': 'deployer', matrix: '{"include":[]}', changed: 'false' })
    expect(result.requests).toEqual([])
    expectRefusal(await simulation.run({ ...none, consent: 'x' }), 'INPUT_INVALID', { message: /^consent: accepted/ })
    expectRefusal(await simulation.run({ ...none, name: '' }), 'INPUT_INVALID', { message: /^name: is missing/ })
    expectRefusal(await simulation.run({ ...none, tenant: 'http://x.example' }), 'INPUT_INVALID', {
      message: /^tenant: /,
    })
  })

  it('warns of scopes, in log and summary', async () => {
    const text = specOf(
      'name: etl\nscopes: [user_defualt]\ndeliver: []',
      'name: jobs\nscopes: [admin_classic]\ndeliver: []',
    )
    const { log, summary } = await run(text, none)
    expect(log.join('\n')).toMatch(/^etl · The scope user_defualt is not .* Did you mean user_default\?/m)
    expect(summary).toMatch(/- ⚠️ jobs .* The scope admin_classic gives the client all/)
  })

  it('masks credentials all the same', async () => {
    const { masks } = await simulation.run({ ...none, 'api-key': 'hunter2hunter2hunter2' })
    expect([...masks]).toContain('hunter2hunter2hunter2')
  })
})

describe('only', () => {
  const text = specOf(clientNamed('etl'), clientNamed('jobs'), 'name: Data portal\nscopes: [apps]\ndeliver: []')

  it('chooses clients by their names', async () => {
    const result = await run(text, { only: 'jobs\nData portal' })
    expectSuccess(result, { result: 'created' })
    expect(names(result.outputs).map((it) => it['client-name'])).toEqual(['jobs', 'Data portal'])
    expect(simulation.sandbox.tenant.findByName('etl')).toEqual([])
    expectSuccess(await run(text, { only: 'jobs' }), { result: 'unchanged', 'client-name': 'jobs' })
  })

  it('names clients that there are, and needs a file', async () => {
    const message = /^only: no client of the spec file has name 2 of the list; did you mean jobs\?/
    expectRefusal(await run(text, { only: 'etl, job' }), 'INPUT_INVALID', { message })
    const without = { 'spec-file': '', name: 'etl', scopes: 'apps', only: 'etl' }
    expectRefusal(await simulation.run(without), 'INPUT_INVALID', { message: /^only: chooses among/ })
  })

  it('hides no mistake of the others', async () => {
    await mistake(`${text}  - name: etl\n    deliver: []\n`, '16:11', /there is a client etl/, { only: 'jobs' })
  })
})

describe('allow-destinations', () => {
  const text = specOf('name: etl\nscopes: [apps]\ndeliver:\n  - {}\n  - repository: Acme/Other')
  const refused = async (allowed: string): Promise<void> =>
    void (await mistake(text, '7:9', /allow-destinations/, { 'allow-destinations': allowed }))

  it.each(['acme/other', 'ACME/*', 'x/y acme/o*'])('lets a file deliver to what it names: %s', async (allowed) => {
    simulation.sandbox.github.createRepository('acme/other')
    expectSuccess(await run(text, { 'allow-destinations': allowed }), { result: 'created' })
  })

  it.each(['', 'acme', 'acme/othe', 'acme/other2', 'a*', 'evil/other', 'acme.other'])(
    'and to nothing else: %s',
    (allowed) => refused(allowed),
  )

  it.each([
    ['repository: acme/other', 'acme'],
    ['repository: evil/app', 'acme/*'],
    ['repository: acme/app.git', ''],
    ['repository: acme/app-evil', 'acme/ap'],
    ['organization: acme\n        visibility: all', 'acme/*'],
    ['organization: evil\n        visibility: all', 'acme'],
    ['organization: acme\n        visibility: selected\n        selected-repositories: [app]', ''],
  ])('lets a file go nowhere else, however that is written: %s, allowed: %s', async (place, allowed) => {
    const result = await run(
      specOf(`name: etl\nscopes: [apps]\ndeliver:\n  - ${place.replaceAll('        ', '    ')}`),
      {
        'allow-destinations': allowed,
      },
    )
    expectRefusal(result, 'SPEC_INVALID', { message: /allow-destinations does not name/ })
    expect(result.requests).toEqual([])
  })

  it('does not take long over whatever name and pattern', async () => {
    const long = specOf(`name: etl\nscopes: [apps]\ndeliver:\n  - repository: acme/${'-'.repeat(100)}x`)
    await mistake(long, '6:21', /must be owner\/name/, { 'allow-destinations': 'acme/*-*-*-*-*-*-*-*-prod' })
    const longest = long.replace('--x', 'x')
    await mistake(longest, '6:9', /allow-destinations/, { 'allow-destinations': `acme/${'*-'.repeat(40)}prod` })
  })

  it('is a list of names', async () => {
    const inputs = { 'allow-destinations': 'https://github.com/acme' }
    expectRefusal(await run(text, inputs), 'INPUT_INVALID', { message: /^allow-destinations: takes owner\/name/ })
  })
})

describe('state: absent', () => {
  const both = specOf(clientNamed('etl'), clientNamed('jobs'))
  const mixed = specOf(clientNamed('etl'), 'name: jobs\nstate: absent')
  const secret = (name: string) => simulation.sandbox.github.secretValue({ repository: 'acme/app', name })

  it('deletes one client among others, with its values; a plan shows what it would delete', async () => {
    expectSuccess(await run(both), { result: 'created' })
    const plan = await run(mixed, { mode: 'plan' })
    expectSuccess(plan, { result: 'planned', drift: 'true', changed: 'false' })
    expect(plan.log.join('\n')).toMatch(
      /jobs · ○ delete from acme\/app: secret JOBS_SECRET, variable JOBS_ID\njobs · ○ delete client jobs/,
    )
    expect(secret('JOBS_SECRET')).toBeDefined()
    const result = await simulation.run()
    expectSuccess(result, { result: 'deleted' })
    expect(names(result.outputs).map((it) => it.result)).toEqual(['unchanged', 'deleted'])
    expect(simulation.sandbox.tenant.findByName('jobs')).toEqual([])
    expect([secret('JOBS_SECRET'), typeof secret('ETL_SECRET')]).toEqual([undefined, 'string'])
    expectSuccess(await simulation.run(), { result: 'unchanged', drift: 'false' })
  })

  it('costs no request more for those that are gone', async () => {
    const gone = ['x', 'y', 'z'].map((name) => `name: ${name}\nstate: absent`)
    const text = specOf(clientNamed('etl'), ...gone)
    await run(text)
    const { requests } = await run(text)
    expect(requests.filter(({ service }) => service === 'tenant')).toHaveLength(1)
  })

  it('leaves alone what this action did not make', async () => {
    simulation.sandbox.tenant.addClient({ clientName: 'jobs' })
    const result = await run(mixed)
    expectFailure(result, 'CLIENT_OWNED_ELSEWHERE')
    expect(names(result.outputs).map((it) => it.result)).toEqual(['created', ''])
  })

  it.each(['', 'old'])('spares what a successor has in the same place (only: %s)', async (only) => {
    expectSuccess(await run(specOf('name: old\nscopes: [apps]\ndeliver: [{}]')), { result: 'created' })
    const fresh = 'name: fresh\nscopes: [apps]\ndeliver: [{}]'
    const successor = specOf('name: old\nstate: absent', fresh)
    if (only !== '') await run(specOf(fresh))
    expectSuccess(await run(successor, { only }), { result: 'deleted' })
    const [client] = simulation.sandbox.tenant.findByName('fresh')
    expect(simulation.sandbox.tenant.canAuthenticate(client!.clientId, secret('QLIK_CLIENT_SECRET') ?? '')).toBe(true)
    const id = simulation.sandbox.github.variableValue({ repository: 'acme/app', name: 'QLIK_CLIENT_ID' })
    expect(id).toBe(client?.clientId)
    expectSuccess(await run(successor), { result: 'unchanged', drift: 'false' })
  })

  it('is what destroy makes of all, or of those that are chosen', async () => {
    await run(both)
    expectSuccess(await run(both, { mode: 'destroy', only: 'jobs' }), { result: 'deleted', 'client-name': 'jobs' })
    expect(simulation.sandbox.tenant.findByName('etl')).toHaveLength(1)
    expectSuccess(await run(both, { mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.tenant.findByName('etl')).toEqual([])
  })

  it('gets along with places that are gone, and the present do not', async () => {
    const absent = 'name: jobs\nstate: absent\ndeliver: [{ environment: gone }]'
    expectSuccess(await run(specOf(absent)), { result: 'unchanged' })
    const present = 'name: etl\nscopes: [apps]\ndeliver: [{ environment: gone }]'
    expectRefusal(await run(specOf(absent, present)), 'DESTINATION_MISSING')
  })
})

describe('beside a spec file', () => {
  it('no input says what stands in it, and no secret of several is output', async () => {
    const text = specOf(clientNamed('etl'), clientNamed('jobs'))
    const message = /^output-client-secret: outputs the secret of one client/
    expectRefusal(await run(text, { 'output-client-secret': 'true' }), 'INPUT_INVALID', { message })
    expectSuccess(await run(text, { 'output-client-secret': 'true', only: 'etl' }), { result: 'created' })
  })
})
