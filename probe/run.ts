import type { Settings } from '../sandbox/settings.ts'
import { Bench, type SignIn } from './bench.ts'
import type { Fact } from './fact.ts'
import { clientFacts } from './facts/clients.ts'
import { deletionFacts } from './facts/deletion.ts'
import { secretFacts } from './facts/secrets.ts'
import { spaceFacts } from './facts/spaces.ts'
import { tokenFacts } from './facts/tokens.ts'
import { type Line, NoAnswer, Stopped, Untold } from './wire.ts'

/** In the order in which they are asked: the later ones use up the clients of the earlier ones. */
export const facts: Fact[] = [...clientFacts, ...secretFacts, ...spaceFacts, ...tokenFacts, ...deletionFacts]

/** The result of a question: an answer, or the reason why there is none. */
export type Answered = {
  fact: Fact
  reads?: string
  settings?: Partial<Settings>
  untold?: string
  /** The tenant gave no answer at all. */
  silent?: boolean
}

export type Probe = {
  answers: Answered[]
  /** Clients that could not be removed, or perhaps not: for the person who runs the probe, not for the report. */
  left: string[]
  bots: number
  requests: number
  seconds: number
  stopped: boolean
  unspeakable: ReadonlySet<string>
  /** Hosts of the tenant. */
  hosts: string[]
}

export const defect = 'a defect of the probe'

export type World = Line & { signIn: SignIn; run: string; say: (line: string) => void }

/** Asks all questions, and removes the created clients in every case. */
export async function probe(world: World, onBench: (bench: Bench) => void = () => {}): Promise<Probe> {
  const { clock, say } = world
  const began = clock.elapsed()
  const bench = new Bench(world, world.signIn, world.run)
  onBench(bench)
  const answers: Answered[] = []
  let stopped = false
  try {
    for (const fact of facts) {
      say(`… ${fact.question}`)
      answers.push(await answered(fact, bench))
      // A caller who may not read the list may do nothing else either. A tenant that does not answer is not asked again.
      if (answers.length === 1 && answers[0]!.untold !== undefined) break
      if (answers.length >= 3 && answers.slice(-3).every(({ silent }) => silent)) break
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    stopped = true
  } finally {
    say('… removing what was created')
    await bench.clean()
  }
  const seconds = Math.round((clock.elapsed() - began) / 1000)
  const left = bench.left()
  const { requests } = bench.wire
  const hosts = [world.origin, ...answers.flatMap(({ settings }) => settings?.issuer ?? [])].map(
    (it) => new URL(it).host,
  )
  return {
    answers,
    left,
    bots: bench.bots.size,
    requests,
    seconds,
    stopped,
    unspeakable: bench.wire.unspeakable,
    hosts,
  }
}

async function answered(fact: Fact, bench: Bench): Promise<Answered> {
  try {
    return { fact, ...(await fact.find(bench)) }
  } catch (error) {
    if (error instanceof Stopped) throw error
    if (error instanceof Untold) return { fact, untold: error.message }
    if (error instanceof NoAnswer) return { fact, untold: error.message, silent: true }
    // The other questions are worth asking all the same.
    return { fact, untold: `${defect} (${error})` }
  }
}
