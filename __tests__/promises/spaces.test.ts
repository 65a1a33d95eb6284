import { describe, expect, test } from 'vitest'
import type { Settings } from '../../sandbox/settings.ts'
import { readDescription } from '../../src/ledger/description.ts'
import { expectNoLeaks, expectSettled, expectUsable, theClient } from '../support/promises.ts'
import type { RunResult, Simulation } from '../support/simulation.ts'
import { ForeignMembers, memberships } from '../support/spaces.ts'
import type { Trouble } from '../support/troubles.ts'
import { dice, together } from './runs-at-once.ts'
import { prepared, type Scenario } from './scenarios.ts'

const troubles: Trouble[] = [
  'killed before',
  'killed after',
  'answer lost',
  '500 after',
  '429',
  '429 for long',
  'SIGTERM',
]
const both = 'Finance: consumer producer\nSales: consumer'

type Case = {
  /** What was there before, and what is asked for. */
  before?: string
  inputs: Record<string, string>
  edit?: (simulation: Simulation, foreign: ForeignMembers) => void
  /** Who is a member in the end. */
  after: Record<string, string[]>
  settings?: Partial<Settings>
}

const named = ({ sandbox: { tenant } }: Simulation, name: string) =>
  [...tenant.spaces.all.values()].find((space) => space.name === name)!
const botOf = (simulation: Simulation) => simulation.sandbox.tenant.botOf(theClient(simulation)).id

const cases: Record<string, Case> = {
  'granting to a new client': {
    inputs: { spaces: both },
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
  },
  'granting to a client that is there': {
    before: '[]',
    inputs: { spaces: both },
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
  },
  'granting beside a rotation': {
    before: 'Finance: consumer',
    inputs: { spaces: both, rotate: 'now' },
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
  },
  'granting where a bot is no user': {
    before: '[]',
    inputs: { spaces: both },
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
    settings: { typeOfBots: 'bot', wrongTypeStatus: 404 },
  },
  'revoking, and granting another': {
    before: 'Finance: consumer',
    inputs: { spaces: 'Sales: consumer' },
    after: { Sales: ['consumer'] },
  },
  'revoking all, beside what somebody else granted': {
    before: both,
    inputs: { spaces: '[]' },
    edit: (simulation, foreign) => foreign.add(named(simulation, 'Archive'), botOf(simulation), ['consumer']),
    after: { Archive: ['consumer'] },
  },
  'enforcing roles where somebody else granted': {
    before: '[]',
    inputs: { spaces: both },
    edit: (simulation, foreign) => foreign.add(named(simulation, 'Sales'), botOf(simulation), ['facilitator']),
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
  },
  'granting without a proof, to a user that is made with the client': {
    inputs: { spaces: both, deliver: 'false' },
    after: { Finance: ['consumer', 'producer'], Sales: ['consumer'] },
    settings: { botAppears: 'with-client' },
  },
}

async function world({ before, edit, settings }: Case) {
  const { simulation, places } = await prepared({} satisfies Scenario, settings)
  const { spaces } = simulation.sandbox.tenant
  for (const name of ['Finance', 'Sales', 'Archive']) spaces.add(name)
  const foreign = new ForeignMembers(simulation)
  if (before !== undefined) expect((await simulation.run({ spaces: before })).error?.message).toBeUndefined()
  simulation.advance(1)
  edit?.(simulation, foreign)
  return { simulation, foreign, places }
}

/** The spaces of the ledger are those that the action granted, and no others. */
function expectRemembered(simulation: Simulation): void {
  const { spaces } = simulation.sandbox.tenant
  const ledger = readDescription(theClient(simulation).description ?? '').ledger!
  const made = [...spaces.assignments.values()].filter(({ createdBy }) => createdBy !== 'maria')
  expect(Object.keys(ledger.spaces ?? {}).sort()).toEqual(made.map(({ spaceId }) => spaceId).sort())
}

describe('wherever a run is stopped, P7: the next one continues', () => {
  for (const [name, each] of Object.entries(cases))
    for (const trouble of troubles)
      test(`${name} × ${trouble}`, async () => {
        for (let at = 0; ; at++) {
          const { simulation, foreign, places } = await world(each)
          const { rotate: _once, ...again } = each.inputs
          const runs: RunResult[] = [await simulation.run(each.inputs, { at, kind: trouble })]
          const struck = runs[0]!.requests[at]
          const story = () =>
            [
              `${trouble} at ${at}: ${struck?.method} ${struck?.path}`,
              ...runs.flatMap(({ log }) => ['---', ...log]),
            ].join('\n')
          foreign.expectKept()
          for (const hours of [0, 11 / 60, 25]) {
            simulation.advance(hours)
            runs.push(await simulation.run(again))
            expect(runs.at(-1)!.error?.message, story()).toBeUndefined()
            foreign.expectKept()
          }
          expect(memberships(simulation), story()).toEqual(each.after)
          expectRemembered(simulation)
          if (again.deliver === undefined) expectUsable(simulation, places)
          // P6: nothing is left to do.
          await expectSettled(simulation, again)
          expectNoLeaks(simulation, runs)
          // P4, of spaces: all that is ours goes when nobody asks for it any more, and nothing else does.
          expect((await simulation.run({ ...again, spaces: '[]' })).error?.message).toBeUndefined()
          foreign.expectKept()
          expect(
            [...simulation.sandbox.tenant.spaces.assignments.values()].filter(({ createdBy }) => createdBy !== 'maria'),
          ).toEqual([])
          if (struck === undefined) break
        }
      })
})

describe('destroying revokes first, wherever it is stopped', () => {
  for (const trouble of troubles)
    test(`P7: no membership of ours is left × ${trouble}`, async () => {
      for (let at = 0; ; at++) {
        const { simulation, foreign } = await world(cases['revoking all, beside what somebody else granted']!)
        const disturbed = await simulation.run({ mode: 'destroy' }, { at, kind: trouble })
        const { outputs, error } = await simulation.run({ mode: 'destroy' })
        expect(error?.message).toBeUndefined()
        expect(['deleted', 'unchanged']).toContain(outputs?.result)
        foreign.expectKept()
        expect(simulation.sandbox.tenant.spaces.assignments.size).toBe(1)
        if (disturbed.requests[at] === undefined) break
      }
    })
})

describe('two runs at once', () => {
  const pairs: [string, Case, Record<string, string>[]][] = [
    ['that create', cases['granting to a new client']!, [{ spaces: both }, { spaces: both }]],
    ['that grant', cases['granting to a client that is there']!, [{ spaces: both }, { spaces: both }]],
    ['that grant and rotate', cases['granting beside a rotation']!, [{ spaces: both }, { rotate: 'now' }]],
    [
      'that revoke',
      cases['revoking, and granting another']!,
      [{ spaces: 'Sales: consumer' }, { spaces: 'Sales: consumer' }],
    ],
    [
      'that want different spaces',
      cases['granting to a client that is there']!,
      [{ spaces: 'Finance: consumer' }, { spaces: 'Sales: consumer' }],
    ],
  ]
  test.each(pairs)(
    '%s end with what the spec says, and revoke nothing of others: P6 and P7',
    async (_what, each, inputs) => {
      for (let seed = 0; seed < 40; seed++) {
        const { simulation, foreign } = await world(each)
        foreign.add(named(simulation, 'Archive'), 'somebody', ['consumer'])
        const runs = inputs.map((given) => simulation.begin(given))
        await together(runs, dice(seed))
        for (const { result } of runs) if (result.error?.code === 'BUG') throw result.error.cause
        const again = { spaces: each.inputs.spaces! }
        for (const hours of [0, 11 / 60, 25, 11 / 60, 25]) {
          simulation.advance(hours)
          const { error, log } = await simulation.run(again)
          expect(error?.message, log.join('\n')).toBeUndefined()
        }
        foreign.expectKept()
        expect(memberships(simulation)).toEqual(each.after)
        expectRemembered(simulation)
        await expectSettled(simulation, again)
      }
    },
  )
})
