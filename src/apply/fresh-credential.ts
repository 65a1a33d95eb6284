import { type ActionError, bugError } from '../base/errors.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { Issued, PreparedDelivery, Timed } from '../ports.ts'

/*
 * A fresh credential, from its announcement to its commit. The type of each phase has exactly the facts that are known by then:
 *
 *   announced → issued → [verified] → delivered → committed
 *
 * A plan without a proof skips `verified`. A committed credential is the current one: `progress` has it.
 */

/** The announcement in the ledger, which all phases share. From there to the commit is one critical section. */
export type CriticalSection = {
  clientId: string
  announced: Ledger
  /** Elapsed milliseconds when the announcement was sent, and when it was answered. */
  announcedAt: number
  answeredAt: number
  /** GitHub's own time of the reading behind the announcement, in epoch seconds; undefined if nothing is delivered. */
  githubAt: number | undefined
  /** The people's part of the description. */
  user: string
  /** Ledger lines that our own writes replaced (undefined: no line): a reading that shows one of them is out of date. */
  replaced: Set<string | undefined>
  /** True while the client may have a twin. Its announcement stays until then: other runs recognise by it a twin that they may delete. */
  mayHaveTwin: boolean
}

/** `inDoubt`: an issuing request may have taken effect, and no later reading has settled that. */
export type AnnouncedCredential = CriticalSection & { phase: 'announced'; inDoubt: boolean }

type WithHint = CriticalSection & { issued: Issued; hint: string }
export type IssuedCredential = WithHint & { phase: 'issued' }
/** `ahead`: the early reading for the first delivery, made while the credential was proven. */
export type VerifiedCredential = WithHint & { phase: 'verified'; ahead: EarlyReading | undefined }
export type DeliveredCredential = WithHint & {
  phase: 'delivered'
  /** Writes that GitHub answered, with GitHub's times. */
  delivered: DeliveryWrite[]
  /** A delivery that may or may not have taken effect. */
  perhaps: Destination | undefined
  /** Somebody wrote to a destination between our announcement and our delivery. */
  overtaken: boolean
}

export type FreshCredential = AnnouncedCredential | IssuedCredential | VerifiedCredential | DeliveredCredential

/** `readAt`: elapsed milliseconds. */
export type EarlyReading = { destination: Destination; prepared: Timed<PreparedDelivery>; readAt: number }

/**
 * A secret that was written to its destination. `at`: GitHub's time of that write; `idAt`: GitHub's time of the write of the client id, if
 * a secret holds it; `id`: the result of writing the client id, if a variable holds it; `wasEmpty`: no secret was there before.
 */
export type DeliveryWrite = {
  destination: Destination
  at: number
  idAt?: number | undefined
  id: Promise<IdWrite>
  wasEmpty: boolean
}

/** `error`: why the id was not written, or not certainly. `before`: the variable's previous value. */
export type IdWrite = { written: boolean; before: string | undefined; error?: ActionError | undefined }

/** The credential in one of these phases. Throws `BUG` in any other phase. */
export function inPhase<P extends FreshCredential['phase']>(
  fresh: FreshCredential | undefined,
  ...phases: P[]
): FreshCredential & { phase: P } {
  if (fresh !== undefined && (phases as string[]).includes(fresh.phase)) return fresh as FreshCredential & { phase: P }
  throw bugError(`a step came before its credential was ${phases.join(' or ')}`)
}
