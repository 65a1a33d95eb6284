import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { foreignAmong } from '../ledger/classify-secrets.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { decideRotation, leaseOfAnother, type Rotation } from '../ledger/rotation-decision.ts'
import type { Reason, RotationInput } from '../ledger/rotation-situation.ts'
import { type FieldChange, fieldChanges, type ObservedClient, withChanges } from '../model/client.ts'
import { type CredentialKind, isKeyHint, methodOf, secretSlots } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec, Policy } from '../spec/client-spec.ts'
import { allowsNewMethod, certainRetirements, noPlaceForKey, retireSteps, surplusMethod } from './auth-method.ts'
import { warningsOf } from './client-warnings.ts'
import { clientLabel, type FoundClient } from './find-client.ts'
import { leavingPlaces, notTakenOver } from './leaving-places.ts'
import { ledgerSteps } from './ledger-steps.ts'
import type { SettledClient } from './place-evidence.ts'
import { idRepairs, issueSteps, type Planning, unwantedSecret } from './plan-issue.ts'
import { protectAdmin, protectTwin, requireVisibility } from './refusals.ts'
import { rotationInput } from './rotation-input.ts'
import type { ClientPlan, Observed, PlanContext, Step } from './steps.ts'
import { refuseDropped } from './taken-and-dropped-places.ts'

/** An existing client as it was found, with the twins that this run would delete. */
type Found = FoundClient & { kind: 'found' } & SettledClient

/**
 * The plan for a client that exists. Throws the refusals of changes that the spec must not make, and the errors of `decideRotation` and
 * `issueSteps`.
 */
export function planExisting(spec: ClientSpec, found: Found, observed: Observed, context: PlanContext): ClientPlan {
  const { client } = found
  refuseChanges(spec, found, observed, context)
  const leaving = leavingPlaces(spec, client, observed, context)
  const input = rotationInput(spec, client, observed, { ...context, leaving })
  const rotation = spec.destinations.length > 0 ? decideRotation(input) : undefined
  const planning = { spec, observed, context, leaving }
  const parts = partsOf(planning, found, input, rotation)
  const { changes, ids, own } = parts
  return {
    spec,
    client,
    adopted: client.description.ledger?.owner.repository !== context.actor.repository.id,
    run: context.actor.run,
    steps: inOrder(parts, found, planning),
    wait: rotation?.wait ?? (changes.length + own.length > 0 ? waitToWrite(input) : undefined),
    drift: changes.length > 0 || hasOtherConsent(client, spec) || ids.length > 0 || parts.reasons.some(isDrift),
    foreign: rotation?.foreign ?? foreignAmong(input.live, input),
    warnings: [
      ...warningsOf(spec, client, observed, { ...rotation, ...context }),
      ...notTakenOver(spec, client, leaving, context),
    ],
  }
}

/** Refuses changes that must not be made, or only when the spec asks for them. */
function refuseChanges(spec: ClientSpec, { client, twins }: Found, observed: Observed, context: PlanContext): void {
  const { adminClientId } = context.policy
  if (client.id === adminClientId) protectAdmin(client, fieldChanges(spec.fields, client), spec.consent)
  protectTwin(twins, adminClientId)
  refuseDropped(spec, client, observed, context)
  requireVisibility(spec.destinations, observed.destinations)
}

/** `announcing`: the ledger that is written with the changes, if they make a secret that nobody wants. */
type Parts = {
  changes: FieldChange[]
  reasons: Reason[]
  retirements: Step[]
  ids: (Step & { kind: 'write-id' })[]
  own: Step[]
  announcing: Ledger | undefined
  issue: Step[]
  surplus: Step[]
}

/** The parts of a plan, before they are put in order. */
function partsOf(planning: Planning, found: Found, input: RotationInput, rotation: Rotation | undefined): Parts {
  const { spec, observed, context } = planning
  const { client, settled } = found
  const changes = fieldChanges(spec.fields, client)
  const reasons = reasonsOf(rotation, changes, client, input.kind)
  const retirements = retireSteps(client, rotation?.retire ?? [], input.kind)
  const after = withChanges(client, changes)
  requireRoomForChange(spec, after, changes)
  const own = ledgerSteps({ ...planning, settled }, input, after)
  const before = retiresLast(client, context.policy) ? [] : retirements
  const planned = rotation && { ...rotation, reasons, retire: certainRetirements(rotation, before) }
  const issue = planned === undefined || reasons.length === 0 ? [] : issueSteps(planning, after, planned, input)
  return {
    changes,
    reasons,
    retirements,
    ids: idRepairs(spec, client.id, observed),
    own,
    announcing: unwantedSecret(planning, { client: after, changes, own }, input),
    issue,
    surplus: issue.length > 0 ? [] : surplusMethod(after, rotation, spec),
  }
}

/** The steps in the order in which they are carried out: each relies on those before it. */
function inOrder(parts: Parts, { client, twins }: Found, { spec, context }: Planning): Step[] {
  const { changes, retirements, ids, own, announcing, issue, surplus } = parts
  const issues = issue.length > 0
  const retireLast = retiresLast(client, context.policy)
  return [
    ...(retireLast ? [] : retirements),
    // An announcement is built on the ledger that these steps write.
    ...(announcing === undefined ? [] : own),
    ...updateSteps(client, issues ? changes.filter(isNoMethod) : changes, announcing),
    ...consentSteps(client, spec, issues || own.length > 0),
    // A delivery corrects an id that is wrong, but not one that only has the wrong visibility.
    ...(issues ? [...ids.filter(({ before }) => before === client.id), ...issue] : ids),
    ...(issues || announcing !== undefined ? [] : own),
    ...(retireLast ? retirements : []),
    ...surplus,
    // Last, because a twin may have delivered before its run died: by now the destinations hold a fresh secret.
    ...twins.map(({ id }) => ({ kind: 'delete-twin' as const, clientId: id })),
  ]
}

/** A change of the ledger, or of the description beside it, waits for other runs as an issue does. */
function waitToWrite({ ledger, now, run }: RotationInput): Rotation['wait'] {
  return leaseOfAnother(ledger, now, run)
}

/** Is this the client that we sign in with? Then its secrets are retired after everything else, unless a slot is needed. */
function retiresLast(client: ObservedClient, { adminClientId }: Policy): boolean {
  return client.id === adminClientId && client.secrets.filter(({ hint }) => !isKeyHint(hint)).length < secretSlots
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
function reasonsOf(
  rotation: Rotation | undefined,
  changes: FieldChange[],
  client: ObservedClient,
  kind: CredentialKind,
): Reason[] {
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
    ? [...new Set<Reason>(['dead', ...rotation.reasons])]
    : rotation.reasons
}

const isDrift = (reason: Reason) => ['first', 'method', 'dead', 'undelivered', 'visibility'].includes(reason)

/** Allowing client_secret makes a secret (PATCH answers 202). A plan that issues one allows the method in that step. */
const isNoMethod = ({ field }: FieldChange) => field !== 'authMethods'

function updateSteps(client: ObservedClient, changes: FieldChange[], announcing: Ledger | undefined): Step[] {
  if (changes.length === 0) return []
  return [{ kind: 'update', clientId: client.id, changes, line: client.description.line, announcing }]
}

/**
 * Consent that the tenant does not tell is set only beside a write of the ledger, which includes the first one: a run with nothing to do must
 * write nothing.
 */
function consentSteps(client: ObservedClient, spec: ClientSpec, writesLedger: boolean): Step[] {
  const isSet = client.consent === undefined ? writesLedger : hasOtherConsent(client, spec)
  return isSet ? [{ kind: 'consent', clientId: client.id, before: client.consent, after: spec.consent }] : []
}

function hasOtherConsent(client: ObservedClient, { consent }: ClientSpec): boolean {
  return client.consent !== undefined && client.consent !== consent
}
