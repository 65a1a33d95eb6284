import { afterAll, describe, expect, test } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import {
  expectNoLeaks,
  expectOnlyCurrent,
  expectSettled,
  expectUsable,
  repositoryPlace,
  theClient,
} from '../support/promises.ts'
import type { RunResult } from '../support/simulation.ts'
import { type Trouble, usualTroubles } from '../support/troubles.ts'
import { prepared, type Scenario, scenarios } from './scenarios.ts'

const leavesThings = new Set<Trouble>(['killed before', 'killed after', 'answer lost', 'SIGTERM'])

let stops = 0
afterAll(() => console.log(`${stops} stops tried`))

/** What the tenant or GitHub may do one way or the other: every pair of neighbours in a row, so that each meets others. */
const switches: Record<string, Partial<Settings>> = {
  'hints at the end, pages of three, late stamps': { hints: 'suffix', pageLimit: 3, stampDelay: 3 },
  'opaque hints, no secrets in the single read, slow secrets': {
    hints: 'opaque',
    getShowsSecrets: false,
    secretDelay: 2,
    pageLimit: 3,
  },
  'old form of answers, consent ignored at creation and slow': {
    legacyHint: true,
    createConsent: 'ignored',
    consentShown: 'alone',
    consentDelay: 2,
  },
  'the last secret is kept, late stamps': { lastSecret: 'kept', stampDelay: 3 },
  'secrets without times, the bot hides': { stampsOfSecrets: 'absent', usersMe: 'refuses' },
  'the last secret is kept, secrets without times, old form of answers': {
    lastSecret: 'kept',
    stampsOfSecrets: 'absent',
    legacyHint: true,
  },
  'replace of what is absent refused, tokens die with their secret, which are dated by a clock ahead': {
    secretClockAhead: 5,
    replaceAbsent: 'refused',
    tokensDieWithSecret: true,
    getShowsSecrets: false,
  },
}

describe('P1 to P7 hold wherever a run is stopped', () => {
  for (const [name, scenario] of Object.entries<Scenario>(scenarios))
    for (const trouble of usualTroubles)
      test(`${name} × ${trouble}`, async () => {
        await endureEverywhere(scenario, trouble, {})
      })
})

describe('P1 to P7 hold on tenants and GitHubs that differ', () => {
  const main = [
    ...(['creating', 'adopting a client made by hand', 'rotating on demand', 'rotating without grace'] as const),
    ...(['rotating a key', 'changing from a key to a secret'] as const),
  ]
  for (const [what, settings] of Object.entries(switches))
    for (const name of main)
      test(`${name} where: ${what}`, async () => {
        for (const trouble of leavesThings) await endureEverywhere(scenarios[name], trouble, settings)
      })
})

describe('destroying comes to its end wherever it is stopped', () => {
  for (const trouble of usualTroubles)
    test(`P7: nothing is left, and then nothing is written × ${trouble}`, async () => {
      for (let at = 0; ; at++) {
        const { simulation, watch } = await prepared(scenarios['rotating beside a secret of somebody else'])
        const [theirs] = theClient(simulation).secrets.filter(({ value }) => watch.foreign.has(value))
        const destroy = { mode: 'destroy', 'retire-hints': theirs!.hint }
        const disturbed = await simulation.run(destroy, { at, kind: trouble })
        const { outputs, error } = await simulation.run(destroy)
        expect(error?.message).toBeUndefined()
        expect(['deleted', 'unchanged']).toContain(outputs?.result)
        const { tenant, github } = simulation.sandbox
        expect(tenant.findByName('deployer')).toEqual([])
        expect([...github.secretNames(repositoryPlace), ...github.variableNames(repositoryPlace)]).toEqual([])
        const again = await simulation.run(destroy)
        expect(again.requests.filter(({ method }) => method !== 'GET')).toEqual([])
        expectNoLeaks(simulation, [disturbed, again])
        if (disturbed.requests[at] === undefined) break
        stops++
      }
    })
})

/** Has trouble at each request of a run, until there is none left to have it at. */
async function endureEverywhere(scenario: Scenario, trouble: Trouble, settings: Partial<Settings>): Promise<void> {
  for (let at = 0; ; at++) {
    const soon = await endure(scenario, settings, { at, kind: trouble }, false)
    if (!soon) return
    if (leavesThings.has(trouble)) await endure(scenario, settings, { at, kind: trouble }, true)
  }
}

/** One stop, then undisturbed runs, the first of them at once or late. False where the run was over before. */
async function endure(
  scenario: Scenario,
  settings: Partial<Settings>,
  { at, kind }: { at: number; kind: Trouble },
  late: boolean,
): Promise<boolean> {
  const { simulation, watch, places } = await prepared(scenario, settings)
  const { rotate: _once, ...again } = scenario.inputs ?? {}
  const runs: RunResult[] = [
    await simulation.run({ ...scenario.inputs, ...scenario.signIn?.(simulation) }, { at, kind }),
  ]
  const [disturbed] = runs as [RunResult]
  const struck = disturbed.requests[at]
  const story = () =>
    [
      `${kind} at ${at}: ${struck?.method} ${struck?.path}`,
      ...runs.flatMap(({ log }, run) => [`--- ${run}`, ...log]),
    ].join('\n')
  if (disturbed.error?.code === 'BUG') throw disturbed.error.cause
  const minutes = 11 / 60
  for (const hours of late ? [minutes, 25] : [0, minutes, 25]) {
    simulation.advance(hours)
    const next = await simulation.run({ ...again, ...scenario.signIn?.(simulation) })
    runs.push(next)
    expect(next.error?.message, story()).toBeUndefined()
    expect(watch.broken, story()).toEqual([])
    expectUsable(simulation, places)
  }
  try {
    // Where the tenant tells no times, what a dead run left may be anybody's: it is named, and stays.
    if (settings.stampsOfSecrets === 'absent')
      expect(theClient(simulation).secrets.length - watch.foreign.size).toBeLessThan(3)
    else expectOnlyCurrent(simulation, places, watch.foreign)
  } catch (thrown) {
    throw new Error(`${(thrown as Error).message}\n${story()}`)
  }
  await expectSettled(simulation, { ...again, ...scenario.signIn?.(simulation) })
  expectNoLeaks(simulation, runs)
  if (struck !== undefined) stops++
  return struck !== undefined
}
