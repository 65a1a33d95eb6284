import type { Announcement, Ledger } from '../model/ledger-shape.ts'
import { type RunIdentity, runKey } from '../spec/client-spec.ts'

// An announcement is a lease: other runs wait for it. docs/secret-lifecycle.md says why it takes these times.

/** Seconds for which an announcement keeps other runs waiting. */
export const lease = 60
/** Seconds after which a run that left something unfinished is certainly dead. */
export const lostAfter = 600

/** Another run to wait for; `until`: the tenant's time at which its lease ends, in epoch seconds. */
export type OtherRun = { run: string; until: number }

/** Another run that announced less than a lease ago; undefined if there is none. An earlier attempt of this run does not count: it is over. */
export function otherRunAtWork(ledger: Ledger | undefined, now: number, run: RunIdentity): OtherRun | undefined {
  const announced = ledger?.announced
  if (announced === undefined || announcementAge(announced, now) >= lease || isSameOrEarlier(announced.run, run))
    return undefined
  return { run: announced.run, until: (announced.renewed ?? announced.at) + lease }
}

function isSameOrEarlier(announcedBy: string, run: RunIdentity): boolean {
  const [id, attempt] = announcedBy.split('.')
  return announcedBy === runKey(run) || (id === run.id && Number(attempt) < run.attempt)
}

/** Seconds since an announcement, or since it was renewed. */
export function announcementAge(announced: Announcement, now: number): number {
  return now - (announced.renewed ?? announced.at)
}
