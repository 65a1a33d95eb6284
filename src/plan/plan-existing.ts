import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { foreignAmong, sharedHints } from '../ledger/classify-secrets.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { otherRunAtWork } from '../ledger/lease.ts'
import { decideRotation, type Rotation } from '../ledger/rotation-decision.ts'
import type { IssueReason, RotationInput } from '../ledger/rotation-situation.ts'
import { type FieldChange, fieldChanges, type ObservedClient, withChanges } from '../model/client.ts'
import { methodOf } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { allowsNewMethod, noPlaceForKey } from './auth-method.ts'
import type { ClientPlan, Observed, PlanContext, Step } from './client-plan.ts'
import { warningsOf } from './client-warnings.ts'
import { type ExistingClient, hasOtherConsent, idRepairs } from './existing-client.ts'
import { clientLabel, type FoundClient } from './find-client.ts'
import { leavingPlaces, leftOutOfLedger, notTakenOver } from './leaving-places.ts'
import type { ClientWithProof } from './place-evidence.ts'
import { stepsWithIssue } from './plan-with-issue.ts'
import { stepsWithoutIssue } from './plan-without-issue.ts'
import { protectAdmin, protectTwin, requireVisibility } from './refused-plans.ts'
import { rotationInput } from './rotation-input.ts'
import { refuseDropped } from './taken-and-dropped-places.ts'

/** An existing client as it was found. */
type Found = FoundClient & { kind: 'found' } & ClientWithProof

/**
 * The plan for a client that exists. Throws the refusals of changes that the spec must not make, and the errors of `stepsWithIssue` and
 * `stepsWithoutIssue`.
 */
export function planExisting(spec: ClientSpec, found: Found, observed: Observed, context: PlanContext): ClientPlan {
  refuseChanges(spec, found, observed, context)
  const existing = existingClient(spec, found, observed, context)
  const { client, changes, leaving, input } = existing
  const rotation = spec.destinations.length > 0 ? decideRotation(input) : undefined
  const reasons = reasonsOf(rotation, existing)
  const steps =
    rotation === undefined || reasons.length === 0
      ? stepsWithoutIssue(existing, rotation)
      : stepsWithIssue(existing, { ...rotation, reasons })
  const shared = sharedHints(client.secrets)
  return {
    spec,
    client,
    adopted: client.description.ledger?.owner.repository !== context.actor.repository.id,
    run: context.actor.run,
    steps: steps.filter((step) => step.kind !== 'retire' || !shared.has(step.hint)),
    wait: rotation?.wait ?? waitToWrite(steps, input),
    drift:
      changes.length > 0 ||
      hasOtherConsent(client, spec) ||
      idRepairs(existing).length > 0 ||
      reasons.some((reason) => driftReasons.includes(reason)),
    foreign: rotation?.foreign ?? foreignAmong(input.live, input),
    warnings: [
      ...warningsOf(spec, client, observed, { ...rotation, ...context }),
      ...notTakenOver(spec, client, leaving, { observed, context }),
      ...leftOutOfLedger(spec, client, leaving, ledgersOf(steps)),
    ],
  }
}

function ledgersOf(steps: Step[]): Ledger[] {
  return steps.flatMap((step) => (step.kind === 'own' || step.kind === 'issue' ? [step.ledger] : []))
}

function existingClient(spec: ClientSpec, found: Found, observed: Observed, context: PlanContext): ExistingClient {
  const { client, settled, twins } = found
  const changes = fieldChanges(spec.fields, client)
  const after = withChanges(client, changes)
  requireRoomForChange(spec, after, changes)
  const { leaving, letGo } = leavingPlaces(spec, client, observed, context)
  const input = rotationInput(spec, client, observed, { ...context, leaving, letGo })
  return { spec, observed, context, client, settled, twins, changes, after, leaving, letGo, input }
}

/** Throws the refusals of changes that no spec may make, and of changes that the spec must ask for explicitly. */
function refuseChanges(spec: ClientSpec, { client, twins }: Found, observed: Observed, context: PlanContext): void {
  const { adminClientId } = context.policy
  if (client.id === adminClientId) protectAdmin(client, fieldChanges(spec.fields, client), spec.consent)
  protectTwin(twins, adminClientId)
  refuseDropped(spec, client, observed, context)
  requireVisibility(spec.destinations, observed.destinations)
}

/** A change of the ledger, or of the description beside it, waits for other runs as an issue does. */
function waitToWrite(steps: Step[], { ledger, now, run }: RotationInput): Rotation['wait'] {
  const writes = steps.some(({ kind }) => kind === 'own' || kind === 'update')
  return writes ? otherRunAtWork(ledger, now, run) : undefined
}

function requireRoomForChange(
  { destinations, rotation }: ClientSpec,
  { description }: ObservedClient,
  changes: FieldChange[],
): void {
  const isChanged = changes.some(({ field }) => field === 'description')
  if (isChanged && description.ledger !== undefined)
    requireLedgerRoom(description.user, description.ledger, destinations, rotation)
}

/** The reasons to issue. If a client may not use secrets, none of the secrets that it lists works. */
function reasonsOf(rotation: Rotation | undefined, { client, changes, input }: ExistingClient): IssueReason[] {
  const { kind } = input
  const methodMissing = allowsNewMethod(changes, kind)
  if (rotation === undefined && methodMissing && kind === 'key') throw noPlaceForKey(clientLabel(client))
  if (rotation === undefined) return []
  if (!methodMissing && !client.authMethods.includes(methodOf[kind])) {
    throw new ActionError(
      'INPUT_INVALID',
      `auth-method: ${clientLabel(client)} signs in with ${plain(client.authMethods.join(', '))} only, so there is no client secret to deliver`,
      'Set auth-method: client_secret to allow secrets beside it, auth-method: private_key_jwt to have a key made here, or deliver: false.',
    )
  }
  return methodMissing && !rotation.reasons.some((reason) => reason === 'first' || reason === 'method')
    ? [...new Set<IssueReason>(['dead', ...rotation.reasons])]
    : rotation.reasons
}

const driftReasons: IssueReason[] = ['first', 'method', 'dead', 'undelivered', 'visibility']
