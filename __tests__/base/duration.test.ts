import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatDuration,
  isoTime,
  parseDuration,
  parseTimestamp,
  plural,
  readingArrivedAt,
} from '../../src/base/duration.ts'

describe('a duration', () => {
  it.each([
    ['90d', 7_776_000],
    ['24h', 86_400],
    ['30m', 1800],
    ['0', 0],
    ['0d', 0],
    ['999999d', 86_399_913_600],
  ])('%s is understood', (text, seconds) => expect(parseDuration(text)).toBe(seconds))

  it.each(['', ' ', '1', '-1d', '1 d', '1D', '1s', '1w', '1.5h', '1e3m', '٣d', '1d\n', '1d2h', '1000000d', '0x1d'])(
    '%j is none',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  )

  it('is none where it is anything but digits and a unit', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseDuration(text) === undefined).toBe(!/^(0|\d{1,6}[dhm])$/.test(text))
      }),
    )
  })

  it('is told in its largest unit, rounded down but for a moment', () => {
    expect([0, 1, 59.9, 60, 3599, 3600, 82_000, 86_399, 86_400, 255_000, 259_199].map(formatDuration)).toEqual([
      '0 seconds',
      '1 second',
      '59 seconds',
      '1 minute',
      '59 minutes',
      '1 hour',
      '22 hours',
      '24 hours',
      '1 day',
      '2 days',
      '3 days',
    ])
    expect(formatDuration(-5)).toBe('0 seconds')
  })
})

describe('a time', () => {
  it.each([
    ['2026-11-02T06:00:00Z', 1_793_599_200],
    ['2026-11-02T06:00:00.123456789Z', 1_793_599_200.123],
    ['2026-11-02T07:00:00.5+01:00', 1_793_599_200.5],
  ])('%s is read with any number of digits', (text, seconds) => expect(parseTimestamp(text)).toBeCloseTo(seconds, 3))

  it.each([undefined, '', 'yesterday', '2026-13-01T00:00:00Z'])('%s is none', (text) =>
    expect(parseTimestamp(text)).toBeUndefined(),
  )

  it('is written in whole seconds, and read back', () => {
    expect(isoTime(1_793_599_200.987)).toBe('2026-11-02T06:00:00Z')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (at) => {
        expect(parseTimestamp(isoTime(at))).toBe(at)
      }),
    )
  })
})

it('a number of things is told with the right noun', () => {
  expect([plural(0, 'secret'), plural(1, 'secret'), plural(2, 'secret')]).toEqual([
    '0 secrets',
    '1 secret',
    '2 secrets',
  ])
})

describe('a reading', () => {
  it('counts as there when its answer comes, however slow the service is', () => {
    for (const took of [0, 40, 9900, 30_000]) expect(readingArrivedAt(1000, 1000 + took)).toBe(1000 + took)
  })

  it('does not count as new where the host slept in the midst of it', () => {
    expect(readingArrivedAt(1000, 1000 + 11 * 60_000)).toBe(41_000)
  })
})
