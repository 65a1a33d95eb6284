import type { Running, RunResult, Simulation } from '../support/simulation.ts'

/** Repeatable pseudo-random numbers from 0 to 1 (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export type Death = { who: number; step: number }

/**
 * Runs at the same time: whichever `next` names goes on by one request, unless it sleeps longer than the others. Of one of
 * them nothing is heard any more after so many steps of its own. Tells how many steps each made.
 */
export async function together(runs: Running[], next: () => number, death?: Death): Promise<number[]> {
  const steps = runs.map(() => 0)
  for (const running of runs) await running.waiting()
  for (;;) {
    const alive = runs.filter(({ over }) => !over)
    if (alive.length === 0) return steps
    const soonest = Math.min(...alive.map(({ wake }) => wake))
    const ready = alive.filter(({ wake }) => wake <= Math.max(soonest, 0))
    const running = ready[Math.floor(next() * ready.length)]!
    const who = runs.indexOf(running)
    if (death?.who === who && death.step === steps[who]) running.kill()
    else {
      steps[who]!++
      // Which of the requests that a run makes at once is carried out first is a matter of chance, too.
      await running.step(Math.floor(next() * 4))
    }
  }
}

type Undisturbed = { next: () => number; death?: Death | undefined; after?: Record<string, string> }

/**
 * Runs with these inputs at the same time, then undisturbed ones with the inputs `after`, hours and days later. `story`: all that they told, for
 * a failure.
 */
export async function thenUndisturbed(
  simulation: Simulation,
  inputs: Record<string, string>[],
  { next, death, after = {} }: Undisturbed,
): Promise<{ steps: number[]; undisturbed: RunResult[]; story: string }> {
  const runs = inputs.map((given) => simulation.begin(given))
  const steps = await together(runs, next, death)
  const undisturbed: RunResult[] = []
  for (const hours of [0, 11 / 60, 25, 11 / 60, 25]) {
    simulation.advance(hours)
    undisturbed.push(await simulation.run(after))
  }
  const results = [...runs.map(({ result }) => result), ...undisturbed]
  const story = results.map(({ log, error }) => [...log, error?.message].join('\n')).join('\n---\n')
  return { steps, undisturbed, story }
}
