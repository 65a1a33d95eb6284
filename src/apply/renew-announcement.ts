import { ActionError } from '../base/errors.ts'
import { lostAfter } from '../ledger/lease.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { isKeyHint } from '../model/credential.ts'
import { clientGoneError, PlanAgain, type Work } from './apply-context.ts'
import { inPhase } from './fresh-credential.ts'
import { readBeforeWrite, writeLedger } from './write-ledger.ts'

/** Milliseconds after the announcement after which no delivery begins. */
export const deliverBy = 40_000

/**
 * Is the announcement too old for a delivery, by the run's own clock or by GitHub's? While the host sleeps, the run's clock stops and
 * GitHub's continues. `githubNow`: GitHub's present time.
 */
export function isTooOld(githubNow: number, { fresh, tools }: Work): boolean {
  const { announcedAt, githubAt } = inPhase(fresh, 'delivered')
  const here = tools.clock.elapsed() - announcedAt
  const there = (githubNow - (githubAt ?? githubNow)) * 1000
  return Math.max(here, there) > deliverBy
}

/** Renews the announcement of a slow run, if no other run was at work and its secret is still live; else throws. */
export async function renewAnnouncement(githubNow: number, work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'delivered')
  const known = new Set([...(fresh.announced.announced?.known ?? []), fresh.hint])
  const announcedAt = work.tools.clock.elapsed()
  const { ledger, age } = await writeLedger(fresh, work, (seen) => {
    if (seen.isGone) throw clientGoneError()
    const isLive = seen.live.some(({ hint }) => hint === fresh.hint)
    const isAlone =
      sameLedger(seen.ledger, fresh.announced) && seen.live.every(({ hint }) => known.has(hint) || isKeyHint(hint))
    if (!isAlone || !isLive) throw overtaken()
    // The known hints and the time of the first announcement stay: if this run dies, the next one must recognise our secret.
    const before = fresh.announced.announced!
    const announced = { ...before, renewed: Math.floor(seen.now) }
    return { ledger: { ...fresh.announced, announced }, age: seen.now - (before.renewed ?? before.at) }
  })
  Object.assign(fresh, { announced: ledger, announcedAt, githubAt: githubNow })
  // Another run retires our secret only after that time.
  if (age >= lostAfter) await requireStillLive(work)
}

/** The tenant may have answered with an old state before; a reading that shows our own write is as new as that. */
async function requireStillLive(work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'delivered')
  const { live, isGone } = await readBeforeWrite(fresh, work)
  if (isGone) throw clientGoneError()
  if (live.every(({ hint }) => hint !== fresh.hint))
    throw new PlanAgain('another run retired the secret before it was delivered')
}

function overtaken(): ActionError {
  return new ActionError(
    'CLIENT_BUSY',
    `delivering took longer than ${deliverBy / 1000} seconds, and another run was at work on the client meanwhile`,
    'Run again when the other run is over.',
  )
}
