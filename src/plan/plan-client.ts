import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { classifySecrets, foreignAmong, hintsOf } from '../ledger/classify-secrets.ts'
import { contestedPlaces } from '../ledger/contested-places.ts'
import type { Evidence } from '../ledger/delivery-evidence.ts'
import { requireRoom } from '../ledger/description.ts'
import { added, droppedDestinations } from '../ledger/ledger.ts'
import { announcing } from '../ledger/ledger-transitions.ts'
import { isOwner, newLedger, onlyNamed, owned } from '../ledger/ownership.ts'
import {
  decideRotation,
  leaseOfAnother,
  type Reason,
  type Rotation,
  type RotationInput,
  secretSlots,
} from '../ledger/rotation-decision.ts'
import { laterProof } from '../ledger/settle-delivery.ts'
import { changed, type FieldChange, fieldChanges, type ObservedClient } from '../model/client.ts'
import { type CredentialKind, isKeyHint, methodOf } from '../model/credential.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import type { ClientSpec, Policy } from '../spec/client-spec.ts'
import { adds, keyless, kindOf, retireSteps, surelyGone, surplusMethod } from './auth-method.ts'
import { clientLabel, type Identity, identify } from './find-client.ts'
import { isOutOfReach } from './leftovers.ts'
import { planDestroy } from './plan-destroy.ts'
import { deliverySteps, idRepairs, issueSteps, unwantedSecret } from './plan-issue.ts'
import { leavingSpaces, withSpaces } from './plan-spaces.ts'
import { protectAdmin, protectTwin, requireForm, requireRead, requireVisibility } from './refusals.ts'
import { refuseDropped, refuseTaken } from './shared-places.ts'
import type { ClientPlan, Observed, PlanContext, Step } from './steps.ts'
import { warningsOf } from './warnings.ts'

/**
 * What has to be done for one spec. Pure. Throws the refusals of identification, and `INPUT_INVALID`,
 * `DESTINATION_DROPPED`, `SECRET_SLOTS_FULL`, `CLIENT_IS_ADMIN`, all before anything is written.
 */
export function planClient(spec: ClientSpec, observed: Observed, context: PlanContext): ClientPlan {
  const destroy = spec.state === 'absent'
  if (spec.refusal !== undefined && !(destroy && isOutOfReach(spec.refusal))) throw spec.refusal
  requireForm(spec, observed, context.actor)
  if (!destroy) requireRead(spec.destinations, observed)
  // What is pinned and already gone needs no destroying.
  const gone = destroy && spec.clientId !== undefined && observed.clients.every(({ id }) => id !== spec.clientId)
  const identity: Identity = gone ? { kind: 'none' } : identify(spec, observed.clients, context.actor, observed.now)
  if (destroy) return leavingSpaces(planDestroy(spec, identity, observed, context), observed)
  refuseTaken(spec, identity.kind === 'found' ? identity.client : undefined, observed, context)
  const plan =
    identity.kind === 'none'
      ? planCreate(spec, observed, context)
      : planExisting(spec, { ...identity, ...withLaterProof(spec, identity.client, observed) }, observed, context)
  return withSpaces(plan, observed, context)
}

// --- a client that is not there --------------------------------------------------------------------------------------

function planCreate(spec: ClientSpec, observed: Observed, context: PlanContext): ClientPlan {
  const { actor, policy } = context
  const fields = newFields(spec)
  const kind = kindOf(spec.fields, undefined)
  const deliver = spec.destinations.length > 0
  if (kind === 'key' && !deliver) throw keyless(plain(spec.name))
  requireVisibility(spec.destinations, observed.destinations)
  const input = {
    kind,
    live: [],
    now: observed.now,
    run: actor.run,
    destinations: spec.destinations,
    observed: observed.destinations,
  }
  const ledger = announcing(newLedger(spec, actor, 'made'), { orphans: [], retire: [] }, input)
  const user = spec.fields.description ?? ''
  requireRoom(user, ledger, spec.destinations)
  return {
    spec,
    client: undefined,
    adopted: false,
    run: actor.run,
    steps: [
      { kind: 'create', fields, consent: spec.consent, user, ledger, credential: kind, deliver },
      ...(deliver ? deliverySteps(spec, observed, fields.grantTypes, policy) : []),
    ],
    drift: true,
    foreign: [],
    warnings: warningsOf(spec, undefined, observed, context),
  }
}

function newFields({ name, fields }: ClientSpec): (Step & { kind: 'create' })['fields'] {
  const { scopes, grantTypes, authMethods, redirectUris, allowedOrigins, clientUri, logoUri } = fields
  if (scopes === undefined || scopes.length === 0) {
    throw new ActionError(
      'INPUT_INVALID',
      `scopes: ${plain(name)} has to be created, and no scope is given`,
      'Give at least one, such as user_default.',
    )
  }
  return {
    ...{ name, scopes, redirectUris, allowedOrigins, clientUri, logoUri },
    grantTypes: grantTypes ?? ['client_credentials'],
    authMethods: authMethods ?? ['client_secret'],
  }
}

// --- a client that is there ------------------------------------------------------------------------------------------

function planExisting(
  spec: ClientSpec,
  { client, twins, settled }: Identity & { kind: 'found' } & Known,
  observed: Observed,
  context: PlanContext,
): ClientPlan {
  const changes = fieldChanges(spec.fields, client)
  const consentDiffers = client.consent !== spec.consent
  const { adminClientId } = context.policy
  if (client.id === adminClientId) protectAdmin(client, changes, spec.consent)
  protectTwin(twins, adminClientId)
  refuseDropped(spec, client, observed, context)
  requireVisibility(spec.destinations, observed.destinations)
  const input = rotationInput(spec, client, observed, context)
  const rotation = spec.destinations.length > 0 ? decideRotation(input) : undefined
  const reasons = reasonsOf(rotation, changes, client, input.kind)
  const retirements = retireSteps(client, rotation?.retire ?? [], input.kind)
  const retireLast = retiresLast(client, context.policy)
  const after = changed(client, changes)
  requireRoomForChange(spec, after, changes)
  const ids = idRepairs(spec, client.id, observed)
  const own = ownSteps({ spec, context, settled }, input, after)
  const announcing = unwantedSecret({ spec, observed, context }, { client: after, changes, own }, input)
  const planned = rotation && { ...rotation, reasons, retire: surelyGone(rotation, retireLast ? [] : retirements) }
  const issue =
    planned === undefined || reasons.length === 0 ? [] : issueSteps({ spec, observed, context }, after, planned, input)
  return {
    spec,
    client,
    adopted: client.description.ledger?.owner.repository !== context.actor.repository.id,
    run: context.actor.run,
    steps: [
      ...(retireLast ? [] : retirements),
      // An announcement rests on the ledger before it.
      ...(announcing === undefined ? [] : own),
      ...updateSteps(client, issue.length > 0 ? changes.filter(isNoMethod) : changes, announcing),
      ...consentSteps(client, spec),
      // A delivery writes an id that is wrong, not one that only others should see.
      ...(issue.length > 0 ? [...ids.filter(({ before }) => before === client.id), ...issue] : ids),
      ...(issue.length > 0 || announcing !== undefined ? [] : own),
      ...(retireLast ? retirements : []),
      ...(issue.length > 0 ? [] : surplusMethod(after, rotation, spec)),
      // Last of all: should it have delivered before it died, the destinations hold a fresh secret by now.
      ...twins.map(({ id }) => ({ kind: 'delete-twin' as const, clientId: id })),
    ],
    wait: rotation?.wait ?? (changes.length + own.length > 0 ? waitToWrite(input) : undefined),
    drift: changes.length > 0 || consentDiffers || ids.length > 0 || reasons.some(isDrift),
    foreign: rotation?.foreign ?? foreignAmong(input.live, input),
    warnings: warningsOf(spec, client, observed, { ...context, postponed: rotation?.postponed }),
  }
}

/** Whatever writes the ledger, or beside it, waits like an issue does. */
function waitToWrite({ ledger, now, run }: RotationInput): Rotation['wait'] {
  return leaseOfAnother(ledger, now, run)
}

/** `settled`: the ledger is what this plan makes of it; the tenant has an earlier one. */
type Known = { client: ObservedClient; settled: boolean }

/** The client with the ledger that says what an earlier run delivered without being able to prove it, where GitHub shows that by now. */
function withLaterProof({ destinations }: ClientSpec, client: ObservedClient, observed: Observed): Known {
  const later = laterProof({ live: client.secrets, destinations, evidence: evidenceOf(client, observed) })
  if (later?.kind !== 'settled') return { client, settled: false }
  return { client: { ...client, description: { ...client.description, ledger: later.ledger } }, settled: true }
}

function evidenceOf(client: ObservedClient, { clients, destinations, now }: Observed): Evidence {
  const contested = contestedPlaces(client, clients, destinations)
  return { ledger: client.description.ledger, observed: destinations, now, contested }
}

/** One of its secrets is what we signed in with: it goes when nothing else is left to do, unless its slot is needed. */
function retiresLast(client: ObservedClient, { adminClientId }: Policy): boolean {
  return client.id === adminClientId && client.secrets.filter(({ hint }) => !isKeyHint(hint)).length < secretSlots
}

function requireRoomForChange(
  { destinations }: ClientSpec,
  { description }: ObservedClient,
  changes: FieldChange[],
): void {
  const isChanged = changes.some(({ field }) => field === 'description')
  if (isChanged && description.ledger !== undefined) requireRoom(description.user, description.ledger, destinations)
}

/**
 * Where nothing is delivered, what a dead run made when it created the client goes, if the tenant lets it. It is noted, so that what
 * the tenant keeps is not tried again and again.
 */
function undeliverable(
  spec: ClientSpec,
  input: RotationInput,
  { id: clientId, description }: ObservedClient,
  { actor }: PlanContext,
): Step[] {
  const { ledger, destinations } = input
  if (destinations.length > 0) return []
  const secrets = classifySecrets(input.live, input)
  const hints = [...hintsOf(secrets, 'lost'), ...hintsOf(secrets, 'orphan')]
  if (ledger === undefined || hints.length === 0 || Object.keys(ledger.announced?.stamps ?? {}).length > 0) return []
  const suspects = added(ledger.suspects, hints, Math.floor(input.now))
  const over = { ...owned(ledger, spec, actor), announced: undefined, suspects }
  return [
    ...hints.map((hint) => ({
      kind: 'retire' as const,
      clientId,
      hint,
      why: 'never delivered' as const,
      mayStay: true as const,
    })),
    { kind: 'own', clientId, user: description.user, ledger: over, what: 'over' },
  ]
}

/** Why to issue; a client that may not use secrets has none that works, whatever it lists. */
function reasonsOf(
  rotation: Rotation | undefined,
  changes: FieldChange[],
  client: ObservedClient,
  kind: CredentialKind,
): Reason[] {
  const methodMissing = adds(changes, kind)
  if (rotation === undefined && methodMissing && kind === 'key') throw keyless(clientLabel(client))
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

function rotationInput(
  spec: ClientSpec,
  client: ObservedClient,
  observed: Observed,
  { actor, policy, seen }: PlanContext,
): RotationInput {
  return {
    kind: kindOf(spec.fields, client),
    ...evidenceOf(client, observed),
    live: client.secrets,
    destinations: spec.destinations,
    seen,
    run: actor.run,
    after: spec.rotation.after,
    grace: spec.rotation.grace,
    rotate: policy.rotate,
    retireHints: policy.retireHints,
  }
}

/** Allowing client_secret makes a secret (PATCH answers 202): where one is issued anyway, that is how. */
const isNoMethod = ({ field }: FieldChange) => field !== 'authMethods'

function updateSteps(client: ObservedClient, changes: FieldChange[], announcing: Ledger | undefined): Step[] {
  if (changes.length === 0) return []
  return [{ kind: 'update', clientId: client.id, changes, line: client.description.line, announcing }]
}

function consentSteps(client: ObservedClient, { consent }: ClientSpec): Step[] {
  if (client.consent === consent) return []
  return [{ kind: 'consent', clientId: client.id, before: client.consent, after: consent }]
}

/** What the ledger has to say without a delivery, which writes it anyway. */
function ownSteps(known: Owning, input: RotationInput, client: ObservedClient): Step[] {
  const over = undeliverable(known.spec, input, client, known.context)
  return over.length > 0 ? over : ownerSteps(known, client)
}

type Owning = { spec: ClientSpec; context: PlanContext; settled: boolean }

/** Who keeps the client, which places it no longer serves, and what an earlier run delivered. */
function ownerSteps({ spec, context, settled }: Owning, client: ObservedClient): Step[] {
  const { actor, policy } = context
  const { ledger, user } = client.description
  const isOurs = isOwner(ledger, spec, actor)
  const drops =
    policy.dropDestinations && spec.destinations.length > 0 && droppedDestinations(ledger, spec.destinations).length > 0
  if (isOurs && !drops && !settled) return []
  const next = owned(ledger, spec, actor)
  const kept = drops ? { ...next, destinations: onlyNamed(next.destinations, spec) } : next
  requireRoom(user, kept, [])
  const what = !isOurs ? 'owner' : drops ? 'places' : 'settled'
  return [{ kind: 'own', clientId: client.id, user, ledger: kept, what }]
}
