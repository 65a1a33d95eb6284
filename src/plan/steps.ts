import type { ActionError } from '../base/errors.ts'
import type { Reason, Retirement, Rotation } from '../ledger/rotation-decision.ts'
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
 * The plan of one client, in the order in which its steps are carried out. None of them holds a secret, none an id that is not
 * known yet.
 *
 *   the client is …           steps
 *   ───────────────────────── ──────────────────────────────────────────────────────────────────────────
 *   not there                 create · [consent] · (issue) verify · deliver … · commit
 *   as it should be           none
 *   different                 update · consent · write-id
 *   due for a fresh secret    retire … · announce/issue · verify · deliver … · commit · [retire …]
 *   not to deliver            as above without issue; own, where the ledger is not ours yet
 *   to be destroyed           revoke … · remove-values … · delete, and a look at its places
 *   a member of other spaces  own, where nothing is issued · revoke … · grant …, after the above
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
      /** The ledger that announces the secret which these changes make, where nothing is delivered. */
      announcing?: Ledger | undefined
    }
  | { kind: 'consent'; clientId: string; before: Consent | undefined; after: Consent }
  | {
      kind: 'own'
      clientId: string
      user: string
      ledger: Ledger
      what: 'owner' | 'places' | 'over' | 'spaces' | 'settled'
    }
  | { kind: 'write-id'; destination: Destination; clientId: string; before: string | undefined }
  | {
      kind: 'issue'
      clientId: string
      user: string
      credential: CredentialKind
      reasons: Reason[]
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
 * A change of what the client's user may do in a space. `before`: the roles that it has there, with the assignment that says so;
 * `isLast`: no other of them follows; `bot`: undefined where it is known only when the step comes. `mayStay`: a refusal is told, and
 * the run goes on.
 */
export type SpaceStep = { space: { id: string; name: string }; isLast?: true } & (
  | {
      kind: 'grant'
      roles: string[]
      before: string[] | undefined
      assignmentId: string | undefined
      bot: string | undefined
      /** What the ledger remembers of the name in the spec. */
      mark: string
    }
  | { kind: 'revoke'; before: string[]; assignmentId: string; mayStay?: true }
)

/** A whole number of seconds since the epoch, of the service that said it. */
type Time = number

export type ClientPlan = {
  spec: ClientSpec
  client: ObservedClient | undefined
  adopted: boolean
  /** Whose plan it is. */
  run: RunIdentity
  steps: Step[]
  /** Wait for another run first. */
  wait?: Rotation['wait']
  /** Client or destinations differ from the spec; a rotation that is due, or a retirement, is none. */
  drift: boolean
  /** Live secrets that this action did not issue. */
  foreign: ObservedSecret[]
  /** Told to the user whatever comes of the plan. */
  warnings: string[]
}

export type Observed = {
  clients: ObservedClient[]
  /** Entries of the tenant's list that lack the documented form. */
  passedOver?: PassedOver[]
  destinations: ReadonlyMap<string, ObservedDestination>
  /** Why the destinations of a scope could not be read, where they could not. */
  unread: ReadonlyMap<string, ActionError>
  /** Undefined where no client's spaces are of interest. */
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
