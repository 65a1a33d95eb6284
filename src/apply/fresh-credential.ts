import { ActionError } from '../base/errors.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { At, Issued, Prepared } from '../ports.ts'

/*
 * A fresh credential, from its announcement to its commit. Each phase has what is known by then, and nothing else:
 *
 *   announced → issued → [verified] → delivered → committed
 *
 * `verified` is left out where the plan has no proof. A committed credential is the current one: `progress` has it.
 */

/** What each phase goes on from: the announcement in the ledger. From there to the commit is one critical section. */
export type Section = {
  clientId: string
  announced: Ledger
  /** Elapsed milliseconds when the announcement was sent, and when it was answered. */
  announcedAt: number
  answeredAt: number
  /** GitHub's own time of the reading that the announcement rests on: epoch seconds; undefined where nothing is delivered. */
  githubAt: number | undefined
  /** What people wrote into the description. */
  user: string
  /** Ledger lines that our own writes replaced (undefined: there was none): a reading that shows one of them is out of date. */
  replaced: Set<string | undefined>
  /** Not yet known to be the only client of its kind: its announcement stays, by which others know a twin that may go. */
  mayHaveTwin: boolean
}

/** `inDoubt`: a request that issues may have taken effect, and nothing that was read later says what came of it. */
export type Announced = Section & { phase: 'announced'; inDoubt: boolean }

type Held = Section & { issued: Issued; hint: string }
export type IssuedOne = Held & { phase: 'issued' }
/** `ahead`: what the first delivery needs, read while the credential was proven. */
export type Verified = Held & { phase: 'verified'; ahead: Ahead | undefined }
export type Delivered = Held & {
  phase: 'delivered'
  /** Writes that GitHub answered, with its time. */
  delivered: Delivery[]
  /** A delivery of which nobody can say whether it took effect. */
  perhaps: Destination | undefined
  /** Somebody wrote to a destination between our announcement and our delivery. */
  overtaken: boolean
}

export type Fresh = Announced | IssuedOne | Verified | Delivered

/** `readAt`: elapsed milliseconds. */
export type Ahead = { destination: Destination; prepared: At<Prepared>; readAt: number }

/**
 * A secret that was written to its destination. `at`: GitHub's time of that write, `idAt`: of the client id where a secret holds it.
 * `id`: what became of the client id where a variable holds it; `wasEmpty`: no secret was there before.
 */
export type Delivery = {
  destination: Destination
  at: number
  idAt?: number | undefined
  id: Promise<IdWrite>
  wasEmpty: boolean
}

/** `error`: why the id was not written, or not surely. `before`: the variable's value until then. */
export type IdWrite = { written: boolean; before: string | undefined; error?: ActionError | undefined }

/** The credential in one of these phases; a step that comes in another one is a defect. */
export function inPhase<P extends Fresh['phase']>(fresh: Fresh | undefined, ...phases: P[]): Fresh & { phase: P } {
  if (fresh !== undefined && (phases as string[]).includes(fresh.phase)) return fresh as Fresh & { phase: P }
  throw new ActionError(
    'BUG',
    `a step came before its credential was ${phases.join(' or ')}`,
    'This is a defect of the action. Please report it.',
  )
}
