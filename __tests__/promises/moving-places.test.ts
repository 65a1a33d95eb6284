import { expect, test } from 'vitest'
import { MovingPlaces } from './moving-places.ts'

// Histories of clients that pass places around. `HISTORIES` and `FIRST` choose the seeds; a failure tells the whole history.

const { HISTORIES = '100', FIRST = '1' } = process.env
test.each(Array.from({ length: Number(HISTORIES) }, (_, index) => index + Number(FIRST)))(
  'places that pass from client to client: history %i',
  async (seed) => {
    const moving = await MovingPlaces.begin(seed)
    for (let run = 0; run < 7; run++) await moving.goOn()
    await moving.end()
    expect(moving.broken, moving.story.join('\n')).toEqual([])
  },
)
