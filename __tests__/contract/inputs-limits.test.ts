import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { inputLengths, secretInputs } from '../../src/io/inputs/input-table.ts'
import { expectFailure, expectRefusal, expectSuccess } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { folderWith, workspaceOf } from '../support/workspace.ts'

eachTest()

const names = Object.keys(inputLengths) as (keyof typeof inputLengths)[]

/** Runs with these inputs; it is over soon, and nobody was asked anything. */
async function refusedSoon(inputs: Record<string, string>, message: RegExp) {
  const began = performance.now()
  const result = await simulation.run(inputs)
  expect(performance.now() - began).toBeLessThan(2000)
  expectRefusal(result, 'INPUT_INVALID', { message })
  expect(result.requests).toEqual([])
  return result
}

describe('an input that is longer than anything it can mean', () => {
  it('is one of those in action.yml, each of which has a limit', () => {
    const action = parse(readFileSync(path.join(import.meta.dirname, '../../action.yml'), 'utf8'))
    expect(names.toSorted()).toEqual(Object.keys(action.inputs).toSorted())
  })

  it.each(names)('is refused before anything else looks at it: %s', async (name) => {
    const length = name === 'deliver' ? 200_000 : 1_000_000
    const result = await refusedSoon(
      { [name]: 'a'.repeat(length) },
      new RegExp(`${name}: has at most \\d+ characters \\(got a text of ${length} characters\\)`),
    )
    expect(result.error?.message.match(/has at most/g)).toHaveLength(1)
    expect(result.error?.message.length).toBeLessThan(300)
  })

  it.each(secretInputs)('prints no masks either: %s', async (name) => {
    const result = await refusedSoon({ [name]: 'k9'.repeat(5_000_000) }, new RegExp(`${name}: has at most`))
    expect([...result.masks].reduce((sum, mask) => sum + mask.length, 0)).toBeLessThan(100_000)
  })

  it('is refused also where only the inputs are checked', () =>
    refusedSoon({ mode: 'validate', 'api-key': 'k9'.repeat(70_000) }, /^api-key: has at most 8192 characters/))

  it('leaves the others to be told of', () =>
    refusedSoon(
      { 'spec-file': 'x'.repeat(130_000), rotate: 'never', name: '', scopes: '' },
      /^2 inputs .*spec-file: has at most.*rotate: accepted are auto, now/s,
    ))

  it('of as many characters as it may have costs little', async () => {
    const result = await refusedSoon(
      { 'grant-types': 'a '.repeat(500), scopes: 'b,'.repeat(30_000), rotate: 'x' },
      /grant-types: accepted are .* \(item 1\)/,
    )
    expect(result.error?.message.length).toBeLessThan(1000)
    const masked = await refusedSoon({ 'api-key': 'k9Z%'.repeat(2048), rotate: 'x' }, /^rotate/)
    expect([...masked.masks].reduce((sum, mask) => sum + mask.length, 0)).toBeLessThan(1_000_000)
  })
})

describe('an address in the environment', () => {
  it('has a limit too, and a password of any length prints few masks', async () => {
    simulation.env.HTTPS_PROXY = `http://bob:${'k9%25'.repeat(100_000)}@proxy:3128`
    const { masks } = await refusedSoon({}, /^HTTPS_PROXY: has at most 4096 characters/)
    expect([...masks].reduce((sum, mask) => sum + mask.length, 0)).toBeLessThan(100_000)
  })
})

describe('patterns for spec files', () => {
  beforeEach(() => {
    workspaceOf(simulation, { 'specs/a.yml': 'version: 1\nclients: [{ name: a, scopes: [apps], deliver: [] }]\n' })
  })

  it.each([
    ['{1..9999999}.yml', /takes \{a,b\}, but neither ranges nor braces within braces/],
    ['{a..z}{a..z}{a..z}.yml', /neither ranges/],
    ['{a,{b,{c,d}}}.yml', /neither ranges nor braces within braces/],
    [`${'{a,b}'.repeat(20)}.yml`, /has more than 100 alternatives/],
    ['+(a+(a+(a+(a))))b.yml', /takes \*, \*\*, \?, \[abc\] and \{a,b\}, but no \(…\)/],
    ['!(a|b).yml', /but no \(…\)/],
    [`${'*a'.repeat(40)}b.yml`, /has at most 3 stars in each part/],
    [`${'**/'.repeat(30)}b.yml`, /has at most 2 parts with \*\*/],
    [`${'a'.repeat(300)}.yml`, /has a name of more than 255 bytes/],
    [`${'é'.repeat(130)}.yml`, /has a name of more than 255 bytes/],
    [`${'a/'.repeat(600)}b.yml`, /has at most 1024 characters for each path/],
    ['a\u0007.yml', /contains control characters/],
  ])('that would take long are refused: %s', async (pattern, message) => {
    const { error } = await refusedSoon({ 'spec-file': pattern }, message)
    expect(error?.message).toMatch(/^spec-file: /)
  })

  it('name the one of several that is wrong', () =>
    refusedSoon({ 'spec-file': 'specs/a.yml\n+(a).yml' }, /^spec-file: item 2 takes/))

  it.each(['specs/*.yml', '**/*.yml', 'specs/{a,b}.{yml,yaml}', 'specs/[a-z].yml', 'spec?/a.yml', '**/specs/*a*.yml'])(
    'of the usual kinds are found: %s',
    async (pattern) => {
      expectSuccess(await simulation.run({ 'spec-file': pattern, mode: 'validate' }))
    },
  )
})

describe('files that are none', () => {
  it('are no specs: a pipe, a folder, a device', async () => {
    const folder = workspaceOf(simulation, { 'a.yml': '' })
    execFileSync('mkfifo', [path.join(folder, 'pipe.yml')])
    symlinkSync('/dev/zero', path.join(folder, 'zero.yml'))
    await refusedSoon({ 'spec-file': 'pipe.yml' }, /^spec-file: pipe\.yml is not a regular file/)
    await refusedSoon({ 'spec-file': '.' }, /^spec-file: \. is not a regular file/)
    await refusedSoon({ 'spec-file': 'zero.yml' }, /^spec-file: leads outside of the workspace/)
    await refusedSoon({ 'spec-file': 'pip*.yml' }, /^spec-file: matches no file/)
  })

  it.each(['/dev/zero', '/proc/kmsg', '/nowhere', '/'])(
    'tell nothing of the event, and hang nothing: %s',
    async (event) => {
      Object.assign(simulation.env, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event })
      await refusedSoon({ 'api-key': '' }, /is it defined for this repository or environment/)
      expectSuccess(await simulation.run(), { result: 'created' })
    },
  )

  it('nor do a pipe and a text that is not JSON', async () => {
    const folder = folderWith({ 'event.json': '{"pull_request":' })
    execFileSync('mkfifo', [path.join(folder, 'pipe')])
    writeFileSync(path.join(folder, 'null.json'), 'null')
    for (const name of ['event.json', 'pipe', 'null.json']) {
      Object.assign(simulation.env, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: path.join(folder, name) })
      await refusedSoon({ 'api-key': '' }, /is it defined for this repository or environment/)
    }
    expectFailure(await simulation.run({ 'api-key': '' }), 'INPUT_INVALID')
  })
})
