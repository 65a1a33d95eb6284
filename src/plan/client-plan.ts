import type { ActionError } from '../base/errors.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import type { IssueReason, Retirement } from '../ledger/rotation-situation.ts'
import type {
  CompleteFields,
  Consent,
  FieldChange,
  ObservedClient,
  ObservedSecret,
  PassedOver,
} from '../model/client.ts'
import type { CredentialKind } from '../model/credential.ts'
import type { Destination, ObservedDestination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ObservedSpaces } from '../model/space.ts'
import type { Actor, ClientSpec, Policy, RunIdentity } from '../spec/client-spec.ts'

/*
 * The plan of one client: its steps, in the order in which they are carried out. No step holds a secret, or an id that is not known yet.
 *
 *   the client is …           steps
 *   ───────────────────────── ──────────────────────────────────────────────────────────────────────────
 *   not there                 create · verify · deliver … · commit
 *   as it should be           none
 *   different                 update · consent · write-id
 *   due for a fresh secret    retire … · (as above) · issue · verify · deliver … · commit · retire …
 *   delivered, ledger to note own
 *   there twice               delete-twin, after all other steps
 *   absent in the spec        revoke … · remove-values … · delete, and a look at its places
 *   a member of other spaces  own, if nothing is issued · revoke … · grant …, after the above
 */
export type Step =
  | { kind: 'delete-twin'; clientId: string }
  | { kind: 'retire'; clientId: string; hint: string; why: Retirement['why']; mayStay?: true }
  | {
      kind: 'create'
      fields: Omit<CompleteFields, 'description'>
      consent: Consent
      user: string
      ledger: Ledger
      credential: CredentialKind
      deliver: boolean
    }
  | {
      kind: 'update'
      clientId: string
      changes: FieldChange[]
      line: string | undefined
      /** The ledger that announces the secret that these changes make, if nothing is delivered. */
      announcing?: Ledger | undefined
    }
  | { kind: 'consent'; clientId: string; before: Consent | undefined; after: Consent }
  | {
      kind: 'own'
      clientId: string
      user: string
      ledger: Ledger
      what: 'owner' | 'places' | 'over' | 'ended' | 'spaces' | 'settled'
    }
  | { kind: 'write-id'; destination: Destination; clientId: string; before: string | undefined }
  | {
      kind: 'issue'
      clientId: string
      user: string
      credential: CredentialKind
      reasons: IssueReason[]
      ledger: Ledger
      addMethod: string[] | undefined
    }
  | { kind: 'verify'; skip?: string | undefined }
  | { kind: 'deliver'; destination: Destination; idBefore: string | undefined }
  | { kind: 'commit' }
  | SpaceStep
  | { kind: 'remove-values'; destination: Destination; parts: ('id' | 'secret')[] }
  | { kind: 'delete'; clientId: string; name: string; places: Destination[] }

/**
 * A change of the roles of the client's user in a space. `before`: its present roles, in the assignment `assignmentId`; `isLast`: no other
 * step for spaces follows; `bot`: undefined if its id becomes known only during the run. `mayStay`: a refusal is a warning, and the run
 * continues.
 */
export type SpaceStep = { space: { id: string; name: string }; isLast?: true } & (
  | {
      kind: 'grant'
      roles: string[]
      before: string[] | undefined
      assignmentId: string | undefined
      bot: string | undefined
      /** The ledger's mark for the name in the spec: see `nameMark`. */
      mark: string
    }
  | { kind: 'revoke'; before: string[]; assignmentId: string; mayStay?: true }
)

/** Whole seconds since the epoch, by the clock of the service that gave them. */
type Time = number

export type ClientPlan = {
  spec: ClientSpec
  client: ObservedClient | undefined
  adopted: boolean
  /** The run that made the plan. */
  run: RunIdentity
  steps: Step[]
  /** Wait for another run first. */
  wait?: Rotation['wait']
  /** Client or destinations differ from the spec. A rotation that is due, or a retirement, is not drift. */
  drift: boolean
  /** Live secrets that this action did not issue. */
  foreign: ObservedSecret[]
  /** Warnings that the user gets whether the plan is carried out or not. */
  warnings: string[]
}

export type Observed = {
  clients: ObservedClient[]
  /** Entries of the tenant's list that lack the documented form. */
  passedOver?: PassedOver[]
  destinations: ReadonlyMap<string, ObservedDestination>
  /** Keys of places where this run wrote a secret that was dead by then: their stamps prove nothing. */
  deadSecretPlaces?: ReadonlySet<string> | undefined
  /** The errors of destinations that could not be read. */
  unread: ReadonlyMap<string, ActionError>
  /** Undefined if no client of the run has or names spaces. */
  spaces?: ObservedSpaces | undefined
  /** The tenant's time of this reading. */
  now: Time
}

/**
 * `seen`: hints that were live when this run first read; undefined at that first time. `fleet`: all specs of the run's files, also of
 * clients that the run leaves alone. `granted`: ids of spaces that this run has granted so far, whatever the ledger says by now.
 */
export type PlanContext = {
  actor: Actor
  policy: Policy
  seen: ReadonlySet<string> | undefined
  fleet: ClientSpec[]
  granted?: ReadonlySet<string> | undefined
}
