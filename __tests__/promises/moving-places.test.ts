import { expect, test } from 'vitest'
import { MovingPlaces } from './moving-places.ts'

// Histories of clients that pass places around. `MOVES` and `FIRST_MOVE` choose the seeds; a failure tells the whole history.

const { MOVES = '80', FIRST_MOVE = '1' } = process.env
let jammed = 0
test.each(Array.from({ length: Number(MOVES) }, (_, index) => index + Number(FIRST_MOVE)))(
  'places that pass from client to client: history %i',
  async (seed) => {
    const moving = await MovingPlaces.begin(seed)
    for (let run = 0; run < 7; run++) await moving.goOn()
    await moving.end()
    expect(moving.broken, moving.story.join('\n')).toEqual([])
    if (moving.isJammed) jammed++
  },
)

test('hardly any of these histories ends with slots that a person must free', () => {
  expect(jammed).toBeLessThanOrEqual(Math.ceil(Number(MOVES) / 40))
})
