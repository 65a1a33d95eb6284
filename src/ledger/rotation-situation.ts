import type { ObservedSecret } from '../model/client.ts'
import type { CredentialKind } from '../model/credential.ts'
import type { Destination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { RunIdentity } from '../spec/client-spec.ts'
import type { LiveSecret } from './classify-secrets.ts'
import type { DeliveryEvidence } from './delivery-evidence.ts'

/** Why a fresh secret is issued. */
export type IssueReason = 'first' | 'method' | 'due' | 'asked' | 'dead' | 'undelivered' | 'visibility' | 'unsettled'

/** Why a secret is retired. */
export type Retirement = {
  hint: string
  why: 'grace is over' | 'never delivered' | 'named in retire-hints' | 'no grace'
}

/** `now`: the tenant's time of the reading, in epoch seconds. */
export type RotationInput = DeliveryEvidence & {
  live: ObservedSecret[]
  destinations: Destination[]
  /** Hints that were live when this run first read; undefined at that first time. */
  seen: ReadonlySet<string> | undefined
  run: RunIdentity
  /** The kind of a fresh credential of this client. */
  kind: CredentialKind
  after?: number | undefined
  grace: number
  rotate: 'auto' | 'now'
  retireHints: string[]
  /** Hints of our secrets that places hold which another client takes over: none of them is retired. */
  neededElsewhere: ReadonlySet<string>
  /** Hints of our secrets whose grace begins with this run's next write of the ledger. They are retired before that only to free a slot. */
  graceAnew: ReadonlySet<string>
}

/** The input of the rules below, with the knowledge about each live secret and the current one. */
export type RotationSituation = RotationInput & {
  secrets: LiveSecret[]
  /** The secret that the places hold, or that GitHub will show there in a moment. */
  current: Ledger['current']
  currentIsLive: boolean
  undelivered: Destination[]
  awaited: boolean
}
