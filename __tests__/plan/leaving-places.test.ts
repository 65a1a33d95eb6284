import { describe, expect, it } from 'vitest'
import { roomBeside } from '../../src/ledger/description.ts'
import type { ObservedSecret } from '../../src/model/client.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import type { Observed, PlanContext } from '../../src/plan/client-plan.ts'
import { leavingPlaces, neededElsewhere, withLeaving } from '../../src/plan/leaving-places.ts'
import { actor, clientOf, destination, key, ledgerOf, now, specOf } from '../support/values.ts'

const elsewhere = { ...destination, secretName: 'ELSEWHERE' }
const spec = specOf({ destinations: [elsewhere] })
const taker = specOf({ name: 'taker' })
const left = { [key]: { hint: 'aaaaa', stamp: 500, id: 'variable:QLIK_CLIENT_ID' } }

type Given = {
  givesUp?: true
  secrets?: ObservedSecret[]
  ledger?: Partial<Ledger>
  stamp?: number
  age?: number
  taken?: boolean
  drop?: boolean
  by?: number
}

/** The leaving places of a client that served `key`, in a file with another client there. `by`: the stamp of that one's delivery. */
function leaving({ ledger = {}, stamp, age, taken = true, drop = true, by, givesUp, secrets }: Given) {
  const client = clientOf({ ledger: ledgerOf(ledger), ...(secrets === undefined ? {} : { secrets }) })
  const others =
    by === undefined
      ? []
      : [
          clientOf({
            id: 'c2',
            name: 'taker',
            ledger: ledgerOf({
              destinations: {},
              [givesUp ? 'leaving' : 'destinations']: { [key]: { hint: 'bbbbb', stamp: by } },
            }),
          }),
        ]
  const seen = { secretStamp: stamp, secretAge: age }
  const observed = { clients: [client, ...others], destinations: new Map([[key, seen]]), now } as unknown as Observed
  const policy = { dropDestinations: drop } as PlanContext['policy']
  return leavingPlaces(spec, client, observed, {
    actor,
    policy,
    seen: undefined,
    fleet: taken ? [spec, taker] : [spec],
  }).leaving
}

describe('a place that a client gives up', () => {
  it('is leaving if another client of the file takes it over, and a run may drop it', () => {
    expect(leaving({ stamp: 500 })).toEqual(left)
    expect(leaving({ stamp: 500, taken: false })).toEqual({})
    expect(leaving({ stamp: 500, drop: false })).toEqual({})
  })

  it('has no stamp if it may hold any secret of the client', () => {
    const unsure = { [key]: { ...left[key], stamp: -1 } }
    expect(leaving({ stamp: 501 })).toEqual(unsure)
    expect(leaving({ stamp: 500, ledger: { unproven: true } })).toEqual(unsure)
    expect(leaving({ stamp: 600, by: 600, age: 10, ledger: { suspects: { sssss: now } } })).toEqual(unsure)
    // Another client wrote there since, so it held the recorded secret until then.
    expect(leaving({ stamp: 600, by: 600, age: 10 })).toEqual(left)
    expect(leaving({})).toEqual({})
  })

  it('stays until nobody names it and a run may drop it', () => {
    const ledger = { destinations: {}, leaving: left }
    for (const drop of [true, false]) expect(leaving({ ledger, stamp: 500, drop })).toEqual(left)
    expect(leaving({ ledger, stamp: 500, drop: false, taken: false })).toEqual(left)
    expect(leaving({ ledger, stamp: 500, drop: true, taken: false })).toEqual({})
  })

  it('stays until the other client was delivered there a grace ago', () => {
    const ledger = { destinations: {}, leaving: left }
    expect(leaving({ ledger, stamp: 600, by: 600, age: 86_400 })).toEqual({})
    expect(leaving({ ledger, stamp: 600, by: 600, age: 86_399 })).toEqual(left)
    // The other client gave the place up since, maybe to this one.
    expect(leaving({ ledger, stamp: 600, by: 600, age: 86_400, givesUp: true })).toEqual({})
    // Somebody else wrote there, or both clients in one second.
    expect(leaving({ ledger, stamp: 601, by: 600, age: 90_000 })).toEqual(left)
    expect(leaving({ ledger, stamp: 500, by: 500, age: 90_000 })).toEqual(left)
  })
})

describe('a place that a dead run may have delivered to, while its client left it', () => {
  it('may hold any secret of the client, whatever the ledger recorded before', () => {
    const announced = { run: '8.1.x', by: 'us', at: now - 700, known: ['aaaaa'], stamps: { [key]: 500 } }
    const secrets = [
      { hint: 'aaaaa', createdAt: now - 86_400, createdBy: 'us' },
      { hint: 'ooooo', createdAt: now - 699, createdBy: 'us' },
    ]
    const given = { ledger: { destinations: {}, leaving: left, announced }, secrets, age: 690 }
    expect(leaving({ ...given, stamp: 510 })).toEqual({ [key]: { ...left[key], stamp: -1 } })
    // Nobody wrote there since the announcement.
    expect(leaving({ ...given, stamp: 500, age: 90_000 })).toEqual(left)
  })
})

describe('the secrets that leaving places need', () => {
  const ledger = ledgerOf({
    current: { hint: 'ccccc', since: now },
    retiring: { aaaaa: now },
    suspects: { sssss: now },
  })

  it('are those that they hold, or all of ours if nobody can tell', () => {
    expect(neededElsewhere({}, ledger)).toEqual(new Set())
    expect(neededElsewhere(left, ledger)).toEqual(new Set(['aaaaa']))
    expect(neededElsewhere({ [key]: { hint: 'aaaaa', stamp: -1 } }, ledger)).toEqual(
      new Set(['ccccc', 'aaaaa', 'sssss']),
    )
  })
})

describe('the ledger with leaving places', () => {
  it('leaves them out if the description has no room for both', () => {
    const ledger = ledgerOf({ leaving: { old: left[key]! } })
    const { leaving: _old, ...without } = ledger
    const room = roomBeside(without, spec.destinations, spec.rotation)
    expect(withLeaving(ledger, left, 'text', spec)).toEqual({ ...without, leaving: left })
    expect(withLeaving(ledger, {}, 'text', spec)).toEqual(without)
    expect(withLeaving(ledger, left, 'd'.repeat(room), spec)).toEqual(without)
  })
})
