import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { clientNamed, expectMistake, runFile, specOf } from '../support/spec-files.ts'
import { folderWith, workspaceOf } from '../support/workspace.ts'

eachTest()

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
    const outside = folderWith({ 'clients.yaml': 'version: 1\nclients: 5\n' })
    const folder = workspaceOf(simulation, { 'a.yaml': etl, 'with space.yml': etl })
    symlinkSync(path.join(outside, 'clients.yaml'), path.join(folder, 'link.yaml'))
    symlinkSync(outside, path.join(folder, 'links'))
    for (const [files, message] of [
      ['nowhere.yaml', /^spec-file: matches no file/],
      ['*.json', /^spec-file: matches no file/],
      ['../a.yaml', /^spec-file: is outside of the workspace/],
      [path.join(outside, '*.yaml'), /^spec-file: is outside of the workspace/],
      ['link.yaml', /^spec-file: leads outside of the workspace/],
      ['links/clients.yaml', /^spec-file: leads outside/],
      ['*.yaml', /^spec-file: leads outside/],
      ['with*', /^spec-file: with space.yml has a space or comma in its name/],
      [',', /^spec-file: contains no path/],
    ] as const) {
      const result = await simulation.run({ 'spec-file': files })
      expectRefusal(result, 'INPUT_INVALID', { message })
      expect(result.annotations).toEqual([])
    }
  })

  it('may be named by another name of the workspace, and on a way that comes back', async () => {
    const folder = workspaceOf(simulation, { 'specs/a.yaml': etl })
    const link = path.join(folderWith({}), 'work')
    symlinkSync(folder, link)
    simulation.env.GITHUB_WORKSPACE = link
    for (const file of [`${link}/specs/a.yaml`, `${folder}/specs/*.yaml`, 'x/../specs/a.yaml']) {
      const { outputs } = await simulation.run({ 'spec-file': file, mode: 'validate' })
      expect(JSON.parse(outputs!.matrix!).include[0]['spec-file']).toBe('specs/a.yaml')
    }
  })

  it('may be in a workspace with a random name', async () => {
    const folder = path.join(
      folderWith({ 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6x/a.yaml': etl }),
      'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6x',
    )
    for (const input of ['name', 'scopes']) delete simulation.inputs[input]
    simulation.env.GITHUB_WORKSPACE = folder
    expectSuccess(await simulation.run({ 'spec-file': `${folder}/a.yaml`, mode: 'validate' }))
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
      expect.stringMatching(/^b.yaml clients\[0\].deliver\[0\]: .* client etl .*a.yaml:/),
      expect.stringMatching(/^c.yaml name: there is a client etl already \(a.yaml:3\)/),
      expect.stringMatching(/^c.yaml clients\[0\].deliver\[0\]: /),
    ])
  })

  it.each(['Acme/App', 'acme/app'])('know the running repository as %s', async (repository) => {
    const text = specOf(
      'name: a\nscopes: [apps]\ndeliver: [{}]',
      `name: b\nscopes: [apps]\ndeliver: [{ repository: ${repository} }]`,
    )
    await expectMistake(text, '8:15', /the client secret of client b has the same place as the one of client a/)
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
    const { log, summary } = await runFile(text, none)
    expect(log.join('\n')).toMatch(/^etl · The scope user_defualt is not .* Did you mean user_default\?/m)
    expect(summary).toMatch(/- ⚠️ jobs .* The scope admin_classic gives the client all/)
  })

  it('masks credentials all the same', async () => {
    const { masks } = await simulation.run({ ...none, 'api-key': 'hunter2hunter2hunter2' })
    expect([...masks]).toContain('hunter2hunter2hunter2')
  })
})

describe('allow-destinations', () => {
  const text = specOf('name: etl\nscopes: [apps]\ndeliver:\n  - {}\n  - repository: Acme/Other')
  const refused = async (allowed: string): Promise<void> =>
    void (await expectMistake(text, '7:9', /allow-destinations/, { 'allow-destinations': allowed }))

  it.each(['acme/other', 'ACME/*', 'x/y acme/o*'])('lets a file deliver to what it names: %s', async (allowed) => {
    simulation.sandbox.github.createRepository('acme/other')
    expectSuccess(await runFile(text, { 'allow-destinations': allowed }), { result: 'created' })
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
    const result = await runFile(
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
    await expectMistake(long, '6:21', /must be owner\/name/, { 'allow-destinations': 'acme/*-*-*-*-*-*-*-*-prod' })
    const longest = long.replace('--x', 'x')
    await expectMistake(longest, '6:9', /allow-destinations/, { 'allow-destinations': `acme/${'*-'.repeat(40)}prod` })
  })

  it('is a list of names', async () => {
    const inputs = { 'allow-destinations': 'https://github.com/acme' }
    expectRefusal(await runFile(text, inputs), 'INPUT_INVALID', {
      message: /^allow-destinations: item 1 is not owner\/name/,
    })
  })
})
