import { arrivedAt } from '../base/duration.ts'
import { toActionError } from '../base/errors.ts'
import { withLedger } from '../ledger/description.ts'
import { ledgerLine, sameLedger } from '../ledger/ledger-codec.ts'
import type { Reread } from '../ledger/ledger-transitions.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { pause } from '../pause.ts'
import { freshness, lookEvery, mostLag, type Work } from './apply-context.ts'
import type { Section } from './fresh-credential.ts'

/** A client as read just before a write; `user`: the people's part of its description, `readAt`: elapsed milliseconds when it was there. */
export type Seen = Reread & { user: string; line: string | undefined; readAt: number; isGone: boolean }

const mostAttempts = 5

/**
 * Reads the client of a section. What people wrote into its description meanwhile stays, unless the spec names it. A tenant may answer
 * with what was there before our own last write: that is read again. `hint`: a secret that has to be there.
 */
export async function reread(section: Section, work: Work, hint?: string): Promise<Seen> {
  const { clock, stop } = work.shop
  for (const until = clock.elapsed() + mostLag; ; ) {
    const seen = await read(section, work)
    const isMissing = hint !== undefined && seen.live.every((secret) => secret.hint !== hint)
    const isStale = section.replaced.has(seen.line) || isMissing
    if (!isStale || stop.requested || clock.elapsed() >= until) return seen
    await pause(lookEvery, work.shop)
  }
}

async function read(section: Section, { shop, plan }: Work): Promise<Seen> {
  const askedAt = shop.clock.elapsed()
  const { value, at } = await shop.readers.tenant.client(section.clientId)
  const readAt = arrivedAt(askedAt, shop.clock.elapsed())
  const user = plan.spec.fields.description ?? value?.description.user ?? section.user
  const { ledger, line } = value?.description ?? {}
  return { ledger, line, live: value?.secrets ?? [], now: at, user, readAt, isGone: value === undefined }
}

/**
 * Writes the ledger that is decided from a reading of just now; undefined writes none. Where the answer is lost, or the tenant
 * makes us wait longer than the reading holds, it reads and decides anew.
 */
export async function writeLedger<T extends { ledger: Ledger } | undefined>(
  section: Section,
  work: Work,
  decide: (seen: Seen) => T,
  first?: Seen,
): Promise<T> {
  const { clock, stop, writers } = work.shop
  let last: T | undefined
  for (let attempt = 1; ; attempt++) {
    const isRecent = attempt === 1 && first !== undefined && clock.elapsed() - first.readAt <= freshness
    const seen = isRecent ? first : await reread(section, work)
    // An answer was lost, and the write took effect all the same.
    if (last !== undefined && sameLedger(seen.ledger, last.ledger)) return last
    const decision = decide(seen)
    if (decision === undefined) return decision
    last = decision
    // From here on this may be what is there, also where an earlier write of ours had replaced the same.
    section.replaced.delete(ledgerLine(decision.ledger))
    try {
      const text = withLedger(seen.user, decision.ledger)
      await writers.tenant.describe(section.clientId, text, 'filled', seen.readAt + freshness)
      section.replaced.add(seen.line)
      return decision
    } catch (thrown) {
      const error = toActionError(thrown)
      const again = error.uncertain || error.retryAfter !== undefined
      if (!again || attempt === mostAttempts || stop.requested) throw error
      await pause(error.retryAfter ?? 250 * attempt, work.shop)
    }
  }
}
