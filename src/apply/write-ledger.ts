import { readingArrivedAt, secondsText } from '../base/duration.ts'
import { toActionError } from '../base/errors.ts'
import { withLedger } from '../ledger/description.ts'
import { ledgerLine, sameLedger } from '../ledger/ledger-codec.ts'
import type { LedgerBeforeWrite } from '../ledger/ledger-transitions.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { pause } from '../pause.ts'
import { longestLag, longestReadToWrite, readEvery, type Work } from './apply-context.ts'
import type { CriticalSection } from './fresh-credential.ts'

/** A client as read just before a write. `user`: the people's part of its description; `readAt`: elapsed milliseconds of the answer. */
export type ClientBeforeWrite = LedgerBeforeWrite & {
  user: string
  line: string | undefined
  readAt: number
  isGone: boolean
}

const mostAttempts = 5

/**
 * Reads the client of a critical section. A description that people changed meanwhile stays, unless the spec sets it. A tenant may still
 * answer with the state before our last write: then it is read again. `hint`: a secret that must be there.
 */
export async function readBeforeWrite(section: CriticalSection, work: Work, hint?: string): Promise<ClientBeforeWrite> {
  const { clock, stop } = work.tools
  for (const until = clock.elapsed() + longestLag; ; ) {
    const seen = await read(section, work)
    const isMissing = hint !== undefined && seen.live.every((secret) => secret.hint !== hint)
    const isStale = section.replaced.has(seen.line) || isMissing
    if (!isStale || stop.requested || clock.elapsed() >= until) return seen
    await pause(readEvery, work.tools)
  }
}

async function read(section: CriticalSection, { tools, plan }: Work): Promise<ClientBeforeWrite> {
  const askedAt = tools.clock.elapsed()
  const { value, at } = await tools.readers.tenant.client(section.clientId)
  const readAt = readingArrivedAt(askedAt, tools.clock.elapsed())
  const user = plan.spec.fields.description ?? value?.description.user ?? section.user
  const { ledger, line } = value?.description ?? {}
  return { ledger, line, live: value?.secrets ?? [], now: at, user, readAt, isGone: value === undefined }
}

/** Takes an announcement back, if it is still there: writes the ledger that follows without it. */
export async function takeBack(
  section: CriticalSection,
  work: Work,
  next: (seen: LedgerBeforeWrite) => Ledger,
): Promise<void> {
  await writeLedger(section, work, (seen) =>
    sameLedger(seen.ledger, section.announced) ? { ledger: next(seen) } : undefined,
  )
}

/**
 * Writes a ledger that is decided from a fresh reading; undefined writes none. If the answer is lost, or the tenant makes us wait too long
 * after the reading, reads and decides again.
 */
export async function writeLedger<T extends { ledger: Ledger } | undefined>(
  section: CriticalSection,
  work: Work,
  decide: (seen: ClientBeforeWrite) => T,
  first?: ClientBeforeWrite,
): Promise<T> {
  const { clock, stop, writers } = work.tools
  let last: T | undefined
  for (let attempt = 1; ; attempt++) {
    const isRecent = attempt === 1 && first !== undefined && clock.elapsed() - first.readAt <= longestReadToWrite
    const seen = isRecent ? first : await readBeforeWrite(section, work)
    // The answer was lost, but the write took effect.
    if (last !== undefined && sameLedger(seen.ledger, last.ledger)) return last
    const decision = decide(seen)
    if (decision === undefined) return decision
    last = decision
    // From here on the client may have this ledger, also if an earlier write of ours replaced the same one.
    section.replaced.delete(ledgerLine(decision.ledger))
    try {
      const text = withLedger(seen.user, decision.ledger)
      await writers.tenant.describe(section.clientId, text, 'filled', seen.readAt + longestReadToWrite)
      section.replaced.add(seen.line)
      return decision
    } catch (thrown) {
      const error = toActionError(thrown)
      const again = error.uncertain || error.retryAfter !== undefined
      if (!again || attempt === mostAttempts || stop.requested) throw error
      const wait = error.retryAfter ?? 250 * attempt
      if (wait >= 1000) work.tools.reporter.step(`… waiting ${secondsText(wait)}: ${error.message}`)
      await pause(wait, work.tools)
    }
  }
}
