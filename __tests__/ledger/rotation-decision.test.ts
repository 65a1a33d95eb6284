import { describe, expect, it } from 'vitest'
import { lease, lostAfter, otherRunAtWork } from '../../src/ledger/lease.ts'
import { decideRotation, secretIssuedAt } from '../../src/ledger/rotation-decision.ts'
import type { RotationInput } from '../../src/ledger/rotation-situation.ts'
import type { ObservedDestination } from '../../src/model/destination.ts'
import { actor, destination, key, ledgerOf, now } from '../support/values.ts'

const day = 86_400
const secret = (hint: string, age: number, createdBy = 'us') => ({ hint, createdAt: now - age, createdBy })
const seen = (more: ObservedDestination = { secretStamp: 500 }) => new Map([[key, more]])
const announcement = (age: number, known = ['aaaaa'], stamps: Record<string, number | null> = { [key]: 500 }) => ({
  run: '8.1.x',
  at: now - age,
  known,
  stamps,
})

function decide(more: Partial<RotationInput> = {}) {
  return decideRotation({
    ledger: ledgerOf(),
    live: [secret('aaaaa', day)],
    destinations: [destination],
    observed: seen(),
    now,
    seen: undefined,
    run: actor.run,
    kind: 'secret',
    grace: day,
    rotate: 'auto',
    retireHints: [],
    neededElsewhere: new Set<string>(),
    graceAnew: new Set<string>(),
    ...more,
  })
}

describe('a fresh secret is issued', () => {
  it('not if everything is in place', () => {
    expect(decide()).toEqual({ wait: undefined, retire: [], reasons: [], undelivered: [], orphans: [], foreign: [] })
  })

  it('because there was none', () => {
    const { current: _none, ...never } = ledgerOf({ destinations: {} })
    expect(decide({ ledger: never }).reasons).toEqual(['first'])
    expect(decide({ ledger: undefined }).reasons).toEqual(['first'])
  })

  it('because it is due, to the second, by the tenant’s own times', () => {
    expect(decide({ after: day + 1 }).reasons).toEqual([])
    expect(decide({ after: day }).reasons).toEqual(['due'])
    const ledger = ledgerOf({ current: { hint: 'aaaaa', since: now - 10 * day } })
    expect(decide({ ledger, after: 5 * day }).reasons).toEqual([])
    expect(decide({ ledger, after: 5 * day, live: [{ hint: 'aaaaa' }] }).reasons).toEqual(['due'])
  })

  it('because it was asked for, once: a secret that this run did not see at its start satisfies it', () => {
    expect(decide({ rotate: 'now' }).reasons).toEqual(['asked'])
    expect(decide({ rotate: 'now', seen: new Set(['aaaaa']) }).reasons).toEqual(['asked'])
    expect(decide({ rotate: 'now', seen: new Set(['older']) }).reasons).toEqual([])
  })

  it('because the current one is gone from the tenant', () => {
    expect(decide({ live: [] }).reasons).toEqual(['dead'])
    expect(decide({ live: [secret('bbbbb', 5)] }).reasons).toEqual(['dead'])
  })

  it.each<[string, Partial<RotationInput>]>([
    ['is absent', { observed: seen({}) }],
    ['is absent, and nobody knew what it held', { observed: seen({}), ledger: ledgerOf({ unproven: true }) }],
    ['shows the stamp that it had before two runs overlapped', { ledger: ledgerOf({ unproven: true }) }],
    ['was written by somebody else', { observed: seen({ secretStamp: 501 }) }],
    ['is new', { destinations: [destination, { ...destination, environment: 'x' }] }],
    [
      'holds the id as a secret that somebody else wrote',
      { destinations: [{ ...destination, idAs: 'secret' }], observed: seen({ secretStamp: 500, idStamp: 1 }) },
    ],
    ['holds an earlier secret', { ledger: ledgerOf({ destinations: { [key]: { hint: 'zzzzz', stamp: 500 } } }) }],
  ])('because a destination %s', (_what, more) => {
    expect(decide(more).reasons).toEqual(['undelivered'])
  })

  it('because a suspect is ten minutes old, and not before', () => {
    const suspects = (age: number) => ({
      ledger: ledgerOf({ suspects: { sssss: now - age } }),
      live: [secret('aaaaa', day), secret('sssss', age)],
    })
    expect(decide(suspects(lostAfter)).reasons).toEqual(['unsettled'])
    expect(decide(suspects(lostAfter - 1)).reasons).toEqual([])
  })

  it('because a run that may have delivered died ten minutes ago', () => {
    const died = (age: number) =>
      decide({
        ledger: ledgerOf({ announced: announcement(age, ['aaaaa'], { [key]: 400 }) }),
        live: [secret('aaaaa', day), secret('ooooo', age - 1)],
      })
    expect(died(lostAfter)).toMatchObject({ reasons: ['unsettled'], orphans: ['ooooo'], retire: [] })
    expect(died(lostAfter - 1)).toMatchObject({ reasons: [], orphans: ['ooooo'], retire: [] })
  })
})

describe('a secret is retired', () => {
  const retiring = {
    ledger: ledgerOf({ retiring: { rrrrr: now - day } }),
    live: [secret('aaaaa', day), secret('rrrrr', 9 * day)],
  }

  it('when its grace is over, and not before', () => {
    expect(decide(retiring).retire).toEqual([{ hint: 'rrrrr', why: 'grace is over' }])
    expect(decide({ ...retiring, grace: day + 1 }).retire).toEqual([])
  })

  it.each<[string, Partial<RotationInput>]>([
    ['there is a suspect', { ledger: { ...retiring.ledger, suspects: { sssss: now } } }],
    ['there is an announcement', { ledger: { ...retiring.ledger, announced: announcement(5, ['aaaaa', 'rrrrr']) } }],
    ['a destination was written by somebody else', { observed: seen({ secretStamp: 501 }) }],
    ['the current one is gone', { live: [secret('rrrrr', 9 * day)] }],
    ['another secret has its hint by now', { live: [secret('aaaaa', day), secret('rrrrr', 5)] }],
    ['it is gone already', { live: [secret('aaaaa', day)] }],
  ])('never while %s', (_what, more) => {
    expect(decide({ ...retiring, ...more }).retire).toEqual([])
  })

  it('after an announcement that died without a trace', () => {
    const ledger = { ...retiring.ledger, announced: announcement(lostAfter, ['aaaaa', 'rrrrr']) }
    expect(decide({ ...retiring, ledger }).retire).toEqual([{ hint: 'rrrrr', why: 'grace is over' }])
  })

  it('also if the tenant says that it was made a moment after it was replaced: its clocks may differ', () => {
    const ledger = ledgerOf({ retiring: { rrrrr: now - day } })
    const made = (createdAt: number) => [secret('aaaaa', day), { hint: 'rrrrr', createdAt }]
    for (const createdAt of [now - day + 0.7, now - day + 5])
      expect(decide({ ledger, live: made(createdAt) }).retire).toEqual([{ hint: 'rrrrr', why: 'grace is over' }])
    expect(decide({ ledger, live: made(now - day + 3600) }).retire).toEqual([])
  })

  it('without grace if it certainly was never delivered', () => {
    const ledger = ledgerOf({ announced: announcement(lostAfter) })
    const live = [secret('aaaaa', day), secret('ooooo', lostAfter - 1)]
    expect(decide({ ledger, live })).toMatchObject({
      retire: [{ hint: 'ooooo', why: 'never delivered' }],
      orphans: [],
      reasons: [],
    })
    expect(decide({ ledger, live, observed: seen({ secretStamp: 501 }) }).retire).toEqual([])
  })

  it('not if all slots are taken and a fresh one would only settle suspects', () => {
    const ledger = ledgerOf({ suspects: { bbbbb: now - 700 } })
    const live = ['aaaaa', 'bbbbb', 'c', 'd'].map((hint) => secret(hint, 800))
    expect(decide({ ledger, live })).toMatchObject({ reasons: ['unsettled'] })
    const full = [...live, secret('fffff', 9 * day, 'ann')]
    expect(decide({ ledger, live: full })).toMatchObject({ reasons: [], retire: [], postponed: true })
    expect(decide({ ledger, live: full, rotate: 'now' }).reasons).toEqual(['asked', 'unsettled'])
  })

  describe('to make room, if all five slots are taken:', () => {
    const live = [secret('aaaaa', 9 * day), ...['b', 'c', 'd'].map((it) => secret(it.repeat(5), 8 * day))]
    const full = [...live, secret('fffff', 99 * day, 'ann')]
    const suspects = { bbbbb: now - 8 * day, ccccc: now - 8 * day, ddddd: now - 8 * day }
    const ledger = ledgerOf({ suspects })
    const written = (secretStamp: number, secretAge = day) => seen({ secretStamp, secretAge })
    const hints = (more: Partial<RotationInput>) =>
      decide({ ledger, live: full, ...more }).retire.map(({ hint }) => hint)

    it('the current one, if every place got a later write a grace ago', () => {
      expect(hints({ observed: written(503) })).toEqual(['aaaaa'])
      expect(hints({ observed: written(503), ledger: { ...ledger, unproven: true } })).toEqual(['aaaaa'])
    })

    it.each<[string, Partial<RotationInput>]>([
      ['the grace lasts', { observed: written(503, day - 1) }],
      ['GitHub did not say how long ago', { observed: seen({ secretStamp: 503 }) }],
      ['the write may have been its own delivery, repeated', { observed: written(502) }],
      ['its secret was deleted on GitHub, nobody knows when', { observed: seen({}) }],
      ['a place that the ledger names was not looked at', { observed: new Map() }],
      ['nobody knows any more where it lay', { observed: seen({}), ledger: { ...ledger, destinations: {} } }],
      ['a slot is free', { observed: written(503), live }],
    ])('and nothing while %s', (_what, more) => {
      expect(hints(more)).toEqual([])
    })

    it('also one that was delivered to one place of two, if a run that died was about to deliver to both', () => {
      const staging = { ...destination, environment: 'staging' }
      const other = '123//staging/QLIK_CLIENT_SECRET'
      const announced = announcement(8 * day, ['aaaaa', 'bbbbb', 'ccccc'], { [key]: 500, [other]: null })
      const observed = new Map([...written(503), [other, {}]])
      const died = { ...ledger, suspects: { bbbbb: suspects.bbbbb, ccccc: suspects.ccccc }, announced }
      expect(hints({ destinations: [destination, staging], observed, ledger: died })).toEqual(['aaaaa'])
    })

    it('a secret whose grace would begin anew with a write of this run: without a slot there is no such write (P7)', () => {
      const retiring = { bbbbb: now - 8 * day }
      const graceAnew = new Set(['bbbbb'])
      const more = { ledger: ledgerOf({ retiring }), after: day, graceAnew }
      expect(hints(more)).toEqual(['bbbbb'])
      expect(hints({ ...more, live })).toEqual([])
      expect(hints({ ...more, neededElsewhere: graceAnew })).toEqual([])
    })

    it('suspects that were followed by the write of a later announcement', () => {
      const announced = announcement(7 * day, ['aaaaa', 'bbbbb', 'ccccc', 'fffff'], { [key]: 500 })
      const orphaned = { ...ledger, suspects: { bbbbb: suspects.bbbbb, ccccc: suspects.ccccc }, announced }
      const withOrphan = full.map((it) => (it.hint === 'ddddd' ? secret('ddddd', 7 * day) : it))
      expect(hints({ ledger: orphaned, live: withOrphan, observed: written(501) })).toEqual(['bbbbb', 'ccccc'])
    })
  })

  it('without grace also if somebody unknown wrote the place long before the run announced', () => {
    const ledger = ledgerOf({
      announced: announcement(lostAfter, ['aaaaa', 'ccccc'], { [key]: 503 }),
      suspects: { ccccc: now - 999 },
    })
    const live = [secret('aaaaa', day), secret('ccccc', 900), secret('ooooo', lostAfter - 1)]
    const retired = (secretAge: number) =>
      decide({ ledger, live, observed: seen({ secretStamp: 503, secretAge }) }).retire.map(({ hint }) => hint)
    expect(retired(lostAfter + 60)).toEqual(['ooooo'])
    // It may be what another run delivered between the two readings that the announcement rests on.
    expect(retired(lostAfter + 2)).toEqual([])
  })

  it('by name only if it is not ours and the current one is in place', () => {
    const live = [secret('aaaaa', day), secret('fffff', 99 * day, 'ann')]
    const retireHints = ['fffff', 'aaaaa', 'none']
    expect(decide({ live, retireHints }).retire).toEqual([{ hint: 'fffff', why: 'named in retire-hints' }])
    expect(decide({ live, retireHints }).foreign).toEqual([])
    expect(decide({ live, retireHints, observed: seen({}) })).toMatchObject({
      retire: [],
      foreign: [{ hint: 'fffff' }],
    })
  })
})

describe('a secret of somebody else', () => {
  it('is reported, and never retired unless somebody names it', () => {
    const live = [secret('aaaaa', day), secret('fffff', 99 * day, 'ann')]
    expect(decide({ live })).toMatchObject({ foreign: [{ hint: 'fffff', createdBy: 'ann' }], retire: [], reasons: [] })
  })

  it('is one that was made before an announcement, was known to it, or came after its lease', () => {
    const ledger = ledgerOf({ announced: announcement(lostAfter, ['aaaaa', 'kkkkk']) })
    const live = [
      secret('aaaaa', day),
      secret('kkkkk', 500),
      secret('early', lostAfter + 1),
      secret('later', lostAfter - lease),
    ]
    expect(decide({ ledger, live })).toMatchObject({ orphans: [], retire: [] })
    expect(decide({ ledger, live }).foreign.map(({ hint }) => hint)).toEqual(['kkkkk', 'early', 'later'])
  })
})

describe('another run', () => {
  it('is waited for while its announcement is fresh', () => {
    const ledger = ledgerOf({ announced: announcement(lease - 1) })
    expect(decide({ ledger }).wait).toEqual({ run: '8.1.x', until: now + 1 })
    expect(otherRunAtWork(ledger, now + 1, actor.run)).toBeUndefined()
  })

  it('is waited for longer if it renewed its announcement', () => {
    const announced = { ...announcement(lease + 20), renewed: now - 10 }
    expect(otherRunAtWork(ledgerOf({ announced }), now, actor.run)).toEqual({ run: '8.1.x', until: now + lease - 10 })
  })

  it('is not waited for if it is an earlier attempt of this one', () => {
    const by = (run: string) =>
      otherRunAtWork(ledgerOf({ announced: { ...announcement(1), run } }), now, { id: '9', attempt: 2, process: 'p' })
    expect(by('9.2.p')).toBeUndefined()
    expect(by('9.1.q')).toBeUndefined()
    expect(by('9.2.q')).toBeDefined()
    expect(by('9.3.q')).toBeDefined()
    expect(by('7.1.q')).toBeDefined()
  })
})

it('the current secret was issued when the tenant says so, else when the ledger does', () => {
  expect(secretIssuedAt(ledgerOf(), [secret('aaaaa', 7)])).toBe(now - 7)
  expect(secretIssuedAt(ledgerOf(), [{ hint: 'aaaaa' }])).toBe(now - day)
  expect(secretIssuedAt(undefined, [])).toBeUndefined()
})
