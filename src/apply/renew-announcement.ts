import { ActionError } from '../base/errors.ts'
import { sameLedger } from '../ledger/ledger-codec.ts'
import { isKeyHint } from '../model/credential.ts'
import type { Work } from './apply-context.ts'
import { clientGone } from './find-issued.ts'
import { inPhase } from './fresh-credential.ts'
import { writeLedger } from './write-ledger.ts'

/** Milliseconds after the announcement beyond which no delivery begins. */
export const deliverBy = 40_000

/**
 * Is the announcement too old to deliver under? By the time that went by here, or on GitHub: where the host sleeps, the run's own
 * clock stops, and GitHub's goes on. `githubNow`: GitHub's own time just now.
 */
export function isTooOld(githubNow: number, { fresh, shop }: Work): boolean {
  const { announcedAt, githubAt } = inPhase(fresh, 'delivered')
  const here = shop.clock.elapsed() - announcedAt
  const there = (githubNow - (githubAt ?? githubNow)) * 1000
  return Math.max(here, there) > deliverBy
}

/** A slow run announces anew before it goes on, if nobody else was at work and its secret is still live; else it gives up. */
export async function renew(githubNow: number, work: Work): Promise<void> {
  const fresh = inPhase(work.fresh, 'delivered')
  const known = new Set([...(fresh.announced.announced?.known ?? []), fresh.hint])
  const announcedAt = work.shop.clock.elapsed()
  const { ledger } = await writeLedger(fresh, work, (seen) => {
    if (seen.isGone) throw clientGone()
    const isLive = seen.live.some(({ hint }) => hint === fresh.hint)
    const isAlone =
      sameLedger(seen.ledger, fresh.announced) && seen.live.every(({ hint }) => known.has(hint) || isKeyHint(hint))
    if (!isAlone || !isLive) throw overtaken()
    // The hints known and the time of the first announcement stay: our own secret must be recognised as ours, should we die.
    const announced = { ...fresh.announced.announced!, renewed: Math.floor(seen.now) }
    return { ledger: { ...fresh.announced, announced } }
  })
  Object.assign(fresh, { announced: ledger, announcedAt, githubAt: githubNow })
}

function overtaken(): ActionError {
  return new ActionError(
    'CLIENT_BUSY',
    `delivering took longer than ${deliverBy / 1000} seconds, and another run was at work on the client meanwhile`,
    'Run again when the other run is over.',
  )
}
