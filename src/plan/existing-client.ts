import type { RotationInput } from '../ledger/rotation-situation.ts'
import type { FieldChange, ObservedClient } from '../model/client.ts'
import { isKeyHint, secretSlots } from '../model/credential.ts'
import { type Destination, destinationKey, type ObservedDestination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { isVisibilityAsAsked } from '../model/visibility.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import type { Observed, PlanContext, Step } from './client-plan.ts'

// The plan of a client that exists has the same parts with an issue and without: its fields, its consent, its id on GitHub and its twins.

/**
 * A client that exists, and everything that its plan is made from. `after`: the client after the changes of its fields; `settled`: the
 * ledger was settled by this plan; `twins`: clients of the same spec that this run would delete; `leaving` and
 * `letGo`: see `leavingPlaces`.
 */
export type ExistingClient = {
  spec: ClientSpec
  observed: Observed
  context: PlanContext
  client: ObservedClient
  settled: boolean
  twins: ObservedClient[]
  changes: FieldChange[]
  after: ObservedClient
  leaving: Ledger['destinations']
  letGo: Ledger['destinations']
  input: RotationInput
}

type Steps<Kind extends Step['kind']> = (Step & { kind: Kind })[]

/** `announcing`: the ledger that is written with the changes, if they make a secret that nobody wants. */
export function updateSteps(
  { client }: ExistingClient,
  changes: FieldChange[],
  announcing?: Ledger | undefined,
): Steps<'update'> {
  if (changes.length === 0) return []
  return [{ kind: 'update', clientId: client.id, changes, line: client.description.line, announcing }]
}

/**
 * Consent that the tenant does not tell is set only beside a write of the ledger, which includes the first one: a run with nothing to do must
 * write nothing.
 */
export function consentSteps({ client, spec }: ExistingClient, writesLedger: boolean): Steps<'consent'> {
  const isSet = client.consent === undefined ? writesLedger : hasOtherConsent(client, spec)
  return isSet ? [{ kind: 'consent', clientId: client.id, before: client.consent, after: spec.consent }] : []
}

export function hasOtherConsent(client: ObservedClient, { consent }: ClientSpec): boolean {
  return client.consent !== undefined && client.consent !== consent
}

/**
 * Corrects variables that hold another client id, or have another visibility than the spec says. If a secret holds the client id, the next
 * delivery writes it.
 */
export function idRepairs({ spec, client, observed }: ExistingClient): Steps<'write-id'> {
  return spec.destinations.flatMap((destination) => {
    const { idValue: before, idAccess } = seenAt(observed, destination) ?? {}
    const isRight = before === client.id && isVisibilityAsAsked(destination.access, idAccess)
    return destination.idAs !== 'variable' || isRight
      ? []
      : [{ kind: 'write-id' as const, destination, clientId: client.id, before }]
  })
}

export function seenAt(observed: Observed, destination: Destination): ObservedDestination | undefined {
  return observed.destinations.get(destinationKey(destination))
}

/** These steps are the last ones, because a twin may have delivered before its run died: by now the places hold a fresh secret. */
export function twinSteps({ twins }: ExistingClient): Steps<'delete-twin'> {
  return twins.map(({ id }) => ({ kind: 'delete-twin' as const, clientId: id }))
}

/** Is this the client that we sign in with? Then its secrets are retired after everything else, unless a slot is needed. */
export function retiresLast({ client, context }: ExistingClient): boolean {
  const secrets = client.secrets.filter(({ hint }) => !isKeyHint(hint))
  return client.id === context.policy.adminClientId && secrets.length < secretSlots
}
